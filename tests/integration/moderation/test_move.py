"""Moving: everything below comes along, old names stay good, and every figure follows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event, select

from consult.core import clock
from consult.core.authz import VISITOR, Actor, Role
from consult.core.errors import Forbidden, Invalid, NotVisible, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, ReferenceRedirect
from consult.discussion.queries import single
from consult.discussion.services import threads
from consult.discussion.services.sending import begin
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.moderation import services
from consult.moderation.models import Claim, Decision
from consult.moderation.queries.targets import targets
from consult.moderation.services import moving
from consult.moderation.states import Verdict
from consult.spaces.models import Question, Space
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, moderator_of
from tests.integration.moderation.figures import check_figures


@pytest.fixture
def elsewhere(desk: Desk) -> Space:
    """Another space of the forum, in which the first moderator moderates as well."""
    space = make.make_space(desk.session, forum=desk.forum)
    make.grant(desk.session, user=desk.users[0], role=Role.MODERATOR, space=space)
    desk.first = make.actor_for(user=desk.users[0], role=Role.MODERATOR, space=desk.space)
    both = (
        desk.first.grants
        | make.actor_for(user=desk.users[0], role=Role.MODERATOR, space=space).grants
    )
    desk.first = Actor(
        user_id=desk.first.user_id, grants=both, author_ids=frozenset(), forum_ids=frozenset()
    )
    return space


def move(desk: Desk, item: Contribution, target: str, **over: Any) -> Decision:
    values: dict[str, Any] = {
        "actor": desk.first,
        "contribution_id": item.id,
        "seen_revision": 1,
        "seen_place": None,
        "target": target,
        "reason": "off-topic",
        "message": None,
        "now": clock.now(),
    }
    return moving.move(desk.session, **values | over)


def reply(desk: Desk, parent: Contribution, **over: Any) -> Contribution:
    """Make a public reply whose place the services gave."""
    made = desk.pending(parent=parent, thread_ordinal=parent.thread_ordinal, **over)
    threads.place(desk.session, made, parent=parent, at=0)
    desk.session.flush()
    desk.decide(made, Verdict.APPROVE)
    return made


def row(desk: Desk, item: Contribution) -> Contribution:
    desk.session.refresh(item)
    return item


def test_a_published_comment_goes_with_all_replies_and_gets_new_names(
    desk: Desk, elsewhere: Space
) -> None:
    item = desk.published()
    first, second = reply(desk, item), reply(desk, item)
    nested = reply(desk, first)
    waiting = desk.pending(parent=first)
    threads.place(desk.session, waiting, parent=first, at=0)
    old = [one.reference for one in (item, first, nested, second)]
    decision = move(desk, item, f"{elsewhere.slug}/2", message=WHY)
    question = make.question_of(desk.session, elsewhere, 2)
    for one in (item, first, second, nested, waiting):
        assert (row(desk, one).space_id, one.question_id) == (elsewhere.id, question.id)
    new = [one.reference for one in (item, first, nested, second)]
    assert new == [f"{elsewhere.code}-Q2-{number:04d}" for number in range(1, 5)]
    assert waiting.reference is None
    assert waiting.receipt is not None
    assert (decision.verdict, decision.reason, decision.message) == ("move", "off-topic", WHY)
    assert decision.facts == {"moved_from": old[0], "moved_to": new[0]}
    for before, after in zip(old, new, strict=True):
        found = single.find(desk.session, name=before or "", actor=Actor())
        assert found.canonical == after
    assert desk.audited(item).count("move") == 1
    check_figures(desk.session)


def test_a_reply_begins_a_thread_of_its_own_and_leaves_the_rest_as_it_was(
    desk: Desk, elsewhere: Space
) -> None:
    item = desk.published()
    first, second = reply(desk, item), reply(desk, item)
    nested = reply(desk, first)
    draft = begin(
        desk.session,
        author_id=desk.author.id,
        space=desk.space,
        question=make.question_of(desk.session, desk.space),
        parent=nested,
        now=clock.now(),
    )
    move(desk, first, f"{elsewhere.slug}/1")
    assert row(desk, item).thread_size == 1
    assert row(desk, second).thread_id == item.id
    assert (row(desk, first).parent_id, first.thread_id, first.path) == (None, first.id, "")
    assert (first.depth, first.thread_size) == (1, 1)
    assert first.thread_ordinal == threads.ordinal(first.sent_at or first.created_at)
    assert (row(desk, nested).parent_id, nested.thread_id, nested.depth) == (first.id, first.id, 2)
    assert (row(desk, draft).space_id, draft.thread_id) == (elsewhere.id, None)
    another = reply(desk, row(desk, first))
    assert another.path not in {"", nested.path}
    check_figures(desk.session)


def test_a_reply_that_was_begun_before_the_move_lands_at_the_new_place(
    desk: Desk, elsewhere: Space
) -> None:
    item = desk.published()
    first = reply(desk, item)
    move(desk, first, f"{elsewhere.slug}/1")
    late = desk.pending(parent=row(desk, first))
    late.question_id, late.space_id = item.question_id, item.space_id
    threads.place(desk.session, late, parent=first, at=0)
    assert (late.space_id, late.question_id) == (first.space_id, first.question_id)
    assert late.thread_id == first.id


def test_moving_back_gives_another_name_and_every_old_one_stays_good(
    desk: Desk, elsewhere: Space
) -> None:
    item = desk.published()
    names = [item.reference]
    move(desk, item, f"{elsewhere.slug}/2")
    names.append(row(desk, item).reference)
    move(desk, item, f"{desk.space.slug}/1")
    assert row(desk, item).reference not in names
    for name in names:
        found = single.find(desk.session, name=name or "", actor=Actor())
        assert found.canonical == item.reference
    other = desk.published()
    assert other.reference not in {*names, item.reference}
    check_figures(desk.session)


def test_what_readers_see_changes_in_both_places_and_the_index_follows(
    desk: Desk, elsewhere: Space
) -> None:
    item = desk.published()
    replies = [reply(desk, item) for _ in range(2)]
    old, new = (
        make.question_of(desk.session, desk.space),
        make.question_of(desk.session, elsewhere, 3),
    )
    before = [old.public_version, new.public_version, desk.space.public_version]
    before += [elsewhere.public_version]
    versions = {one.id: row(desk, one).public_version for one in (item, *replies)}
    desk.session.query(OutboxEntry).delete()
    now = clock.now() + dt.timedelta(minutes=5)
    move(desk, item, f"{elsewhere.slug}/3", now=now)
    after = [old.public_version, new.public_version, desk.space.public_version]
    after += [elsewhere.public_version]
    assert all(late > early for early, late in zip(before, after, strict=True))
    assert desk.space.last_change_at == elsewhere.last_change_at == now
    assert all(row(desk, one).public_version > versions[one.id] for one in (item, *replies))
    told = {
        entry.payload["contribution_id"]
        for entry in desk.session.scalars(select(OutboxEntry))
        if entry.handler == "search.index"
    }
    assert told in ({item.id, *(one.id for one in replies)}, set())


def test_a_waiting_text_keeps_its_receipt_and_readers_learn_nothing(
    desk: Desk, elsewhere: Space
) -> None:
    item = desk.pending()
    receipt, number = item.receipt, make.question_of(desk.session, elsewhere, 2).next_reference
    before = (desk.space.public_version, elsewhere.public_version, item.public_version)
    decision = move(desk, item, f"{elsewhere.slug}/2")
    row(desk, item)
    assert (item.receipt, item.reference) == (receipt, None)
    assert (desk.space.public_version, elsewhere.public_version, item.public_version) == before
    assert make.question_of(desk.session, elsewhere, 2).next_reference == number
    assert desk.text(item).state == RevisionState.PENDING
    assert decision.facts == {
        "moved_from": f"{desk.space.code}-Q1",
        "moved_to": f"{elsewhere.code}-Q2",
    }


@pytest.mark.parametrize("removed", [Removed.HIDDEN, Removed.WITHDRAWN, Removed.ERASED])
def test_a_removed_reply_moves_with_its_name(
    desk: Desk, elsewhere: Space, removed: Removed
) -> None:
    item = desk.published()
    gone = reply(desk, item)
    old = gone.reference
    was_public = gone.published_revision_id
    assert was_public
    gone.removed = removed
    question = make.question_of(desk.session, desk.space)
    desk.session.refresh(question)
    question.public_count -= 1
    row(desk, item).thread_size -= 1
    desk.session.flush()
    move(desk, item, f"{elsewhere.slug}/1")
    assert row(desk, gone).reference != old
    assert desk.session.get(ReferenceRedirect, old).contribution_id == gone.id
    check_figures(desk.session)


def make_question(desk: Desk) -> Contribution:
    """Make a participant's question that was approved, with an answer."""
    asked = desk.pending()
    asked.kind, asked.question_id = ContributionKind.QUESTION, None
    asked.thread_id, asked.path = None, ""
    desk.session.flush()
    desk.decide(asked, Verdict.APPROVE)
    return asked


