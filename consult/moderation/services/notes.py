"""Private notes: what moderators tell each other about an item, and nobody else."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal
from consult.core.text import normalise
from consult.discussion.models import Contribution
from consult.discussion.services import threads
from consult.moderation.models import PrivateNote
from consult.moderation.services.claims import require_desk
from consult.moderation.states import MAX_NOTE


def add_note(
    session: Session, *, actor: Actor, contribution_id: int, words: str, now: dt.datetime
) -> PrivateNote:
    """Note something about an item of one's desk, in up to 2,000 characters.

    Raises `Invalid` for no words or more, `NotVisible` where the item is not on the actor's desk,
    `Forbidden` for an own text.
    """
    contribution = _open(session, actor=actor, contribution_id=contribution_id, now=now)
    text = normalise(words).strip()
    if not text:
        raise Invalid({"words": ["note-missing"]})
    if len(text) > MAX_NOTE:
        raise Invalid({"words": ["note-too-long"]})
    note = PrivateNote(
        contribution_id=contribution.id, user_id=actor.user_id, words=text, created_at=now
    )
    session.add(note)
    session.flush()
    _record(session, "note", note=note, actor=actor, now=now)
    return note


def take_note_away(
    session: Session, *, actor: Actor, contribution_id: int, note_id: int, now: dt.datetime
) -> None:
    """Take an own note away; one that is gone already stays so.

    Raises `NotVisible` and `Forbidden` as `add_note` does, and `Forbidden` for somebody else's.
    """
    contribution = _open(session, actor=actor, contribution_id=contribution_id, now=now)
    note = session.get(PrivateNote, note_id, populate_existing=True)
    if note is None:
        return
    if note.contribution_id != contribution.id:
        raise NotVisible
    if note.user_id is None or note.user_id != actor.user_id:
        raise Forbidden(Refusal.NOT_YOURS)
    _record(session, "note.remove", note=note, actor=actor, now=now)
    session.delete(note)
    session.flush()


def _open(
    session: Session, *, actor: Actor, contribution_id: int, now: dt.datetime
) -> Contribution:
    contribution = threads.locked(session, contribution_id)
    subject = require_desk(session, actor=actor, contribution=contribution, now=now)
    require(Permission.NOTE, actor=actor, subject=subject, now=now)
    return contribution


def _record(
    session: Session, act: str, *, note: PrivateNote, actor: Actor, now: dt.datetime
) -> None:
    audit.record(
        session,
        act,
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", note.contribution_id),
        note=note.id,
    )
