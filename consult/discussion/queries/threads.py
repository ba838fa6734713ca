"""Pages of a question: threads in order, whole, by keyset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.core.paging import DEFAULT_PER_PAGE, Page
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import public_contributions, thread_places
from consult.discussion.queries.rows import Labels, Row, build, select_rows
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


def thread_page(
    session: Session,
    *,
    question: Question,
    actor: Actor,
    wanted: ThreadFilter,
    words: Labels,
) -> Page[Row]:
    """Return one page of a question's threads as the actor may see them.

    Three statements whatever the length; one more where a filter needs its own count.
    """
    place = thread_places(actor) if not wanted.is_narrowed else public_contributions()
    statement = _ordered(
        select_rows(actor)
        .where(Contribution.question_id == question.id, place, *_narrowed(wanted))
        .limit(wanted.per_page + 1),
        sort=wanted.sort,
    )
    if wanted.after:
        cursor = _cursor(session, question_id=question.id, reference=wanted.after)
        if cursor is not None:
            statement = statement.where(_beyond(cursor, sort=wanted.sort))
    raw: Sequence[Any] = session.execute(statement).all()
    more, raw = len(raw) > wanted.per_page, raw[: wanted.per_page]
    last = next((r.reference for r in reversed(raw) if r.reference), None)
    return Page(
        items=build(session, raw, actor=actor, words=words),
        per_page=wanted.per_page,
        total=_total(session, question=question, wanted=wanted),
        next_after=last if more else None,
    )


def _narrowed(wanted: ThreadFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.objective is not None:
        conditions.append(has_objective(wanted.objective))
    if wanted.category:
        conditions.append(Category.slug == wanted.category)
    if wanted.language:
        conditions.append(Revision.language == wanted.language)
    return conditions


def has_objective(number: int) -> ColumnElement[bool]:
    """Return the condition that the published text belongs to an objective."""
    return exists(
        select(RevisionTag.id)
        .join(Objective, Objective.id == RevisionTag.objective_id)
        .where(
            RevisionTag.revision_id == Contribution.published_revision_id,
            RevisionTag.is_public,
            Objective.number == number,
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
            Contribution.thread_ordinal,
            Contribution.thread_id,
            Contribution.path,
            Root.thread_size,
        )
        .join(Root, Root.id == Contribution.thread_id)
        .where(Contribution.question_id == question_id, Contribution.reference == reference)
    ).first()


def _beyond(cursor: Any, *, sort: str) -> ColumnElement[bool]:
    thread = tuple_(Contribution.thread_ordinal, Contribution.thread_id)
    here = (cursor.thread_ordinal, cursor.thread_id)
    further_in_thread = and_(
        Contribution.thread_id == cursor.thread_id, Contribution.path > cursor.path
    )
    if sort == "newest":
        return or_(thread < here, further_in_thread)
    place = tuple_(Contribution.thread_ordinal, Contribution.thread_id, Contribution.path)
    if sort == "oldest":
        return place > (*here, cursor.path)
    return or_(
        Root.thread_size < cursor.thread_size,
        and_(Root.thread_size == cursor.thread_size, place > (*here, cursor.path)),
    )


def _total(session: Session, *, question: Question, wanted: ThreadFilter) -> int:
    if not wanted.is_narrowed:
        return question.public_count
    statement = (
        select(func.count())
        .select_from(Contribution)
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(Contribution.question_id == question.id, public_contributions(), *_narrowed(wanted))
    )
    return session.execute(statement).scalar_one()


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
