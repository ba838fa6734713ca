"""Deciding several waiting texts in one act: each for itself, and all of it undone at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event, func, select

from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.errors import Forbidden, Invalid, NotVisible, StaleState
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.moderation import services
from consult.moderation.models import Claim, Decision
from consult.moderation.queries.bulk import Chosen, Why, batch_of, left_out, obstacles
from consult.moderation.queries.decisions import decision_facts, undoable
from consult.moderation.services.bulk import Together
from consult.moderation.states import Verdict
from consult.spaces.models import Question, Space
from consult.spaces.states import ClaimRule
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, moderator_of

SECOND = dt.timedelta(seconds=1)


def chosen(*items: Contribution, revision: int = 1) -> list[Chosen]:
    return [Chosen(item.receipt or "", revision) for item in items]


def together(
    desk: Desk, of: Sequence[Chosen], verdict: Verdict | None = Verdict.APPROVE, **over: Any
) -> Together:
    values: dict[str, Any] = {
        "actor": desk.first,
        "chosen": of,
        "verdict": verdict,
        "reason": "off-topic" if verdict is not Verdict.APPROVE else None,
        "message": None,
        "now": clock.now(),
    }
    return services.decide_together(desk.session, **values | over)


def figures(desk: Desk) -> tuple[Any, ...]:
    """Return what readers' pages hang on, read anew: what one decision moves, many do too."""
    desk.session.expire_all()
    space = desk.session.get(Space, desk.space.id)
    questions = desk.session.scalars(
        select(Question).where(Question.space_id == space.id).order_by(Question.id)
    )
    counts = [(q.public_count, q.public_version, q.next_reference) for q in questions]
    sizes = desk.session.execute(
        select(Contribution.thread_size, Contribution.public_version, Contribution.version)
        .where(Contribution.space_id == space.id)
        .order_by(Contribution.id)
    )
    return space.public_version, counts, [tuple(row) for row in sizes]


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT])
def test_each_text_gets_a_decision_an_audit_entry_and_a_mail_of_its_own(
    desk: Desk, verdict: Verdict
) -> None:
    items = [desk.pending() for _ in range(3)]
    done = together(desk, chosen(*items), verdict, message=WHY)
    assert set(done.decided) == {item.receipt for item in items}
    assert done.left_out == ()
    rows = [desk.decisions(item) for item in items]
    assert [len(row) for row in rows] == [1, 1, 1]
    assert {row[0].batch for row in rows} == {done.batch}
    assert [desk.audited(item) for item in items] == [[verdict.value]] * 3
    told = desk.session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "notifications.decision")
    ).all()
    ids = [entry.payload["decision_id"] for entry in told]
    assert all(ids.count(row[0].id) == 1 for row in rows)


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT])
def test_many_in_one_act_leave_what_one_after_the_other_leave(desk: Desk, verdict: Verdict) -> None:
    """Texts, replies, edits and participants' questions: figures, versions and states are equal."""
    answers: list[Any] = []
    for at_once in (True, False):
        nested = desk.session.begin_nested()
        first = desk.published()
        items = [
            desk.pending(
                question=first.question_id and desk.session.get(Question, first.question_id)
            ),
            desk.pending(parent=first),
            desk.pending(kind=ContributionKind.QUESTION, question_id=None),
        ]
        desk.edit(first)
        seen = [*chosen(*items), Chosen(first.receipt or "", 2)]
        if at_once:
            together(desk, seen, verdict)
        else:
            for item, number in (*[(i, 1) for i in items], (first, 2)):
                desk.decide(item, verdict, seen_revision=number)
        states = [desk.text(item).state for item in items]
        states += [desk.text(first, 1).state, desk.text(first, 2).state]
        pointers = [(bool(i.published_revision_id), bool(i.open_revision_id)) for i in items]
        references = sorted((i.reference or "").rpartition("-")[2] for i in items)
        answers.append((figures(desk), states, pointers, references, bool(first.edited_at)))
        nested.rollback()
        desk.session.expire_all()
    assert answers[0] == answers[1]


