"""Participants' questions and the answers that the drafting agencies stand behind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import Session

from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import official_answers, public_contributions
from consult.discussion.states import ContributionKind
from consult.spaces.models import Author, Organisation
from consult.spaces.queries import shown_in


@dataclass(frozen=True)
class PosedQuestion:
    """A participant's question on its own page."""

    reference: str
    author: str
    language: str
    text: str
    answer: str | None
    """Reference of the first official answer; None while the question is open."""
    is_unconfirmed: bool = False
    """Filed for its author, who has not confirmed it yet."""


def posed_question(session: Session, *, question_id: int) -> PosedQuestion | None:
    """Return the words of a participant's question, None where they are not public (any more)."""
    r = session.execute(_posed(), {"question_id": question_id}).first()
    if r is None:
        return None
    return PosedQuestion(
        reference=r.reference,
        author=shown_in(r).name,
        language=r.language,
        text=r.text,
        answer=r.answer,
        is_unconfirmed=r.is_unconfirmed,
    )


def has_answers(session: Session, *, question_id: int) -> bool:
    """Whether a public text stands under a question, counted or not."""
    found = select(Contribution.id).where(
        Contribution.question_id == question_id, public_contributions()
    )
    return session.scalar(found.limit(1)) is not None


def answered_questions(session: Session, *, space_id: int) -> set[int]:
    """Return the ids of the questions of a space that have a public official answer."""
    return set(
        session.scalars(
            select(Contribution.question_id)
            .where(Contribution.space_id == space_id, is_answer())
            .distinct()
        )
    )


def is_answer() -> ColumnElement[bool]:
    """Return the condition for rows of `Contribution` that answer a question officially."""
    return (
        official_answers()
        & Contribution.parent_id.is_(None)
        & (Contribution.kind == ContributionKind.COMMENT)
    )


@cache
def _posed() -> Select[Any]:
    answer = (
        select(Contribution.reference)
        .where(Contribution.question_id == bindparam("question_id"), is_answer())
        .order_by(Contribution.thread_ordinal, Contribution.thread_id)
        .limit(1)
        # It reads the same table as the statement around it, for another row.
        .correlate(None)
        .scalar_subquery()
    )
    return (
        select(
            Contribution.reference,
            Contribution.is_unconfirmed,
            Revision.language,
            Revision.text,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
            answer.label("answer"),
        )
        .select_from(Contribution)
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(
            Contribution.own_question_id == bindparam("question_id"),
            Contribution.kind == ContributionKind.QUESTION,
            public_contributions(),
        )
    )
