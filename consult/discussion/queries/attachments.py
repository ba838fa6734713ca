"""The files of texts, as pages list them: of a revision, and those that a form has handed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, cast, func, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.i18n import format_number, gettext, pgettext
from consult.core.storage import Blob
from consult.discussion.models import Contribution, Paper, Revision, RevisionAttachment, Upload
from consult.discussion.papers.shapes import BY_MEDIA_TYPE, Kind
from consult.discussion.policy import own_texts
from consult.discussion.states import Reading, Scan

KILO, MEGA = 1024, 1024 * 1024


@dataclass(frozen=True)
class AttachmentRow:
    """One file, ready to be listed."""

    token: str
    """Its name in addresses and forms."""
    name: str
    kind_label: str
    size_label: str
    pages: int | None
    scan: Scan
    reading: Reading
    is_served: bool
    """Whether readers get it now."""
    is_infected: bool
    has_text: bool
    """Whether its text can be read on a page."""


@dataclass(frozen=True)
class NamedFile:
    """A file that a form names by its token and that the actor may put into a text."""

    token: str
    name: str
    media_type: str
    sha256: str
    upload_id: int | None
    """Where it was only handed in; else it stands in an own text already."""
    revision_id: int | None


def is_served(scan: Scan | str | None, *, holds: bool) -> bool:
    """Whether a file may be given out at all; `holds` says that nobody gets one before its scan.

    An infected one goes to nobody; what nobody scans goes to whoever may read its text.
    """
    if scan == Scan.INFECTED:
        return False
    return scan in {Scan.CLEAN, Scan.SKIPPED} or not holds


def of_revisions(
    session: Session, ids: Iterable[int], *, holds: bool
) -> dict[int, list[AttachmentRow]]:
    """Return the files of each revision in their order, in one statement; erased ones are left out.

    Which revisions somebody may read is for the caller to know.
    """
    wanted = sorted(set(ids))
    found: dict[int, list[AttachmentRow]] = {}
    if not wanted:
        return found
    statement = (
        _facts(RevisionAttachment)
        .add_columns(RevisionAttachment.revision_id)
        .where(RevisionAttachment.revision_id.in_(wanted))
        .order_by(RevisionAttachment.position, RevisionAttachment.id)
    )
    for row in session.execute(statement):
        found.setdefault(row.revision_id, []).append(_row(row, holds=holds))
    return found


def of_revision(session: Session, revision_id: int, *, holds: bool) -> list[AttachmentRow]:
    """Return the files of one revision in their order."""
    return of_revisions(session, [revision_id], holds=holds).get(revision_id, [])


def staged(
    session: Session, *, tokens: Sequence[str], actor: Actor, holds: bool
) -> list[AttachmentRow]:
    """Return what a form names, in its order; what is unknown or not the actor's is left out."""
    known = named(session, tokens=tokens, actor=actor)
    if not known:
        return []
    rows = {}
    for table in (Upload, RevisionAttachment):
        for row in session.execute(_facts(table).where(table.token.in_(sorted(known)))):
            rows[row.token] = _row(row, holds=holds)
    return [rows[token] for token in known]


def attachment_tokens(session: Session, revision_id: int) -> list[str]:
    """Return the tokens of a revision's files in their order, for a form that continues it."""
    return list(
        session.scalars(
            select(RevisionAttachment.token)
            .where(
                RevisionAttachment.revision_id == revision_id,
                RevisionAttachment.sha256.is_not(None),
            )
            .order_by(RevisionAttachment.position, RevisionAttachment.id)
        )
    )


def named(session: Session, *, tokens: Sequence[str], actor: Actor) -> dict[str, NamedFile]:
    """Return the files that the actor may put into a text by their tokens, in the order given.

    These are what the actor handed in, and what stands in texts of authors the actor speaks for.
    """
    wanted = sorted({token for token in tokens if 0 < len(token) <= 32})
    if not wanted:
        return {}
    found = {}
    own = (
        select(RevisionAttachment)
        .join(Revision, Revision.id == RevisionAttachment.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            RevisionAttachment.token.in_(wanted),
            RevisionAttachment.sha256.is_not(None),
            own_texts(actor),
        )
    )
    for kept in session.scalars(own):
        found[kept.token] = NamedFile(
            kept.token, kept.name, kept.media_type, kept.sha256 or "", None, kept.revision_id
        )
    uploads = select(Upload).where(Upload.token.in_(wanted), Upload.user_id == actor.user_id)
    for upload in session.scalars(uploads):
        found[upload.token] = NamedFile(
            upload.token, upload.name, upload.media_type, upload.sha256, upload.id, None
        )
    return {token: found[token] for token in dict.fromkeys(tokens) if token in found}


