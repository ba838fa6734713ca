"""Reads of what a forum is made of: objectives, categories, regions, reasons, documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, null, select
from sqlalchemy.orm import Session

from consult.core.i18n import Translated
from consult.spaces.models import (
    Category,
    Document,
    Objective,
    Question,
    Reason,
    Region,
    SpaceObjective,
)


@dataclass(frozen=True)
class ObjectiveRow:
    """An objective as pages name it."""

    id: int
    number: int
    title: Translated
    short_title: Translated

    @property
    def label(self) -> str:
        """“20 – Remittances” in the current locale."""
        return f"{self.number} – {self.short_title}"


@dataclass(frozen=True)
class CategoryRow:
    """A stakeholder category as pages name it."""

    slug: str
    name: Translated


@dataclass(frozen=True)
class ThreadChoices:
    """By what the threads of a space can be narrowed."""

    objectives: Sequence[ObjectiveRow]
    categories: Sequence[CategoryRow]


def objectives_of_space(session: Session, *, space_id: int) -> Sequence[ObjectiveRow]:
    """Return the objectives under review in a space, by number."""
    rows = session.execute(_objectives_of_space(), {"space_id": space_id})
    return [ObjectiveRow(*row) for row in rows]


@cache
def _objectives_of_space() -> Select[Any]:
    return (
        select(Objective.id, Objective.number, Objective.title, Objective.short_title)
        .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
        .where(SpaceObjective.space_id == bindparam("space_id"))
        .order_by(Objective.number)
    )


def question_objective(session: Session, question: Question) -> ObjectiveRow | None:
    """Return the one objective that a question is limited to, None where it is not."""
    if question.objective_id is None:
        return None
    row = session.execute(
        select(Objective.id, Objective.number, Objective.title, Objective.short_title).where(
            Objective.id == question.objective_id
        )
    ).one()
    return ObjectiveRow(*row)


def objectives_of_forum(session: Session, *, forum_id: int) -> Sequence[ObjectiveRow]:
    """Return all objectives of a forum, by number."""
    rows = session.execute(
        select(Objective.id, Objective.number, Objective.title, Objective.short_title)
        .where(Objective.forum_id == forum_id)
        .order_by(Objective.number)
    )
    return [ObjectiveRow(*row) for row in rows]


def categories(session: Session, *, forum_id: int) -> Sequence[Category]:
    """Return a forum's stakeholder categories in their order."""
    return session.scalars(_categories(), {"forum_id": forum_id}).all()


@cache
def _categories() -> Select[tuple[Category]]:
    return (
        select(Category)
        .where(Category.forum_id == bindparam("forum_id"))
        .order_by(Category.position)
    )


def thread_choices(session: Session, *, space_id: int, forum_id: int) -> ThreadChoices:
    """Return objectives and categories of a space in their order, in one statement."""
    rows = session.execute(_thread_choices(), {"space_id": space_id, "forum_id": forum_id}).all()
    return ThreadChoices(
        objectives=[
            ObjectiveRow(r.id, r.number, r.title, r.short_title) for r in rows if r.slug is None
        ],
        categories=[CategoryRow(r.slug, r.title) for r in rows if r.slug is not None],
    )


@cache
def _thread_choices() -> CompoundSelect[Any]:
    objectives = (
        select(
            Objective.id,
            Objective.number.label("number"),
            null().label("slug"),
            Objective.title.label("title"),
            Objective.short_title.label("short_title"),
        )
        .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
        .where(SpaceObjective.space_id == bindparam("space_id"))
    )
    categories = select(
        Category.id, Category.position, Category.slug, Category.name, Category.name
    ).where(Category.forum_id == bindparam("forum_id"))
    return objectives.union_all(categories).order_by("number")


def regions(session: Session, *, forum_id: int) -> Sequence[Region]:
    """Return a forum's regions in their order."""
    return session.scalars(
        select(Region).where(Region.forum_id == forum_id).order_by(Region.position)
    ).all()


def reasons(session: Session, *, forum_id: int) -> Sequence[Reason]:
    """Return a forum's catalogue of reasons in its order."""
    return session.scalars(
        select(Reason)
        .where(Reason.forum_id == forum_id)
        .order_by(Reason.code == "other", Reason.position, Reason.id)
    ).all()


def documents(session: Session, *, forum_id: int) -> Sequence[Document]:
    """Return a forum's documents in their order."""
    return session.scalars(
        select(Document).where(Document.forum_id == forum_id).order_by(Document.position)
    ).all()
