"""What waits for a focal point: the texts of their delegations that were not released yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.text import truncate
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.spaces.models import Author, Organisation, Question, Space

BEGINNING = 160
"""Characters by which a text is told from others."""


@dataclass(frozen=True)
class ClearanceRow:
    """A text that waits for a release, as a line of the list."""

    name: str
    """Its name in addresses: the reference, else the receipt."""
    delegation: str
    written_by: str | None
    space: Space
    question_number: int | None
    kind: ContributionKind
    is_reply: bool
    is_edit: bool
    """Whether readers have an earlier text of it."""
    sent_at: dt.datetime | None
    language: str
    beginning: str


def waiting_for_release(session: Session, *, author_ids: Collection[int]) -> Sequence[ClearanceRow]:
    """Return what waits in the clearance of these delegations, the oldest first."""
    if not author_ids:
        return []
    rows = session.execute(
        select(
            Contribution,
            Space,
            Organisation.name.label("delegation"),
            User.name.label("written_by"),
            Question.number.label("question"),
            Revision.sent_at,
            Revision.language,
            func.substr(Revision.text, 1, BEGINNING * 2).label("text"),
        )
        .join(Revision, Revision.id == Contribution.open_revision_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Question, Question.id == Contribution.question_id)
        .outerjoin(User, User.id == Revision.submitted_by)
        .where(_waits(author_ids))
        .order_by(Revision.sent_at, Revision.id)
    ).all()
    return [_row(row) for row in rows]


def count_for_release(session: Session, *, author_ids: Collection[int]) -> int:
    """Return how many texts wait in the clearance of these delegations."""
    if not author_ids:
        return 0
    return (
        session.scalar(
            select(func.count(Contribution.id))
            .join(Revision, Revision.id == Contribution.open_revision_id)
            .where(_waits(author_ids))
        )
        or 0
    )


def _waits(author_ids: Collection[int]) -> ColumnElement[bool]:
    return and_(
        Contribution.author_id.in_(sorted(author_ids)),
        Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
        Revision.state == RevisionState.CLEARANCE,
    )


def _row(row: Any) -> ClearanceRow:
    contribution: Contribution = row.Contribution
    return ClearanceRow(
        name=contribution.reference or contribution.receipt or "",
        delegation=row.delegation or "",
        written_by=row.written_by,
        space=row.Space,
        question_number=row.question,
        kind=ContributionKind(contribution.kind),
        is_reply=contribution.parent_id is not None,
        is_edit=contribution.reference is not None,
        sent_at=row.sent_at,
        language=row.language,
        beginning=truncate(" ".join((row.text or "").split()), limit=BEGINNING),
    )
