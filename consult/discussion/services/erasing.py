"""Forgetting a person's texts: what was never published goes, what was goes or stays by the rule.

What is emptied here has no words, tags or files any more, in none of its revisions. Contents that
nobody else refers to leave the storage by an event of their own.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.audit import AuditEntry
from consult.core.authz import SYSTEM
from consult.core.outbox import emit
from consult.core.ports import Erasing
from consult.core.storage import Blob, BlobStorage
from consult.discussion.events import ContentForgotten
from consult.discussion.models import (
    Contribution,
    Intake,
    Paper,
    QuestionVisit,
    Revision,
    RevisionAttachment,
    RevisionTag,
    Upload,
)
from consult.discussion.queries.own_authors import (
    contributions_of,
    erased_author_ids,
    kept_texts,
)
from consult.discussion.services import removing, threads
from consult.discussion.services.revisions import move, open_revision
from consult.discussion.states import Act, RevisionState


def erase(session: Session, erasing: Erasing) -> int:
    """Forget a person's texts, files and visits; returns how many contributions there were."""
    author_ids = erased_author_ids(session, erasing)
    own = session.scalars(contributions_of(author_ids).order_by(Contribution.id)).all()
    contents = _contents(session, own=own, user_id=erasing.user_id)
    kept = kept_texts(session, erasing)
    threads.locked_together(session, own)
    for contribution_id in own:
        _erase_one(session, contribution_id, keeps=kept.get(contribution_id), erasing=erasing)
    for model in (Upload, QuestionVisit):
        session.execute(delete(model).where(model.user_id == erasing.user_id))
    _forget_address(session, erasing)
    audit.blank(
        session,
        of=(AuditEntry.subject_kind == "contribution")
        & AuditEntry.subject_id.in_(contributions_of(author_ids)),
    )
    session.flush()
    for sha256 in sorted(contents):
        _forget_content(session, sha256, erasing=erasing)
    return len(own)


def _erase_one(
    session: Session, contribution_id: int, *, keeps: int | None, erasing: Erasing
) -> None:
    contribution = threads.locked(session, contribution_id)
    contribution.open_before_id = None
    if keeps is None:
        removing.erase(session, contribution=contribution, actor=SYSTEM, now=erasing.now)
        _empty(session, contribution_id=contribution_id, but=None)
        _drop_unsent(session, contribution_id)
        return
    open_one = open_revision(session, contribution)
    if open_one is not None and open_one.state != RevisionState.RETURNED:
        move(session, open_one, act=Act.TAKE_BACK)
    contribution.open_revision_id = None
    # The name goes from beside the text in this very transaction, so the index must know.
    threads.public_change(session, contribution, was_public=True, now=erasing.now)
    _empty(session, contribution_id=contribution_id, but=keeps)


def _empty(session: Session, *, contribution_id: int, but: int | None) -> None:
    """Take words, tags and files from every revision of a contribution but one."""
    ids = select(Revision.id).where(Revision.contribution_id == contribution_id)
    if but is not None:
        ids = ids.where(Revision.id != but)
    session.execute(
        update(Revision)
        .where(Revision.id.in_(ids))
        .values(source="", html="", text="", words=0, language_spans=None, handed_back=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(RevisionTag).where(RevisionTag.revision_id.in_(ids)))
    session.execute(delete(RevisionAttachment).where(RevisionAttachment.revision_id.in_(ids)))
    session.expire_all()


def _drop_unsent(session: Session, contribution_id: int) -> None:
    """Drop the head of what was never sent, with its revisions: nobody else knows of it."""
    contribution = session.get_one(Contribution, contribution_id)
    if contribution.sent_at is not None or contribution.reference is not None:
        return
    if contribution.source is not None:
        return
    contribution.open_before_id = contribution.thread_id = None
    session.flush()
    session.execute(delete(Revision).where(Revision.contribution_id == contribution_id))
    session.delete(contribution)
    session.flush()


def _contents(session: Session, *, own: Collection[int], user_id: int) -> set[str]:
    """Return the contents of the person's files."""
    attached = session.scalars(
        select(RevisionAttachment.sha256)
        .join(Revision, Revision.id == RevisionAttachment.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(Contribution.id.in_(own))
    )
    uploaded = session.scalars(select(Upload.sha256).where(Upload.user_id == user_id))
    return {sha256 for sha256 in (*attached, *uploaded) if sha256}


def _forget_content(session: Session, sha256: str, *, erasing: Erasing) -> None:
    """Forget the words of a content that nothing refers to any more; its bytes follow."""
    if _is_used(session, sha256):
        return
    session.execute(
        update(Paper)
        .where(Paper.sha256 == sha256)
        .values(paragraphs=None, words=0, pages=None)
        .execution_options(synchronize_session=False)
    )
    emit(session, ContentForgotten(sha256=sha256), now=erasing.now)


def drop_content(session: Session, *, sha256: str, storage: BlobStorage) -> bool:
    """Drop the rows and the bytes of a content that nothing refers to; return whether it went.

    The row is held first, as `services.files` explains: whoever hands the same content in at this
    moment waits, and makes it anew.
    """
    held = session.scalar(select(Blob.sha256).where(Blob.sha256 == sha256).with_for_update())
    if held is None or _is_used(session, sha256):
        return False
    session.execute(delete(Paper).where(Paper.sha256 == sha256))
    session.execute(delete(Blob).where(Blob.sha256 == sha256))
    storage.delete(sha256)
    return True


def _is_used(session: Session, sha256: str) -> bool:
    refers = or_(
        exists().where(RevisionAttachment.sha256 == sha256),
        exists().where(Upload.sha256 == sha256),
    )
    return bool(session.scalar(select(refers)))


def _forget_address(session: Session, erasing: Erasing) -> None:
    """Forget where the person was asked about what staff filed for them."""
    theirs: list[ColumnElement[bool]] = [
        Intake.contribution_id.in_(contributions_of(erasing.author_ids))
    ]
    if erasing.email_key:
        theirs.append(Intake.email_key == erasing.email_key)
    session.execute(
        update(Intake)
        .where(or_(*theirs))
        .values(email=None, email_key=None)
        .execution_options(synchronize_session=False)
    )