def test_references_are_given_in_the_order_of_the_questions(desk: Desk) -> None:
    one, two = (make.make_question(desk.session, space=desk.space) for _ in range(2))
    items = [desk.pending(question=question) for question in (two, one, two, one)]
    together(desk, chosen(*items))
    assert [(i.reference or "").split("-Q")[1] for i in items] == [
        f"{two.number}-0001",
        f"{one.number}-0001",
        f"{two.number}-0002",
        f"{one.number}-0002",
    ]


def test_what_moved_or_was_decided_is_left_out_by_name_with_the_reason(desk: Desk) -> None:
    now = clock.now()
    free, moved, decided, claimed, gone = (desk.pending() for _ in range(5))
    own = desk.pending()
    desk.text(own).submitted_by = desk.users[0].id
    desk.text(moved).state = RevisionState.CANCELLED
    desk.session.flush()
    desk.edit(moved)
    desk.decide(decided, Verdict.REJECT, actor=desk.second)
    services.claim(desk.session, actor=desk.second, contribution_id=claimed.id, now=now)
    desk.text(gone).state = RevisionState.CANCELLED
    gone.open_revision_id = None
    desk.session.flush()
    done = together(desk, chosen(free, moved, decided, claimed, own, gone), now=now + SECOND)
    assert done.decided == (free.receipt,)
    why = {one.name: one for one in done.left_out}
    assert {name: one.why for name, one in why.items()} == {
        moved.receipt: Why.MOVED,
        decided.receipt: Why.DECIDED,
        claimed.receipt: Why.CLAIMED,
        own.receipt: Why.OWN,
        gone.receipt: Why.TAKEN_BACK,
    }
    assert why[decided.receipt or ""].by == "Moderator Two"
    assert why[decided.receipt or ""].verdict is Verdict.REJECT
    assert why[claimed.receipt or ""].by == "Moderator Two"
    assert desk.text(moved, 2).state == RevisionState.PENDING
    assert desk.text(own).state == RevisionState.PENDING
    told = left_out(
        desk.session, actor=desk.first, chosen=[Chosen(o.name, 1) for o in done.left_out], now=now
    )
    assert {one.name: one.why for one in told} == {name: one.why for name, one in why.items()}


def test_what_went_to_another_desk_meanwhile_is_left_out_and_told(desk: Desk) -> None:
    gone, free = desk.pending(), desk.pending()
    of, found = chosen(gone, free), {gone.id: chosen(gone)[0], free.id: chosen(free)[0]}
    other = make.make_space(desk.session, forum=desk.forum)
    gone.space_id, gone.question_id = other.id, make.question_of(desk.session, other).id
    desk.session.flush()
    in_the_way = obstacles(
        desk.session, [gone, free], actor=desk.first, chosen=found, now=clock.now()
    )
    assert {key: one.why for key, one in in_the_way.items()} == {gone.id: Why.ELSEWHERE}
    assert in_the_way[gone.id].author == ""
    told = left_out(desk.session, actor=desk.first, chosen=of, now=clock.now())
    assert [(one.name, one.why, one.author) for one in told] == [(gone.receipt, Why.ELSEWHERE, "")]
    unknown = left_out(
        desk.session, actor=desk.first, chosen=[Chosen("AAAA-AAAA-AAAA-AAAA", 1)], now=clock.now()
    )
    assert [one.why for one in unknown] == [Why.ELSEWHERE]


def test_an_appeal_is_not_answered_with_others(desk: Desk) -> None:
    item, free = desk.pending(), desk.pending()
    desk.decide(item, Verdict.REJECT, actor=desk.second)
    writer = make.actor_for(user=desk.writer, author=desk.author)
    services.appeal(desk.session, actor=writer, contribution_id=item.id, words=WHY, now=clock.now())
    done = together(desk, chosen(item, free))
    assert [one.why for one in done.left_out] == [Why.APPEAL]
    assert desk.text(item).state == RevisionState.REJECTED


@pytest.mark.parametrize("name", ["AAAA-AAAA-AAAA-AAAA", "", "strange"])
def test_a_name_that_nobody_has_changes_nothing(desk: Desk, name: str) -> None:
    item = desk.pending()
    with pytest.raises(NotVisible):
        together(desk, [*chosen(item), Chosen(name, 1)])
    assert desk.text(item).state == RevisionState.PENDING


