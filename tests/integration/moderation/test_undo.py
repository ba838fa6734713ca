"""Taking a decision back: who, how long, and what stands afterwards."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.errors import Forbidden, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, RevisionTag
from consult.discussion.states import Removed, RevisionState, TagRole
from consult.moderation import services
from consult.moderation.models import Decision
from consult.moderation.queries.decisions import decision_facts, undoable
from consult.moderation.states import Verdict
from consult.spaces.models import Objective
from tests import factories as make
from tests.integration.moderation.desk import Desk

SECOND = dt.timedelta(seconds=1)
ON_PENDING = (Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT)


def undo(desk: Desk, decision: Decision, *, after: dt.timedelta = SECOND) -> Decision:
    """Take a decision of the first moderator back, some time after it."""
    return services.undo(
        desk.session,
        actor=desk.first,
        decision_id=decision.id,
        now=decision.decided_at + after,
    )


@pytest.mark.parametrize("verdict", ON_PENDING)
def test_a_decided_text_waits_again(desk: Desk, verdict: Verdict) -> None:
    item = desk.pending()
    decision = desk.decide(item, verdict)
    reversal = undo(desk, decision)
    assert desk.text(item).state == RevisionState.PENDING
    assert item.open_revision_id == desk.text(item).id
    assert item.published_revision_id is None
    assert (reversal.undoes, reversal.verdict) == (decision.id, verdict)


def test_the_text_before_an_undone_edit_is_public_again_and_the_reference_stays(
    desk: Desk,
) -> None:
    item = desk.published()
    reference, version = item.reference, item.public_version
    desk.edit(item)
    undo(desk, desk.decide(item, Verdict.APPROVE, seen_revision=2))
    assert item.published_revision_id == desk.text(item, 1).id
    assert desk.text(item, 1).state == RevisionState.PUBLISHED
    assert desk.text(item, 2).state == RevisionState.PENDING
    assert item.reference == reference
    assert item.public_version > version + 1


def test_an_undone_first_approval_keeps_its_reference_for_the_next_one(desk: Desk) -> None:
    item = desk.pending()
    decision = desk.decide(item, Verdict.APPROVE)
    reference = item.reference
    undo(desk, decision)
    desk.decide(item, Verdict.APPROVE, now=clock.now() + SECOND)
    assert item.reference == reference


@pytest.mark.parametrize("verdict", ON_PENDING)
def test_a_minute_is_the_limit(desk: Desk, verdict: Verdict) -> None:
    decision = desk.decide(desk.pending(), verdict)
    with pytest.raises(Forbidden) as refused:
        undo(desk, decision, after=dt.timedelta(seconds=60))
    assert refused.value.refusal is Refusal.TOO_LATE
    undo(desk, decision, after=dt.timedelta(seconds=59))


def test_hiding_can_be_taken_back_for_thirty_days(desk: Desk) -> None:
    item = desk.published()
    decision = desk.decide(item, Verdict.HIDE)
    with pytest.raises(Forbidden):
        undo(desk, decision, after=dt.timedelta(days=30))
    reversal = undo(desk, decision, after=dt.timedelta(days=29))
    assert desk.removed(item) == Removed.NONE
    assert reversal.verdict == Verdict.RESTORE


def test_restoring_can_be_taken_back_and_the_old_reason_holds_again(desk: Desk) -> None:
    item = desk.published()
    desk.decide(item, Verdict.HIDE, reason="personal-data")
    reversal = undo(desk, desk.decide(item, Verdict.RESTORE))
    assert desk.removed(item) == Removed.HIDDEN
    assert (reversal.verdict, reversal.reason) == (Verdict.HIDE, "personal-data")


@pytest.mark.parametrize(("after", "told"), [(SECOND, 0), (dt.timedelta(days=1), 1)])
def test_the_author_hears_of_a_reversal_only_where_mail_may_have_left(
    desk: Desk, after: dt.timedelta, told: int
) -> None:
    item = desk.published()
    decision = desk.decide(item, Verdict.HIDE)
    reversal = undo(desk, decision, after=after)
    rows = desk.session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "notifications.decision")
    ).all()
    assert [row.payload["decision_id"] for row in rows].count(reversal.id) == told
    first = decision_facts(desk.session, decision.id)
    assert first is not None
    assert first.is_undone


def test_the_reversal_of_an_approval_tells_nobody_anything(desk: Desk) -> None:
    reversal = undo(desk, desk.decide(desk.pending(), Verdict.APPROVE))
    facts = decision_facts(desk.session, reversal.id)
    assert facts is not None
    assert facts.is_undone


def test_it_leaves_one_audit_entry(desk: Desk) -> None:
    item = desk.pending()
    undo(desk, desk.decide(item, Verdict.REJECT))
    assert desk.audited(item) == ["reject", "undo"]


def test_only_whoever_decided_may(desk: Desk) -> None:
    decision = desk.decide(desk.pending(), Verdict.APPROVE)
    with pytest.raises(Forbidden):
        services.undo(
            desk.session,
            actor=desk.second,
            decision_id=decision.id,
            now=decision.decided_at + SECOND,
        )


def test_whoever_lost_the_role_may_not_any_more(desk: Desk) -> None:
    decision = desk.decide(desk.pending(), Verdict.APPROVE)
    with pytest.raises(NotVisible):
        services.undo(
            desk.session,
            actor=make.actor_for(user=desk.users[0]),
            decision_id=decision.id,
            now=decision.decided_at + SECOND,
        )


def test_it_is_done_once(desk: Desk) -> None:
    decision = desk.decide(desk.pending(), Verdict.APPROVE)
    undo(desk, decision)
    with pytest.raises(StaleState):
        undo(desk, decision)


def test_a_reversal_is_not_taken_back(desk: Desk) -> None:
    reversal = undo(desk, desk.decide(desk.pending(), Verdict.APPROVE))
    with pytest.raises(Forbidden) as refused:
        undo(desk, reversal)
    assert refused.value.refusal is Refusal.WRONG_STATE


def test_a_later_decision_of_a_colleague_stands(desk: Desk) -> None:
    item = desk.pending()
    decision = desk.decide(item, Verdict.APPROVE)
    desk.decide(item, Verdict.HIDE, actor=desk.second)
    with pytest.raises(StaleState) as conflict:
        undo(desk, decision)
    assert conflict.value.seen["by"] == "Moderator Two"
    assert desk.removed(item) == Removed.HIDDEN


@pytest.mark.parametrize("verdict", ON_PENDING)
def test_a_newer_text_of_the_author_stands(desk: Desk, verdict: Verdict) -> None:
    item = desk.pending()
    decision = desk.decide(item, verdict)
    edit = desk.edit(item)
    with pytest.raises(StaleState):
        undo(desk, decision)
    assert item.open_revision_id == edit.id


@pytest.mark.parametrize("removed", [Removed.WITHDRAWN, Removed.ERASED])
def test_what_its_author_took_away_never_waits_again(desk: Desk, removed: Removed) -> None:
    item = desk.pending()
    decision = desk.decide(item, Verdict.APPROVE)
    item.removed = removed
    desk.session.flush()
    with pytest.raises(StaleState):
        undo(desk, decision)
    assert desk.text(item).state == RevisionState.PUBLISHED


def test_a_decision_that_can_be_taken_back_is_offered_to_whoever_took_it(desk: Desk) -> None:
    item = desk.pending()
    decision = desk.decide(item, Verdict.APPROVE)
    soon, later = (decision.decided_at + dt.timedelta(seconds=s) for s in (1, 60))
    assert [u.name for u in undoable(desk.session, actor=desk.first, now=soon)] == [item.receipt]
    assert list(undoable(desk.session, actor=desk.second, now=soon)) == []
    assert list(undoable(desk.session, actor=desk.first, now=later)) == []
    undo(desk, decision)
    assert list(undoable(desk.session, actor=desk.first, now=soon)) == []


def test_corrected_language_and_objectives_are_as_the_author_left_them(desk: Desk) -> None:
    item = desk.pending(objectives=objectives(desk, 15, 16))
    decision = desk.decide(item, Verdict.APPROVE, language="es", objectives=[15, 20])
    assert decision.facts == {"language": "en", "objectives": [15, 16]}
    assert (desk.text(item).language, public_tags(desk, item)) == ("es", {15, 20})
    undo(desk, decision)
    assert (desk.text(item).language, public_tags(desk, item)) == ("en", {15, 16})
    rows = desk.session.scalars(
        select(RevisionTag).where(RevisionTag.revision_id == desk.text(item).id)
    ).all()
    assert {(row.role, row.is_public) for row in rows} == {(TagRole.AUTHOR, True)}


def test_what_was_not_corrected_is_not_touched_by_taking_back(desk: Desk) -> None:
    item = desk.pending(objectives=objectives(desk, 15))
    decision = desk.decide(item, Verdict.APPROVE, language="en", objectives=[15])
    assert decision.facts is None
    undo(desk, decision)
    assert (desk.text(item).language, public_tags(desk, item)) == ("en", {15})


def test_a_move_is_not_taken_back(desk: Desk) -> None:
    item = desk.pending()
    moved = Decision(
        revision_id=desk.text(item).id,
        verdict=Verdict.MOVE,
        decided_by=desk.first.user_id,
        decided_at=clock.now(),
    )
    desk.session.add(moved)
    desk.session.flush()
    with pytest.raises(Forbidden) as refused:
        undo(desk, moved)
    assert refused.value.refusal is Refusal.WRONG_STATE
    assert list(undoable(desk.session, actor=desk.first, now=moved.decided_at + SECOND)) == []


def objectives(desk: Desk, *numbers: int) -> list[int]:
    return list(
        desk.session.scalars(
            select(Objective.id).where(
                Objective.forum_id == desk.forum.id, Objective.number.in_(numbers)
            )
        )
    )


def public_tags(desk: Desk, item: Contribution) -> set[int]:
    return set(
        desk.session.scalars(
            select(Objective.number)
            .join(RevisionTag, RevisionTag.objective_id == Objective.id)
            .where(RevisionTag.revision_id == desk.text(item).id, RevisionTag.is_public)
        )
    )
