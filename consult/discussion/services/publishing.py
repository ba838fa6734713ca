"""Carrying out what moderators decide on a waiting text."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from consult.core.errors import StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import is_public
from consult.discussion.services import threads
from consult.discussion.services.revisions import move
from consult.discussion.states import Act, RevisionOrigin, RevisionState
from consult.spaces.models import Space


def waiting_revision(session: Session, *, contribution: Contribution, number: int) -> Revision:
    """Return the pending revision that a moderator saw.

    Raises `StaleState` where it is not the open one any more or was decided meanwhile.
    """
    revision = session.scalars(
        select(Revision)
        .where(Revision.contribution_id == contribution.id, Revision.number == number)
        .execution_options(populate_existing=True)
    ).first()
    if (
        revision is None
        or revision.id != contribution.open_revision_id
        or revision.state != RevisionState.PENDING
    ):
        raise StaleState(revision=revision.id if revision else None)
    return revision


def publish(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    space: Space,
    now: dt.datetime,
) -> None:
    """Make exactly this pending revision the one that readers get; does not unhide.

    The older published one is superseded; a first publication gives the reference. Raises
    `StaleState` where somebody was faster.
    """
    was_public = is_public(contribution)
    _replace_public(session, contribution, revision, act=Act.APPROVE, now=now)
    _point(session, contribution=contribution, open_id=revision.id, published_id=revision.id)
    _follow(session, contribution, space=space, was_public=was_public, now=now)


def publish_after_all(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    space: Space,
    now: dt.datetime,
) -> None:
    """Make a rejected revision the one that readers get, as `publish` does with a waiting one.

    An unsent draft stays open beside it. Raises `StaleState` where it is not rejected any more.
    """
    was_public = is_public(contribution)
    _replace_public(session, contribution, revision, act=Act.UPHOLD, now=now)
    contribution.published_revision_id = revision.id
    _follow(session, contribution, space=space, was_public=was_public, now=now)


def reject_again(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    decided_at: dt.datetime,
    now: dt.datetime,
) -> None:
    """Undo `publish_after_all`: the text is rejected as before, readers get the older one.

    `decided_at` is when it was rejected. Raises `StaleState` where a newer text is open or
    another one is public.
    """
    if contribution.open_revision_id is not None:
        raise StaleState
    if contribution.published_revision_id != revision.id:
        raise StaleState
    was_public = is_public(contribution)
    move(session, revision, act=Act.UNDO_UPHOLD, decided_at=decided_at)
    _reinstate_older(session, contribution, revision)
    threads.public_change(session, contribution, was_public=was_public, now=now)


def _replace_public(
    session: Session, contribution: Contribution, revision: Revision, *, act: Act, now: dt.datetime
) -> None:
    """Carry a text to publication; the one that was public until now is superseded."""
    older_id = contribution.published_revision_id
    move(session, revision, act=act, decided_at=now)
    if older_id is not None:
        older = session.get_one(Revision, older_id, populate_existing=True)
        move(session, older, act=Act.SUPERSEDE)
        contribution.edited_at = now


def _follow(
    session: Session,
    contribution: Contribution,
    *,
    space: Space,
    was_public: bool,
    now: dt.datetime,
) -> None:
    """Do what follows every publication: reference, versions, counts, index."""
    contribution.first_published_at = contribution.first_published_at or now
    threads.give_reference(session, contribution, space=space)
    threads.public_change(session, contribution, was_public=was_public, now=now)


def send_back(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    now: dt.datetime,
) -> None:
    """Return a pending text to its author; it stays the open one until a new draft exists."""
    move(session, revision, act=Act.RETURN, decided_at=now)
    contribution.version += 1


def reject(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    now: dt.datetime,
) -> None:
    """Refuse a pending text for good, an appeal apart."""
    move(session, revision, act=Act.REJECT, decided_at=now)
    if contribution.open_revision_id != revision.id:
        raise StaleState
    contribution.open_revision_id = None
    contribution.version += 1
    session.flush()


def take_back_decision(
    session: Session, *, contribution: Contribution, revision: Revision, now: dt.datetime
) -> None:
    """Undo an approval, return or rejection: the text waits again, readers get the older one.

    The reference stays; `public_version` grows. Raises `StaleState` where a newer revision is
    open.
    """
    other = contribution.open_revision_id
    if other is not None and other != revision.id:
        raise StaleState
    was_public = is_public(contribution)
    was_published = contribution.published_revision_id == revision.id
    move(session, revision, act=Act.UNDO, decided_at=None)
    contribution.open_revision_id = revision.id
    contribution.version += 1
    session.flush()
    if not was_published:
        return
    _reinstate_older(session, contribution, revision)
    threads.public_change(session, contribution, was_public=was_public, now=now)


def _reinstate_older(session: Session, contribution: Contribution, revision: Revision) -> None:
    """Give readers the text that they had before this one; nothing where it was the first.

    From what was public before, the newest decision tells which that was: a text that waits may
    have a lower number than the redaction that it takes the place of. The base of a redaction is
    never given back here.
    """
    shortened = aliased(Revision)
    is_base = exists().where(
        shortened.base_id == Revision.id,
        shortened.origin == RevisionOrigin.REDACTION,
        shortened.state == RevisionState.SUPERSEDED,
    )
    older = session.scalars(
        select(Revision)
        .where(
            Revision.contribution_id == contribution.id,
            Revision.id != revision.id,
            Revision.state == RevisionState.SUPERSEDED,
            ~is_base,
        )
        .order_by(Revision.decided_at.is_(None), Revision.decided_at.desc(), Revision.number.desc())
        .limit(1)
    ).first()
    contribution.published_revision_id = older.id if older else None
    contribution.edited_at = _edited_at(session, older) if older is not None else None
    if older is not None:
        move(session, older, act=Act.REINSTATE)


def _edited_at(session: Session, revision: Revision) -> dt.datetime | None:
    """Return when a text became public as an edit; None where its author's first one did.

    A redaction is no edit: what counts is the text under it.
    """
    written = revision
    while written.origin == RevisionOrigin.REDACTION and written.base_id is not None:
        written = session.get_one(Revision, written.base_id)
    return None if _is_first_published(session, written) else written.decided_at


def _is_first_published(session: Session, revision: Revision) -> bool:
    """Whether no text of the contribution was public before this one."""
    return (
        session.scalar(
            select(Revision.id)
            .where(
                Revision.contribution_id == revision.contribution_id,
                Revision.state == RevisionState.SUPERSEDED,
                Revision.origin != RevisionOrigin.REDACTION,
                Revision.number < revision.number,
            )
            .limit(1)
        )
        is None
    )


def _point(
    session: Session, *, contribution: Contribution, open_id: int, published_id: int
) -> None:
    result = session.execute(
        update(Contribution)
        .where(Contribution.id == contribution.id, Contribution.open_revision_id == open_id)
        .values(published_revision_id=published_id, open_revision_id=None)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleState
    contribution.published_revision_id = published_id
    contribution.open_revision_id = None
