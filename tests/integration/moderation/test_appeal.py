"""The one appeal: who makes it, until when, who answers it, and what stands afterwards."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.outbox import OutboxEntry
from consult.core.ports import DecisionWords
from consult.discussion.models import Contribution, RevisionTag
from consult.discussion.policy import Place, Sight, sight_of
from consult.discussion.services import removing, revising
from consult.discussion.services.texts import Words
from consult.discussion.states import Removed, RevisionState
from consult.moderation import services
from consult.moderation.models import Appeal, Decision
from consult.moderation.queries.appeals import opened_to
from consult.moderation.queries.decisions import decision_facts
from consult.moderation.queries.words import decision_words
from consult.moderation.states import AppealOutcome, Verdict
from consult.spaces.models import Space
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, moderator_of

SECOND = dt.timedelta(seconds=1)
DAY = dt.timedelta(days=1)
WORDS = "The text answers the question in its second paragraph."


def writer_of(desk: Desk) -> Actor:
    return make.actor_for(user=desk.writer, author=desk.author)


def rejected(desk: Desk, **over: Any) -> Contribution:
    """Make a text that the first moderator rejected."""
    item = desk.pending(**over)
    desk.decide(item, Verdict.REJECT)
    return item


def appeal(desk: Desk, item: Contribution, **over: Any) -> Appeal:
    values: dict[str, Any] = {
        "actor": writer_of(desk),
        "contribution_id": item.id,
        "words": WORDS,
        "now": clock.now(),
    }
    return services.appeal(desk.session, **values | over)


def appealed(desk: Desk, **over: Any) -> Contribution:
    item = rejected(desk, **over)
    appeal(desk, item)
    return item


def settle(desk: Desk, item: Contribution, verdict: Verdict, **over: Any) -> Decision:
    """Answer as the second moderator."""
    values: dict[str, Any] = {
        "actor": desk.second,
        "contribution_id": item.id,
        "seen_revision": 1,
        "verdict": verdict,
        "reason": "off-topic" if verdict is Verdict.REJECT else None,
        "message": None,
        "language": None,
        "objectives": None,
        "now": clock.now(),
    }
    return services.settle(desk.session, **values | over)


def the_appeal(desk: Desk, item: Contribution) -> Appeal:
    found: Appeal = desk.session.scalars(
        select(Appeal)
        .where(Appeal.contribution_id == item.id)
        .execution_options(populate_existing=True)
    ).one()
    return found


def words(desk: Desk, item: Contribution, number: int = 1, **over: Any) -> DecisionWords | None:
    values: dict[str, Any] = {"locale": "fr", "now": clock.now()}
    revision_id = desk.text(item, number).id
    return decision_words(desk.session, revision_id=revision_id, **values | over)


def stranger(desk: Desk, space: Space | None = None) -> Actor:
    """Make a moderator of another space of the forum."""
    space = space or make.make_space(desk.session, forum=desk.forum)
    return moderator_of(desk.session, space)[1]


def organiser_of(desk: Desk) -> Actor:
    user = make.make_user(desk.session)
    return make.actor_for(user=user, role=Role.ORGANISER, space=desk.space)


def leave(desk: Desk, actor: Actor) -> None:
    """End the work of a moderator in the desk's space."""
    for user in desk.users:
        if user.id == actor.user_id:
            user.confirmed_at = None
    desk.session.flush()


# Making one -----------------------------------------------------------------------------------


def test_a_rejected_text_is_appealed_and_its_author_gets_a_receipt(desk: Desk) -> None:
    item = rejected(desk)
    made = appeal(desk, item, words=f"  {WORDS}\n")
    assert (made.words, made.submitted_by, made.outcome) == (WORDS, desk.writer.id, None)
    assert desk.audited(item) == ["reject", "appeal"]
    told = desk.session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "notifications.appealed")
    ).one()
    assert told.payload["user_id"] == desk.writer.id
    assert WORDS not in str(told.payload)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [("", "appeal-short"), (" " * 40, "appeal-short"), ("n" * 19, "appeal-short"),
     ("n" * 2001, "appeal-long")],
)  # fmt: skip
def test_its_words_have_a_length(desk: Desk, typed: str, problem: str) -> None:
    item = rejected(desk)
    with pytest.raises(Invalid) as refused:
        appeal(desk, item, words=typed)
    assert refused.value.problems == {"words": [problem]}


