"""New texts for own contributions: an edit, a returned text sent again, one taken back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Refusal, StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Writing
from consult.discussion.services import threads
from consult.discussion.services.revisions import (
    mark_sent,
    move,
    new_draft,
    newest_revision,
    open_revision,
)
from consult.discussion.services.texts import (
    Words,
    objective_ids,
    prepare,
    tag,
    write_into,
)
from consult.discussion.states import Act, RevisionState
from consult.spaces.models import Space


def send_revision(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    space: Space,
    seen: int,
    words: Words,
    now: dt.datetime,
    grace: dt.timedelta,
) -> Revision:
    """Send a new text for an own contribution: an edit, or a returned text again.

    `seen` is the number of the newest revision when the form was opened. Raises `StaleState`
    where another one was sent meanwhile, `Forbidden`, `Invalid`.
    """
    contribution = threads.locked(session, contribution.id)
    newest = newest_revision(session, contribution_id=contribution.id)
    open_one = open_revision(session, contribution)
    returned = open_one is not None and open_one.state == RevisionState.RETURNED
    require(
        Permission.RESUBMIT if returned else Permission.EDIT,
        actor=actor,
        subject=Writing(
            space=space,
            contribution=contribution,
            open_state=open_one.state if open_one else None,
            grace=grace,
            returned_at=open_one.decided_at if open_one else None,
        ),
        now=now,
    )
    if open_one is None and contribution.published_revision_id is None:
        raise Forbidden(Refusal.WRONG_STATE)
    if newest.number != seen:
        raise StaleState(theirs=newest.source)
    prepared = prepare(words)
    ids = objective_ids(session, space_id=space.id, numbers=words.objectives)
    if open_one is not None and open_one.state != RevisionState.DRAFT and not returned:
        move(session, open_one, act=Act.REPLACE)
        contribution.open_revision_id = None
        session.flush()
    base_id = contribution.published_revision_id or newest.id
    revision = new_draft(
        session, contribution=contribution, actor=actor, number=newest.number + 1, now=now
    )
    revision.base_id = open_one.id if returned and open_one else base_id
    write_into(revision, prepared)
    tag(session, revision=revision, objective_ids=ids)
    mark_sent(session, contribution=contribution, revision=revision, actor=actor, now=now)
    return revision


def take_back(
    session: Session, *, actor: Actor, contribution: Contribution, space: Space, now: dt.datetime
) -> None:
    """Take an undecided text out of the queue; a published one stays."""
    contribution = threads.locked(session, contribution.id)
    open_one = open_revision(session, contribution)
    require(
        Permission.TAKE_BACK,
        actor=actor,
        subject=Writing(
            space=space,
            contribution=contribution,
            open_state=open_one.state if open_one else None,
        ),
        now=now,
    )
    if open_one is None:
        raise Forbidden(Refusal.WRONG_STATE)
    move(session, open_one, act=Act.TAKE_BACK)
    contribution.open_revision_id = None
    contribution.version += 1
    audit.record(
        session,
        "take-back",
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        revision=open_one.id,
    )