def test_a_text_of_another_desk_is_as_unknown_as_any(desk: Desk) -> None:
    other = make.make_space(desk.session, forum=desk.forum)
    strange = make.make_contribution(
        desk.session, space=other, author=desk.author, state=RevisionState.PENDING
    )
    item = desk.pending()
    with pytest.raises(NotVisible):
        together(desk, chosen(item, strange))
    assert desk.text(item).state == RevisionState.PENDING
    assert desk.decisions(strange) == []


def test_a_draft_is_as_unknown_as_any(desk: Desk) -> None:
    draft = make.make_contribution(
        desk.session, space=desk.space, author=desk.author, state=RevisionState.DRAFT
    )
    draft.receipt = "BBBB-BBBB-BBBB-BBBB"
    desk.session.flush()
    with pytest.raises(NotVisible):
        together(desk, chosen(draft))


def test_without_a_choice_a_verdict_or_a_reason_nothing_happens(desk: Desk) -> None:
    item = desk.pending()
    for of, verdict, reason, problems in (
        ([], Verdict.APPROVE, None, {"items": ["items-missing"]}),
        (chosen(item), None, None, {"verdict": ["verdict-missing"]}),
        (chosen(item), Verdict.HIDE, "off-topic", {"verdict": ["verdict-missing"]}),
        (chosen(item), Verdict.RETURN, None, {"reason": ["reason-missing"]}),
        (chosen(item), Verdict.REJECT, "other", {"message": ["message-short"]}),
        (
            [Chosen(f"A{n}", 1) for n in range(201)],
            Verdict.APPROVE,
            None,
            {"items": ["items-many"]},
        ),
    ):
        with pytest.raises(Invalid) as refused:
            together(desk, of, verdict, reason=reason)
        assert refused.value.problems == problems
    assert desk.decisions(item) == []


def test_a_space_that_wants_claims_has_only_claimed_texts_decided(desk: Desk) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    kept, other, lapsed = desk.pending(), desk.pending(), desk.pending()
    now = clock.now()
    services.claim(desk.session, actor=desk.first, contribution_id=kept.id, now=now)
    services.claim(
        desk.session,
        actor=desk.first,
        contribution_id=lapsed.id,
        now=now - dt.timedelta(minutes=11),
    )
    done = together(desk, chosen(kept, other, lapsed), now=now)
    assert done.decided == (kept.receipt,)
    assert [one.why for one in done.left_out] == [Why.UNCLAIMED, Why.UNCLAIMED]
    assert desk.session.get(Claim, kept.id) is None


def test_all_of_it_is_taken_back_within_a_minute(desk: Desk) -> None:
    items = [desk.pending() for _ in range(3)]
    before, now = figures(desk), clock.now()
    done = together(desk, chosen(*items), now=now)
    references = [item.reference for item in items]
    offered = undoable(desk.session, actor=desk.first, now=now + SECOND)
    assert [(one.batch, one.count) for one in offered] == [(done.batch, 3)]
    taken = services.undo_together(
        desk.session, actor=desk.first, batch=done.batch, now=now + SECOND
    )
    assert (taken.undone, taken.left) == (3, 0)
    assert [desk.text(item).state for item in items] == [RevisionState.PENDING] * 3
    assert [item.reference for item in items] == references
    assert [item.published_revision_id for item in items] == [None] * 3
    assert [desk.audited(item) for item in items] == [["approve", "undo"]] * 3
    counts = [row[0] for row in figures(desk)[1]]
    assert counts == [row[0] for row in before[1]]
    for item in items:
        facts = decision_facts(desk.session, desk.decisions(item)[0].id)
        assert facts is not None
        assert facts.is_undone


def test_an_edit_that_is_taken_back_gives_readers_the_text_before(desk: Desk) -> None:
    item, other = desk.published(), desk.pending()
    desk.edit(item)
    now = clock.now()
    done = together(desk, [Chosen(item.receipt or "", 2), *chosen(other)], now=now)
    assert desk.text(item, 2).state == RevisionState.PUBLISHED
    services.undo_together(desk.session, actor=desk.first, batch=done.batch, now=now + SECOND)
    assert desk.text(item, 1).state == RevisionState.PUBLISHED
    assert desk.text(item, 2).state == RevisionState.PENDING
    assert item.published_revision_id == desk.text(item, 1).id
    assert desk.text(other).state == RevisionState.PENDING


