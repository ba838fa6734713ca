"""The rows of texts: the newest, the open one, a new draft, what is sent."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor
from consult.core.errors import StaleState
from consult.core.outbox import emit
from consult.discussion.events import ClearanceWanted, ContributionSent
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import threads
from consult.discussion.states import Act, RevisionState, after
from consult.spaces.queries.delegations import needs_release


def newest_revision(session: Session, *, contribution_id: int) -> Revision:
    """Return a contribution's revision with the highest number."""
    return session.scalars(
        select(Revision)
        .where(Revision.contribution_id == contribution_id)
        .order_by(Revision.number.desc())
        .limit(1)
    ).one()


def open_revision(session: Session, contribution: Contribution) -> Revision | None:
    """Return the draft, waiting or returned revision, if there is one."""
    if contribution.open_revision_id is None:
        return None
    return session.get(Revision, contribution.open_revision_id, populate_existing=True)


def move(session: Session, revision: Revision, *, act: Act, **values: object) -> None:
    """Carry a revision through the transition table, compare and set.

    Raises `StaleState` where the act is not allowed from its state, or where the row is not
    in that state any more.
    """
    target = after(act, RevisionState(revision.state))
    if target is None:
        raise StaleState(state=revision.state)
    result = session.execute(
        update(Revision)
        .where(Revision.id == revision.id, Revision.state == revision.state)
        .values(state=target, **values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleState(state=revision.state)
    session.refresh(revision)


def new_draft(
    session: Session, *, contribution: Contribution, actor: Actor, number: int, now: dt.datetime
) -> Revision:
    """Add an empty draft and make it the open revision."""
    revision = Revision(
        contribution_id=contribution.id,
        number=number,
        state=RevisionState.DRAFT,
        submitted_by=actor.user_id,
        language="en",
        renderer_version=0,
        created_at=now,
        saved_at=now,
    )
    session.add(revision)
    session.flush()
    contribution.open_revision_id = revision.id
    session.flush()
    return revision


def open_draft(
    session: Session,
    *,
    contribution: Contribution,
    actor: Actor,
    lock: int | None,
    now: dt.datetime,
) -> Revision:
    """Return the draft that is continued, or a first one.

    `lock` is how often it had been saved when its form was opened, None where nobody knows. Raises
    `StaleState` with the other text where it was saved or sent meanwhile.
    """
    contribution = threads.locked(session, contribution.id)
    open_one = open_revision(session, contribution)
    if open_one is None:
        return new_draft(session, contribution=contribution, actor=actor, number=1, now=now)
    if open_one.state != RevisionState.DRAFT or lock not in {None, open_one.lock}:
        raise StaleState(theirs=open_one.source)
    open_one.submitted_by = actor.user_id
    return open_one


def mark_sent(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    actor: Actor,
    now: dt.datetime,
    received_at: dt.datetime | None = None,
) -> None:
    """Send a draft to the moderators, or to its delegation's focal point: receipt, instant, audit
    entry and event.

    What a focal point has still to release counts as sent from now on. `received_at` is when staff
    received what they file for somebody else; from then on it waits.
    """
    session.flush()
    is_cleared_first = needs_release(
        session, author_id=contribution.author_id, user_id=actor.user_id
    )
    act = Act.SEND_FOR_CLEARANCE if is_cleared_first else Act.SEND
    move(
        session,
        revision,
        act=act,
        sent_at=now,
        waits_since=received_at or now,
        decided_at=None,
        handed_back=None,
        lock=revision.lock + 1,
    )
    contribution.receipt = contribution.receipt or threads.new_receipt()
    contribution.sent_at = contribution.sent_at or now
    contribution.version += 1
    session.flush()
    audit.record(
        session,
        str(act),
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        revision=revision.id,
        number=revision.number,
        author=contribution.author_id,
    )
    event = ClearanceWanted if is_cleared_first else ContributionSent
    emit(session, event(contribution_id=contribution.id, revision_id=revision.id), now=now)