def test_a_participants_question_goes_with_its_answers_to_another_space(
    desk: Desk, elsewhere: Space
) -> None:
    asked = make_question(desk)
    question = desk.session.get(Question, asked.own_question_id)
    answer = desk.published(question=question)
    below = reply(desk, answer)
    old = [asked.reference, answer.reference, below.reference]
    move(desk, asked, elsewhere.slug)
    desk.session.refresh(question)
    assert (question.space_id, question.number) == (elsewhere.id, 4)
    new = [row(desk, one).reference for one in (asked, answer, below)]
    stem = f"{elsewhere.code}-Q4"
    assert new == [stem, f"{stem}-0001", f"{stem}-0002"]
    assert {one.space_id for one in (asked, answer, below)} == {elsewhere.id}
    for before, after in zip(old, new, strict=True):
        assert single.find(desk.session, name=before or "", actor=Actor()).canonical == after
    later = desk.published(question=question)
    assert str(later.reference).endswith("-Q4-0003")
    check_figures(desk.session)


def test_a_waiting_question_goes_to_another_space_without_a_number(
    desk: Desk, elsewhere: Space
) -> None:
    asked = desk.pending()
    asked.kind, asked.question_id, asked.thread_id = ContributionKind.QUESTION, None, None
    desk.session.flush()
    before = elsewhere.next_question_number
    move(desk, asked, elsewhere.slug)
    assert (row(desk, asked).space_id, asked.own_question_id) == (elsewhere.id, None)
    assert elsewhere.next_question_number == before


