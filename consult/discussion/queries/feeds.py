"""The newest public contributions, for feeds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import public_contributions
from consult.spaces.models import Author, Organisation
from consult.spaces.queries import shown_in

ENTRIES = 50


@dataclass(frozen=True)
class Entry:
    """One public text in a feed."""

    reference: str
    author: str
    language: str
    html: str
    published_at: dt.datetime
    updated_at: dt.datetime


def newest(
    session: Session, *, space_ids: Sequence[int], question_id: int | None = None
) -> list[Entry]:
    """Return the newest public texts of spaces, or of one question of theirs."""
    statement = (
        select(
            Contribution.reference,
            func.coalesce(
                Contribution.first_published_at, Contribution.sent_at, Contribution.created_at
            ).label("first_published_at"),
            Contribution.edited_at,
            Revision.language,
            Revision.html,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
        )
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(Contribution.space_id.in_(space_ids), public_contributions())
        .order_by(Contribution.first_published_at.desc(), Contribution.reference.desc())
        .limit(ENTRIES)
    )
    if question_id is not None:
        statement = statement.where(Contribution.question_id == question_id)
    return [
        Entry(
            reference=r.reference,
            author=shown_in(r).name,
            language=r.language,
            html=r.html,
            published_at=r.first_published_at,
            updated_at=r.edited_at or r.first_published_at,
        )
        for r in session.execute(statement)
    ]
