"""Several people at once, in every order: nobody waits in a ring, nothing is half done."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.ports import Erasing
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import erasing, revising, sending, threads
from consult.discussion.services.texts import Words
from consult.discussion.states import ContributionKind, RevisionState
from consult.moderation import services
from consult.moderation.models import Decision
from consult.moderation.queries.bulk import Chosen
from consult.moderation.services import claims, moving, redacting
from consult.moderation.states import Verdict
from consult.spaces.models import Question, Space
from tests import factories as make
from tests.integration.moderation.at_once import ROUNDS, at_once, own_app
from tests.integration.moderation.desk import Desk, make_desk
from tests.integration.moderation.figures import check_figures

__all__ = ["own_app"]

NO_GRACE = dt.timedelta(0)


def of_both(desk: Desk, other: Space) -> Actor:
    """Return the first moderator as one of another space too."""
    user = desk.users[0]
    make.grant(desk.session, user=user, role=Role.MODERATOR, space=other)
    grants = make.actor_for(user=user, role=Role.MODERATOR, space=other).grants
    return Actor(user_id=user.id, grants=desk.first.grants | grants)


def ask(desk: Desk, space: Space) -> Contribution:
    """Make a participant's question that is public in a space."""
    made = make.make_contribution(
        desk.session,
        space=space,
        author=desk.author,
        state=RevisionState.PENDING,
        kind=ContributionKind.QUESTION,
        question_id=None,
    )
    made.thread_id, made.path = None, ""
    desk.session.flush()
    actor = make.actor_for(user=desk.users[0], role=Role.MODERATOR, space=space)
    desk.decide(made, Verdict.APPROVE, actor=actor)
    return made


def move(actor: Actor, item: int, target: str) -> None:
    with unit_of_work() as session:
        moving.move(
            session,
            actor=actor,
            contribution_id=item,
            seen_revision=1,
            seen_place=None,
            target=target,
            reason="off-topic",
            message=None,
            now=clock.now(),
        )


def approve_together(actor: Actor, chosen: list[Chosen]) -> int:
    with unit_of_work() as session:
        done = services.decide_together(
            session,
            actor=actor,
            chosen=chosen,
            verdict=Verdict.APPROVE,
            reason=None,
            message=None,
            now=clock.now(),
        )
    return len(done.decided)


def decide(actor: Actor, item: int, verdict: Verdict) -> None:
    with unit_of_work() as session:
        services.decide(
            session,
            actor=actor,
            contribution_id=item,
            seen_revision=1,
            seen_published=None,
            verdict=verdict,
            reason="off-topic" if verdict is Verdict.HIDE else None,
            message=None,
            language=None,
            objectives=None,
            now=clock.now(),
        )