def test_a_mark_as_official_answer_stays_behind(desk: Desk, elsewhere: Space) -> None:
    item = desk.published()
    item.official_at = clock.now()
    desk.session.flush()
    move(desk, item, f"{elsewhere.slug}/1")
    assert row(desk, item).official_at is None


def test_a_moderator_of_one_space_alone_cannot_choose_another(desk: Desk) -> None:
    elsewhere = make.make_space(desk.session, forum=desk.forum)
    item = desk.published()
    offered = targets(desk.session, actor=desk.first, contribution=item)
    assert {one.space.id for one in offered} == {desk.space.id}
    assert [one.value for one in offered] == [f"{desk.space.slug}/{n}" for n in (2, 3)]
    with pytest.raises(Invalid) as refused:
        move(desk, item, f"{elsewhere.slug}/1")
    assert refused.value.problems == {"target": ["target-missing"]}


def test_an_old_name_leads_nobody_into_a_space_that_does_not_exist_for_them(
    desk: Desk, elsewhere: Space
) -> None:
    item = desk.published()
    old = item.reference or ""
    elsewhere.visibility = SpaceVisibility.UNANNOUNCED
    desk.session.flush()
    move(desk, item, f"{elsewhere.slug}/1")
    for stranger in (VISITOR, desk.second):
        for name in (old, desk.session.get_one(Contribution, item.id).reference or ""):
            with pytest.raises(NotVisible):
                single.find(desk.session, name=name, actor=stranger)
    assert single.find(desk.session, name=old, actor=desk.first).is_public


def test_another_forum_is_never_a_target(desk: Desk) -> None:
    strange = make.make_space(desk.session)
    user, _ = moderator_of(desk.session, strange)
    make.grant(desk.session, user=user, role=Role.MODERATOR, space=desk.space)
    grants = make.actor_for(user=user, role=Role.MODERATOR, space=strange).grants
    grants |= make.actor_for(user=user, role=Role.MODERATOR, space=desk.space).grants
    actor = Actor(user_id=user.id, grants=grants)
    with pytest.raises(Invalid):
        move(desk, desk.published(), f"{strange.slug}/1", actor=actor)


@pytest.mark.parametrize("target", ["", "nowhere/1", "/", "x", "space/999999999"])
def test_an_unknown_place_is_refused(desk: Desk, target: str) -> None:
    with pytest.raises(Invalid) as refused:
        move(desk, desk.published(), target)
    assert "target" in refused.value.problems


