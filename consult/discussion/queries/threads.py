"""Pages of a question: threads in order, whole, by keyset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.core.paging import DEFAULT_PER_PAGE, Page
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import AUTHOR_IDS, public_contributions, thread_places
from consult.discussion.queries.rows import (
    Kept,
    Known,
    Labels,
    Row,
    build_unknown,
    nothing_known,
    select_rows,
)
from consult.spaces.models import Author, Category, Objective, Question

SORTS = ("oldest", "newest", "discussed")

Root = aliased(Contribution, name="root")


@dataclass(frozen=True)
class ThreadFilter:
    """What a reader asked to see of a question; unknown values are the defaults."""

    sort: str = "oldest"
    objective: int | None = None
    category: str | None = None
    language: str | None = None
    per_page: int = DEFAULT_PER_PAGE
    after: str | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether some contributions are left out."""
        return bool(self.objective or self.category or self.language)


@dataclass(frozen=True)
class _Shape:
    """What makes one statement differ from another; everything else is a parameter.

    Building a statement costs several times more than executing it.
    """

    sort: str
    by_objective: bool
    by_category: bool
    by_language: bool
    has_cursor: bool = False
    with_own: bool = False


def thread_page(
    session: Session,
    *,
    question: Question,
    actor: Actor,
    wanted: ThreadFilter,
    words: Labels,
    known: Known = nothing_known,
) -> Page[Row | Kept]:
    """Return one page of a question's threads as the actor may see them.

    One statement whatever the length; one more for a cursor, and where a filter needs its own
    count. Texts that are `known` by their keys come back as they were rendered.
    """
    cursor = None
    if wanted.after:
        cursor = _cursor(session, question_id=question.id, reference=wanted.after)
    shape = _Shape(
        sort=wanted.sort,
        by_objective=wanted.objective is not None,
        by_category=bool(wanted.category),
        by_language=bool(wanted.language),
        has_cursor=cursor is not None,
        with_own=bool(actor.author_ids) and not wanted.is_narrowed,
    )
    values = _values(question, wanted)
    raw: Sequence[Any] = session.execute(
        _rows(shape),
        values
        | {AUTHOR_IDS: sorted(actor.author_ids), "most": wanted.per_page + 1}
        | (cursor._asdict() if cursor is not None else {}),
    ).all()
    more, raw = len(raw) > wanted.per_page, raw[: wanted.per_page]
    last = next((r.reference for r in reversed(raw) if r.reference), None)
    return Page(
        items=build_unknown(session, raw, actor=actor, words=words, known=known),
        per_page=wanted.per_page,
        total=session.execute(_count(_bare(shape)), values).scalar_one()
        if wanted.is_narrowed
        else question.public_count,
        next_after=last if more else None,
    )


def _values(question: Question, wanted: ThreadFilter) -> dict[str, Any]:
    return {
        "question_id": question.id,
        "objective": wanted.objective,
        "category": wanted.category,
        "language": wanted.language,
    }


def _bare(shape: _Shape) -> _Shape:
    return replace(shape, sort="", has_cursor=False, with_own=False)


@cache
def _rows(shape: _Shape) -> Select[Any]:
    is_narrowed = shape.by_objective or shape.by_category or shape.by_language
    place = public_contributions() if is_narrowed else thread_places(with_own=shape.with_own)
    statement = _ordered(
        select_rows(None)
        .where(
            Contribution.question_id == bindparam("question_id"),
            place,
            *_narrowed(shape),
        )
        .limit(bindparam("most", type_=Integer)),
        sort=shape.sort,
    )
    return statement.where(_beyond(sort=shape.sort)) if shape.has_cursor else statement


@cache
def _count(shape: _Shape) -> Select[tuple[int]]:
    return (
        select(func.count())
        .select_from(Contribution)
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(
            Contribution.question_id == bindparam("question_id"),
            public_contributions(),
            *_narrowed(shape),
        )
    )


def _narrowed(shape: _Shape) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if shape.by_objective:
        conditions.append(_has_objective())
    if shape.by_category:
        conditions.append(Category.slug == bindparam("category"))
    if shape.by_language:
        conditions.append(Revision.language == bindparam("language"))
    return conditions


def _has_objective() -> ColumnElement[bool]:
    """Return the condition that the published text belongs to the objective asked for."""
    return exists(
        select(RevisionTag.id)
        .join(Objective, Objective.id == RevisionTag.objective_id)
        .where(
            RevisionTag.revision_id == Contribution.published_revision_id,
            RevisionTag.is_public,
            Objective.number == bindparam("objective"),
        )
    )


def _ordered(statement: Select[Any], *, sort: str) -> Select[Any]:
    if sort == "newest":
        return statement.order_by(
            Contribution.thread_ordinal.desc(), Contribution.thread_id.desc(), Contribution.path
        )
    if sort == "discussed":
        return statement.join(Root, Root.id == Contribution.thread_id).order_by(
            Root.thread_size.desc(),
            Contribution.thread_ordinal,
            Contribution.thread_id,
            Contribution.path,
        )
    return statement.order_by(
        Contribution.thread_ordinal, Contribution.thread_id, Contribution.path
    )


def _cursor(session: Session, *, question_id: int, reference: str) -> Any:
    return session.execute(
        select(
            Contribution.thread_ordinal.label("at_ordinal"),
            Contribution.thread_id.label("at_thread"),
            Contribution.path.label("at_path"),
            Root.thread_size.label("at_size"),
        )
        .join(Root, Root.id == Contribution.thread_id)
        .where(Contribution.question_id == question_id, Contribution.reference == reference)
    ).first()


def _beyond(*, sort: str) -> ColumnElement[bool]:
    """Return the condition for what follows the cursor, whose values are parameters."""
    ordinal, thread = Contribution.thread_ordinal, Contribution.thread_id
    at_ordinal = bindparam("at_ordinal", type_=ordinal.type)
    at_thread = bindparam("at_thread", type_=thread.type)
    at_path = bindparam("at_path", type_=Contribution.path.type)
    if sort == "newest":
        return or_(
            tuple_(ordinal, thread) < tuple_(at_ordinal, at_thread),
            and_(thread == at_thread, Contribution.path > at_path),
        )
    further = tuple_(ordinal, thread, Contribution.path) > tuple_(at_ordinal, at_thread, at_path)
    if sort == "oldest":
        return further
    size = bindparam("at_size", type_=Root.thread_size.type)
    return or_(Root.thread_size < size, and_(Root.thread_size == size, further))


def reference_before(session: Session, *, contribution: Contribution) -> str | None:
    """Return the public reference just before a contribution, for a link to its page."""
    place = tuple_(Contribution.thread_ordinal, Contribution.thread_id, Contribution.path)
    here = (contribution.thread_ordinal, contribution.thread_id, contribution.path)
    return session.scalar(
        select(Contribution.reference)
        .where(
            Contribution.question_id == contribution.question_id,
            public_contributions(),
            place < here,
        )
        .order_by(
            Contribution.thread_ordinal.desc(),
            Contribution.thread_id.desc(),
            Contribution.path.desc(),
        )
        .limit(1)
    )