def test_questions_that_change_places_and_a_bulk_wait_for_no_ring(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        other = make.make_space(session, forum=desk.forum)
        both = of_both(desk, other)
        there = [ask(desk, desk.space).id for _ in range(ROUNDS)]
        back = [ask(desk, other).id for _ in range(ROUNDS)]
        bulks = [
            [
                Chosen(
                    make.make_contribution(
                        session, space=space, author=desk.author, state=RevisionState.PENDING
                    ).receipt
                    or "",
                    1,
                )
                for space in (desk.space, other)
            ]
            for _ in range(ROUNDS)
        ]
        here_slug, other_slug = desk.space.slug, other.slug

    results = at_once(
        own_app,
        lambda number: move(both, there[number], other_slug),
        lambda number: move(both, back[number], here_slug),
        lambda number: counted(approve_together(both, bulks[number]), 2),
    )
    assert results == [[True] * ROUNDS] * 3
    with own_app.app_context(), unit_of_work() as session:
        check_figures(session)


def counted(count: int, wanted: int) -> None:
    assert count == wanted


def test_an_answer_that_is_sent_while_its_question_moves_stands_where_that_does(
    own_app: Flask,
) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        other = make.make_space(session, forum=desk.forum)
        both = of_both(desk, other)
        asked = [ask(desk, desk.space) for _ in range(ROUNDS)]
        items, questions = [one.id for one in asked], [one.own_question_id for one in asked]
        writer = make.actor_for(user=desk.writer, author=desk.author)
        slug, space_id = other.slug, desk.space.id

    def answer(number: int) -> None:
        with unit_of_work() as session:
            sending.send(
                session,
                actor=writer,
                space=session.get_one(Space, space_id),
                question=session.get_one(Question, questions[number]),
                parent=None,
                draft=None,
                words=Words(f"We answer number {number}.", "en"),
                now=clock.now(),
                grace=NO_GRACE,
            )

    results = at_once(own_app, lambda number: move(both, items[number], slug), answer)
    assert results == [[True] * ROUNDS] * 2
    with own_app.app_context(), unit_of_work() as session:
        rows = session.execute(
            select(Contribution.space_id, Question.space_id).join(
                Question, Question.id == Contribution.question_id
            )
        ).all()
        assert len(rows) == ROUNDS
        assert all(own == around for own, around in rows)


def test_a_redaction_beside_its_authors_edit_keeps_both_texts(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        items = [desk.published(source="Ask Ann Lee about it.").id for _ in range(ROUNDS)]
        first = desk.first
        writer = make.actor_for(user=desk.writer, author=desk.author)

    def redact(number: int) -> None:
        with unit_of_work() as session:
            redacting.redact(
                session,
                actor=first,
                contribution_id=items[number],
                seen_revision=1,
                passages=["Ann Lee"],
                files=(),
                reason="personal-data",
                message=None,
                now=clock.now(),
            )

    def edit(number: int) -> None:
        with unit_of_work() as session:
            head = session.get_one(Contribution, items[number])
            revising.send_revision(
                session,
                actor=writer,
                contribution=head,
                space=session.get_one(Space, head.space_id),
                seen=1,
                words=Words("Ask us about it.", "en"),
                now=clock.now(),
                grace=NO_GRACE,
            )

    redacted, edited = at_once(own_app, redact, edit)
    # Whoever is slower is told, but for a redaction beside a text that waits.
    assert redacted == [True] * ROUNDS
    with own_app.app_context(), unit_of_work() as session:
        for item_id, was_edited in zip(items, edited, strict=True):
            texts = session.scalars(
                select(Revision)
                .where(Revision.contribution_id == item_id)
                .order_by(Revision.number)
            ).all()
            states = sorted(one.state for one in texts)
            waiting = [RevisionState.PENDING] if was_edited else []
            assert states == sorted([RevisionState.PUBLISHED, RevisionState.SUPERSEDED, *waiting])
            public = next(one for one in texts if one.state == RevisionState.PUBLISHED)
            assert "Ann Lee" not in public.text
            head = session.get_one(Contribution, item_id)
            assert head.published_revision_id == public.id


@pytest.mark.parametrize("later", [Verdict.HIDE, "move"])
def test_an_undo_beside_a_later_decision_lets_one_of_them_count(own_app: Flask, later: Any) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        items = [desk.published() for _ in range(ROUNDS)]
        decisions = [desk.decisions(one)[0].id for one in items]
        ids = [one.id for one in items]
        first, second, slug = desk.first, desk.second, desk.space.slug

    def undo(number: int) -> None:
        with unit_of_work() as session:
            services.undo(session, actor=first, decision_id=decisions[number], now=clock.now())

    def other(number: int) -> None:
        if later == "move":
            move(second, ids[number], f"{slug}/2")
        else:
            decide(second, ids[number], Verdict.HIDE)

    undone, done = at_once(own_app, undo, other)
    with own_app.app_context(), unit_of_work() as session:
        check_figures(session)
        for item_id, was_undone, was_done in zip(ids, undone, done, strict=True):
            head = session.get_one(Contribution, item_id)
            # What waits again may be moved like every other text that does.
            assert was_undone or was_done
            assert not (was_undone and was_done) or later == "move"
            assert (head.published_revision_id is None) == was_undone
            rows = session.scalars(
                select(Decision)
                .join(Revision, Revision.id == Decision.revision_id)
                .where(Revision.contribution_id == item_id)
            ).all()
            assert len(rows) == 1 + was_undone + was_done


def test_a_bulk_beside_a_move_of_their_thread_decides_all_of_it(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        other = make.make_space(session, forum=desk.forum)
        both = of_both(desk, other)
        roots, bulks = [], []
        for _ in range(ROUNDS):
            root, beside = desk.published(), desk.pending()
            replies = [desk.pending(parent=root) for _ in range(3)]
            for reply in replies:
                threads.place(session, reply, parent=root, at=0)
            roots.append(root.id)
            bulks.append([Chosen(one.receipt or "", 1) for one in (beside, *replies)])
        slug = other.slug

    decided: list[int] = []

    def bulk(number: int) -> None:
        decided.append(approve_together(both, bulks[number]))

    results = at_once(own_app, lambda number: move(both, roots[number], f"{slug}/2"), bulk)
    assert results == [[True] * ROUNDS] * 2
    assert decided == [4] * ROUNDS
    with own_app.app_context(), unit_of_work() as session:
        check_figures(session)


def test_a_bulk_beside_the_erasure_of_somebody_answered_waits_for_no_ring(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        questions = [make.question_of(session, desk.space, number) for number in (1, 2, 3)]
        bulks, leaving = [], []
        for _ in range(ROUNDS):
            user = make.make_user(session)
            author = make.make_author(session, forum=desk.forum, user=user)
            chosen = []
            for question in questions * 3:
                root = desk.published(author=author, question=question)
                reply = desk.pending(parent=root, question=question)
                threads.place(session, reply, parent=root, at=0)
                chosen.append(Chosen(reply.receipt or "", 1))
            bulks.append(chosen)
            leaving.append((user.id, str(user.id), author.id))
        first = desk.first

    def erase(number: int) -> None:
        user_id, uid, author_id = leaving[number]
        with unit_of_work() as session:
            erasing.erase(
                session,
                Erasing(
                    user_id=user_id,
                    uid=uid,
                    name="Somebody",
                    email=None,
                    email_key=None,
                    locale="en",
                    keeps_texts=False,
                    now=clock.now(),
                    author_ids={author_id},
                ),
            )

    results = at_once(
        own_app, lambda number: counted(approve_together(first, bulks[number]), 9), erase
    )
    assert results == [[True] * ROUNDS] * 2
    with own_app.app_context(), unit_of_work() as session:
        check_figures(session)


def test_a_bulk_beside_the_end_of_its_claims_waits_for_no_ring(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        bulks = []
        for _ in range(ROUNDS):
            items = [desk.pending() for _ in range(8)]
            for item in items:
                services.claim(session, actor=desk.first, contribution_id=item.id, now=clock.now())
            bulks.append([Chosen(item.receipt or "", 1) for item in items])
        first = desk.first

    def leave(_number: int) -> None:
        with unit_of_work() as session:
            claims.release_all(session, user_id=first.user_id or 0, now=clock.now())

    results = at_once(
        own_app, lambda number: counted(approve_together(first, bulks[number]), 8), leave
    )
    assert results == [[True] * ROUNDS] * 2
