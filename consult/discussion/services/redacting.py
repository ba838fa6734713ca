"""Taking something out of a public text: readers get a new text, its base is for few eyes only.

The new text is nobody's: nobody typed it and nobody sent it. It stands in the contribution's row of
texts like any other, so that everything that reads the published one reads it. When readers are
told that a text was edited is its author's doing, so that instant stays.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from consult.core import markup, text
from consult.core.errors import Invalid, StaleState
from consult.discussion.models import Contribution, Revision, RevisionAttachment, RevisionTag
from consult.discussion.services import shortening, threads
from consult.discussion.services.carrying import Carrier
from consult.discussion.services.gaps import Folded, Original, Shortened, folded
from consult.discussion.services.revisions import move, open_revision
from consult.discussion.states import Act, Removed, RevisionOrigin, RevisionState


def original_of(revision: Revision) -> Original:
    """Return a text as something is taken out of it."""
    return Original(
        revision.source, revision.format, revision.html, revision.text, revision.language
    )


def files_of(session: Session, revision: Revision) -> Sequence[RevisionAttachment]:
    """Return the files of a text in their order, erased ones left out."""
    return session.scalars(
        select(RevisionAttachment)
        .where(
            RevisionAttachment.revision_id == revision.id, RevisionAttachment.sha256.is_not(None)
        )
        .order_by(RevisionAttachment.position, RevisionAttachment.id)
    ).all()


def shortened(
    session: Session, revision: Revision, *, passages: Sequence[str], files: Collection[str]
) -> Shortened | None:
    """Return the text without passages; None where only files go. Writes nothing.

    `files` are the tokens of the files that go. Raises `Invalid` as `shortening.take_out` does,
    where nothing is to go, for an unknown file, and where a file that stays has a passage in its
    name.
    """
    there = files_of(session, revision)
    if not set(files) <= {one.token for one in there}:
        raise Invalid({"files": ["file-unknown"]})
    if not any(folded(one) for one in passages):
        if files:
            return None
        raise Invalid({"passages": ["passages-missing"]})
    made = shortening.take_out(original_of(revision), passages)
    names = [Folded(_spoken(one.name)) for one in there if one.token not in files]
    if any(list(name.find(folded(one))) for name in names for one in passages):
        raise Invalid({"files": ["file-says-it"]})
    return made


def _spoken(name: str) -> str:
    """Return a file's name with blanks between its words."""
    return "".join(letter if letter.isalnum() else " " for letter in name)


def redact(
    session: Session,
    *,
    contribution: Contribution,
    base: Revision,
    made: Shortened | None,
    left_out: Collection[str],
    reason: str,
    now: dt.datetime,
) -> Revision:
    """Give readers a text without what was taken out, and return it.

    `base` is the published text that was seen, `made` its new words (None where they stay) and
    `left_out` the tokens of files that go. Tags, languages of passages and the other files come
    along; a waiting or begun edit stays as it is. Raises `StaleState` where the base is not what
    readers get.
    """
    if contribution.removed != Removed.NONE or contribution.published_revision_id != base.id:
        raise StaleState
    carrier = Carrier(original_of(base), made) if made is not None else None
    revision = _new_text(session, base, made=made, carrier=carrier, reason=reason, now=now)
    _carry_tags(session, base, revision, carrier=carrier)
    _carry_files(session, base, revision, left_out=left_out)
    move(session, base, act=Act.SUPERSEDE)
    _point(session, contribution, seen=base.id, to=revision.id)
    threads.public_change(session, contribution, was_public=True, now=now)
    return revision


def take_back_redaction(
    session: Session, *, contribution: Contribution, revision: Revision, now: dt.datetime
) -> None:
    """Give readers the base of a redaction again; the redaction is cancelled.

    An open text that was there before stays as it is. Raises `StaleState` where the redaction is
    not what readers get any more, and where its author began a text from it.
    """
    if contribution.removed != Removed.NONE or revision.origin != RevisionOrigin.REDACTION:
        raise StaleState
    other = open_revision(session, contribution)
    if other is not None and other.number > revision.number:
        raise StaleState
    base = session.get_one(Revision, revision.base_id, populate_existing=True)
    move(session, revision, act=Act.UNDO_REDACTION)
    move(session, base, act=Act.REINSTATE)
    _point(session, contribution, seen=revision.id, to=base.id)
    threads.public_change(session, contribution, was_public=True, now=now)


def _new_text(
    session: Session,
    base: Revision,
    *,
    made: Shortened | None,
    carrier: Carrier | None,
    reason: str,
    now: dt.datetime,
) -> Revision:
    newest = select(func.max(Revision.number)).where(
        Revision.contribution_id == base.contribution_id
    )
    revision = Revision(
        contribution_id=base.contribution_id,
        number=(session.scalar(newest) or 0) + 1,
        state=RevisionState.PUBLISHED,
        origin=RevisionOrigin.REDACTION,
        base_id=base.id,
        redacted_for=reason,
        format=base.format,
        source=base.source,
        html=base.html,
        text=base.text,
        words=base.words,
        language=base.language,
        language_spans=base.language_spans,
        renderer_version=base.renderer_version,
        decided_at=now,
        created_at=now,
        saved_at=now,
    )
    if made is not None and carrier is not None:
        html, spans = carrier.languages(base.language_spans)
        revision.format, revision.source = made.format, made.source
        revision.html, revision.text = html, made.text
        revision.words = text.count_words(made.text)
        revision.language_spans = spans or None
        revision.renderer_version = markup.RENDERER_VERSION
    session.add(revision)
    session.flush()
    return revision


def _carry_tags(
    session: Session, base: Revision, revision: Revision, *, carrier: Carrier | None
) -> None:
    """Copy the tags; one of a passage of which nothing is left stays behind."""
    rows = session.scalars(select(RevisionTag).where(RevisionTag.revision_id == base.id)).all()
    for row in rows:
        place: Any = (row.start, row.end)
        if carrier is not None and row.start is not None and row.end is not None:
            place = carrier.place(row.start, row.end)
        if place is None:
            continue
        session.add(
            RevisionTag(
                revision_id=revision.id,
                objective_id=row.objective_id,
                start=place[0],
                end=place[1],
                role=row.role,
                is_public=row.is_public,
            )
        )
    session.flush()


def _carry_files(
    session: Session, base: Revision, revision: Revision, *, left_out: Collection[str]
) -> None:
    """Copy the files under names of their own: the old addresses lead to the base."""
    for one in files_of(session, base):
        if one.token in left_out:
            continue
        session.add(
            RevisionAttachment(
                token=secrets.token_hex(16),
                revision_id=revision.id,
                name=one.name,
                media_type=one.media_type,
                sha256=one.sha256,
                position=one.position,
            )
        )
    session.flush()


def _point(session: Session, contribution: Contribution, *, seen: int, to: int) -> None:
    """Move the pointer of what is public, compare and set."""
    result = session.execute(
        update(Contribution)
        .where(
            Contribution.id == contribution.id,
            Contribution.published_revision_id == seen,
            Contribution.removed == Removed.NONE,
        )
        .values(published_revision_id=to)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleState
    session.refresh(contribution)
