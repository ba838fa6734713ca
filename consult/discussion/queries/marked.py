"""Which passages of a text belong to which objectives, as pages tell it beside the text."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.passages import passages
from consult.core.text import truncate
from consult.discussion.models import Revision, RevisionTag
from consult.spaces.models import Objective

BEGINNING = 70


@dataclass(frozen=True)
class MarkedPassage:
    """A passage with the objectives that only it belongs to."""

    number: int
    """Its place among the passages of the text, from 1."""
    beginning: str
    labels: tuple[str, ...]


def marked_passages(session: Session, revision: Revision) -> list[MarkedPassage]:
    """Return the passages with public tags of their own, in reading order."""
    tags = session.execute(
        select(RevisionTag.start, Objective.number, Objective.short_title)
        .join(Objective, Objective.id == RevisionTag.objective_id)
        .where(
            RevisionTag.revision_id == revision.id,
            RevisionTag.start.is_not(None),
            RevisionTag.is_public,
        )
        .order_by(RevisionTag.start, Objective.number)
    ).all()
    if not tags:
        return []
    labels: dict[int, list[str]] = {}
    for start, number, title in tags:
        labels.setdefault(start, []).append(f"{number} – {title}")
    return [
        MarkedPassage(
            number=one.index + 1,
            beginning=truncate(one.text.replace("\n", " "), limit=BEGINNING),
            labels=tuple(labels[one.start]),
        )
        for one in passages(revision.html)
        if one.start in labels
    ]
