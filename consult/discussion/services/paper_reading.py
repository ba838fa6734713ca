"""What becomes known of a content: whether it is clean, and its text; and who has to be told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import IO, Protocol

import structlog
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from consult.core.outbox import OutboxEntry, emit
from consult.core.storage import BlobStorage
from consult.core.text import count_words
from consult.discussion.events import FileKept
from consult.discussion.models import Contribution, Paper, Revision, RevisionAttachment
from consult.discussion.papers import isolation
from consult.discussion.papers.scanning import Verdict
from consult.discussion.papers.shapes import BY_MEDIA_TYPE
from consult.discussion.policy import is_public, public_contributions
from consult.discussion.services import threads
from consult.discussion.states import Reading, Scan

READ_PAPER = "discussion.read-paper"
"""The handler that scans and reads."""
RESTING = dt.timedelta(hours=1)
"""For which a content is left to the handler's own tries."""
MOST = 500
"""Contents that are taken up again in one go."""

log = structlog.get_logger("consult.papers")


class Scanner(Protocol):
    """Says whether a file is clean; `papers.scanning.Clamd` is one."""

    def scan(self, stream: IO[bytes], /) -> Verdict:
        """Return the verdict; raises `ScannerAway` where there is none."""
        ...


@dataclass(frozen=True)
class Known:
    """What is known of a content."""

    sha256: str
    media_type: str
    scan: Scan
    reading: Reading
    pages: int | None = None
    paragraphs: tuple[tuple[int | None, str], ...] = ()
    """Of a content that was read just now."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to be found out."""
        return self.scan is not Scan.WAITING and self.reading is not Reading.WAITING


def known(session: Session, *, sha256: str) -> Known | None:
    """Return what is known of a content; None for one that was swept."""
    paper = session.get(Paper, sha256)
    if paper is None:
        return None
    return Known(sha256, paper.media_type, Scan(paper.scan), Reading(paper.reading))


def find_out(before: Known, *, storage: BlobStorage, scanner: Scanner | None, holds: bool) -> Known:
    """Scan and read a content as far as that is not done; takes up to two minutes, no database.

    What is infected is not read, nor what waits for a scan while unscanned files are held. Raises
    `ScannerAway` where the scanner gives no verdict.
    """
    try:
        stream = storage.open(before.sha256)
    except FileNotFoundError:
        log.error("a file is missing in the storage", sha256=before.sha256)
        return replace(before, reading=Reading.FAILED)
    with stream:
        after = replace(before, scan=_scanned(before, stream, scanner=scanner, holds=holds))
        if after.scan in {Scan.INFECTED, Scan.WAITING} or after.reading is not Reading.WAITING:
            return after
        return _read(after, stream)


def _scanned(before: Known, stream: IO[bytes], *, scanner: Scanner | None, holds: bool) -> Scan:
    if before.scan in {Scan.CLEAN, Scan.INFECTED}:
        return before.scan
    if scanner is None:
        return Scan.WAITING if holds else Scan.SKIPPED
    verdict = scanner.scan(stream)
    if verdict.is_clean:
        return Scan.CLEAN
    log.warning("a file is infected", sha256=before.sha256, signature=verdict.found)
    return Scan.INFECTED


def _read(before: Known, stream: IO[bytes]) -> Known:
    kind = BY_MEDIA_TYPE.get(before.media_type)
    try:
        text = isolation.read(stream, kind=kind) if kind else None
    except isolation.Unreadable:
        text = None
    if text is None:
        return replace(before, reading=Reading.FAILED)
    return replace(
        before,
        reading=Reading.READ if text.paragraphs else Reading.EMPTY,
        pages=text.pages,
        paragraphs=text.paragraphs,
    )


def record(session: Session, *, found: Known, now: dt.datetime) -> None:
    """Keep what was found out, and tell the pages and the index of every public text with it."""
    paper = session.get(Paper, found.sha256, with_for_update=True, populate_existing=True)
    if paper is None:
        return
    before = (Scan(paper.scan), Reading(paper.reading))
    if found.scan is not before[0]:
        paper.scan = found.scan
        paper.scanned_at = now if found.scan in {Scan.CLEAN, Scan.INFECTED} else None
    if found.reading is not before[1]:
        paper.reading, paper.pages = found.reading, found.pages
        paper.words = sum(count_words(text) for _page, text in found.paragraphs)
        paper.paragraphs = [[page, text] for page, text in found.paragraphs] or None
    session.flush()
    if (found.scan, found.reading) != before:
        _tell(session, sha256=found.sha256, now=now)


def _tell(session: Session, *, sha256: str, now: dt.datetime) -> None:
    """Raise what readers' pages hang on, for each public text that carries the content."""
    carrying = session.scalars(
        select(Contribution.id)
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(RevisionAttachment, RevisionAttachment.revision_id == Revision.id)
        .where(RevisionAttachment.sha256 == sha256, public_contributions())
        .distinct()
    ).all()
    held = threads.locked_together(session, carrying)
    threads.public_changes(session, [(one, is_public(one)) for one in held], now=now)


def ask_again(session: Session, *, scans: bool, holds: bool, now: dt.datetime) -> int:
    """Have the worker take up contents that were left unscanned or unread, for whatever reason.

    What came while nobody scanned waits for the scanner as soon as there is one, or as soon as
    unscanned files are held. Returns how many are taken up.
    """
    _make_missing(session, now=now)
    if scans or holds:
        for paper in session.scalars(select(Paper).where(Paper.scan == Scan.SKIPPED).limit(MOST)):
            paper.scan, paper.scanned_at = Scan.WAITING, None
            session.flush()
            _tell(session, sha256=paper.sha256, now=now)
    if holds and not scans:
        return 0
    unfinished = session.scalars(
        select(Paper.sha256)
        .where(
            or_(Paper.scan == Scan.WAITING, Paper.reading == Reading.WAITING),
            Paper.scan != Scan.INFECTED,
            Paper.created_at < now - RESTING,
        )
        .order_by(Paper.created_at, Paper.sha256)
    ).all()
    under_way = _under_way(session)
    chosen = [sha256 for sha256 in unfinished if sha256 not in under_way][:MOST]
    for sha256 in chosen:
        emit(session, FileKept(sha256=sha256), now=now)
    return len(chosen)


def _under_way(session: Session) -> set[str]:
    """Return the contents that the outbox still tries; rows that gave up are dropped."""
    session.execute(
        delete(OutboxEntry).where(
            OutboxEntry.handler == READ_PAPER, OutboxEntry.parked_at.is_not(None)
        )
    )
    rows = session.scalars(select(OutboxEntry.payload).where(OutboxEntry.handler == READ_PAPER))
    return {payload["sha256"] for payload in rows}


def _make_missing(session: Session, *, now: dt.datetime) -> None:
    """Make the rows of contents that were attached before anything was read."""
    missing = session.execute(
        select(RevisionAttachment.sha256, RevisionAttachment.media_type)
        .outerjoin(Paper, Paper.sha256 == RevisionAttachment.sha256)
        .where(RevisionAttachment.sha256.is_not(None), Paper.sha256.is_(None))
        .order_by(RevisionAttachment.id)
        .limit(MOST)
    ).all()
    for sha256, media_type in {row.sha256: row.media_type for row in missing}.items():
        session.add(
            Paper(
                sha256=sha256,
                media_type=media_type,
                scan=Scan.WAITING,
                reading=Reading.WAITING,
                created_at=now - 2 * RESTING,
            )
        )
    session.flush()
