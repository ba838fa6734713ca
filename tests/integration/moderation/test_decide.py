"""Deciding: each verdict, its reason, whose text it is, and who was faster."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.audit import AuditDetail, AuditEntry
from consult.core.authz import Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import RevisionTag
from consult.discussion.services import revising
from consult.discussion.services.texts import Words
from consult.discussion.states import Removed, RevisionState, TagRole
from consult.moderation import services
from consult.moderation.models import Claim
from consult.moderation.queries.decisions import decision_facts
from consult.moderation.states import OF_THE_FORM, Verdict
from consult.spaces.models import AuthorMember, Objective, Reason
from consult.spaces.states import Membership
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, moderator_of

DECIDES_PENDING = (Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT)


def test_approving_publishes_exactly_that_text_under_a_reference(desk: Desk) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.APPROVE)
    assert desk.text(item).state == RevisionState.PUBLISHED
    assert item.published_revision_id == desk.text(item).id
    assert item.open_revision_id is None
    assert (item.reference or "").startswith(f"{desk.space.code}-Q")


def test_a_returned_text_stays_the_open_one_for_its_author(desk: Desk) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.RETURN)
    assert desk.text(item).state == RevisionState.RETURNED
    assert item.open_revision_id == desk.text(item).id
    assert item.published_revision_id is None


def test_a_rejected_text_is_closed(desk: Desk) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.REJECT)
    assert desk.text(item).state == RevisionState.REJECTED
    assert item.open_revision_id is None


def test_hiding_and_restoring_change_what_readers_see_and_no_text(desk: Desk) -> None:
    item = desk.published()
    desk.decide(item, Verdict.HIDE)
    assert desk.removed(item) == Removed.HIDDEN
    desk.decide(item, Verdict.RESTORE)
    assert desk.removed(item) == Removed.NONE
    assert desk.text(item).state == RevisionState.PUBLISHED


def test_hiding_beside_a_waiting_edit_goes_by_the_published_text_that_was_seen(desk: Desk) -> None:
    item = desk.published()
    edit = desk.edit(item)
    desk.decide(item, Verdict.HIDE, seen_revision=edit.number, seen_published=1)
    assert desk.removed(item) == Removed.HIDDEN
    assert desk.text(item, 2).state == RevisionState.PENDING


def test_approving_an_edit_of_a_hidden_text_does_not_show_it(desk: Desk) -> None:
    item = desk.published()
    desk.decide(item, Verdict.HIDE)
    desk.edit(item)
    desk.decide(item, Verdict.APPROVE, seen_revision=2)
    assert desk.removed(item) == Removed.HIDDEN
    assert item.published_revision_id == desk.text(item, 2).id


@pytest.mark.parametrize("verdict", OF_THE_FORM)
def test_each_decision_leaves_one_row_one_audit_entry_and_tells_its_author(
    desk: Desk, verdict: Verdict
) -> None:
    item = desk.pending() if verdict in DECIDES_PENDING else desk.published()
    if verdict is Verdict.RESTORE:
        desk.decide(item, Verdict.HIDE)
    before, audited = len(desk.decisions(item)), len(desk.audited(item))
    decision = desk.decide(item, verdict)
    assert [row.id for row in desk.decisions(item)][before:] == [decision.id]
    assert desk.audited(item)[audited:] == [verdict.value]
    told = desk.session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "notifications.decision")
    ).all()
    assert [row.payload["decision_id"] for row in told].count(decision.id) == 1


def test_the_sentence_for_the_author_stays_out_of_the_audit_log(desk: Desk) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.RETURN, reason="other", message=WHY)
    entry = desk.session.scalars(
        select(AuditEntry).where(AuditEntry.subject_id == item.id, AuditEntry.act == "return")
    ).one()
    assert WHY not in str(entry.facts)
    assert desk.session.get(AuditDetail, entry.id) is None
    assert entry.facts["reason"] == "other"


@pytest.mark.parametrize("verdict", [Verdict.RETURN, Verdict.REJECT, Verdict.HIDE])
@pytest.mark.parametrize("reason", [None, "", "no-such-reason"])
def test_saying_no_takes_a_reason_of_the_catalogue(
    desk: Desk, verdict: Verdict, reason: str | None
) -> None:
    item = desk.published() if verdict is Verdict.HIDE else desk.pending()
    before = len(desk.decisions(item))
    with pytest.raises(Invalid) as refused:
        desk.decide(item, verdict, reason=reason)
    assert refused.value.problems == {"reason": ["reason-missing"]}
    assert len(desk.decisions(item)) == before


def test_a_reason_of_another_forum_is_none_of_ours(desk: Desk) -> None:
    other = make.make_forum(desk.session)
    desk.session.add(
        Reason(
            forum_id=other.id,
            code="only-there",
            position=9,
            label=make.said("There"),
            explanation=make.said("There"),
        )
    )
    desk.session.flush()
    with pytest.raises(Invalid):
        desk.decide(desk.pending(), Verdict.REJECT, reason="only-there")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (None, "message-short"),
        ("x" * 19, "message-short"),
        ("   " + "x" * 19 + "   ", "message-short"),
        ("x" * 2001, "message-long"),
    ],
)
def test_the_reason_other_needs_a_sentence_of_fair_length(
    desk: Desk, message: str | None, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        desk.decide(desk.pending(), Verdict.REJECT, reason="other", message=message)
    assert refused.value.problems == {"message": [problem]}


@pytest.mark.parametrize("length", [20, 2000])
def test_a_sentence_at_the_limit_is_kept(desk: Desk, length: int) -> None:
    decision = desk.decide(desk.pending(), Verdict.REJECT, reason="other", message="x" * length)
    assert decision.message == "x" * length


def test_an_approval_keeps_no_reason(desk: Desk) -> None:
    decision = desk.decide(desk.pending(), Verdict.APPROVE, reason="off-topic", message=WHY)
    assert (decision.reason, decision.message) == (None, None)


def test_language_and_objectives_are_corrected_with_the_approval(desk: Desk) -> None:
    ids = {
        row.number: row.id
        for row in desk.session.scalars(
            select(Objective).where(Objective.forum_id == desk.forum.id)
        )
    }
    item = desk.pending(objectives=(ids[15], ids[16]))
    decision = desk.decide(item, Verdict.APPROVE, language="es", objectives=[16, 20])
    assert desk.text(item).language == "es"
    tags = desk.session.scalars(
        select(RevisionTag).where(RevisionTag.revision_id == desk.text(item).id)
    ).all()
    assert {(t.objective_id, t.role, t.is_public) for t in tags} == {
        (ids[15], TagRole.AUTHOR, False),
        (ids[16], TagRole.AUTHOR, True),
        (ids[20], TagRole.MODERATOR, True),
    }
    assert (decision.language, decision.objectives) == ("es", [16, 20])


def test_what_was_left_as_it_stood_is_no_correction(desk: Desk) -> None:
    decision = desk.decide(desk.pending(), Verdict.APPROVE, language="en", objectives=[])
    assert (decision.language, decision.objectives) == (None, None)


def test_a_text_that_is_returned_keeps_its_language(desk: Desk) -> None:
    item = desk.pending()
    decision = desk.decide(item, Verdict.RETURN, language="es", objectives=[20])
    assert desk.text(item).language == "en"
    assert (decision.language, decision.objectives) == (None, None)


@pytest.mark.parametrize(
    ("values", "field"), [({"language": "xx"}, "language"), ({"objectives": [999]}, "objectives")]
)
def test_an_unknown_correction_is_refused_and_nothing_is_published(
    desk: Desk, values: dict[str, Any], field: str
) -> None:
    item = desk.pending()
    with pytest.raises(Invalid) as refused:
        desk.decide(item, Verdict.APPROVE, **values)
    assert list(refused.value.problems) == [field]
    assert desk.text(item).state == RevisionState.PENDING


def test_nobody_decides_a_text_of_an_author_they_speak_for(desk: Desk) -> None:
    own = dataclasses.replace(desk.first, author_ids=frozenset({desk.author.id}))
    with pytest.raises(Forbidden) as refused:
        desk.decide(desk.pending(), Verdict.APPROVE, actor=own)
    assert refused.value.refusal is Refusal.OWN_TEXT


def test_nobody_decides_a_text_they_typed_for_somebody_else(desk: Desk) -> None:
    item = desk.pending()
    desk.text(item).submitted_by = desk.first.user_id
    desk.session.flush()
    with pytest.raises(Forbidden) as refused:
        desk.decide(item, Verdict.REJECT)
    assert refused.value.refusal is Refusal.OWN_TEXT


@pytest.mark.parametrize("verdict", OF_THE_FORM)
def test_to_a_moderator_of_another_space_the_item_does_not_exist(
    desk: Desk, verdict: Verdict
) -> None:
    _, stranger = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))
    item = desk.pending() if verdict in DECIDES_PENDING else desk.published()
    before = (len(desk.decisions(item)), desk.text(item).state, item.version)
    with pytest.raises(NotVisible):
        desk.decide(item, verdict, actor=stranger)
    assert (len(desk.decisions(item)), desk.text(item).state, item.version) == before


def test_an_organiser_decides_only_where_no_moderator_of_the_space_may(desk: Desk) -> None:
    user = make.make_user(desk.session)
    make.grant(desk.session, user=user, role=Role.ORGANISER, space=desk.space)
    organiser = make.actor_for(user=user, role=Role.ORGANISER, space=desk.space)
    item = desk.pending()
    with pytest.raises(NotVisible):
        desk.decide(item, Verdict.APPROVE, actor=organiser)
    for moderator in desk.users:
        desk.session.add(
            AuthorMember(
                author_id=desk.author.id,
                user_id=moderator.id,
                membership=Membership.CONTRIBUTOR,
            )
        )
    desk.session.flush()
    desk.decide(item, Verdict.APPROVE, actor=organiser)
    assert desk.text(item).state == RevisionState.PUBLISHED


@pytest.mark.parametrize("first", DECIDES_PENDING)
@pytest.mark.parametrize("second", DECIDES_PENDING)
def test_of_two_moderators_the_second_learns_who_decided_what(
    desk: Desk, first: Verdict, second: Verdict
) -> None:
    item = desk.pending()
    decision = desk.decide(item, first)
    with pytest.raises(StaleState) as conflict:
        desk.decide(item, second, actor=desk.second)
    seen = conflict.value.seen
    assert (seen["verdict"], seen["by"], seen["at"]) == (
        first,
        "Moderator One",
        decision.decided_at,
    )
    assert [row.id for row in desk.decisions(item)] == [decision.id]


def test_a_text_that_moved_is_not_decided_and_both_are_told(desk: Desk) -> None:
    item = desk.pending(source="What was seen.")
    _send_edit(desk, item, "What nobody has seen.")
    with pytest.raises(StaleState) as conflict:
        desk.decide(item, Verdict.APPROVE)
    assert conflict.value.seen["mine"] == "What was seen."
    assert conflict.value.seen["theirs"] == "What nobody has seen."
    assert conflict.value.seen["verdict"] is None
    assert item.published_revision_id is None


def test_an_edit_sent_after_the_approval_waits_for_its_own(desk: Desk) -> None:
    item = desk.published(source="What was seen.")
    edit = _send_edit(desk, item, "What nobody has seen.")
    assert edit.state == RevisionState.PENDING
    assert item.published_revision_id == desk.text(item).id
    assert desk.text(item).source == "What was seen."


def test_a_draft_of_the_author_is_never_told_in_a_conflict(desk: Desk) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.RETURN)
    draft = make.make_revision(
        desk.session, contribution=item, state=RevisionState.DRAFT, source="Secret draft."
    )
    item.open_revision_id = draft.id
    desk.session.flush()
    for number in (1, 2):
        with pytest.raises(StaleState) as conflict:
            desk.decide(item, Verdict.APPROVE, actor=desk.second, seen_revision=number)
        assert "Secret draft." not in str(conflict.value.seen)


def test_hiding_is_bound_to_the_published_text(desk: Desk) -> None:
    item = desk.published()
    desk.edit(item)
    desk.decide(item, Verdict.APPROVE, seen_revision=2)
    with pytest.raises(StaleState):
        desk.decide(item, Verdict.HIDE, seen_revision=1, seen_published=1)
    assert desk.removed(item) == Removed.NONE


@pytest.mark.parametrize("verdict", [Verdict.HIDE, Verdict.RESTORE])
def test_hiding_and_restoring_twice_counts_once(desk: Desk, verdict: Verdict) -> None:
    item = desk.published()
    desk.decide(item, Verdict.HIDE)
    if verdict is Verdict.RESTORE:
        desk.decide(item, Verdict.RESTORE)
    before = len(desk.decisions(item))
    with pytest.raises(StaleState):
        desk.decide(item, verdict, actor=desk.second)
    assert len(desk.decisions(item)) == before


@pytest.mark.parametrize("removed", [Removed.WITHDRAWN, Removed.ERASED])
@pytest.mark.parametrize("verdict", OF_THE_FORM)
def test_nothing_is_decided_on_a_text_that_its_author_took_away(
    desk: Desk, removed: Removed, verdict: Verdict
) -> None:
    item = desk.published()
    item.removed = removed
    desk.session.flush()
    before = len(desk.decisions(item))
    with pytest.raises(StaleState) as conflict:
        desk.decide(item, verdict)
    assert conflict.value.seen["removed"] is removed
    assert len(desk.decisions(item)) == before


def test_a_colleagues_claim_stands_until_it_ends(desk: Desk) -> None:
    item, now = desk.pending(), clock.now()
    services.claim(desk.session, actor=desk.second, contribution_id=item.id, now=now)
    with pytest.raises(StaleState) as conflict:
        desk.decide(item, Verdict.APPROVE, now=now + dt.timedelta(minutes=9))
    assert conflict.value.seen["claimed_by"] == "Moderator Two"
    desk.decide(item, Verdict.APPROVE, now=now + dt.timedelta(minutes=10))
    assert desk.text(item).state == RevisionState.PUBLISHED


def test_whoever_claimed_decides_and_the_claim_is_gone(desk: Desk) -> None:
    item, now = desk.pending(), clock.now()
    services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=now)
    desk.decide(item, Verdict.RETURN, now=now)
    assert desk.session.get(Claim, item.id) is None
    assert desk.audited(item) == ["claim", "return"]


def test_a_claim_is_taken_once_and_given_back(desk: Desk) -> None:
    item, now = desk.pending(), clock.now()
    services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=now)
    with pytest.raises(StaleState):
        services.claim(desk.session, actor=desk.second, contribution_id=item.id, now=now)
    with pytest.raises(Forbidden):
        services.release(desk.session, actor=desk.second, contribution_id=item.id, now=now)
    services.release(desk.session, actor=desk.first, contribution_id=item.id, now=now)
    held = services.claim(desk.session, actor=desk.second, contribution_id=item.id, now=now)
    assert (held.user_id, held.until) == (desk.second.user_id, now + dt.timedelta(minutes=10))


def test_the_author_is_told_reason_and_sentence_but_never_who_decided(desk: Desk) -> None:
    decision = desk.decide(desk.pending(), Verdict.REJECT, reason="other", message=WHY)
    facts = decision_facts(desk.session, decision.id)
    assert facts is not None
    assert facts.verdict == "reject"
    assert facts.reason_label is not None
    assert facts.reason_label.in_("fr") == "other (fr)"
    assert (facts.message, facts.is_undone) == (WHY, False)
    assert "Moderator One" not in str(facts)


def test_an_unknown_decision_has_no_facts(desk: Desk) -> None:
    assert decision_facts(desk.session, 999_999) is None


def _send_edit(desk: Desk, item: Any, source: str) -> Any:
    writer = make.actor_for(user=desk.writer, author=desk.author)
    return revising.send_revision(
        desk.session,
        actor=writer,
        contribution=item,
        space=desk.space,
        seen=1,
        words=Words(source=source, language="en"),
        now=clock.now(),
        grace=dt.timedelta(0),
    )
