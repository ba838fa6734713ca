"""Reads of forums, spaces and their questions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import VISITOR, Actor
from consult.core.errors import NotVisible
from consult.spaces.models import (
    Author,
    Forum,
    Question,
    Space,
)
from consult.spaces.policy import is_space_visible, visible_spaces
from consult.spaces.states import ModerationMode


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


def current_forum(session: Session) -> Forum | None:
    """Return the newest forum, the one whose name the site carries."""
    return session.scalars(select(Forum).order_by(Forum.id.desc()).limit(1)).first()


def everything_waits(session: Session, *, actor: Actor, forum_id: int | None) -> bool:
    """Whether a moderator reads every text of a forum before it is public, as far as its spaces
    exist for the actor: others would be betrayed by the answer.
    """
    at_once = select(Space.id).where(
        Space.forum_id == forum_id,
        Space.moderation != ModerationMode.EVERYTHING,
        visible_spaces(actor),
    )
    trusted = select(Author.id).where(
        Author.forum_id == forum_id,
        Author.is_delegation.is_(True),
        Author.publishes_at_once.is_(True),
    )
    return not session.scalar(select(or_(at_once.exists(), trusted.exists())))


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
