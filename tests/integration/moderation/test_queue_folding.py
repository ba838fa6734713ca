"""Texts that say nearly the same stand on one line, and none of them ever gets lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from consult.core import clock
from consult.discussion.models import Contribution
from consult.moderation import services
from consult.moderation.queries.queue import ItemKind
from consult.moderation.states import Verdict
from tests.integration.moderation.desk import Desk
from tests.integration.moderation.queues import campaign, names, next_after, queue, waiting


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/en/moderation"):
        yield


@pytest.fixture
def alike(desk: Desk) -> list[Contribution]:
    """Three texts of a campaign, the second between two others."""
    texts = [waiting(desk, hours) for hours in (9, 7, 5)]
    campaign(desk, *texts)
    return texts


def folded(desk: Desk) -> dict[str | None, int]:
    return {row.name: row.alike for row in queue(desk).page.items}


def test_the_oldest_stands_for_all_and_counts_count_texts(
    desk: Desk, alike: list[Contribution]
) -> None:
    between = waiting(desk, 8)
    assert folded(desk) == {alike[0].receipt: 2, between.receipt: 0}
    found = queue(desk)
    assert found.page.total == found.clock.waiting == found.by_kind["new"] == 4
    assert queue(desk, space=desk.space.slug).page.total == 4
    assert names(queue(desk, space=desk.space.slug)) == names(found)


def test_they_are_unfolded_by_their_link_and_by_any_filter(
    desk: Desk, alike: list[Contribution]
) -> None:
    waiting(desk, 8, source="Something else.")
    every = [one.receipt for one in alike]
    found = queue(desk, like=alike[1].receipt)
    assert (names(found), found.page.total) == (every, 3)
    assert {row.alike for row in found.page.items} == {0}
    assert names(queue(desk, kind=ItemKind.NEW, q="learned")) == every


def test_when_the_first_is_decided_the_next_one_shows(
    desk: Desk, alike: list[Contribution]
) -> None:
    desk.decide(alike[0], Verdict.REJECT)
    assert folded(desk) == {alike[1].receipt: 1}
    assert names(queue(desk, like=alike[0].receipt)) == [one.receipt for one in alike[1:]]
    desk.decide(alike[1], Verdict.REJECT)
    assert folded(desk) == {alike[2].receipt: 0}


def test_an_own_text_hides_no_other(desk: Desk, alike: list[Contribution]) -> None:
    desk.text(alike[0]).submitted_by = desk.first.user_id
    desk.session.flush()
    assert folded(desk) == {alike[0].receipt: 0, alike[1].receipt: 1}


def test_a_text_that_a_colleague_keeps_hides_no_other(
    desk: Desk, alike: list[Contribution]
) -> None:
    services.claim(desk.session, actor=desk.second, contribution_id=alike[0].id, now=clock.now())
    assert folded(desk) == {alike[0].receipt: 0, alike[1].receipt: 1}


def test_another_language_hides_no_other(desk: Desk, alike: list[Contribution]) -> None:
    desk.text(alike[0]).language = "fr"
    desk.session.flush()
    assert names(queue(desk, language="en")) == [alike[1].receipt]
    assert names(queue(desk, language="fr")) == [alike[0].receipt]


def test_whoever_goes_on_is_led_through_every_one(desk: Desk, alike: list[Contribution]) -> None:
    assert next_after(desk, alike[0].receipt) == alike[1].receipt


def test_pages_hold_each_line_once(desk: Desk) -> None:
    texts = [waiting(desk, 100 - number) for number in range(50)]
    campaign(desk, *texts[10:40])
    first = queue(desk, per_page=20)
    rest = queue(desk, per_page=20, after=first.page.next_after)
    seen = names(first) + names(rest)
    assert seen == [one.receipt for one in (*texts[:11], *texts[40:])]
    assert rest.page.next_after is None