@pytest.mark.parametrize("length", [20, 2000])
def test_the_shortest_and_the_longest_are_taken(desk: Desk, length: int) -> None:
    assert len(appeal(desk, rejected(desk), words="n" * length).words) == length


def test_there_is_one_appeal(desk: Desk) -> None:
    item = appealed(desk)
    with pytest.raises(Forbidden) as refused:
        appeal(desk, item)
    assert refused.value.refusal is Refusal.APPEALED


def test_after_the_answer_there_is_no_second_one(desk: Desk) -> None:
    item = appealed(desk)
    settle(desk, item, Verdict.REJECT)
    with pytest.raises(Forbidden) as refused:
        appeal(desk, item)
    assert refused.value.refusal is Refusal.APPEALED


def test_fourteen_days_are_the_limit_also_after_the_closing(desk: Desk) -> None:
    item = rejected(desk)
    at = desk.decisions(item)[0].decided_at
    desk.space.closes_at = at + DAY
    desk.session.flush()
    with pytest.raises(Forbidden) as refused:
        appeal(desk, item, now=at + 14 * DAY + SECOND)
    assert refused.value.refusal is Refusal.APPEAL_OVER
    assert appeal(desk, item, now=at + 14 * DAY).outcome is None


def test_only_who_speaks_for_the_author_may(desk: Desk) -> None:
    item = rejected(desk)
    for actor in (desk.first, make.actor_for(user=desk.writer)):
        with pytest.raises(Forbidden) as refused:
            appeal(desk, item, actor=actor)
        assert refused.value.refusal is Refusal.NOT_YOURS


def test_another_of_the_delegation_may(desk: Desk) -> None:
    colleague = make.make_user(desk.session)
    made = appeal(desk, rejected(desk), actor=make.actor_for(user=colleague, author=desk.author))
    assert made.submitted_by == colleague.id


@pytest.mark.parametrize("verdict", [None, Verdict.APPROVE, Verdict.RETURN])
def test_what_is_not_rejected_cannot_be_appealed(desk: Desk, verdict: Verdict | None) -> None:
    item = desk.pending()
    if verdict is not None:
        desk.decide(item, verdict)
    with pytest.raises(Forbidden) as refused:
        appeal(desk, item)
    assert refused.value.refusal is Refusal.NOT_REJECTED


def test_an_older_rejection_than_the_newest_text_cannot_be_appealed(desk: Desk) -> None:
    item = desk.published()
    desk.edit(item)
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    desk.edit(item, "A third text.")
    with pytest.raises(Forbidden) as refused:
        appeal(desk, item)
    assert refused.value.refusal is Refusal.NOT_REJECTED


def test_an_unsent_draft_does_not_stand_in_the_way(desk: Desk) -> None:
    item = desk.published()
    desk.edit(item)
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    draft = make.make_revision(desk.session, contribution=item, state=RevisionState.DRAFT)
    item.open_revision_id = draft.id
    desk.session.flush()
    appeal(desk, item)
    settle(desk, item, Verdict.APPROVE, seen_revision=2)
    assert item.published_revision_id == desk.text(item, 2).id
    assert item.open_revision_id == draft.id


def test_undoing_the_rejection_ends_the_appeal_and_a_new_rejection_has_its_own(
    desk: Desk,
) -> None:
    item = rejected(desk)
    first = desk.decisions(item)[0]
    appeal(desk, item)
    services.undo(
        desk.session, actor=desk.first, decision_id=first.id, now=first.decided_at + SECOND
    )
    assert desk.text(item).state == RevisionState.PENDING
    with pytest.raises(StaleState):
        settle(desk, item, Verdict.APPROVE)
    desk.decide(item, Verdict.REJECT)
    appeal(desk, item)
    settle(desk, item, Verdict.APPROVE)
    assert desk.text(item).state == RevisionState.PUBLISHED


# Answering one --------------------------------------------------------------------------------


