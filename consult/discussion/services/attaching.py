"""Files of a text: handed in with a form, kept with the revision."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from sqlalchemy import delete, func, select, union
from sqlalchemy.orm import Session

from consult.core import limits
from consult.core.authz import Actor
from consult.core.errors import Invalid, TooMany
from consult.core.outbox import emit
from consult.core.storage import CHUNK, Blob, BlobStorage
from consult.discussion.events import FileKept
from consult.discussion.models import Contribution, Paper, Revision, RevisionAttachment, Upload
from consult.discussion.papers import isolation, names
from consult.discussion.papers.shapes import (
    BY_MEDIA_TYPE,
    MAX_FILES,
    MEDIA_TYPES,
    Kind,
    PaperRefusal,
    PaperRefused,
    Refused,
)
from consult.discussion.policy import own_texts
from consult.discussion.queries.attachments import NamedFile, named
from consult.discussion.services import files
from consult.discussion.states import Reading, Scan

MAX_OF_ACCOUNT = 500 * 1024 * 1024
"""Bytes of all files that one account has handed in."""


@dataclass(frozen=True)
class CheckedFile:
    """A file that may be kept, and under which name."""

    name: str
    kind: Kind
    sha256: str
    size: int


def check(*, name: str, stream: IO[bytes], seconds: float = isolation.CHECK_SECONDS) -> CheckedFile:
    """Look a file through; needs no database and may take seconds, so call it outside a unit.

    Raises `PaperRefused` with the reason and the name.
    """
    claimed = names.kind_by_name(name)
    shown = names.shown(name)
    try:
        kind = isolation.check(stream, seconds=seconds)
    except Refused as refused:
        raise PaperRefused(refused.refusal, shown, claimed, refused.kind) from None
    if claimed is not None and claimed is not kind:
        raise PaperRefused(PaperRefusal.LYING_NAME, shown, claimed, kind)
    sha256, size = measured(stream)
    return CheckedFile(names.clean_name(name, kind=kind), kind, sha256, size)


def measured(stream: IO[bytes]) -> tuple[str, int]:
    """Return SHA-256 and size of a content."""
    stream.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    stream.seek(0)
    return digest.hexdigest(), size


def sent_before(
    session: Session, *, name: str, sha256: str, size: int, actor: Actor
) -> CheckedFile | None:
    """Return a file that the actor has already, under the same name, as it was checked then.

    That is one that was handed in, or one in a text of an author for whom the actor speaks: a
    form that is sent twice costs nothing the second time.
    """
    claimed = names.kind_by_name(name)
    handed_in = select(Upload.name, Upload.media_type).where(
        Upload.user_id == actor.user_id, Upload.sha256 == sha256
    )
    attached = (
        select(RevisionAttachment.name, RevisionAttachment.media_type)
        .join(Revision, Revision.id == RevisionAttachment.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(RevisionAttachment.sha256 == sha256, own_texts(actor))
    )
    for row in session.execute(union(handed_in, attached)):
        kind = BY_MEDIA_TYPE.get(row.media_type)
        if kind is None or claimed not in {None, kind}:
            continue
        if names.clean_name(name, kind=kind) == row.name:
            return CheckedFile(row.name, kind, sha256, size)
    return None


def spend_upload(session: Session, *, user_id: int, name: str, now: dt.datetime) -> None:
    """Count one file against the limits of an account: 30 in half an hour, 500 MB in all.

    Call it where limits are on, in a unit of its own before the file is looked at: a refused file
    has cost as much. Raises `PaperRefused`.
    """
    try:
        limits.spend(session, limits.UPLOAD_BY_ACCOUNT, whose=str(user_id), now=now)
    except TooMany:
        raise PaperRefused(PaperRefusal.TOO_MANY, names.shown(name)) from None
    if _bytes_of(session, user_id=user_id) >= MAX_OF_ACCOUNT:
        raise PaperRefused(PaperRefusal.NO_ROOM, names.shown(name))


def announce(
    session: Session, *, checked: CheckedFile, scanner_configured: bool, now: dt.datetime
) -> Paper:
    """Make the rows of a checked file before its bytes are put into the storage.

    Done in a unit of its own, it lets the bytes be written without a lock, and none be left behind
    that no sweep knows of.
    """
    return files.keep(
        session,
        sha256=checked.sha256,
        size=checked.size,
        media_type=MEDIA_TYPES[checked.kind],
        is_scanned=scanner_configured,
        now=now,
    )


def stage(
    session: Session,
    *,
    user_id: int,
    checked: CheckedFile,
    stream: IO[bytes],
    storage: BlobStorage,
    scanner_configured: bool,
    now: dt.datetime,
) -> Upload:
    """Keep a checked file for its user until a text takes it over; read by the worker meanwhile.

    The same file under the same name is handed in once, however often it is sent. Bytes that do
    not lie in the storage yet are put there now, while the rows are held.
    """
    paper = announce(session, checked=checked, scanner_configured=scanner_configured, now=now)
    files.put(storage, sha256=checked.sha256, stream=stream)
    upload = session.scalars(
        select(Upload).where(
            Upload.user_id == user_id,
            Upload.sha256 == checked.sha256,
            Upload.name == checked.name,
        )
    ).first()
    if upload is None:
        upload = Upload(
            token=secrets.token_hex(16),
            user_id=user_id,
            name=checked.name,
            media_type=MEDIA_TYPES[checked.kind],
            sha256=checked.sha256,
        )
        session.add(upload)
    upload.created_at = now
    session.flush()
    if paper.scan == Scan.WAITING or paper.reading == Reading.WAITING:
        emit(session, FileKept(sha256=checked.sha256), now=now)
    return upload


def attach(session: Session, *, revision: Revision, tokens: Sequence[str], actor: Actor) -> None:
    """Make the files of an unsent revision those that the tokens name, in their order.

    A token is that of a file which the actor handed in, or of one in a text of an author for whom
    the actor speaks. What was handed in becomes the revision's under the same token, so that a
    page which still shows it stays good. Raises `Invalid` for unknown tokens and for more than
    ten files.
    """
    known = named(session, tokens=tokens, actor=actor)
    if len(known) < len(set(tokens)):
        raise Invalid({"files": ["file-unknown"]})
    wanted = {(one.sha256, one.name): one for one in reversed(known.values())}
    chosen = [one for one in known.values() if wanted[one.sha256, one.name] is one]
    if len(chosen) > MAX_FILES:
        raise Invalid({"files": ["files-too-many"]})
    there = {
        (row.sha256, row.name): row
        for row in session.scalars(
            select(RevisionAttachment).where(RevisionAttachment.revision_id == revision.id)
        )
    }
    for position, one in enumerate(chosen):
        row = there.pop((one.sha256, one.name), None)
        if row is None:
            row = _attached(revision, one)
            session.add(row)
        row.position = position
    for left_out in there.values():
        session.delete(left_out)
    used = [one.upload_id for one in known.values() if one.upload_id is not None]
    if used:
        session.execute(delete(Upload).where(Upload.id.in_(used)))
    session.flush()


def _attached(revision: Revision, one: NamedFile) -> RevisionAttachment:
    return RevisionAttachment(
        token=one.token if one.upload_id is not None else secrets.token_hex(16),
        revision_id=revision.id,
        name=one.name,
        media_type=one.media_type,
        sha256=one.sha256,
    )


def _bytes_of(session: Session, *, user_id: int) -> int:
    """Return the bytes of what an account handed in, each content once."""
    mine = union(
        select(Upload.sha256).where(Upload.user_id == user_id),
        select(RevisionAttachment.sha256)
        .join(Revision, Revision.id == RevisionAttachment.revision_id)
        .where(Revision.submitted_by == user_id),
    ).subquery()
    total = session.scalar(
        select(func.sum(Blob.size)).where(Blob.sha256.in_(select(mine.c.sha256)))
    )
    return int(total or 0)
