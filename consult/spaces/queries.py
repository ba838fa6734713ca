"""Reads about forums, spaces and those who speak: finished rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, null, select
from sqlalchemy.orm import Session

from consult.core.authz import VISITOR, Actor, Grant, Role
from consult.core.errors import NotVisible
from consult.core.i18n import Translated, gettext
from consult.spaces.models import (
    Author,
    AuthorMember,
    Category,
    Document,
    Forum,
    Objective,
    Question,
    Reason,
    Region,
    RoleGrant,
    Space,
    SpaceObjective,
)
from consult.spaces.policy import is_space_visible, visible_spaces
from consult.spaces.states import DisplayChoice


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


@dataclass(frozen=True)
class QuestionHead:
    """What the page of a question changes with."""

    id: int
    public_version: int
    space_version: int
    opens_at: dt.datetime | None
    closes_at: dt.datetime | None
    time_zone: str


@dataclass(frozen=True)
class SpaceView:
    """A space with its forum and its questions in order."""

    space: Space
    forum: Forum
    questions: Sequence[Question]

    def question(self, number: int) -> Question:
        """Return a question by number; raises `NotVisible`."""
        for question in self.questions:
            if question.number == number:
                return question
        raise NotVisible

    def head_of(self, question: Question) -> QuestionHead:
        """Return what the page of one of the questions changes with."""
        return QuestionHead(
            id=question.id,
            public_version=question.public_version,
            space_version=self.space.public_version,
            opens_at=self.space.opens_at,
            closes_at=self.space.closes_at,
            time_zone=self.forum.time_zone,
        )


@dataclass(frozen=True)
class ShownAuthor:
    """Who speaks, as chosen: nothing more than this reaches a page, a mail or a file."""

    name: str
    organisation: str | None
    category: Translated | None
    on_behalf_of: str | None
    is_pseudonym: bool = False


def shown_author(
    *,
    display: str,
    name: str,
    organisation: str | None,
    category: Translated | None,
    on_behalf_of: str | None,
    pseudonym_number: int | None,
) -> ShownAuthor:
    """Apply the author's display choice; a pseudonym keeps only the category."""
    if display == DisplayChoice.PSEUDONYM:
        shown = gettext("Participant %(number)s", number=pseudonym_number or "–")
        return ShownAuthor(shown, None, category, None, is_pseudonym=True)
    if display == DisplayChoice.ORGANISATION and organisation:
        return ShownAuthor(organisation, None, category, on_behalf_of)
    second = organisation if organisation and organisation != name else None
    return ShownAuthor(name, second, category, on_behalf_of)


def shown_in(
    row: Any, *, category: Translated | None = None, on_behalf_of: str | None = None
) -> ShownAuthor:
    """Return the author of a row with the columns name, display, pseudonym_number, organisation."""
    return shown_author(
        display=row.display,
        name=row.name,
        organisation=row.organisation,
        category=category,
        on_behalf_of=on_behalf_of,
        pseudonym_number=row.pseudonym_number,
    )


def current_forum(session: Session) -> Forum | None:
    """Return the newest forum, the one whose name the site carries."""
    return session.scalars(select(Forum).order_by(Forum.id.desc()).limit(1)).first()


def forum_by_slug(session: Session, slug: str) -> Forum | None:
    """Return a forum by slug."""
    return session.scalars(select(Forum).where(Forum.slug == slug)).first()


def space_by_slug(session: Session, slug: str) -> Space | None:
    """Return a space by slug, whoever may see it; for commands."""
    return session.scalars(select(Space).where(Space.slug == slug)).first()


def space_view(session: Session, *, slug: str, actor: Actor) -> SpaceView:
    """Return a space with forum and questions in one query; raises `NotVisible`."""
    rows = session.execute(_space_and_questions(), {"slug": slug}).all()
    if not rows or not is_space_visible(actor, rows[0][0]):
        raise NotVisible
    questions = [question for _, _, question in rows if question is not None]
    return SpaceView(space=rows[0][0], forum=rows[0][1], questions=questions)


def question_head(session: Session, *, slug: str, number: int) -> QuestionHead | None:
    """Return what a question's page changes with, None where visitors do not know of it."""
    row = session.execute(_question_head(), {"slug": slug, "number": number}).first()
    return QuestionHead(*row) if row else None


# Statements of pages that many people read are built once: building takes longer than executing.


@cache
def _question_head() -> Select[Any]:
    return (
        select(
            Question.id,
            Question.public_version,
            Space.public_version,
            Space.opens_at,
            Space.closes_at,
            Forum.time_zone,
        )
        .join(Space, Space.id == Question.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .where(
            Space.slug == bindparam("slug"),
            Question.number == bindparam("number"),
            visible_spaces(VISITOR),
        )
    )


@cache
def _space_and_questions() -> Select[tuple[Space, Forum, Question]]:
    return (
        select(Space, Forum, Question)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(Question, Question.space_id == Space.id)
        .where(Space.slug == bindparam("slug"))
        .order_by(Question.number)
    )


def spaces_of_forum(session: Session, *, forum_id: int, actor: Actor) -> Sequence[SpaceView]:
    """Return the spaces that exist for the actor, with their questions, in order."""
    rows = session.execute(
        select(Space, Forum, Question)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(Question, Question.space_id == Space.id)
        .where(Space.forum_id == forum_id, visible_spaces(actor))
        .order_by(Space.position, Question.number)
    ).all()
    grouped: dict[int, tuple[Space, Forum, list[Question]]] = {}
    for space, forum, question in rows:
        entry = grouped.setdefault(space.id, (space, forum, []))
        if question is not None:
            entry[2].append(question)
    return [SpaceView(space=s, forum=f, questions=q) for s, f, q in grouped.values()]


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
        select(Reason).where(Reason.forum_id == forum_id).order_by(Reason.position)
    ).all()


def documents(session: Session, *, forum_id: int) -> Sequence[Document]:
    """Return a forum's documents in their order."""
    return session.scalars(
        select(Document).where(Document.forum_id == forum_id).order_by(Document.position)
    ).all()


def roles_and_authors(
    session: Session, *, user_id: int
) -> tuple[frozenset[Grant], frozenset[int], frozenset[int]]:
    """Return a user's grants, the authors they speak for and those authors' forums.

    One statement: it runs in every request of somebody signed in.
    """
    found: set[Grant] = set()
    authors: set[int] = set()
    forums: set[int] = set()
    rows = session.execute(_grants_and_authors(), {"user_id": user_id})
    for role, forum_id, space_id, author_id in rows:
        if role in {member.value for member in Role}:
            found.add(Grant(Role(role), forum_id, space_id))
            continue
        authors.add(author_id)
        forums.add(forum_id)
    return frozenset(found), frozenset(authors), frozenset(forums)


@cache
def _grants_and_authors() -> CompoundSelect[Any]:
    grants = select(
        RoleGrant.role, RoleGrant.forum_id, RoleGrant.space_id, RoleGrant.id.label("author_id")
    ).where(RoleGrant.user_id == bindparam("user_id"))
    speaks = (
        select(AuthorMember.membership, Author.forum_id, Space.id, AuthorMember.author_id)
        .join(Author, Author.id == AuthorMember.author_id)
        .outerjoin(Space, Space.id < 0)
        .where(AuthorMember.user_id == bindparam("user_id"))
    )
    return grants.union_all(speaks)
