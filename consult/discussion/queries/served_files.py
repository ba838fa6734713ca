"""One file by its token, for whoever may read the text that it came with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.errors import Gone, NotVisible
from consult.core.storage import Blob
from consult.discussion.models import Contribution, Paper, Revision, RevisionAttachment, Upload
from consult.discussion.policy import public_contributions, visible_revisions
from consult.discussion.queries.attachments import is_served
from consult.discussion.states import Reading, RevisionState
from consult.spaces.models import Forum, Space
from consult.spaces.policy import is_space_visible

_ONCE_PUBLIC = frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED})


@dataclass(frozen=True)
class ServedFile:
    """A file that the actor gets."""

    token: str
    name: str
    media_type: str
    sha256: str
    size: int
    """Bytes."""
    is_public: bool
    """Whether every reader gets it."""
    contribution: Contribution | None
    """None for one that was only handed in."""
    space: Space | None
    forum: Forum | None
    language: str | None
    """Of the text it came with."""
    public_version: int
    reading: Reading


def find(session: Session, *, token: str, actor: Actor, holds: bool) -> ServedFile:
    """Return a file by its token as the actor may have it: exactly when they may read its revision.

    What was only handed in is for whoever did; what is infected, and while `holds` what was not
    scanned, is for nobody, whatever their role. Raises `Gone` where its text was public and is
    not any more, `NotVisible` for everything else, an unknown token among it.
    """
    row = _attached(session, token=token, actor=actor)
    if row is None:
        return _handed_in(session, token=token, actor=actor, holds=holds)
    if not row.is_visible or row.RevisionAttachment.sha256 is None:
        was_public = row.Contribution.reference is not None and row.state in _ONCE_PUBLIC
        if was_public and is_space_visible(actor, row.Space):
            raise Gone
        raise NotVisible
    if not is_served(row.scan, holds=holds):
        raise NotVisible
    return ServedFile(
        token=token,
        name=row.RevisionAttachment.name,
        media_type=row.RevisionAttachment.media_type,
        sha256=row.RevisionAttachment.sha256,
        size=row.size,
        is_public=row.is_public,
        contribution=row.Contribution,
        space=row.Space,
        forum=row.Forum,
        language=row.language,
        public_version=row.Contribution.public_version,
        reading=Reading(row.reading or Reading.WAITING),
    )


def _attached(session: Session, *, token: str, actor: Actor) -> Any:
    is_public = (
        public_contributions() & (Contribution.published_revision_id == Revision.id)
    ).label("is_public")
    return session.execute(
        select(
            RevisionAttachment,
            Contribution,
            Space,
            Forum,
            Revision.state,
            Revision.language,
            Blob.size,
            Paper.scan,
            Paper.reading,
            visible_revisions(actor).label("is_visible"),
            is_public,
        )
        .join(Revision, Revision.id == RevisionAttachment.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(Blob, Blob.sha256 == RevisionAttachment.sha256)
        .outerjoin(Paper, Paper.sha256 == RevisionAttachment.sha256)
        .where(RevisionAttachment.token == token)
    ).first()


def _handed_in(session: Session, *, token: str, actor: Actor, holds: bool) -> ServedFile:
    row = session.execute(
        select(Upload, Blob.size, Paper.scan, Paper.reading)
        .join(Blob, Blob.sha256 == Upload.sha256)
        .outerjoin(Paper, Paper.sha256 == Upload.sha256)
        .where(Upload.token == token, Upload.user_id == actor.user_id)
    ).first()
    if row is None or not is_served(row.scan, holds=holds):
        raise NotVisible
    return ServedFile(
        token=token,
        name=row.Upload.name,
        media_type=row.Upload.media_type,
        sha256=row.Upload.sha256,
        size=row.size,
        is_public=False,
        contribution=None,
        space=None,
        forum=None,
        language=None,
        public_version=0,
        reading=Reading(row.reading or Reading.WAITING),
    )
