"""Where a contribution may go: questions or spaces of its forum in which the actor moderates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Role
from consult.core.text import truncate
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import public_contributions
from consult.discussion.states import ContributionKind
from consult.spaces.models import Question, Space
from consult.spaces.states import QuestionKind

TEASER = 70
MOST_ASKED = 200
"""Participants' questions of a space that are offered, the newest first."""


@dataclass(frozen=True)
class Target:
    """A place to which a contribution may go."""

    value: str
    """As forms send it: `<slug>/<number>`, or `<slug>` for a participant's question."""
    space: Space
    question: Question | None
    """None for a participant's question, which goes to a space."""
    words: str
    """What the question asks, in the current language or its own."""


def targets(session: Session, *, actor: Actor, contribution: Contribution) -> Sequence[Target]:
    """Return the places to which the actor may move a contribution, by space, its own left out.

    A moderator needs both spaces; who organises the forum may choose any of it.
    """
    spaces = _spaces(session, actor=actor, contribution=contribution)
    if contribution.kind == ContributionKind.QUESTION:
        return [
            Target(one.slug, one, None, "") for one in spaces if one.id != contribution.space_id
        ]
    return [
        target
        for space in spaces
        for target in _questions(session, space)
        if target.question is not None and target.question.id != contribution.question_id
    ]


def current(session: Session, contribution: Contribution) -> str:
    """Return the value of the place where a contribution stands, read anew."""
    space = session.get_one(Space, contribution.space_id)
    if contribution.question_id is None:
        return space.slug
    question = session.get_one(Question, contribution.question_id, populate_existing=True)
    return f"{space.slug}/{question.number}"


def place_code(session: Session, contribution: Contribution) -> str:
    """Return the code of the place where a contribution stands, read anew: `RT3-Q1`, or `RT3`."""
    space = session.get_one(Space, contribution.space_id)
    if contribution.question_id is None:
        return space.code
    question = session.get_one(Question, contribution.question_id, populate_existing=True)
    return f"{space.code}-Q{question.number}"


def _spaces(session: Session, *, actor: Actor, contribution: Contribution) -> Sequence[Space]:
    here = select(Space.forum_id).where(Space.id == contribution.space_id).scalar_subquery()
    found = session.scalars(
        select(Space)
        .where(Space.forum_id == here)
        .order_by(Space.position, Space.id)
        .execution_options(populate_existing=True)
    ).all()
    return [
        one
        for one in found
        if actor.has_in_space(Role.MODERATOR, space_id=one.id)
        or actor.has_in_forum(Role.ORGANISER, forum_id=one.forum_id)
    ]


def _questions(session: Session, space: Space) -> list[Target]:
    """Return the guiding questions of a space and the public ones of participants."""
    rows = session.execute(
        select(Question, Revision.text)
        .outerjoin(
            Contribution,
            and_(Contribution.own_question_id == Question.id, public_contributions()),
        )
        .outerjoin(Revision, Revision.id == Contribution.published_revision_id)
        .where(
            Question.space_id == space.id,
            (Question.kind == QuestionKind.GUIDING) | Revision.id.is_not(None),
        )
        .order_by(Question.number.desc())
        .execution_options(populate_existing=True)
    ).all()
    asked = [row for row in rows if row[0].kind != QuestionKind.GUIDING][:MOST_ASKED]
    guiding = [row for row in rows if row[0].kind == QuestionKind.GUIDING]
    return [
        Target(
            value=f"{space.slug}/{question.number}",
            space=space,
            question=question,
            words=_words(question, text),
        )
        for question, text in reversed([*asked, *guiding])
    ]


def _words(question: Question, text: str | None) -> str:
    said = question.short_text or question.text
    return truncate(" ".join((str(said) if said else text or "").split()), limit=TEASER)