def fingerprint(session: Session, *, tokens: Sequence[str], actor: Actor) -> list[str]:
    """Return what makes two lists of files the same: name and content of each, in order.

    Tokens differ where a browser sends the same form twice; what is unknown stands for itself.
    """
    known = named(session, tokens=tokens, actor=actor)
    return [
        f"{known[token].sha256} {known[token].name}" if token in known else token
        for token in dict.fromkeys(tokens)
    ]


def size_label(size: int) -> str:
    """Return a size in words: kilobytes, from about one megabyte on megabytes."""
    if size >= 0.95 * MEGA:
        return gettext("%(size)s MB", size=format_number(round(size / MEGA, 1)))
    return gettext("%(size)s kB", size=format_number(max(1, round(size / KILO))))


def kind_label(media_type: str) -> str:
    """Return what a file is, in words."""
    labels = {
        Kind.PDF: "PDF",
        Kind.DOCX: "Word",
        Kind.ODT: "OpenDocument",
        Kind.TXT: pgettext("kind of file", "text"),
    }
    kind = BY_MEDIA_TYPE.get(media_type)
    return labels[kind] if kind else pgettext("kind of file", "file")


_FIELD, _RECORD = "\x1f", "\x1e"
"""Unit and record separators of ASCII, which no kept name holds."""


def packed() -> ColumnElement[Any]:
    """Return the files of a row's `Revision` as one string, so that a page needs no statement of
    its own for them; see `unpacked`.
    """
    columns = (
        RevisionAttachment.position,
        RevisionAttachment.token,
        RevisionAttachment.name,
        RevisionAttachment.media_type,
        Blob.size,
        func.coalesce(Paper.scan, ""),
        func.coalesce(Paper.reading, ""),
        func.coalesce(cast(Paper.pages, String), ""),
    )
    record: ColumnElement[Any] = cast(columns[0], String)
    for column in columns[1:]:
        record = record + _FIELD + cast(column, String)
    return (
        select(func.aggregate_strings(record, _RECORD))
        .select_from(RevisionAttachment)
        .join(Blob, Blob.sha256 == RevisionAttachment.sha256)
        .outerjoin(Paper, Paper.sha256 == RevisionAttachment.sha256)
        .where(RevisionAttachment.revision_id == Revision.id)
        .correlate(Revision)
        .scalar_subquery()
    )


def unpacked(files: str | None, *, holds: bool) -> tuple[AttachmentRow, ...]:
    """Return the files of a row from the string that `packed` gave."""
    if not files:
        return ()
    found = [record.split(_FIELD) for record in files.split(_RECORD)]
    return tuple(
        _row(
            _Packed(token, name, media_type, int(size), scan, reading, int(pages or 0) or None),
            holds=holds,
        )
        for _position, token, name, media_type, size, scan, reading, pages in sorted(
            found, key=lambda record: (int(record[0]), record[1])
        )
    )


class _Packed(NamedTuple):
    token: str
    name: str
    media_type: str
    size: int
    scan: str
    reading: str
    pages: int | None


def _facts(table: type[Upload] | type[RevisionAttachment]) -> Select[Any]:
    return (
        select(
            table.token,
            table.name,
            table.media_type,
            Blob.size,
            Paper.scan,
            Paper.reading,
            Paper.pages,
        )
        .join(Blob, Blob.sha256 == table.sha256)
        .outerjoin(Paper, Paper.sha256 == table.sha256)
    )


def _row(row: Any, *, holds: bool) -> AttachmentRow:
    scan = Scan(row.scan or Scan.WAITING)
    served = is_served(scan, holds=holds)
    return AttachmentRow(
        token=row.token,
        name=row.name,
        kind_label=kind_label(row.media_type),
        size_label=size_label(row.size),
        pages=row.pages,
        scan=scan,
        reading=Reading(row.reading or Reading.WAITING),
        is_served=served,
        is_infected=scan is Scan.INFECTED,
        has_text=served and row.reading == Reading.READ,
    )
