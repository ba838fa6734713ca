"""Redacting and moving while others decide and write: no text is lost, nobody waits in a ring."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from consult.core import clock
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import sending, threads
from consult.discussion.services.texts import Words
from consult.discussion.states import RevisionState
from consult.moderation import services
from consult.moderation.services import moving, redacting
from consult.moderation.states import Verdict
from consult.spaces.models import Question, Space
from tests import factories as make
from tests.integration.moderation.at_once import ROUNDS, at_once, own_app
from tests.integration.moderation.desk import make_desk
from tests.integration.moderation.figures import check_figures

__all__ = ["own_app"]


def test_a_redaction_beside_the_approval_of_an_edit_leaves_the_edit_public(own_app: Flask) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        items = []
        for _ in range(ROUNDS):
            item = desk.published(source="Ask Ann Lee about it.")
            desk.edit(item)
            items.append(item.id)
        first, second = desk.first, desk.second

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

    def approve(number: int) -> None:
        with unit_of_work() as session:
            services.decide(
                session,
                actor=second,
                contribution_id=items[number],
                seen_revision=2,
                seen_published=None,
                verdict=Verdict.APPROVE,
                reason=None,
                message=None,
                language=None,
                objectives=None,
                now=clock.now(),
            )

    redacted, approved = at_once(own_app, redact, approve)
    assert approved == [True] * ROUNDS
    with own_app.app_context(), unit_of_work() as session:
        for item_id, was_redacted in zip(items, redacted, strict=True):
            texts = session.scalars(
                select(Revision)
                .where(Revision.contribution_id == item_id)
                .order_by(Revision.number)
            ).all()
            public = [one.number for one in texts if one.state == RevisionState.PUBLISHED]
            assert public == [2]
            assert len(texts) == 2 + was_redacted
            head = session.get_one(Contribution, item_id)
            assert head.published_revision_id == texts[1].id


def test_a_move_beside_approvals_and_new_replies_takes_all_of_the_thread_along(
    own_app: Flask,
) -> None:
    with own_app.app_context(), unit_of_work() as session:
        desk = make_desk(session)
        roots, waiting = [], []
        for _ in range(ROUNDS):
            root = desk.published()
            reply = desk.pending(parent=root)
            threads.place(session, reply, parent=root, at=0)
            roots.append(root.id)
            waiting.append(reply.id)
        first, second = desk.first, desk.second
        writer = make.actor_for(user=desk.writer, author=desk.author)
        slug, space_id = desk.space.slug, desk.space.id

    def move(number: int) -> None:
        with unit_of_work() as session:
            moving.move(
                session,
                actor=first,
                contribution_id=roots[number],
                seen_revision=1,
                seen_place=None,
                target=f"{slug}/2",
                reason="off-topic",
                message=None,
                now=clock.now(),
            )

    def approve(number: int) -> None:
        with unit_of_work() as session:
            services.decide(
                session,
                actor=second,
                contribution_id=waiting[number],
                seen_revision=1,
                seen_published=None,
                verdict=Verdict.APPROVE,
                reason=None,
                message=None,
                language=None,
                objectives=None,
                now=clock.now(),
            )

    def answer(number: int) -> None:
        with unit_of_work() as session:
            root = session.get_one(Contribution, roots[number])
            sending.send(
                session,
                actor=writer,
                space=session.get_one(Space, space_id),
                question=session.get_one(Question, root.question_id),
                parent=root,
                draft=None,
                words=Words(f"We agree with number {number}.", "en"),
                now=clock.now(),
                grace=clock.now() - clock.now(),
            )

    results = at_once(own_app, move, approve, answer)
    assert results == [[True] * ROUNDS] * 3
    with own_app.app_context(), unit_of_work() as session:
        check_figures(session)
        for root_id in roots:
            below = session.scalars(
                select(Contribution).where(Contribution.parent_id == root_id)
            ).all()
            assert len(below) == 2
            assert {one.thread_id for one in below} == {root_id}
