"""Pages of a question: threads in order, whole, by keyset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.paging import DEFAULT_PER_PAGE, Page
from consult.discussion.policy import AUTHOR_IDS
from consult.discussion.queries.rows import Kept, Known, Labels, Row, build_unknown, nothing_known
from consult.discussion.queries.thread_order import SORTS as SORTS
from consult.discussion.queries.thread_order import reference_before as reference_before
from consult.discussion.queries.thread_statements import AT, Shape, opening, select_page
from consult.discussion.queries.visits import Visit, visit_values
from consult.spaces.models import Question, Space


@dataclass(frozen=True)
class ThreadFilter:
    """What a reader asked to see of a question; unknown values are the defaults."""

    sort: str = "oldest"
    objective: int | None = None
    category: str | None = None
    language: str | None = None
    per_page: int = DEFAULT_PER_PAGE
    after: str | None = None
    before: str | None = None
    """Reference before which the page ends; `after` goes first where both are given."""

    @property
    def is_narrowed(self) -> bool:
        """Whether some contributions are left out."""
        return bool(self.objective or self.category or self.language)

    @property
    def at(self) -> str | None:
        """Reference of the cursor."""
        return self.after or self.before


@dataclass(frozen=True)
class ThreadPage(Page[Row | Kept]):
    """A page of threads, how to walk on from it, and what is new on it to its reader."""

    previous_before: str | None = None
    """Reference before which the page before this one ends; None on the first one."""
    visit: Visit | None = None
    """What is new to its reader; None for visitors."""


def thread_page(
    session: Session,
    *,
    question: Question,
    space: Space,
    actor: Actor,
    wanted: ThreadFilter,
    words: Labels,
    now: dt.datetime,
    known: Known = nothing_known,
) -> ThreadPage:
    """Return one page of a question's threads as the actor may see them.

    One statement whatever the length; one before it for all that a cursor, a filter's count and
    the visit of somebody signed in need together. Texts that are `known` by their keys come back
    as they were rendered.
    """
    shape = _shape(wanted, actor=actor)
    values = _values(question, wanted) | {AUTHOR_IDS: sorted(actor.author_ids)}
    known_before: Any = None
    if shape.has_cursor or shape.is_narrowed or shape.with_visit:
        known_before = session.execute(
            opening(shape.before_rows), values | visit_values(actor, space=space, now=now)
        ).one()
    if shape.has_cursor and known_before.at_thread is not None:
        values |= {name: getattr(known_before, name) for name in AT}
    else:
        shape = shape.of_first_page
    shape, raw, more = _read(session, shape, values, most=wanted.per_page)
    names = [r.reference for r in raw if r.reference]
    visit = Visit.of(known_before) if shape.with_visit else None
    return ThreadPage(
        items=build_unknown(
            session,
            raw,
            actor=actor,
            words=words,
            known=known,
            since=visit.since if visit else None,
        ),
        per_page=wanted.per_page,
        total=known_before.total if shape.is_narrowed else question.public_count,
        next_after=names[-1] if names and (more or shape.backwards) else None,
        previous_before=names[0] if names and shape.has_cursor else None,
        visit=visit,
    )


def _read(
    session: Session, shape: Shape, values: dict[str, Any], *, most: int
) -> tuple[Shape, Sequence[Any], bool]:
    """Return the rows of a page in their order, and whether the walk goes on beyond them.

    A walk back that reaches the beginning shows the first page, whole, and says so by its shape.
    """
    raw: Sequence[Any] = session.execute(select_page(shape), values | {"most": most + 1}).all()
    more = len(raw) > most
    if not shape.backwards:
        return shape, raw[:most], more
    if not more:
        return _read(session, shape.of_first_page, values, most=most)
    return shape, raw[:most][::-1], more


def _shape(wanted: ThreadFilter, *, actor: Actor) -> Shape:
    return Shape(
        sort=wanted.sort,
        by_objective=bool(wanted.objective),
        by_category=bool(wanted.category),
        by_language=bool(wanted.language),
        has_cursor=wanted.at is not None,
        backwards=wanted.after is None and wanted.before is not None,
        with_own=bool(actor.author_ids) and not wanted.is_narrowed,
        with_visit=actor.is_signed_in,
    )


def _values(question: Question, wanted: ThreadFilter) -> dict[str, Any]:
    return {
        "question_id": question.id,
        "objective": wanted.objective,
        "category": wanted.category,
        "language": wanted.language,
        "at_reference": wanted.at,
    }