def test_an_upheld_one_publishes_the_text_as_an_approval_does(desk: Desk) -> None:
    item = appealed(desk)
    before = item.public_version
    decision = settle(desk, item, Verdict.APPROVE, message="You are right.")
    made = the_appeal(desk, item)
    assert (made.outcome, made.settled_by_id, made.decided_by) == (
        AppealOutcome.UPHELD, decision.id, desk.second.user_id,
    )  # fmt: skip
    assert desk.text(item).state == RevisionState.PUBLISHED
    assert item.published_revision_id == desk.text(item).id
    assert item.reference is not None
    assert item.public_version > before
    assert make.question_of(desk.session, desk.space).public_count == 1
    assert desk.audited(item) == ["reject", "appeal", "uphold"]
    told = set(desk.session.scalars(select(OutboxEntry.handler)))
    assert any(handler.startswith("search.") for handler in told)


def test_an_upheld_edit_takes_the_place_of_the_public_text(desk: Desk) -> None:
    item = desk.published()
    desk.edit(item)
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    appeal(desk, item)
    settle(desk, item, Verdict.APPROVE, seen_revision=2)
    assert desk.text(item, 1).state == RevisionState.SUPERSEDED
    assert item.published_revision_id == desk.text(item, 2).id
    assert item.edited_at is not None


def test_language_and_objectives_are_corrected_in_the_same_act(desk: Desk) -> None:
    item = appealed(desk)
    decision = settle(desk, item, Verdict.APPROVE, language="es", objectives=[20])
    assert (decision.language, decision.objectives) == ("es", [20])
    assert desk.text(item).language == "es"
    tags = desk.session.scalars(
        select(RevisionTag).where(RevisionTag.revision_id == desk.text(item).id)
    ).all()
    assert len(tags) == 1


def test_a_dismissed_one_leaves_the_rejection_with_words_for_the_author(desk: Desk) -> None:
    item = appealed(desk)
    decision = settle(desk, item, Verdict.REJECT, reason="other", message=WHY)
    assert (decision.reason, decision.message) == ("other", WHY)
    assert the_appeal(desk, item).outcome == AppealOutcome.DISMISSED
    assert desk.text(item).state == RevisionState.REJECTED
    assert item.published_revision_id is None
    assert desk.audited(item) == ["reject", "appeal", "dismiss"]


def test_dismissing_takes_a_reason_and_other_verdicts_do_not_answer(desk: Desk) -> None:
    item = appealed(desk)
    with pytest.raises(Invalid) as refused:
        settle(desk, item, Verdict.REJECT, reason=None)
    assert refused.value.problems == {"reason": ["reason-missing"]}
    for verdict in (Verdict.RETURN, Verdict.HIDE, Verdict.RESTORE):
        with pytest.raises(Invalid) as refused:
            settle(desk, item, verdict)
        assert refused.value.problems == {"verdict": ["appeal-verdict"]}
    with pytest.raises(Invalid) as refused:
        settle(desk, item, Verdict.APPROVE, message="n" * 2001)
    assert refused.value.problems == {"message": ["message-long"]}


def test_whoever_rejected_does_not_answer(desk: Desk) -> None:
    item = appealed(desk)
    with pytest.raises(Forbidden) as refused:
        settle(desk, item, Verdict.REJECT, actor=desk.first)
    assert refused.value.refusal is Refusal.DECIDED_BEFORE


def test_neither_does_its_delegation_nor_who_typed_it(desk: Desk) -> None:
    item = appealed(desk)
    own = dataclasses.replace(desk.second, author_ids=frozenset({desk.author.id}))
    with pytest.raises(Forbidden) as refused:
        settle(desk, item, Verdict.APPROVE, actor=own)
    assert refused.value.refusal is Refusal.OWN_TEXT
    desk.text(item).submitted_by = desk.second.user_id
    desk.session.flush()
    with pytest.raises(Forbidden) as refused:
        settle(desk, item, Verdict.APPROVE)
    assert refused.value.refusal is Refusal.OWN_TEXT


def test_while_a_colleague_can_answer_it_is_nobody_elses(desk: Desk) -> None:
    item = appealed(desk)
    for actor in (stranger(desk), organiser_of(desk)):
        assert not opened_to(desk.session, actor=actor, now=clock.now())
        with pytest.raises(NotVisible):
            settle(desk, item, Verdict.APPROVE, actor=actor)


def test_without_a_colleague_it_falls_to_a_moderator_of_another_space(desk: Desk) -> None:
    item = appealed(desk)
    elsewhere, organiser = stranger(desk), organiser_of(desk)
    leave(desk, desk.second)
    assert opened_to(desk.session, actor=elsewhere, now=clock.now()) == {item.id}
    assert not opened_to(desk.session, actor=organiser, now=clock.now())
    with pytest.raises(NotVisible):
        settle(desk, item, Verdict.APPROVE, actor=organiser)
    settle(desk, item, Verdict.APPROVE, actor=elsewhere)
    assert item.published_revision_id is not None


