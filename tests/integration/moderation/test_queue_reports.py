"""Reported texts stand between the others, since the first report that nobody answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from consult.core import clock
from consult.discussion.states import Removed
from consult.moderation.queries.queue import ItemKind
from consult.notifications.models import InboundMail
from tests.integration.moderation.desk import Desk
from tests.integration.moderation.queues import HOUR, names, next_after, queue, report, waiting


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/en/moderation"):
        yield


def test_a_reported_text_is_one_line_since_its_first_report(desk: Desk) -> None:
    old, new = waiting(desk, 9), waiting(desk, 1)
    public = desk.published()
    for hours, reason in ((5, "personal-data"), (3, "off-topic"), (2, "off-topic")):
        report(desk, public, hours=hours, reason=reason)
    found = queue(desk)
    assert names(found) == [old.receipt, public.receipt, new.receipt]
    row = found.page.items[1]
    assert (row.kind, row.reports) == (ItemKind.FLAG, 3)
    assert [reason.in_("en") for reason in row.reasons] == ["off-topic", "personal-data"]
    assert 5 * HOUR <= row.waits < 6 * HOUR
    assert not row.is_choosable
    assert dict(found.by_kind) == {"new": 2, "flag": 1}
    assert found.page.total == found.clock.waiting == 3


def test_answered_reports_and_texts_that_are_not_public_do_not_wait(desk: Desk) -> None:
    answered, hidden, waits = desk.published(), desk.published(), waiting(desk, 1)
    report(desk, answered).settled_at = clock.now()
    report(desk, hidden)
    report(desk, waits)
    hidden.removed = Removed.HIDDEN
    desk.session.flush()
    found = queue(desk)
    assert names(found) == [waits.receipt]
    assert found.by_kind["flag"] == 0


def test_they_are_found_by_their_kind_alone(desk: Desk) -> None:
    waiting(desk, 9)
    public = desk.published()
    report(desk, public)
    found = queue(desk, kind=ItemKind.FLAG)
    assert (names(found), found.page.total) == ([public.receipt], 1)
    assert public.receipt not in names(queue(desk, kind=ItemKind.NEW))


def test_a_text_that_waits_and_is_reported_has_two_places(desk: Desk) -> None:
    both, between, last = desk.published(), waiting(desk, 5), waiting(desk, 1)
    desk.edit(both).waits_since = clock.now() - 9 * HOUR
    report(desk, both, hours=3)
    found = queue(desk)
    assert names(found) == [both.receipt, between.receipt, both.receipt, last.receipt]
    places = [row.place for row in found.page.items]
    assert names(queue(desk, after=places[0])) == names(found)[1:]
    assert names(queue(desk, after=places[2])) == [last.receipt]


def test_the_place_of_reports_is_kept_when_they_are_answered(desk: Desk) -> None:
    public, last = desk.published(), waiting(desk, 1)
    flag = report(desk, public, hours=3)
    (place, _) = [row.place for row in queue(desk).page.items]
    flag.settled_at = clock.now()
    desk.session.flush()
    assert names(queue(desk, after=place)) == [last.receipt]
    assert next_after(desk, public.receipt) == last.receipt


def test_the_next_item_may_be_a_reported_one_but_no_own_report(desk: Desk) -> None:
    here, public, mine, last = (
        waiting(desk, 9),
        desk.published(),
        desk.published(),
        waiting(desk, 1),
    )
    for one in (public, mine):
        desk.text(one).decided_at = clock.now() - 20 * HOUR
    report(desk, public, hours=5)
    report(desk, mine, hours=4).user_id = desk.first.user_id or 0
    desk.session.flush()
    assert next_after(desk, here.receipt) == public.receipt
    assert next_after(desk, public.receipt) == last.receipt
    assert next_after(desk, public.receipt, actor=desk.second) == mine.receipt


def test_an_answer_to_a_mail_is_marked(desk: Desk) -> None:
    by_mail, typed = waiting(desk, 2), waiting(desk, 1)
    desk.session.add(
        InboundMail(
            digest="0" * 64, outcome="taken", contribution_id=by_mail.id, received_at=clock.now()
        )
    )
    desk.session.flush()
    marked = {row.name: row.is_by_mail for row in queue(desk).page.items}
    assert marked == {by_mail.receipt: True, typed.receipt: False}
