"""The statements behind a page of threads, each built once for everybody who asks alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from consult.discussion.models import Contribution, QuestionVisit, Revision, RevisionTag
from consult.discussion.policy import (
    counted_contributions,
    public_contributions,
    thread_places,
)
from consult.discussion.queries.rows import select_rows
from consult.discussion.queries.thread_order import Root, beyond, ordered
from consult.discussion.queries.visits import visit_columns, visit_of_reader
from consult.spaces.models import Author, Category, Objective, Question

AT = ("at_ordinal", "at_thread", "at_path", "at_size")
"""Columns of `opening` that `select_page` takes as the values of its cursor."""

Cursor = aliased(Contribution, name="cursor")


@dataclass(frozen=True)
class Shape:
    """What makes one statement differ from another; everything else is a parameter.

    Building a statement costs several times more than executing it.
    """

    sort: str
    by_objective: bool
    by_category: bool
    by_language: bool
    has_cursor: bool = False
    backwards: bool = False
    with_own: bool = False
    with_visit: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether some contributions are left out."""
        return self.by_objective or self.by_category or self.by_language

    @property
    def of_first_page(self) -> Shape:
        """The shape without its cursor."""
        return replace(self, has_cursor=False, backwards=False)

    @property
    def before_rows(self) -> Shape:
        """The shape without what makes no difference to the statement before the rows."""
        return replace(self, sort="", backwards=False, with_own=False)


@cache
def opening(shape: Shape) -> Select[Any]:
    """Return the statement of what is to be known before the rows; always one row."""
    columns: list[Any] = []
    source: Any = Question.__table__
    if shape.has_cursor:
        source = source.outerjoin(
            Cursor,
            and_(
                Cursor.question_id == Question.id,
                Cursor.reference == bindparam("at_reference"),
            ),
        ).outerjoin(Root, Root.id == Cursor.thread_id)
        columns += [
            Cursor.thread_ordinal.label("at_ordinal"),
            Cursor.thread_id.label("at_thread"),
            Cursor.path.label("at_path"),
            Root.thread_size.label("at_size"),
        ]
    if shape.is_narrowed:
        columns.append(_count(shape).scalar_subquery().label("total"))
    if shape.with_visit:
        source = source.outerjoin(QuestionVisit, visit_of_reader())
        columns += visit_columns()
    return select(*columns).select_from(source).where(Question.id == bindparam("question_id"))


@cache
def select_page(shape: Shape) -> Select[Any]:
    """Return the statement of the rows, one more than the page holds.

    Where no index has the order, the rows are chosen by what the order needs and only then read
    whole: the texts of a question would all have to be sorted otherwise.
    """
    if shape.sort == "oldest":
        return _chosen(select_rows(None), shape)
    chosen = _chosen(_with_what_narrows(select(Contribution.id), shape), shape)
    rows = select_rows(None).where(Contribution.id.in_(chosen.correlate(None)))
    return ordered(rows, sort=shape.sort, backwards=shape.backwards)


def _chosen(statement: Select[Any], shape: Shape) -> Select[Any]:
    place = public_contributions() if shape.is_narrowed else thread_places(with_own=shape.with_own)
    statement = ordered(
        statement.where(
            Contribution.question_id == bindparam("question_id"), place, *_narrowed(shape)
        ).limit(bindparam("most", type_=Integer)),
        sort=shape.sort,
        backwards=shape.backwards,
    )
    if not shape.has_cursor:
        return statement
    return statement.where(beyond(sort=shape.sort, backwards=shape.backwards))


def _with_what_narrows(statement: Select[Any], shape: Shape) -> Select[Any]:
    if not shape.is_narrowed:
        return statement
    return (
        statement.join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Category, Category.id == Author.category_id)
    )


def _count(shape: Shape) -> Select[tuple[int]]:
    counted = select(func.count()).select_from(Contribution)
    return _with_what_narrows(counted, shape).where(
        Contribution.question_id == bindparam("question_id"),
        counted_contributions(),
        *_narrowed(shape),
    )


def _narrowed(shape: Shape) -> list[ColumnElement[bool]]:
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
