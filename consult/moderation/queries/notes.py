"""Private notes of moderators about an item."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.authz import Actor, Permission, refusal
from consult.discussion.models import Contribution
from consult.moderation.models import PrivateNote
from consult.moderation.policy import Deciding

NOTES_SHOWN = 100
"""The newest notes of an item that its page shows."""


@dataclass(frozen=True)
class NoteRow:
    """One note as colleagues read it."""

    id: int
    words: str
    by: str | None
    """Name of the colleague; None where their account is gone."""
    is_mine: bool
    at: dt.datetime


def notes_on(
    session: Session,
    contribution: Contribution,
    *,
    actor: Actor,
    subject: Deciding,
    now: dt.datetime,
) -> list[NoteRow] | None:
    """Return the notes on an item of the actor's desk, oldest first; None for whoever gets none.

    Who speaks for the author or typed the text gets none, be it on their own desk.
    """
    if refusal(Permission.NOTE, actor=actor, subject=subject, now=now) is not None:
        return None
    rows = session.execute(
        select(PrivateNote, User.name)
        .outerjoin(User, User.id == PrivateNote.user_id)
        .where(PrivateNote.contribution_id == contribution.id)
        .order_by(PrivateNote.id.desc())
        .limit(NOTES_SHOWN)
    ).all()
    return [
        NoteRow(
            id=note.id,
            words=note.words,
            by=name or None,
            is_mine=note.user_id is not None and note.user_id == actor.user_id,
            at=note.created_at,
        )
        for note, name in reversed(rows)
    ]
