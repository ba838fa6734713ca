"""A text is taken in, waits, and becomes public only by a decision on exactly that text."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing, removing, revising, sending, threads
from consult.discussion.services.texts import Words
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Question
from tests import factories as make

NO_GRACE = dt.timedelta(0)


def _people(session):
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    user = make.make_user(session)
    author = make.make_author(session, forum=forum, user=user)
    return space, author, make.actor_for(user=user, author=author)


_bodies = (f"What our city has learned, part {number}." for number in itertools.count(1))


def _send(session, space, actor, *, parent=None, body=None, now=None, **kw):
    body = next(_bodies) if body is None else body
    return sending.send(
        session,
        actor=actor,
        space=space,
        question=kw.pop("question", make.question_of(session, space)),
        parent=parent,
        draft=kw.pop("draft", None),
        words=Words(source=body, language="en", objectives=kw.pop("objectives", ())),
        now=now or clock.now(),
        grace=kw.pop("grace", NO_GRACE),
    )


def _publish(session, space, contribution):
    number = session.get_one(Revision, contribution.open_revision_id).number
    revision = publishing.waiting_revision(session, contribution=contribution, number=number)
    publishing.publish(
        session, contribution=contribution, revision=revision, space=space, now=clock.now()
    )
    return contribution


def test_a_sent_text_waits_and_is_named_by_its_receipt(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor)
    revision = session.get_one(Revision, contribution.open_revision_id)
    assert revision.state == RevisionState.PENDING
    assert contribution.published_revision_id is None
    assert contribution.reference is None
    assert len(contribution.receipt) == 19
    assert session.scalar(select(func.count()).where(AuditEntry.act == "send")) == 1


def test_publishing_gives_the_next_reference_of_the_question(session):
    space, _author, actor = _people(session)
    first = _publish(session, space, _send(session, space, actor))
    second = _publish(session, space, _send(session, space, actor))
    assert first.reference == f"{space.code}-Q1-0001"
    assert second.reference == f"{space.code}-Q1-0002"
    assert session.get_one(Question, first.question_id, populate_existing=True).public_count == 2


def test_an_edit_leaves_readers_the_published_text_until_it_is_approved(session):
    space, _author, actor = _people(session)
    contribution = _publish(session, space, _send(session, space, actor))
    first = contribution.published_revision_id
    revising.send_revision(
        session,
        actor=actor,
        contribution=contribution,
        space=space,
        seen=1,
        words=Words(source="A better text.", language="en"),
        now=clock.now(),
        grace=NO_GRACE,
    )
    assert contribution.published_revision_id == first
    reference = contribution.reference
    _publish(session, space, contribution)
    assert contribution.published_revision_id != first
    assert session.get_one(Revision, first).state == RevisionState.SUPERSEDED
    assert contribution.reference == reference


def test_a_newer_edit_cancels_the_waiting_one(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor)
    waiting = contribution.open_revision_id
    revising.send_revision(
        session,
        actor=actor,
        contribution=contribution,
        space=space,
        seen=1,
        words=Words(source="On second thoughts.", language="en"),
        now=clock.now(),
        grace=NO_GRACE,
    )
    assert session.get_one(Revision, waiting).state == RevisionState.CANCELLED
    with pytest.raises(StaleState):
        publishing.waiting_revision(session, contribution=contribution, number=1)


def test_an_edit_begun_on_an_older_text_is_stale(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor)
    words = Words(source="From one window.", language="en")
    arguments = {
        "actor": actor,
        "contribution": contribution,
        "space": space,
        "seen": 1,
        "now": clock.now(),
        "grace": NO_GRACE,
    }
    revising.send_revision(session, words=words, **arguments)
    with pytest.raises(StaleState) as caught:
        revising.send_revision(
            session, words=Words(source="From another.", language="en"), **arguments
        )
    assert caught.value.seen["theirs"] == "From one window."


def test_returned_text_comes_back_intact_and_keeps_its_first_sending(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor, body="Kept **word** for word.")
    first_sent = contribution.sent_at
    revision = publishing.waiting_revision(session, contribution=contribution, number=1)
    publishing.send_back(session, contribution=contribution, revision=revision, now=clock.now())
    assert session.get_one(Revision, contribution.open_revision_id).source == (
        "Kept **word** for word."
    )
    later = clock.now() + dt.timedelta(days=3)
    revising.send_revision(
        session,
        actor=actor,
        contribution=contribution,
        space=space,
        seen=1,
        words=Words(source="Kept, and corrected.", language="en"),
        now=later,
        grace=NO_GRACE,
    )
    assert contribution.sent_at == first_sent
    assert session.get_one(Revision, contribution.open_revision_id).base_id == revision.id


def test_a_returned_text_can_be_sent_again_for_seven_days_after_the_closing(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor)
    revision = publishing.waiting_revision(session, contribution=contribution, number=1)
    now = clock.now()
    publishing.send_back(session, contribution=contribution, revision=revision, now=now)
    space.closes_at = now + dt.timedelta(seconds=1)
    arguments = {
        "actor": actor,
        "contribution": contribution,
        "space": space,
        "seen": 1,
        "words": Words(source="Better now.", language="en"),
        "grace": NO_GRACE,
    }
    with pytest.raises(Forbidden) as caught:
        revising.send_revision(session, now=now + dt.timedelta(days=8), **arguments)
    assert caught.value.refusal is Refusal.TOO_LATE
    revising.send_revision(session, now=now + dt.timedelta(days=6), **arguments)


@pytest.mark.parametrize(
    ("seconds", "grace", "is_taken"),
    [(-1, 0, True), (0, 0, False), (1, 0, False), (59, 60, True), (60, 60, False)],
)
def test_the_closing_instant_decides(session, seconds, grace, is_taken):
    space, _author, actor = _people(session)
    at = space.closes_at + dt.timedelta(seconds=seconds)
    if is_taken:
        _send(session, space, actor, now=at, grace=dt.timedelta(seconds=grace))
        return
    with pytest.raises(Forbidden) as caught:
        _send(session, space, actor, now=at, grace=dt.timedelta(seconds=grace))
    assert caught.value.refusal is Refusal.SPACE_CLOSED


def test_replies_stand_under_their_parent_in_the_order_of_sending(session):
    space, _author, actor = _people(session)
    root = _publish(session, space, _send(session, space, actor))
    first = _publish(session, space, _send(session, space, actor, parent=root))
    second = _publish(session, space, _send(session, space, actor, parent=root))
    below_first = _publish(session, space, _send(session, space, actor, parent=first))
    order = session.scalars(
        select(Contribution.id).where(Contribution.thread_id == root.id).order_by(Contribution.path)
    ).all()
    assert order == [root.id, first.id, below_first.id, second.id]
    assert session.get_one(Contribution, root.id, populate_existing=True).thread_size == 3


def test_the_hundred_and_first_level_is_refused(session):
    space, author, actor = _people(session)
    deep = make.make_contribution(session, space=space, author=author, depth=100)
    with pytest.raises(Forbidden) as caught:
        _send(session, space, actor, parent=deep)
    assert caught.value.refusal is Refusal.TOO_DEEP


def test_nobody_replies_to_a_text_that_is_not_public(session):
    space, author, actor = _people(session)
    waiting = make.make_contribution(
        session, space=space, author=author, state=RevisionState.PENDING
    )
    with pytest.raises(Forbidden):
        _send(session, space, actor, parent=waiting)


def test_an_objective_that_is_not_under_review_is_refused(session):
    space, _author, actor = _people(session)
    with pytest.raises(Invalid) as caught:
        _send(session, space, actor, objectives=(20, 99))
    assert caught.value.problems == {"objectives": ["objective-unknown"]}


@pytest.mark.parametrize(
    ("body", "problem"),
    [("", "body-missing"), (" \n\t ", "body-missing"), ("x" * 50_001, "body-too-long")],
)
def test_an_empty_or_overlong_text_is_refused(session, body, problem):
    space, _author, actor = _people(session)
    with pytest.raises(Invalid) as caught:
        _send(session, space, actor, body=body)
    assert caught.value.problems["body"] == [problem]


def test_a_text_of_exactly_the_limit_is_taken_with_hostile_characters_replaced(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor, body="a\x00b" + "x" * 49_997)
    revision = session.get_one(Revision, contribution.open_revision_id)
    assert "\x00" not in revision.source
    assert revision.source.startswith("a\ufffdb")


def test_a_draft_is_continued_and_sent_as_the_same_contribution(session):
    space, _author, actor = _people(session)
    question = make.question_of(session, space)
    arguments = {"actor": actor, "space": space, "question": question, "parent": None}
    draft = sending.save_draft(
        session,
        draft=None,
        words=Words(source="First thoughts", language="en"),
        now=clock.now(),
        **arguments,
    )
    assert draft.receipt is None
    sent = _send(session, space, actor, draft=draft, body="Finished.")
    assert sent.id == draft.id
    assert session.scalar(select(func.count()).select_from(Revision)) == 1


def test_taking_back_leaves_a_published_text_alone(session):
    space, _author, actor = _people(session)
    contribution = _publish(session, space, _send(session, space, actor))
    public = contribution.published_revision_id
    revising.send_revision(
        session,
        actor=actor,
        contribution=contribution,
        space=space,
        seen=1,
        words=Words(source="Not quite.", language="en"),
        now=clock.now(),
        grace=NO_GRACE,
    )
    revising.take_back(
        session, actor=actor, contribution=contribution, space=space, now=clock.now()
    )
    assert contribution.open_revision_id is None
    assert contribution.published_revision_id == public


def test_a_withdrawal_can_be_undone_for_a_minute_and_gives_back_what_stood(session):
    space, _author, actor = _people(session)
    contribution = _publish(session, space, _send(session, space, actor))
    now = clock.now()
    arguments = {"actor": actor, "contribution": contribution, "space": space}
    version = contribution.public_version
    removing.withdraw(session, now=now, **arguments)
    assert contribution.removed == Removed.WITHDRAWN
    with pytest.raises(Forbidden):
        removing.undo_withdrawal(session, now=now + dt.timedelta(seconds=61), **arguments)
    removing.undo_withdrawal(session, now=now + dt.timedelta(seconds=59), **arguments)
    assert contribution.removed == Removed.NONE
    assert contribution.public_version > version + 1


def test_undoing_the_withdrawal_of_a_hidden_text_keeps_it_hidden(session):
    space, _author, actor = _people(session)
    contribution = _publish(session, space, _send(session, space, actor))
    removing.hide(
        session,
        contribution=contribution,
        seen=contribution.published_revision_id,
        now=clock.now(),
    )
    arguments = {"actor": actor, "contribution": contribution, "space": space, "now": clock.now()}
    removing.withdraw(session, **arguments)
    removing.undo_withdrawal(session, **arguments)
    assert contribution.removed == Removed.HIDDEN


def test_erasing_blanks_every_text_and_counts_it_no_more(session):
    space, _author, actor = _people(session)
    contribution = _publish(session, space, _send(session, space, actor, body="Private words."))
    removing.erase(session, contribution=contribution, actor=actor, now=clock.now())
    assert session.scalars(select(Revision.source)).all() == [""]
    assert session.get_one(Question, contribution.question_id).public_count == 0


def test_undoing_an_approval_gives_readers_the_older_text_and_keeps_the_reference(session):
    space, _author, actor = _people(session)
    contribution = _publish(session, space, _send(session, space, actor))
    older = contribution.published_revision_id
    revising.send_revision(
        session,
        actor=actor,
        contribution=contribution,
        space=space,
        seen=1,
        words=Words(source="Second.", language="en"),
        now=clock.now(),
        grace=NO_GRACE,
    )
    _publish(session, space, contribution)
    newer = session.get_one(Revision, contribution.published_revision_id)
    version, reference = contribution.public_version, contribution.reference
    publishing.take_back_decision(
        session, contribution=contribution, revision=newer, now=clock.now()
    )
    assert contribution.published_revision_id == older
    assert contribution.open_revision_id == newer.id
    assert session.get_one(Revision, older).state == RevisionState.PUBLISHED
    assert contribution.public_version > version
    assert contribution.reference == reference


def test_a_participants_question_gets_its_number_when_it_is_first_published(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor, question=None, body="Who reads all this?")
    assert contribution.question_id is None
    _publish(session, space, contribution)
    assert contribution.reference == f"{space.code}-Q4"
    row = session.get_one(Question, contribution.own_question_id)
    assert (row.number, row.kind) == (4, "participant")
    answer = _publish(session, space, _send(session, space, actor, question=row))
    assert answer.reference == f"{space.code}-Q4-0001"


def test_every_public_change_is_told_to_the_index_once(session):
    space, _author, actor = _people(session)
    contribution = _send(session, space, actor)
    before = session.scalar(select(func.count()).where(OutboxEntry.handler == "search.index"))
    _publish(session, space, contribution)
    after = session.scalar(select(func.count()).where(OutboxEntry.handler == "search.index"))
    assert (before, after) == (0, 1)


def test_numbers_in_paths_sort_like_the_numbers():
    numbers = [0, 1, 35, 36, 1295, 1296, 46_655, 1_679_615]
    assert sorted(threads.base36(n) for n in numbers) == [threads.base36(n) for n in numbers]
    with pytest.raises(OverflowError):
        threads.base36(1_679_616)
