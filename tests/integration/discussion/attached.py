"""Files of texts for tests: rows and bytes as handing in and reading leave them."""

from __future__ import annotations

import hashlib
import io
import secrets
from typing import Any

from consult.accounts.models import User
from consult.core import clock
from consult.core.storage import Blob, BlobStorage
from consult.discussion.models import Paper, RevisionAttachment, Upload
from consult.discussion.papers import kinds, names
from consult.discussion.services import attaching
from consult.discussion.states import Reading, Scan
from tests.factories import AnySession
from tests.integration.discussion.lines import real

PDF = "application/pdf"


def keep_content(
    session: AnySession, content: bytes, *, storage: BlobStorage | None = None, **over: Any
) -> str:
    """Keep a content that was scanned and read; return its SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    if storage is not None:
        storage.put(io.BytesIO(content))
    if session.get(Blob, sha256) is None:
        session.add(Blob(sha256=sha256, size=len(content)))
        session.flush()
        values: dict[str, Any] = {
            "sha256": sha256,
            "media_type": PDF,
            "scan": Scan.CLEAN,
            "reading": Reading.READ,
            "pages": 2,
            "words": 4,
            "paragraphs": [[1, "What the paper says."]],
            "created_at": clock.now(),
        }
        session.add(Paper(**values | over))
        session.flush()
    return sha256


def make_attachment(
    session: AnySession,
    *,
    revision_id: int | None,
    content: bytes = b"%PDF-1.7 a paper",
    name: str = "Paper.pdf",
    position: int = 0,
    storage: BlobStorage | None = None,
    **paper: Any,
) -> RevisionAttachment:
    """Make a file of a revision; `paper` overrides what is known of its content."""
    sha256 = keep_content(session, content, storage=storage, **paper)
    row = RevisionAttachment(
        token=secrets.token_hex(16),
        revision_id=revision_id,
        name=name,
        media_type=paper.get("media_type", PDF),
        sha256=sha256,
        position=position,
    )
    session.add(row)
    session.flush()
    return row


def hand_in(
    session: AnySession,
    content: bytes,
    *,
    user: User,
    storage: BlobStorage,
    name: str = "Paper.pdf",
    scans: bool = False,
    **over: Any,
) -> Upload:
    """Hand a file in as the form does, without the child process that looks it through."""
    kind = kinds.examine(io.BytesIO(content))
    checked = attaching.CheckedFile(
        name=names.clean_name(name, kind=kind),
        kind=kind,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )
    return attaching.stage(
        real(session),
        user_id=user.id,
        checked=checked,
        stream=io.BytesIO(content),
        storage=storage,
        scanner_configured=scans,
        now=over.get("now", clock.now()),
    )
