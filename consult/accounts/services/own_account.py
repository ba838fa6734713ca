"""What people change about their own account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from consult.accounts import policy, sessions
from consult.accounts.events import PasswordChanged, SessionsEnded
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.services.checks import (
    check_own_password,
    min_length,
    password_problem,
    raise_problems,
)
from consult.accounts.services.links import void_links
from consult.accounts.sessions import Client
from consult.accounts.states import UserStatus
from consult.core import audit, outbox
from consult.core.errors import Forbidden, Refusal
from consult.core.text import single_line


def change_profile(
    session: Session,
    *,
    user_id: int,
    name: str,
    locale: str,
    time_zone: str | None,
    now: dt.datetime,
) -> User:
    """Set a user's name, language and time zone (None for the forum's); raises `Invalid`."""
    is_zone = time_zone is None or time_zone in policy.time_zones()
    raise_problems(
        {
            "name": policy.name_problem(name, missing="name-missing"),
            "locale": None if policy.is_locale(locale) else "language-unknown",
            "time_zone": None if is_zone else "time-zone-unknown",
        }
    )
    user = _active(session, user_id=user_id)
    user.name, user.locale, user.time_zone = single_line(name), locale, time_zone
    audit.record(
        session, "account.change-profile", actor_id=user_id, now=now, subject=("user", user_id)
    )
    return user


def change_password(
    session: Session,
    *,
    user_id: int,
    old: str,
    new: str,
    keep: str | None,
    hasher: Hasher,
    client: Client,
    now: dt.datetime,
    site_words: Sequence[str] = (),
) -> bool:
    """Set a new password where the old one is right; other sessions end, mailed links die.

    Returns False where the old one is wrong: that is counted and audited, so it is no error.
    `keep` is the digest of the session that goes on. Raises `Invalid` (new_password) and
    `TooMany`.
    """
    user = _active(session, user_id=user_id)
    problem = password_problem(
        new,
        name=user.name,
        email=user.email or "",
        site_words=site_words,
        min_length=min_length(session, user_id=user_id),
    )
    raise_problems({"new_password": problem})
    is_right = check_own_password(
        session, user=user, password=old, hasher=hasher, client=client, now=now
    )
    entry = audit.record(
        session,
        "account.change-password" if is_right else "account.change-password-refused",
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
    )
    if not is_right:
        return False
    user.password_hash = hasher.hash(new)
    void_links(session, user_id=user_id)
    sessions.end_others(session, user_id=user_id, keep=keep)
    outbox.emit(session, PasswordChanged(user_id=user_id, entry_id=entry.id), now=now)
    return True


def end_session(session: Session, *, user_id: int, name: str, now: dt.datetime) -> str | None:
    """End the session of a user that their page calls `name`; return its digest, None for none."""
    ended = sessions.end_named(session, user_id=user_id, name=name)
    if ended is not None:
        audit.record(
            session,
            "account.end-sessions",
            actor_id=user_id,
            now=now,
            subject=("user", user_id),
            ended=1,
        )
        outbox.emit(session, SessionsEnded(user_id=user_id), now=now)
    return ended


def end_others(session: Session, *, user_id: int, keep: str | None, now: dt.datetime) -> int:
    """End a user's sessions but the one with the digest `keep`; return how many ended."""
    ended = sessions.end_others(session, user_id=user_id, keep=keep)
    audit.record(
        session,
        "account.end-sessions",
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
        ended=ended,
    )
    if ended:
        outbox.emit(session, SessionsEnded(user_id=user_id), now=now)
    return ended


def _active(session: Session, *, user_id: int) -> User:
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.status != UserStatus.ACTIVE:
        raise Forbidden(Refusal.SUSPENDED)
    return user