def test_else_it_falls_to_the_organiser_of_the_forum(desk: Desk) -> None:
    item = appealed(desk)
    organiser = organiser_of(desk)
    leave(desk, desk.second)
    other_forum = make.make_space(desk.session)
    for actor in (
        stranger(desk, other_forum),
        make.actor_for(user=desk.users[0], role=Role.ORGANISER, space=other_forum),
    ):
        assert not opened_to(desk.session, actor=actor, now=clock.now())
        with pytest.raises(NotVisible):
            settle(desk, item, Verdict.APPROVE, actor=actor)
    assert opened_to(desk.session, actor=organiser, now=clock.now()) == {item.id}
    settle(desk, item, Verdict.REJECT, actor=organiser)
    assert the_appeal(desk, item).outcome == AppealOutcome.DISMISSED


def test_an_organiser_who_rejected_does_not_answer_either(desk: Desk) -> None:
    empty = make.make_space(desk.session, forum=desk.forum)
    organiser, elsewhere = organiser_of(desk), desk.first
    item = make.make_contribution(
        desk.session, space=empty, author=desk.author, state=RevisionState.PENDING
    )
    desk.text(item).submitted_by = desk.writer.id
    desk.decide(item, Verdict.REJECT, actor=organiser)
    appeal(desk, item)
    with pytest.raises(Forbidden) as refused:
        settle(desk, item, Verdict.REJECT, actor=organiser)
    assert refused.value.refusal is Refusal.DECIDED_BEFORE
    # The other organiser sees it on the desk of orphans, but a moderator of the forum is nearer.
    with pytest.raises(Forbidden) as refused:
        settle(desk, item, Verdict.REJECT, actor=organiser_of(desk))
    assert refused.value.refusal is Refusal.ELSEWHERE
    settle(desk, item, Verdict.APPROVE, actor=elsewhere)


def test_an_item_is_opened_to_no_author_of_it(desk: Desk) -> None:
    item = appealed(desk)
    elsewhere = stranger(desk)
    leave(desk, desk.second)
    own = dataclasses.replace(elsewhere, author_ids=frozenset({desk.author.id}))
    assert not opened_to(desk.session, actor=own, now=clock.now())
    assert opened_to(desk.session, actor=elsewhere, now=clock.now()) == {item.id}


def test_what_was_opened_is_seen_and_nothing_beside_it(desk: Desk) -> None:
    item, other = appealed(desk), rejected(desk)
    elsewhere = stranger(desk)
    leave(desk, desk.second)
    opened = opened_to(desk.session, actor=elsewhere, now=clock.now())
    actor = dataclasses.replace(elsewhere, opened_ids=opened)

    def sight(contribution: Contribution) -> Sight:
        place = Place(space=desk.space, author_id=desk.author.id, contribution_id=contribution.id)
        return sight_of(actor, place=place, removed=Removed.NONE, state=RevisionState.REJECTED)

    assert (sight(item), sight(other)) == (Sight.FULL, Sight.NOTHING)
    with pytest.raises(Forbidden):
        desk.decide(item, Verdict.REJECT, actor=actor)
    with pytest.raises(NotVisible):
        desk.decide(other, Verdict.REJECT, actor=actor)


def test_it_closes_again_a_minute_after_the_answer(desk: Desk) -> None:
    item = appealed(desk)
    elsewhere, slower = stranger(desk), stranger(desk)
    leave(desk, desk.second)
    decision = settle(desk, item, Verdict.REJECT, actor=elsewhere)
    soon = decision.decided_at + 59 * SECOND
    with pytest.raises(StaleState) as conflict:
        settle(desk, item, Verdict.APPROVE, actor=slower, now=soon)
    assert conflict.value.seen["verdict"] == Verdict.REJECT
    later = decision.decided_at + 60 * SECOND
    for actor in (elsewhere, slower):
        assert opened_to(desk.session, actor=actor, now=soon)
        assert not opened_to(desk.session, actor=actor, now=later)
        with pytest.raises(NotVisible):
            settle(desk, item, Verdict.APPROVE, actor=actor, now=later)


