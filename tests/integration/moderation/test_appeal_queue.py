"""Appeals in the queue and on the item's page: on whose desk, how old, what is offered."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from consult.core import clock
from consult.core.authz import Actor
from consult.core.errors import NotVisible, Refusal
from consult.discussion.models import Contribution
from consult.discussion.queries.rows import Labels
from consult.moderation import services
from consult.moderation.queries import item as read_item
from consult.moderation.queries import next_in_queue
from consult.moderation.queries import queue as read_queue
from consult.moderation.queries.appeals import opened_to
from consult.moderation.queries.items import Item
from consult.moderation.queries.queue import ItemKind, Queue, QueueFilter
from consult.moderation.states import Verdict
from tests import factories as make
from tests.integration.moderation.desk import Desk, moderator_of

HOUR = dt.timedelta(hours=1)
WORDS = "The text answers the question in its second paragraph."


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/en/moderation"):
        yield


def appealed(desk: Desk, *, hours: float = 0, **over: Any) -> Contribution:
    """Make a text that was rejected, and appealed some hours ago."""
    item = desk.pending(**over)
    desk.text(item).sent_at = clock.now() - dt.timedelta(days=12)
    desk.decide(item, Verdict.REJECT, now=clock.now() - dt.timedelta(days=10))
    services.appeal(
        desk.session,
        actor=make.actor_for(user=desk.writer, author=desk.author),
        contribution_id=item.id,
        words=WORDS,
        now=clock.now() - hours * HOUR,
    )
    return item


def queue(desk: Desk, actor: Actor | None = None, **wanted: Any) -> Queue:
    return read_queue(
        desk.session,
        actor=actor or desk.second,
        wanted=QueueFilter(**wanted),
        now=clock.now(),
    )


def names(found: Queue) -> list[str]:
    return [row.name for row in found.page.items]


def item_of(desk: Desk, contribution: Contribution, actor: Actor | None = None) -> Item:
    return read_item(
        desk.session,
        actor=actor or desk.second,
        name=contribution.receipt or "",
        words=Labels(),
        now=clock.now(),
    )


def settle(desk: Desk, item: Contribution, verdict: Verdict = Verdict.REJECT) -> None:
    services.settle(
        desk.session,
        actor=desk.second,
        contribution_id=item.id,
        seen_revision=1,
        verdict=verdict,
        reason="off-topic" if verdict is Verdict.REJECT else None,
        message=None,
        language=None,
        objectives=None,
        now=clock.now(),
    )


def test_it_waits_since_it_was_made_between_the_other_texts(desk: Desk) -> None:
    older, newer = desk.pending(), desk.pending()
    desk.text(older).waits_since = clock.now() - 30 * HOUR
    desk.text(newer).waits_since = clock.now() - 2 * HOUR
    item = appealed(desk, hours=5)
    found = queue(desk)
    assert names(found) == [older.receipt, item.receipt, newer.receipt]
    row = found.page.items[1]
    assert row.kind is ItemKind.APPEAL
    assert 5 * HOUR <= row.waits < 6 * HOUR
    assert dict(found.by_kind) == {"new": 2, "appeal": 1}
    assert found.page.total == found.clock.waiting == 3


def test_it_is_found_by_its_kind(desk: Desk) -> None:
    desk.pending()
    item = appealed(desk)
    found = queue(desk, kind=ItemKind.APPEAL)
    assert (names(found), found.page.total) == ([item.receipt], 1)
    assert item.receipt not in names(queue(desk, kind=ItemKind.NEW))


def test_pages_go_on_behind_it(desk: Desk) -> None:
    item = appealed(desk, hours=5)
    later = desk.pending()
    desk.text(later).waits_since = clock.now() - HOUR
    desk.session.flush()
    assert names(queue(desk, after=item.receipt)) == [later.receipt]
    settle(desk, item)
    assert names(queue(desk, after=item.receipt)) == [later.receipt]


def test_it_has_a_clock_of_its_own(desk: Desk) -> None:
    assert queue(desk).clock.oldest_appeal is None
    appealed(desk, hours=100)
    figures = queue(desk).clock
    assert figures.oldest is None
    assert not figures.is_late
    assert figures.oldest_appeal is not None
    assert figures.oldest_appeal >= 100 * HOUR
    assert figures.appeal_target == dt.timedelta(days=7)
    assert not figures.is_appeal_late
    appealed(desk, hours=24 * 7 + 1)
    assert queue(desk).clock.is_appeal_late


def test_once_answered_it_waits_no_more_and_taken_back_it_does_again(desk: Desk) -> None:
    item = appealed(desk)
    settle(desk, item)
    assert names(queue(desk)) == []
    services.undo(
        desk.session,
        actor=desk.second,
        decision_id=desk.decisions(item)[-1].id,
        now=clock.now(),
    )
    assert names(queue(desk)) == [item.receipt]


def test_whoever_rejected_sees_it_and_is_led_past_it(desk: Desk) -> None:
    item, other = appealed(desk, hours=5), desk.pending()
    (row, _) = queue(desk, desk.first).page.items
    assert (row.name, row.is_before) == (item.receipt, True)
    assert not queue(desk).page.items[0].is_before

    def first_for(actor: Actor) -> str | None:
        return next_in_queue(
            desk.session, actor=actor, wanted=QueueFilter(), name="", now=clock.now()
        )

    assert first_for(desk.first) == other.receipt
    assert first_for(desk.second) == item.receipt


def test_the_page_shows_it_with_two_answers(desk: Desk) -> None:
    item = appealed(desk, source="What was rejected.")
    found = item_of(desk, item)
    assert found.kind is ItemKind.APPEAL
    assert found.shown.source == "What was rejected."
    assert found.appeal is not None
    assert found.appeal.appeal.words == WORDS
    assert found.verdicts == (Verdict.APPROVE, Verdict.REJECT)
    assert (found.refusal, found.author_locale) == (None, "fr")
    assert found.decisions[0].by == "Moderator One"


def test_whoever_rejected_reads_why_they_cannot_answer(desk: Desk) -> None:
    found = item_of(desk, appealed(desk), desk.first)
    assert (found.verdicts, found.refusal) == ((), Refusal.DECIDED_BEFORE)


def test_a_public_text_beside_it_can_still_be_hidden(desk: Desk) -> None:
    item = desk.published(source="What readers have.")
    desk.edit(item, "What we wanted.")
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    services.appeal(
        desk.session,
        actor=make.actor_for(user=desk.writer, author=desk.author),
        contribution_id=item.id,
        words=WORDS,
        now=clock.now(),
    )
    found = item_of(desk, item)
    assert found.shown.source == "What we wanted."
    assert found.difference
    assert found.verdicts == (Verdict.APPROVE, Verdict.REJECT, Verdict.HIDE)
    assert item_of(desk, item, desk.first).verdicts == (Verdict.HIDE,)
    desk.decide(item, Verdict.HIDE, seen_revision=2, seen_published=1)
    assert item_of(desk, item).kind is ItemKind.APPEAL


def test_after_the_answer_there_is_nothing_to_decide_and_it_is_told(desk: Desk) -> None:
    item = appealed(desk)
    settle(desk, item)
    found = item_of(desk, item)
    assert (found.verdicts, found.refusal) == ((), None)
    assert found.decisions[0].is_answer
    assert not found.decisions[1].is_answer
    assert found.appeal is not None
    assert not found.appeal.is_waiting


def test_one_that_was_opened_is_on_the_desk_and_nothing_else_of_that_space(desk: Desk) -> None:
    item = appealed(desk)
    desk.pending()
    _, elsewhere = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))
    assert names(queue(desk, elsewhere)) == []
    with pytest.raises(NotVisible):
        item_of(desk, item, elsewhere)
    desk.users[1].confirmed_at = None
    desk.session.flush()
    found = queue(desk, elsewhere)
    assert names(found) == [item.receipt]
    assert desk.space.id in {space.id for space in found.spaces}
    opened = opened_to(desk.session, actor=elsewhere, now=clock.now())
    actor = dataclasses.replace(elsewhere, opened_ids=opened)
    assert item_of(desk, item, actor).verdicts == (Verdict.APPROVE, Verdict.REJECT)
    desk.users[1].confirmed_at = clock.now()
    settle(desk, item)
    with pytest.raises(NotVisible):
        item_of(desk, item, elsewhere)
