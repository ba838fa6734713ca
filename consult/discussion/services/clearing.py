"""Clearance inside a delegation: its focal point releases a text, or hands it back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from consult.core import audit, text
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.core.outbox import emit
from consult.discussion.events import ContributionSent, TextHandedBack
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Clearing
from consult.discussion.services import threads
from consult.discussion.services.revisions import move, newest_revision, open_revision
from consult.discussion.states import Act, RevisionState
from consult.spaces.queries.delegations import membership_of

MAX_WORDS = 2000
"""Characters of what a focal point writes to a text."""


def mark_of(revision: Revision) -> str:
    """Return what tells one sending of a text from the next, for the form that shows it."""
    return f"{revision.number}.{revision.lock}"


def release(
    session: Session, *, actor: Actor, contribution: Contribution, seen: str, now: dt.datetime
) -> Revision:
    """Send a text on to the moderators that its delegation's focal point has read.

    `seen` is the `mark_of` the text that was read. What was sent before the closing can be released
    after it. Raises `Forbidden`, and `StaleState` with the text that stands there now where
    another one was sent, taken back or released meanwhile.
    """
    contribution = threads.locked(session, contribution.id)
    revision = _seen(session, actor=actor, contribution=contribution, seen=seen, now=now)
    move(
        session,
        revision,
        act=Act.RELEASE,
        released_by=actor.user_id,
        released_at=now,
        waits_since=now,
    )
    contribution.version += 1
    session.flush()
    audit.record(
        session,
        str(Act.RELEASE),
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        revision=revision.id,
        number=revision.number,
        author=contribution.author_id,
    )
    event = ContributionSent(contribution_id=contribution.id, revision_id=revision.id)
    emit(session, event, now=now)
    return revision


def hand_back(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    seen: str,
    words: str,
    now: dt.datetime,
) -> Revision:
    """Give a text back to the delegation's writers as a draft, with what has to change.

    Nobody else learns of it; the words go with the next sending, which is taken for seven days even
    after the closing, as of a returned text. `seen` and what is raised are as in `release`;
    `Invalid` (words) where they are missing or have more than 2,000 characters.
    """
    said = text.normalise(words).strip()
    if not said or len(said) > MAX_WORDS:
        raise Invalid({"words": ["too-long" if said else "missing"]})
    contribution = threads.locked(session, contribution.id)
    revision = _seen(session, actor=actor, contribution=contribution, seen=seen, now=now)
    move(
        session,
        revision,
        act=Act.HAND_BACK,
        handed_back=said,
        sent_at=None,
        decided_at=now,
        saved_at=now,
        lock=revision.lock + 1,
    )
    contribution.version += 1
    session.flush()
    audit.record(
        session,
        str(Act.HAND_BACK),
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        words={"words": said},
        revision=revision.id,
        number=revision.number,
        author=contribution.author_id,
    )
    event = TextHandedBack(contribution_id=contribution.id, revision_id=revision.id)
    emit(session, event, now=now)
    return revision


def _seen(
    session: Session, *, actor: Actor, contribution: Contribution, seen: str, now: dt.datetime
) -> Revision:
    """Return the text that waits if it is the one that the focal point has read."""
    membership, is_active = membership_of(
        session, author_id=contribution.author_id, user_id=actor.user_id
    )
    revision = open_revision(session, contribution)
    state = RevisionState(revision.state) if revision is not None else RevisionState.CANCELLED
    subject = Clearing(contribution, state, membership, is_active)
    try:
        require(Permission.RELEASE, actor=actor, subject=subject, now=now)
    except Forbidden as error:
        if error.refusal is not Refusal.WRONG_STATE:
            raise
        stands = revision or newest_revision(session, contribution_id=contribution.id)
        raise StaleState(theirs=stands.source, state=stands.state) from None
    if revision is None or mark_of(revision) != seen:
        raise StaleState(theirs=revision.source if revision is not None else "", state=state)
    return revision
