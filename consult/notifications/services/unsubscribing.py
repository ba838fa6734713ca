"""Stopping mails from a mail, without signing in: the signed address is the authority.

What an address ends is named by the person's random id and by a word: a rhythm for digests, else a
digest of what they follow. No row id stands in it, and it does not expire (RFC 8058).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import tokens
from consult.core.errors import NotVisible
from consult.notifications.models import Subscription
from consult.notifications.queries.naming import PURPOSE, name_of
from consult.notifications.services import following
from consult.notifications.states import Rhythm, Subject
from consult.spaces.models import Space


@dataclass(frozen=True)
class Stoppable:
    """What an address in a mail ends."""

    user_id: int
    locale: str
    rhythm: Rhythm | None = None
    """The digests that it ends; None where it ends one subscription."""
    kind: Subject | None = None
    subject_id: int | None = None
    is_stopped: bool = False
    """Whether there is nothing left to end."""


def find(session: Session, *, token: str, secret_key: str) -> Stoppable:
    """Return what an address ends; raises `NotVisible` for one that was not made here."""
    if not tokens.is_genuine(token, PURPOSE, secret_key=secret_key):
        raise NotVisible
    uid, _, name = tokens.id_in(token).partition("-")
    user = session.scalars(select(User).where(User.uid == uid)).first()
    if user is None:
        raise NotVisible
    subscriptions = _subscriptions(session, user_id=user.id)
    if name in following.DIGESTS:
        rhythm = Rhythm(name)
        is_stopped = all(one.rhythm != rhythm for one in subscriptions)
        return Stoppable(user.id, user.locale, rhythm=rhythm, is_stopped=is_stopped)
    for one in subscriptions:
        kind = Subject(one.subject_kind)
        if name_of(kind, one.subject_id, uid=uid, secret_key=secret_key) == name:
            is_stopped = one.rhythm == Rhythm.NONE
            return Stoppable(
                user.id,
                user.locale,
                kind=kind,
                subject_id=one.subject_id,
                is_stopped=is_stopped,
            )
    # Somebody who was reminded of a text that they had begun follows nothing yet.
    for space_id in session.scalars(select(Space.id)):
        if name_of(Subject.SPACE, space_id, uid=uid, secret_key=secret_key) == name:
            return Stoppable(user.id, user.locale, kind=Subject.SPACE, subject_id=space_id)
    return Stoppable(user.id, user.locale, is_stopped=True)


def stop(session: Session, what: Stoppable, *, now: dt.datetime) -> None:
    """End what an address ends; again, it changes nothing."""
    if what.kind is not None and what.subject_id is not None:
        following.follow(
            session,
            user_id=what.user_id,
            kind=what.kind,
            subject_id=what.subject_id,
            rhythm=Rhythm.NONE,
            now=now,
        )
        return
    for one in _subscriptions(session, user_id=what.user_id):
        if one.rhythm == what.rhythm:
            following.change(session, one, rhythm=Rhythm.NONE, now=now)


def stop_everything(session: Session, *, user_id: int, now: dt.datetime) -> None:
    """End everything that somebody follows, and that it begins by itself."""
    for one in _subscriptions(session, user_id=user_id):
        following.change(session, one, rhythm=Rhythm.NONE, now=now)
    following.set_follows_own(session, user_id=user_id, follows_own=False, now=now)


def _subscriptions(session: Session, *, user_id: int) -> Sequence[Subscription]:
    return session.scalars(
        select(Subscription).where(Subscription.user_id == user_id).order_by(Subscription.id)
    ).all()
