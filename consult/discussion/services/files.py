"""Contents of files: kept once, and gone once nothing refers to them.

A content is a row of `Blob`, one of `Paper`, and the bytes in the storage. Whoever refers to one
holds its row first, so that sweeping and handing in take turns at it:

- handing in locks the row, or makes it, and then looks whether the bytes are there: if a sweep was
  faster, row and bytes are gone by now and both are made anew;
- sweeping locks the row, looks again whether anything refers to it, deletes the row, then the
  bytes, then commits: a row under which bytes are being deleted can be neither found nor made.

If the machine stops between the bytes and the commit, a row without bytes is left: nothing refers
to it, the next sweep takes it, and the next upload of this content finds no bytes and puts them.
"""

from __future__ import annotations

import datetime as dt
from typing import IO

from sqlalchemy import Select, delete, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core.storage import Blob, BlobStorage
from consult.discussion.models import Paper, RevisionAttachment, Upload
from consult.discussion.states import Reading, Scan

UNUSED = dt.timedelta(days=7)
"""After which what no text took over goes."""
FRESH = dt.timedelta(days=1)
"""For which a content stays that nothing refers to yet."""
MOST = 500
"""Contents that one sweep takes."""


def keep(
    session: Session,
    *,
    sha256: str,
    size: int,
    media_type: str,
    is_scanned: bool,
    now: dt.datetime,
) -> Paper:
    """Hold the rows of a content until the commit; make them where they are missing."""
    held = select(Blob.sha256).where(Blob.sha256 == sha256).with_for_update()
    if session.scalar(held) is None:
        try:
            with session.begin_nested():
                session.add(Blob(sha256=sha256, size=size))
        except IntegrityError:
            # Somebody else made it just now; wait for them, and hold it from then on.
            session.execute(held)
    paper = session.get(Paper, sha256, populate_existing=True)
    if paper is None:
        paper = Paper(
            sha256=sha256,
            media_type=media_type,
            scan=Scan.WAITING if is_scanned else Scan.SKIPPED,
            reading=Reading.WAITING,
            created_at=now,
        )
        session.add(paper)
        session.flush()
    return paper


def put(storage: BlobStorage, *, sha256: str, stream: IO[bytes]) -> None:
    """Put the bytes into the storage unless they lie there; its row must be held."""
    if is_there(storage, sha256=sha256):
        return
    stream.seek(0)
    storage.put(stream)


def is_there(storage: BlobStorage, *, sha256: str) -> bool:
    """Whether the bytes of a content lie in the storage."""
    try:
        storage.open(sha256).close()
    except FileNotFoundError:
        return False
    return True


def sweep(session: Session, *, storage: BlobStorage, now: dt.datetime) -> int:
    """Forget uploads that no text took over in a week, and contents that nothing refers to.

    Returns how many contents went. At most 500 in one go, so that writers do not wait.
    """
    session.execute(delete(Upload).where(Upload.created_at < now - UNUSED))
    session.flush()
    gone = 0
    for sha256 in session.scalars(_unused(now).limit(MOST).with_for_update(skip_locked=True)).all():
        # The row is held now; a reference made before that is seen only by looking again.
        if session.scalar(_unused(now).where(Blob.sha256 == sha256)) is None:
            continue
        session.execute(delete(Paper).where(Paper.sha256 == sha256))
        session.execute(delete(Blob).where(Blob.sha256 == sha256))
        storage.delete(sha256)
        gone += 1
    return gone


def _unused(now: dt.datetime) -> Select[tuple[str]]:
    is_fresh = exists().where(Paper.sha256 == Blob.sha256, Paper.created_at > now - FRESH)
    is_used = or_(
        exists().where(RevisionAttachment.sha256 == Blob.sha256),
        exists().where(Upload.sha256 == Blob.sha256),
    )
    return select(Blob.sha256).where(~is_fresh, ~is_used).order_by(Blob.sha256)
