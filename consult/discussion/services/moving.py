"""Moving a contribution with everything below it to another question or another space.

What was once public gets a new reference, and the old one leads to it for ever. However many texts
move, there are a few statements for each five hundred.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, insert, select, update
from sqlalchemy.orm import Session

from consult.core.outbox import emit_all
from consult.discussion.events import PublicTextChanged
from consult.discussion.models import Contribution, ReferenceRedirect
from consult.discussion.services import threads
from consult.discussion.services.subtrees import One, below, name_of, sent_ones
from consult.spaces.models import Question, Space

AT_A_TIME = 500
"""Rows that one statement changes by their keys."""


@dataclass(frozen=True)
class Moved:
    """What a move has changed."""

    contribution_ids: tuple[int, ...]
    """Everything that was sent and stands somewhere else now."""
    before: str
    """Name of the moved contribution until then: its reference, else its receipt."""
    now: str


def move_comment(
    session: Session, *, contribution: Contribution, question: Question, now: dt.datetime
) -> Moved:
    """Put a comment with all replies under another question; it begins a thread there.

    The row has to be held. What it answered is not told at the new place, and a mark as official
    answer stays behind.
    """
    space = session.get_one(Space, question.space_id)
    before, left = name_of(contribution), (contribution.space_id, contribution.question_id)
    moving = sent_ones(session, contribution)
    old_thread, was_reply = contribution.thread_id, contribution.parent_id is not None
    numbers = _numbers(session, question, space=space, count=sum(bool(o.reference) for o in moving))
    _place(session, contribution, question_id=question.id, space_id=space.id, moving=moving)
    _rename(session, [one for one in moving if one.reference], list(numbers))
    public, counted = sum(o.is_public for o in moving), sum(o.is_counted for o in moving)
    if was_reply and public:
        _change(session, Contribution, old_thread, thread_size=Contribution.thread_size - public)
    if any(one.reference for one in moving):
        for question_id, step in sorted([(left[1] or 0, -counted), (question.id, counted)]):
            _change(
                session,
                Question,
                question_id,
                public_version=Question.public_version + 1,
                public_count=Question.public_count + step,
            )
        _tell_spaces(session, {left[0], space.id}, now=now)
    return _finished(session, contribution, moving, before=before, now=now)


def move_question(
    session: Session, *, contribution: Contribution, space: Space, now: dt.datetime
) -> Moved:
    """Put a participant's question with its answers into another space.

    Once published its row moves with it and gets the next number there; references keep their last
    number, which belongs to the question. The row has to be held.
    """
    before, left = name_of(contribution), contribution.space_id
    moving = sent_ones(session, contribution)
    if contribution.own_question_id is not None:
        number = threads.take_question_number(session, space_id=space.id)
        _change(
            session,
            Question,
            contribution.own_question_id,
            space_id=space.id,
            number=number,
            public_version=Question.public_version + 1,
        )
        named = [one for one in moving if one.reference]
        stem = f"{space.code}-Q{number}"
        _rename(session, named, [_renumbered(one, contribution.id, stem) for one in named])
    session.execute(
        update(Contribution)
        .where(below(contribution))
        .values(space_id=space.id, **_raised())
        .execution_options(synchronize_session=False)
    )
    if any(one.reference for one in moving):
        _tell_spaces(session, {left, space.id}, now=now)
    return _finished(session, contribution, moving, before=before, now=now)


def _numbers(session: Session, question: Question, *, space: Space, count: int) -> Iterator[str]:
    """Return that many new references of a question, in order."""
    following = session.execute(
        update(Question)
        .where(Question.id == question.id)
        .values(next_reference=Question.next_reference + count)
        .returning(Question.next_reference)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    stem = f"{space.code}-Q{question.number}"
    return (f"{stem}-{number:04d}" for number in range(following - count, following))


def _place(
    session: Session,
    top: Contribution,
    *,
    question_id: int,
    space_id: int,
    moving: Sequence[One],
) -> None:
    """Give everything its new place; a reply begins a thread of its own with all that is below."""
    values: dict[str, Any] = {"question_id": question_id, "space_id": space_id, **_raised()}
    if top.parent_id is not None:
        values |= _own_thread(top)
    session.execute(
        update(Contribution)
        .where(below(top))
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if top.parent_id is None:
        _change(session, Contribution, top.id, official_at=None, official_by=None)
        return
    replies = sum(one.is_public for one in moving if one.id != top.id)
    counter = select(Contribution.next_child).where(Contribution.id == top.thread_id)
    _change(
        session,
        Contribution,
        top.id,
        parent_id=None,
        thread_size=replies,
        # Steps of paths below it were taken from there, so the next one has to be higher.
        next_child=session.scalar(counter),
    )


def _own_thread(top: Contribution) -> dict[str, ColumnElement[Any]]:
    """Return the values that put a reply and what is below it into a thread of its own."""
    begun = top.sent_at or top.created_at
    is_placed = Contribution.thread_id.is_not(None)
    return {
        "thread_id": case((is_placed, top.id), else_=None),
        "thread_ordinal": case(
            (is_placed, threads.ordinal(begun)), else_=Contribution.thread_ordinal
        ),
        "path": case(
            (is_placed, func.substr(Contribution.path, len(top.path) + 1)),
            else_=Contribution.path,
        ),
        "depth": Contribution.depth - (top.depth - 1),
    }


def _raised() -> dict[str, ColumnElement[int]]:
    """Return the values that raise the versions; that of readers where there are any."""
    was_public = Contribution.reference.is_not(None)
    return {
        "version": Contribution.version + 1,
        "public_version": Contribution.public_version + case((was_public, 1), else_=0),
    }


def _renumbered(one: One, top_id: int, stem: str) -> str:
    """Return the reference under a question's new number."""
    return stem if one.id == top_id else f"{stem}-{(one.reference or '').rpartition('-')[2]}"


def _rename(session: Session, named: Sequence[One], references: Sequence[str]) -> None:
    """Give new references; the old ones lead to the same contributions from now on."""
    pairs = list(zip(named, references, strict=True))
    for some in _batches(pairs):
        session.execute(
            insert(ReferenceRedirect),
            [{"reference": one.reference, "contribution_id": one.id} for one, _ in some],
        )
        names = {one.id: reference for one, reference in some}
        session.execute(
            update(Contribution)
            .where(Contribution.id.in_(names))
            .values(reference=case(names, value=Contribution.id))
            .execution_options(synchronize_session=False)
        )


def _batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), AT_A_TIME):
        yield rows[start : start + AT_A_TIME]


def _change(session: Session, model: Any, row_id: int | None, **values: Any) -> None:
    session.execute(
        update(model)
        .where(model.id == row_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _tell_spaces(session: Session, ids: set[int], *, now: dt.datetime) -> None:
    for space_id in sorted(ids):
        _change(
            session,
            Space,
            space_id,
            public_version=Space.public_version + 1,
            last_change_at=now,
        )


def _finished(
    session: Session,
    contribution: Contribution,
    moving: Sequence[One],
    *,
    before: str,
    now: dt.datetime,
) -> Moved:
    """Have the index follow, and look at the rows anew."""
    told = (PublicTextChanged(contribution_id=one.id) for one in moving if one.reference)
    emit_all(session, told, now=now)
    session.flush()
    session.expire_all()
    return Moved(tuple(one.id for one in moving), before, name_of(contribution))
