"""What a space page tells of its discussion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from consult.core.i18n import format_instant, language_label
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import counted_contributions, public_contributions
from consult.discussion.queries.answers import answered_questions
from consult.discussion.states import ContributionKind
from consult.spaces.models import Author, Organisation, Question
from consult.spaces.queries import shown_in

TEASER = 180
"""Characters of a contribution that stand under its question."""
LONGEST_QUESTION = 320
"""Characters of a participant's question; all of it stands on its page."""


@dataclass(frozen=True)
class Newest:
    """The newest contribution under a question."""

    reference: str
    author: str
    language: str
    teaser: str
    published_label: str
    published_iso: str


@dataclass(frozen=True)
class ParticipantQuestion:
    """A question posed by a participant."""

    number: int
    author: str
    language: str
    language_label: str
    text: str
    """Its beginning, on one line."""
    answers: int
    is_answered: bool
    """The drafting agencies stand behind one of the answers."""
    is_unconfirmed: bool
    """Filed for its author, who has not confirmed it yet."""


def newest_by_question(
    session: Session, questions: Sequence[Question], *, zone: str | None
) -> dict[int, Newest]:
    """Return the newest public contribution of each question by question id, in one query.

    One that nobody has confirmed yet is not put forward.
    """
    if not questions:
        return {}
    parts = [
        select(
            select(Contribution.id)
            .where(Contribution.question_id == question.id, counted_contributions())
            .order_by(Contribution.first_published_at.desc(), Contribution.id.desc())
            .limit(1)
            .scalar_subquery()
            .label("id")
        )
        for question in questions
    ]
    newest = union_all(*parts).subquery()
    rows = session.execute(
        select(
            Contribution.question_id,
            Contribution.reference,
            Contribution.first_published_at,
            Revision.language,
            func.substr(Revision.text, 1, 2 * TEASER).label("text"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
        )
        .join(newest, newest.c.id == Contribution.id)
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
    )
    found = {}
    for r in rows:
        shown = shown_in(r)
        at: dt.datetime = r.first_published_at
        found[r.question_id] = Newest(
            reference=r.reference,
            author=shown.name,
            language=r.language,
            teaser=teaser(r.text),
            published_label=format_instant(at, zone_name=zone),
            published_iso=at.isoformat(),
        )
    return found


def participant_questions(session: Session, *, space_id: int) -> list[ParticipantQuestion]:
    """Return the public questions that participants posed in a space, by number."""
    rows = session.execute(
        select(
            Question.id,
            Question.number,
            Question.public_count,
            Contribution.is_unconfirmed,
            Revision.language,
            func.substr(Revision.text, 1, 2 * LONGEST_QUESTION).label("text"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
        )
        .join(Contribution, Contribution.own_question_id == Question.id)
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(
            Question.space_id == space_id,
            Contribution.kind == ContributionKind.QUESTION,
            public_contributions(),
        )
        .order_by(Question.number)
    ).all()
    answered = answered_questions(session, space_id=space_id) if rows else set()
    return [
        ParticipantQuestion(
            number=r.number,
            author=shown_in(r).name,
            language=r.language,
            language_label=language_label(r.language),
            text=teaser(r.text, limit=LONGEST_QUESTION),
            answers=r.public_count,
            is_answered=r.id in answered,
            is_unconfirmed=r.is_unconfirmed,
        )
        for r in rows
    ]


def counts_by_objective(session: Session, *, space_id: int) -> dict[int, int]:
    """Return how many public contributions of a space belong to each objective, by its id."""
    rows = session.execute(
        select(RevisionTag.objective_id, func.count(func.distinct(Contribution.id)))
        .join(Contribution, Contribution.published_revision_id == RevisionTag.revision_id)
        .where(Contribution.space_id == space_id, counted_contributions(), RevisionTag.is_public)
        .group_by(RevisionTag.objective_id)
    )
    return dict(rows.tuples().all())


def teaser(text: str, *, limit: int = TEASER) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0].rstrip(",;:–- ") + " …"
