"""New texts for own contributions: an edit, a returned text sent again, one taken back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.discussion.models import Contribution, Revision, RevisionAttachment, RevisionTag
from consult.discussion.policy import Writing
from consult.discussion.queries.own import OwnTexts, texts_of
from consult.discussion.services import threads
from consult.discussion.services.revisions import mark_sent, move, new_draft
from consult.discussion.services.texts import Words, keep, prepare, prepare_draft
from consult.discussion.states import Act, RevisionState
from consult.spaces.models import Space
from consult.spaces.services.consents import require_consents

NO_GRACE = dt.timedelta(0)


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
    lock: int | None = None,
) -> Revision:
    """Send a new text for an own contribution: an edit, or a returned text again.

    A draft that was kept of it is what is sent; there is never a second one. `seen` is the number
    of the newest sent text when the form was opened, `lock` how often the draft had been saved by
    then, None where nobody knows. Raises `StaleState` with the other text where another window
    changed either, `Forbidden`, `Invalid`.
    """
    contribution = threads.locked(session, contribution.id)
    texts = texts_of(session, contribution)
    _require(texts, actor=actor, contribution=contribution, space=space, grace=grace, now=now)
    require_consents(session, actor=actor, forum_id=space.forum_id)
    newest = _unchanged(texts, seen=seen, lock=lock)
    prepared = prepare(words)
    if texts.waiting is not None:
        move(session, texts.waiting, act=Act.REPLACE)
        contribution.open_revision_id = None
        session.flush()
    revision = _draft(session, contribution, texts, newest, actor=actor, now=now)
    if revision is not newest:
        # A moderator may have published a redacted text since the draft was begun.
        revision.number = max(revision.number, newest.number + 1)
    keep(
        session,
        contribution=contribution,
        revision=revision,
        prepared=prepared,
        words=words,
        actor=actor,
    )
    mark_sent(session, contribution=contribution, revision=revision, actor=actor, now=now)
    return revision


def save_revision(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    space: Space,
    seen: int,
    words: Words,
    lock: int | None,
    now: dt.datetime,
) -> Revision:
    """Keep a new text for an own contribution on the server without sending it.

    The first one becomes a draft based on the returned text, else on the published one; readers
    and moderators see nothing of it. `seen` and `lock` as in `send_revision`. Raises `Invalid`
    where a text waits already, because there is no room for a draft beside it; `Forbidden` and
    `StaleState` as sending does.
    """
    contribution = threads.locked(session, contribution.id)
    texts = texts_of(session, contribution)
    _require(texts, actor=actor, contribution=contribution, space=space, grace=NO_GRACE, now=now)
    if texts.waiting is not None:
        raise Invalid({"body": ["draft-not-here"]})
    newest = _unchanged(texts, seen=seen, lock=lock)
    prepared = prepare_draft(words)
    revision = _draft(session, contribution, texts, newest, actor=actor, now=now)
    keep(
        session,
        contribution=contribution,
        revision=revision,
        prepared=prepared,
        words=words,
        actor=actor,
    )
    revision.saved_at, revision.lock = now, revision.lock + 1
    session.flush()
    return revision


def discard(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    space: Space,
    lock: int | None,
    now: dt.datetime,
) -> None:
    """Throw away what was kept and not sent; a returned text is the open one again.

    The row goes for good: what was never sent is nobody's business. With a first text goes the
    head that was made for it. Does nothing where there is no draft any more. Raises `StaleState`
    with the other text where it was saved or sent meanwhile.
    """
    contribution = threads.locked(session, contribution.id)
    texts = texts_of(session, contribution)
    if texts.waiting is not None:
        raise StaleState(theirs=texts.waiting.source)
    if texts.draft is None:
        return
    if lock not in {None, texts.draft.lock}:
        raise StaleState(theirs=texts.draft.source)
    _require_open(texts, actor=actor, contribution=contribution, space=space, now=now)
    _drop(session, contribution, texts)


def take_back(
    session: Session, *, actor: Actor, contribution: Contribution, space: Space, now: dt.datetime
) -> None:
    """Take an undecided text out of the queue, or away from the focal point; a published one
    stays. A draft is discarded.
    """
    contribution = threads.locked(session, contribution.id)
    texts = texts_of(session, contribution)
    _require_open(texts, actor=actor, contribution=contribution, space=space, now=now)
    if texts.waiting is None:
        _drop(session, contribution, texts)
        return
    move(session, texts.waiting, act=Act.TAKE_BACK)
    contribution.open_revision_id = None
    contribution.version += 1
    audit.record(
        session,
        "take-back",
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        revision=texts.waiting.id,
    )


def _require_open(
    texts: OwnTexts, *, actor: Actor, contribution: Contribution, space: Space, now: dt.datetime
) -> None:
    """Raise `Forbidden` where there is nothing undecided to take back."""
    undecided = texts.draft or texts.waiting
    state = RevisionState(undecided.state) if undecided else None
    subject = Writing(space=space, contribution=contribution, open_state=state)
    require(Permission.TAKE_BACK, actor=actor, subject=subject, now=now)


def _require(
    texts: OwnTexts,
    *,
    actor: Actor,
    contribution: Contribution,
    space: Space,
    grace: dt.timedelta,
    now: dt.datetime,
) -> None:
    """Raise `Forbidden` where no new text may be written for this contribution."""
    require(
        Permission.RESUBMIT if texts.returned_at else Permission.EDIT,
        actor=actor,
        subject=Writing(
            space=space,
            contribution=contribution,
            grace=grace,
            returned_at=texts.returned_at,
        ),
        now=now,
    )
    if texts.base is None or texts.newest is None:
        raise Forbidden(Refusal.WRONG_STATE)


def _unchanged(texts: OwnTexts, *, seen: int, lock: int | None) -> Revision:
    """Return the newest sent text if the form knew of it and of the draft as it stands."""
    if texts.newest is None:
        raise Forbidden(Refusal.WRONG_STATE)
    if texts.newest.number != seen:
        raise StaleState(theirs=texts.newest.source)
    if texts.draft is not None and lock not in {None, texts.draft.lock}:
        raise StaleState(theirs=texts.draft.source)
    return texts.newest


def _draft(
    session: Session,
    contribution: Contribution,
    texts: OwnTexts,
    newest: Revision,
    *,
    actor: Actor,
    now: dt.datetime,
) -> Revision:
    """Return the draft that is continued, or a new one."""
    revision = texts.draft
    if revision is None:
        number = newest.number + 1
        revision = new_draft(
            session, contribution=contribution, actor=actor, number=number, now=now
        )
        # No draft counts from where a discarded one had been: a window that still shows that one
        # must not take this for it.
        revision.lock = contribution.version
    revision.submitted_by = actor.user_id
    base = texts.returned or texts.published or newest
    revision.base_id = base.id if base is not revision else None
    return revision


def _drop(session: Session, contribution: Contribution, texts: OwnTexts) -> None:
    draft = texts.draft
    if draft is None:
        return
    contribution.open_revision_id = texts.returned.id if texts.returned else None
    contribution.version = max(contribution.version, draft.lock) + 1
    session.flush()
    session.execute(delete(RevisionTag).where(RevisionTag.revision_id == draft.id))
    session.execute(delete(RevisionAttachment).where(RevisionAttachment.revision_id == draft.id))
    session.delete(draft)
    session.flush()
    if texts.newest in {None, draft}:
        session.delete(contribution)
        session.flush()
