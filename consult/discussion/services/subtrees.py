"""A contribution and everything that goes where it goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from consult.core.errors import StaleState
from consult.discussion.models import Contribution
from consult.discussion.policy import is_confirmed, public_contributions
from consult.discussion.services import threads
from consult.discussion.states import ContributionKind
from consult.spaces.models import Question, Space


@dataclass(frozen=True)
class One:
    """A contribution that moves."""

    id: int
    reference: str | None
    is_public: bool
    is_counted: bool


def hold(
    session: Session, *, contribution_id: int, question_id: int | None, space_id: int | None
) -> Contribution:
    """Lock everything that a move changes, in the order of `locked_together`.

    `question_id` and `space_id` are where it goes. Returns the contribution as it is now; raises
    `NotVisible` for an unknown one, `StaleState` where it is moved meanwhile, or where somebody
    works on a reply that was sent while others were waited for.
    """
    head = session.get(Contribution, contribution_id, populate_existing=True)
    if head is None:
        return threads.locked(session, contribution_id)
    place = _place_of(head)
    held = _lock_texts(session, head)
    _lock_questions(session, (head.question_id, question_id), own_question_id=head.own_question_id)
    session.execute(
        select(Space.id)
        .where(Space.id.in_([head.space_id, space_id or head.space_id]))
        .order_by(Space.id)
        .with_for_update(key_share=True)
    )
    locked = threads.locked(session, contribution_id)
    if _place_of(locked) != place:
        raise StaleState
    _lock_late_ones(session, locked, held=held)
    return locked


def _lock_texts(session: Session, head: Contribution) -> set[int]:
    """Lock what moves, and the thread it leaves; return the ids."""
    with_it = [one for one in (head.id, head.thread_id) if one is not None]
    rows = session.scalars(
        select(Contribution.id)
        .where(or_(below(head), Contribution.id.in_(with_it)))
        .order_by(Contribution.id.desc())
        # Their names change, which nobody may do who answers them just now: no weaker lock will do.
        .with_for_update()
    )
    return set(rows)


def _lock_questions(
    session: Session, ids: Iterable[int | None], *, own_question_id: int | None
) -> None:
    """Lock questions in their order; nobody may begin an answer to the one that moves."""
    for question_id in sorted({one for one in (*ids, own_question_id) if one is not None}):
        session.execute(
            select(Question.id)
            .where(Question.id == question_id)
            .with_for_update(key_share=question_id != own_question_id)
        )


def _lock_late_ones(session: Session, top: Contribution, *, held: Collection[int]) -> None:
    """Lock what came below while others were waited for, without waiting for anybody now."""
    late = set(session.scalars(select(Contribution.id).where(below(top)))) - set(held)
    if not late:
        return
    free = session.scalars(
        select(Contribution.id).where(Contribution.id.in_(late)).with_for_update(skip_locked=True)
    ).all()
    if len(free) < len(late):
        raise StaleState


def _place_of(contribution: Contribution) -> tuple[Any, ...]:
    return (
        contribution.space_id,
        contribution.question_id,
        contribution.own_question_id,
        contribution.thread_id,
        contribution.path,
    )


def below(top: Contribution) -> ColumnElement[bool]:
    """Return the condition for what moves with a contribution, itself and unsent drafts included.

    Of a participant's question that is everything under it.
    """
    if top.kind == ContributionKind.QUESTION:
        if top.own_question_id is None:
            return Contribution.id == top.id
        return or_(Contribution.id == top.id, Contribution.question_id == top.own_question_id)
    answered = aliased(Contribution)
    stands_below = and_(
        Contribution.thread_id == top.thread_id,
        Contribution.path.startswith(top.path, autoescape=False),
    )
    # A draft has no place yet, but what it replies to has.
    is_draft = and_(
        Contribution.thread_id.is_(None),
        exists().where(
            answered.id == Contribution.parent_id,
            answered.thread_id == top.thread_id,
            answered.path.startswith(top.path, autoescape=False),
        ),
    )
    return or_(stands_below, is_draft)


def name_of(contribution: Contribution) -> str:
    """Return the name of a sent contribution: its reference, else its receipt."""
    return contribution.reference or contribution.receipt or ""


def sent_ones(session: Session, top: Contribution) -> list[One]:
    """Return what moves and was sent, in the order of the threads."""
    rows = session.execute(
        select(
            Contribution.id,
            Contribution.reference,
            public_contributions().label("is_public"),
            and_(public_contributions(), is_confirmed()).label("is_counted"),
        )
        .where(below(top), Contribution.sent_at.is_not(None) | Contribution.reference.is_not(None))
        .order_by(
            Contribution.kind.desc(),
            Contribution.thread_ordinal,
            Contribution.thread_id,
            Contribution.path,
        )
    )
    return [One(r.id, r.reference, bool(r.is_public), bool(r.is_counted)) for r in rows]