def test_of_two_answers_the_second_hears_who_gave_the_first(desk: Desk) -> None:
    item = appealed(desk)
    third = moderator_of(desk.session, desk.space, name="Moderator Three")[1]
    settle(desk, item, Verdict.APPROVE)
    with pytest.raises(StaleState) as conflict:
        settle(desk, item, Verdict.REJECT, actor=third)
    assert conflict.value.seen["by"] == "Moderator Two"
    assert [d.verdict for d in desk.decisions(item)] == [Verdict.REJECT, Verdict.APPROVE]


def test_a_colleagues_claim_is_respected(desk: Desk) -> None:
    item = appealed(desk)
    third = moderator_of(desk.session, desk.space, name="Moderator Three")[1]
    services.claim(desk.session, actor=third, contribution_id=item.id, now=clock.now())
    with pytest.raises(StaleState) as conflict:
        settle(desk, item, Verdict.APPROVE)
    assert conflict.value.seen["claimed_by"] == "Moderator Three"
    with pytest.raises(Forbidden):
        services.claim(desk.session, actor=desk.first, contribution_id=item.id, now=clock.now())
    services.release(desk.session, actor=third, contribution_id=item.id, now=clock.now())
    settle(desk, item, Verdict.APPROVE)


def test_a_withdrawal_closes_it_and_its_undoing_opens_it_again(desk: Desk) -> None:
    item = appealed(desk)
    now = clock.now()
    removing.withdraw(
        desk.session, actor=writer_of(desk), contribution=item, space=desk.space, now=now
    )
    with pytest.raises(StaleState):
        settle(desk, item, Verdict.APPROVE)
    found = words(desk, item)
    assert found is not None
    assert found.appeal_state is None
    removing.undo_withdrawal(
        desk.session, actor=writer_of(desk), contribution=item, space=desk.space, now=now + SECOND
    )
    settle(desk, item, Verdict.APPROVE)
    assert item.published_revision_id is not None


def test_a_newer_text_closes_it_for_good(desk: Desk) -> None:
    item = desk.published()
    desk.edit(item)
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    appeal(desk, item)
    send_newer(desk, item, seen=2)
    with pytest.raises(StaleState):
        settle(desk, item, Verdict.APPROVE, seen_revision=2)
    revising.take_back(
        desk.session,
        actor=writer_of(desk),
        contribution=item,
        space=desk.space,
        now=clock.now(),
    )
    with pytest.raises(StaleState):
        settle(desk, item, Verdict.APPROVE, seen_revision=2)
    assert desk.text(item, 1).state == RevisionState.PUBLISHED


def send_newer(desk: Desk, item: Contribution, *, seen: int) -> None:
    revising.send_revision(
        desk.session,
        actor=writer_of(desk),
        contribution=item,
        space=desk.space,
        seen=seen,
        words=Words(source="What we say now.", language="en"),
        now=clock.now(),
        grace=dt.timedelta(0),
    )


# Taking the answer back -----------------------------------------------------------------------


def undo(desk: Desk, decision: Decision, *, after: dt.timedelta = SECOND, **over: Any) -> Decision:
    values: dict[str, Any] = {"actor": desk.second, "now": decision.decided_at + after}
    return services.undo(desk.session, decision_id=decision.id, **values | over)


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT])
def test_an_answer_taken_back_leaves_the_appeal_waiting_and_the_text_rejected(
    desk: Desk, verdict: Verdict
) -> None:
    item = appealed(desk)
    rejected_at = desk.text(item).decided_at
    decision = settle(desk, item, verdict)
    reversal = undo(desk, decision)
    made = the_appeal(desk, item)
    assert (made.outcome, made.settled_by_id, made.decided_at, made.decided_by) == (None,) * 4
    assert desk.text(item).state == RevisionState.REJECTED
    assert desk.text(item).decided_at == rejected_at
    assert (item.published_revision_id, item.open_revision_id) == (None, None)
    assert reversal.undoes == decision.id
    assert desk.audited(item)[-1] == "undo"
    facts = decision_facts(desk.session, decision.id)
    assert facts is not None
    assert facts.is_undone
    settle(desk, item, Verdict.APPROVE, now=decision.decided_at + 2 * SECOND)


