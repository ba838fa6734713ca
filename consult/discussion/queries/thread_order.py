"""The three orders of a question's threads, walked in both directions by keyset.

A thread is never torn: whatever comes first, its contributions stand in the order of their paths.
"""

from __future__ import annotations

import operator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from consult.discussion.models import Contribution
from consult.discussion.policy import thread_places

SORTS = ("oldest", "newest", "discussed")
CONTEXT = 10
"""Places above a contribution that a link to its page shows too; fewer than the shortest page."""

Root = aliased(Contribution, name="root")


def ordered(statement: Select[Any], *, sort: str, backwards: bool) -> Select[Any]:
    """Return a statement over `Contribution` in an order, or in its reverse."""
    ordinal, thread, path = (
        Contribution.thread_ordinal,
        Contribution.thread_id,
        Contribution.path,
    )
    falling: tuple[Any, ...] = ()
    rising: tuple[Any, ...] = (ordinal, thread, path)
    if sort == "newest":
        falling, rising = (ordinal, thread), (path,)
    elif sort == "discussed":
        statement = statement.join(Root, Root.id == Contribution.thread_id)
        falling = (Root.thread_size,)
    return statement.order_by(
        *(one.asc() if backwards else one.desc() for one in falling),
        *(one.desc() if backwards else one.asc() for one in rising),
    )


def beyond(*, sort: str, backwards: bool) -> ColumnElement[bool]:
    """Return the condition for what follows the cursor in the direction of the walk.

    The values of the cursor are parameters: `at_ordinal`, `at_thread`, `at_path`, `at_size`.
    """
    rises, falls = (operator.lt, operator.gt) if backwards else (operator.gt, operator.lt)
    ordinal, thread, path = (
        Contribution.thread_ordinal,
        Contribution.thread_id,
        Contribution.path,
    )
    at_ordinal = bindparam("at_ordinal", type_=ordinal.type)
    at_thread = bindparam("at_thread", type_=thread.type)
    at_path = bindparam("at_path", type_=path.type)
    if sort == "newest":
        return or_(
            falls(tuple_(ordinal, thread), tuple_(at_ordinal, at_thread)),
            and_(thread == at_thread, rises(path, at_path)),
        )
    further: ColumnElement[bool] = rises(
        tuple_(ordinal, thread, path), tuple_(at_ordinal, at_thread, at_path)
    )
    if sort == "oldest":
        return further
    size = bindparam("at_size", type_=Root.thread_size.type)
    return or_(falls(Root.thread_size, size), and_(Root.thread_size == size, further))


def reference_before(session: Session, *, contribution: Contribution) -> str | None:
    """Return the reference after which a page begins that shows a contribution with its context:
    its thread from the start, or at least the ten places above it. None for the first page.
    """
    place = tuple_(Contribution.thread_ordinal, Contribution.thread_id, Contribution.path)
    here = (contribution.thread_ordinal, contribution.thread_id, contribution.path)
    above = session.execute(
        select(Contribution.reference, Contribution.thread_id)
        .where(
            Contribution.question_id == contribution.question_id,
            thread_places(with_own=False),
            place < here,
        )
        .order_by(
            Contribution.thread_ordinal.desc(),
            Contribution.thread_id.desc(),
            Contribution.path.desc(),
        )
        .limit(CONTEXT + 1)
    ).all()
    other_threads = (r.reference for r in above if r.thread_id != contribution.thread_id)
    within = next(other_threads, None)
    if within is not None or len(above) <= CONTEXT:
        return within
    return str(above[CONTEXT].reference)


def reference_before_named(session: Session, *, question_id: int, reference: str) -> Any:
    """Return `reference_before` for a place of a question's threads, in one more statement.

    Raises `LookupError` where nothing of that name stands there.
    """
    found = session.scalars(
        select(Contribution).where(
            Contribution.question_id == question_id,
            Contribution.reference == reference,
            thread_places(with_own=False),
        )
    ).first()
    if found is None:
        raise LookupError(reference)
    return reference_before(session, contribution=found)