def test_what_moved_on_since_stays_when_the_others_are_taken_back(desk: Desk) -> None:
    items = [desk.pending() for _ in range(4)]
    now = clock.now()
    done = together(desk, chosen(*items), Verdict.RETURN, now=now)
    edit = desk.edit(items[0])
    services.undo(
        desk.session,
        actor=desk.first,
        decision_id=desk.decisions(items[1])[0].id,
        now=now + SECOND,
    )
    items[2].removed = Removed.WITHDRAWN
    desk.session.flush()
    taken = services.undo_together(
        desk.session, actor=desk.first, batch=done.batch, now=now + SECOND
    )
    assert (taken.undone, taken.left) == (1, 3)
    assert desk.text(items[3]).state == RevisionState.PENDING
    assert items[0].open_revision_id == edit.id
    with pytest.raises(StaleState):
        services.undo_together(desk.session, actor=desk.first, batch=done.batch, now=now + SECOND)


def test_only_whoever_decided_takes_it_back_and_only_for_a_minute(desk: Desk) -> None:
    now = clock.now()
    done = together(desk, chosen(desk.pending(), desk.pending()), now=now)
    with pytest.raises(NotVisible):
        services.undo_together(desk.session, actor=desk.second, batch=done.batch, now=now + SECOND)
    with pytest.raises(NotVisible):
        services.undo_together(desk.session, actor=desk.first, batch="nothing", now=now + SECOND)
    with pytest.raises(Forbidden):
        services.undo_together(
            desk.session, actor=desk.first, batch=done.batch, now=now + dt.timedelta(seconds=60)
        )
    with pytest.raises(NotVisible):
        batch_of(desk.session, actor=desk.second, code=done.batch, now=now)
    assert batch_of(desk.session, actor=desk.first, code=done.batch, now=now).standing == 2


def test_whoever_lost_the_role_takes_nothing_back(desk: Desk) -> None:
    now = clock.now()
    done = together(desk, chosen(desk.pending()), now=now)
    gone = make.actor_for(user=desk.users[0])
    with pytest.raises((NotVisible, StaleState)):
        services.undo_together(desk.session, actor=gone, batch=done.batch, now=now + SECOND)
    assert desk.session.scalar(select(func.count()).select_from(Decision)) == 1


def test_texts_of_several_spaces_are_decided_together(desk: Desk) -> None:
    other = make.make_space(desk.session, forum=desk.forum)
    there = make.make_contribution(
        desk.session, space=other, author=desk.author, state=RevisionState.PENDING
    )
    user, _actor = moderator_of(desk.session, desk.space)
    make.grant(desk.session, user=user, role=Role.MODERATOR, space=other)
    grants = (
        make.actor_for(user=user, role=Role.MODERATOR, space=space).grants
        for space in (desk.space, other)
    )
    both = Actor(user_id=user.id, grants=frozenset().union(*grants))
    here = desk.pending()
    done = together(desk, chosen(here, there), actor=both)
    assert set(done.decided) == {here.receipt, there.receipt}
    assert {(i.reference or "").split("-")[0] for i in (here, there)} == {
        desk.space.code,
        other.code,
    }


def test_statements_do_not_grow_much_with_the_number_of_texts(desk: Desk) -> None:
    """What 200 take is bounded by what is written for each: rows, not questions asked."""
    counts = []
    for number in (5, 25):
        items = [desk.pending() for _ in range(number)]
        seen: list[str] = []
        bind = desk.session.get_bind()

        def note(_c: Any, _cursor: Any, statement: str, *_more: Any, seen: Any = seen) -> None:
            if statement.lstrip().upper().startswith("SELECT"):
                seen.append(statement)

        event.listen(bind, "before_cursor_execute", note)
        together(desk, chosen(*items))
        event.remove(bind, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]
