"""Taking texts out of view: hide, restore, withdraw, erase."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import StaleState
from consult.discussion.models import (
    Contribution,
    Revision,
    RevisionAttachment,
)
from consult.discussion.policy import Writing, is_public
from consult.discussion.services import threads
from consult.discussion.services.revisions import move, open_revision
from consult.discussion.states import Act, Removed, RevisionState, before
from consult.spaces.models import Space

_IN_THE_QUEUE = frozenset({RevisionState.CLEARANCE, RevisionState.PENDING})


def hide(session: Session, *, contribution: Contribution, seen: int, now: dt.datetime) -> None:
    """Take a published text from view.

    `seen` is the id of the published revision that the moderator saw. Raises `StaleState`
    where another one is public now or it was removed already.
    """
    if contribution.published_revision_id != seen or contribution.removed != Removed.NONE:
        raise StaleState
    _remove(session, contribution=contribution, as_=Removed.HIDDEN, now=now)


def restore(session: Session, *, contribution: Contribution, seen: int, now: dt.datetime) -> None:
    """Show a hidden text again; raises `StaleState` where it is not hidden any more."""
    if contribution.published_revision_id != seen or contribution.removed != Removed.HIDDEN:
        raise StaleState
    if not session.get_one(Revision, seen).source:
        # A place that was imported without its words has nothing to be shown.
        raise StaleState
    _remove(session, contribution=contribution, as_=Removed.NONE, now=now)


def withdraw(
    session: Session, *, actor: Actor, contribution: Contribution, space: Space, now: dt.datetime
) -> None:
    """Withdraw an own text; a waiting one is cancelled, a draft stays as it is. Always possible."""
    contribution = threads.locked(session, contribution.id)
    require(
        Permission.WITHDRAW,
        actor=actor,
        subject=Writing(space=space, contribution=contribution),
        now=now,
    )
    open_one = open_revision(session, contribution)
    if open_one is not None and open_one.state in _IN_THE_QUEUE:
        move(session, open_one, act=Act.TAKE_BACK)
    contribution.open_before_id = contribution.open_revision_id
    contribution.open_revision_id = None
    contribution.removed_before = contribution.removed
    _remove(session, contribution=contribution, as_=Removed.WITHDRAWN, now=now)
    _note(session, "withdraw", actor=actor, contribution=contribution, now=now)


def take_away(session: Session, *, contribution: Contribution, now: dt.datetime) -> None:
    """Withdraw a text that is not its author's, whatever state it is in; nothing brings it back.

    What was erased stays as it is.
    """
    open_one = open_revision(session, contribution)
    if open_one is not None and open_one.state != RevisionState.RETURNED:
        move(session, open_one, act=Act.TAKE_BACK)
    contribution.open_revision_id = contribution.open_before_id = None
    if contribution.removed in {Removed.WITHDRAWN, Removed.ERASED}:
        return
    contribution.removed_before = Removed.WITHDRAWN
    _remove(session, contribution=contribution, as_=Removed.WITHDRAWN, now=now)


def undo_withdrawal(
    session: Session, *, actor: Actor, contribution: Contribution, space: Space, now: dt.datetime
) -> None:
    """Give back what stood before a withdrawal of at most a minute ago; hidden stays hidden."""
    contribution = threads.locked(session, contribution.id)
    require(
        Permission.RESTORE_OWN,
        actor=actor,
        subject=Writing(space=space, contribution=contribution),
        now=now,
    )
    _reopen(session, contribution)
    before = Removed(contribution.removed_before)
    contribution.removed_before = Removed.NONE
    _remove(session, contribution=contribution, as_=before, now=now)
    _note(session, "undo-withdrawal", actor=actor, contribution=contribution, now=now)


def _reopen(session: Session, contribution: Contribution) -> None:
    """Open the text again that the withdrawal closed, in the state it had."""
    if contribution.open_before_id is None:
        return
    closed = session.get_one(Revision, contribution.open_before_id, populate_existing=True)
    if closed.state in before(Act.REOPEN):
        move(session, closed, act=Act.REOPEN)
    contribution.open_revision_id = closed.id
    contribution.open_before_id = None


def erase(session: Session, *, contribution: Contribution, actor: Actor, now: dt.datetime) -> None:
    """Blank every body column of a contribution for good; its place becomes a tombstone."""
    contribution = threads.locked(session, contribution.id)
    open_one = open_revision(session, contribution)
    if open_one is not None and open_one.state != RevisionState.RETURNED:
        move(session, open_one, act=Act.TAKE_BACK)
    ids = select(Revision.id).where(Revision.contribution_id == contribution.id)
    session.execute(
        update(Revision)
        .where(Revision.contribution_id == contribution.id)
        .values(source="", html="", text="", words=0)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(RevisionAttachment)
        .where(RevisionAttachment.revision_id.in_(ids))
        .values(name="", sha256=None)
        .execution_options(synchronize_session=False)
    )
    contribution.open_revision_id = None
    _remove(session, contribution=contribution, as_=Removed.ERASED, now=now)
    _note(session, "erase", actor=actor, contribution=contribution, now=now)
    session.expire_all()


def _remove(
    session: Session, *, contribution: Contribution, as_: Removed, now: dt.datetime
) -> None:
    was_public = is_public(contribution)
    contribution.removed = as_
    contribution.removed_at = now if as_ != Removed.NONE else None
    session.flush()
    if contribution.reference is None:
        # Readers never saw it: nothing of theirs changes, not even a version.
        contribution.version += 1
        session.flush()
        return
    threads.public_change(session, contribution, was_public=was_public, now=now)


def _note(
    session: Session, act: str, *, actor: Actor, contribution: Contribution, now: dt.datetime
) -> None:
    audit.record(
        session,
        act,
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        removed=contribution.removed,
    )
