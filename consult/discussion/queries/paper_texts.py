"""The words of files that everybody may have, for whoever searches in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.discussion.models import Paper, RevisionAttachment
from consult.discussion.states import Reading, Scan


@dataclass(frozen=True)
class ReadablePaper:
    """A file whose words may be shown wherever those of its text are."""

    token: str
    name: str
    sha256: str


def readable(session: Session, revision_ids: Iterable[int]) -> dict[int, list[ReadablePaper]]:
    """Return the files of revisions that were read and are not infected, nor wait for a scan.

    Which revisions are public is for the caller to know.
    """
    wanted = sorted(set(revision_ids))
    found: dict[int, list[ReadablePaper]] = {}
    if not wanted:
        return found
    rows = session.execute(
        select(
            RevisionAttachment.revision_id,
            RevisionAttachment.token,
            RevisionAttachment.name,
            Paper.sha256,
        )
        .join(Paper, Paper.sha256 == RevisionAttachment.sha256)
        .where(
            RevisionAttachment.revision_id.in_(wanted),
            Paper.scan.in_([Scan.CLEAN, Scan.SKIPPED]),
            Paper.reading == Reading.READ,
        )
        .order_by(RevisionAttachment.position, RevisionAttachment.id)
    )
    for revision_id, token, name, sha256 in rows:
        found.setdefault(revision_id, []).append(ReadablePaper(token, name, sha256))
    return found


def paragraphs(session: Session, *, sha256: str) -> list[tuple[int | None, str]]:
    """Return the words of a file: page and text of each paragraph, in reading order."""
    kept = session.scalar(select(Paper.paragraphs).where(Paper.sha256 == sha256))
    return [(page, text) for page, text in kept or ()]