def test_readers_get_back_the_text_before_an_upheld_edit(desk: Desk) -> None:
    item = desk.published()
    reference, count = item.reference, make.question_of(desk.session, desk.space).public_count
    desk.edit(item)
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    appeal(desk, item)
    version = item.public_version
    undo(desk, settle(desk, item, Verdict.APPROVE, seen_revision=2))
    assert item.published_revision_id == desk.text(item, 1).id
    assert desk.text(item, 2).state == RevisionState.REJECTED
    assert item.edited_at is None
    assert item.reference == reference
    assert item.public_version > version + 1
    assert make.question_of(desk.session, desk.space).public_count == count


def test_a_minute_is_the_limit_and_only_who_answered_may(desk: Desk) -> None:
    decision = settle(desk, appealed(desk), Verdict.REJECT)
    with pytest.raises(Forbidden) as refused:
        undo(desk, decision, after=60 * SECOND)
    assert refused.value.refusal is Refusal.TOO_LATE
    third = moderator_of(desk.session, desk.space)[1]
    for actor in (desk.first, third):
        with pytest.raises(Forbidden):
            undo(desk, decision, actor=actor)
    undo(desk, decision, after=59 * SECOND)


def test_whoever_answered_from_another_desk_may_take_it_back_too(desk: Desk) -> None:
    item = appealed(desk)
    elsewhere = stranger(desk)
    leave(desk, desk.second)
    decision = settle(desk, item, Verdict.APPROVE, actor=elsewhere)
    undo(desk, decision, actor=elsewhere)
    assert the_appeal(desk, item).outcome is None


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT])
def test_a_newer_text_of_the_author_stands(desk: Desk, verdict: Verdict) -> None:
    item = desk.published()
    desk.edit(item)
    desk.decide(item, Verdict.REJECT, seen_revision=2)
    appeal(desk, item)
    decision = settle(desk, item, verdict, seen_revision=2)
    send_newer(desk, item, seen=2)
    with pytest.raises(StaleState):
        undo(desk, decision)
    assert the_appeal(desk, item).outcome is not None


# What the author is told ----------------------------------------------------------------------


def test_the_author_reads_where_the_appeal_stands(desk: Desk) -> None:
    item = rejected(desk)
    at = desk.decisions(item)[0].decided_at
    said = words(desk, item)
    assert said is not None
    assert (said.appeal_state, said.appeal_until) == ("possible", at + 14 * DAY)
    late = words(desk, item, now=at + 14 * DAY + SECOND)
    assert late is not None
    assert late.appeal_state is None
    appeal(desk, item)
    said = words(desk, item)
    assert said is not None
    assert (said.appeal_state, said.appeal_words, said.answer) == ("waiting", WORDS, None)


def test_the_first_reason_stays_beside_the_answer(desk: Desk) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.REJECT, reason="off-topic", message="The first sentence.")
    appeal(desk, item)
    settle(desk, item, Verdict.REJECT, reason="other", message=WHY)
    said = words(desk, item)
    assert said is not None
    assert (said.reason, said.message) == ("off-topic (fr)", "The first sentence.")
    assert (said.appeal_state, said.answer, said.answer_reason) == ("dismissed", WHY, "other (fr)")


def test_an_upheld_one_tells_so_beside_the_public_text(desk: Desk) -> None:
    item = appealed(desk)
    settle(desk, item, Verdict.APPROVE, message="You are right.")
    said = words(desk, item)
    assert said is not None
    assert (said.appeal_state, said.answer) == ("upheld", "You are right.")


def test_a_returned_text_knows_no_appeal(desk: Desk) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.RETURN)
    said = words(desk, item)
    assert said is not None
    assert (said.appeal_state, said.appeal_until) == (None, None)


@pytest.mark.parametrize(
    ("verdict", "event"),
    [(Verdict.APPROVE, "appeal-upheld"), (Verdict.REJECT, "appeal-dismissed")],
)
def test_the_answer_goes_to_whoever_appealed(desk: Desk, verdict: Verdict, event: str) -> None:
    colleague = make.make_user(desk.session)
    item = rejected(desk)
    appeal(desk, item, actor=make.actor_for(user=colleague, author=desk.author))
    decision = settle(desk, item, verdict)
    facts = decision_facts(desk.session, decision.id)
    assert facts is not None
    assert (facts.event, facts.appealed_by) == (event, colleague.id)
    first = decision_facts(desk.session, desk.decisions(item)[0].id)
    assert first is not None
    assert (first.event, first.appealed_by) == ("rejected", None)