def test_the_place_where_it_stands_is_refused(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        move(desk, desk.published(), f"{desk.space.slug}/1")
    assert refused.value.problems == {"target": ["target-same"]}


def test_a_reason_is_needed_and_other_wants_a_sentence(desk: Desk) -> None:
    item, there = desk.published(), f"{desk.space.slug}/2"
    for over in ({"reason": ""}, {"reason": "invented"}):
        with pytest.raises(Invalid) as refused:
            move(desk, item, there, **over)
        assert "reason" in refused.value.problems
    with pytest.raises(Invalid) as refused:
        move(desk, item, there, reason="other", message="too short")
    assert refused.value.problems == {"message": ["message-short"]}
    assert row(desk, item).question_id == make.question_of(desk.session, desk.space).id


def test_nobody_moves_an_own_text_or_one_of_another_desk(desk: Desk) -> None:
    item, there = desk.published(), f"{desk.space.slug}/2"
    stranger = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))[1]
    with pytest.raises(NotVisible):
        move(desk, item, there, actor=stranger)
    desk.text(item).submitted_by = desk.users[0].id
    desk.session.flush()
    with pytest.raises(Forbidden):
        move(desk, item, there)


def test_a_newer_text_and_a_colleagues_claim_are_respected(desk: Desk) -> None:
    item, there = desk.published(), f"{desk.space.slug}/2"
    desk.edit(item)
    with pytest.raises(StaleState):
        move(desk, item, there)
    services.claim(desk.session, actor=desk.second, contribution_id=item.id, now=clock.now())
    with pytest.raises(StaleState) as stale:
        move(desk, item, there, seen_revision=2)
    assert stale.value.seen["claimed_by"] == "Moderator Two"


@pytest.mark.parametrize("removed", [Removed.WITHDRAWN, Removed.ERASED])
def test_what_its_author_took_away_does_not_move(desk: Desk, removed: Removed) -> None:
    item = desk.published()
    item.removed = removed
    desk.session.flush()
    with pytest.raises(StaleState) as conflict:
        move(desk, item, f"{desk.space.slug}/2")
    assert conflict.value.seen["removed"] is removed
    assert row(desk, item).question_id == make.question_of(desk.session, desk.space).id


def test_of_two_who_move_it_the_slower_is_told_who_was_faster(desk: Desk, elsewhere: Space) -> None:
    item = desk.published()
    stood = f"{desk.space.code}-Q1"
    move(desk, item, f"{elsewhere.slug}/1", seen_place=stood)
    with pytest.raises(StaleState) as conflict:
        move(desk, item, f"{desk.space.slug}/3", seen_place=stood)
    assert (conflict.value.seen["by"], conflict.value.seen["verdict"]) == ("Moderator One", "move")
    assert row(desk, item).reference == f"{elsewhere.code}-Q1-0001"
    assert len(desk.decisions(item)) == 2


@pytest.mark.parametrize("verdict", [Verdict.RETURN, Verdict.REJECT])
def test_what_neither_waits_nor_is_public_does_not_move(desk: Desk, verdict: Verdict) -> None:
    item = desk.pending()
    desk.decide(item, verdict)
    with pytest.raises((Forbidden, StaleState)):
        move(desk, item, f"{desk.space.slug}/2")


def test_claims_below_end_with_the_move(desk: Desk, elsewhere: Space) -> None:
    item = desk.published()
    below = reply(desk, item)
    services.claim(desk.session, actor=desk.second, contribution_id=below.id, now=clock.now())
    move(desk, item, f"{elsewhere.slug}/1")
    assert desk.session.get(Claim, below.id) is None


def test_a_move_cannot_be_undone(desk: Desk, elsewhere: Space) -> None:
    decision = move(desk, desk.published(), f"{elsewhere.slug}/1")
    with pytest.raises(Forbidden):
        services.undo(
            desk.session, actor=desk.first, decision_id=decision.id, now=decision.decided_at
        )


def test_hundreds_of_replies_take_as_many_statements_as_a_few(desk: Desk, elsewhere: Space) -> None:
    def statements(count: int) -> int:
        item = desk.published()
        for _ in range(count):
            made = make.make_contribution(
                desk.session, space=desk.space, author=desk.author, parent=item
            )
            threads.place(desk.session, made, parent=item, at=0)
            made.reference = f"{desk.space.code}-Q1-{900_000 + made.id}"
        item.thread_size = count
        question = make.question_of(desk.session, desk.space)
        desk.session.refresh(question)
        question.public_count += count
        desk.session.flush()
        seen: list[str] = []
        bind = desk.session.get_bind()

        def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(bind, "before_cursor_execute", note)
        try:
            move(desk, item, f"{elsewhere.slug}/1")
        finally:
            event.remove(bind, "before_cursor_execute", note)
        return len(seen)

    few, many = statements(3), statements(300)
    assert many <= few + 2
    check_figures(desk.session)
