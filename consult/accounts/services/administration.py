"""What organisers and commands do to accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from consult.accounts import policy, queries, sessions
from consult.accounts.events import SessionsEnded
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.services.checks import password_problem, raise_problems
from consult.accounts.services.links import void_links
from consult.accounts.states import UserStatus
from consult.core import audit
from consult.core.errors import Invalid, NotVisible
from consult.core.outbox import emit
from consult.core.text import single_line


def add_user(
    session: Session,
    *,
    email: str,
    name: str,
    hasher: Hasher,
    now: dt.datetime,
    password: str | None = None,
    locale: str = "en",
    is_demonstration: bool = False,
    actor_id: int | None = None,
    site_words: Sequence[str] = (),
) -> User:
    """Make a user whose address counts as confirmed; without a password they reset it by mail.

    Raises `Invalid` (name, email, password, locale), also for an address that is known: whoever
    runs commands may learn that.
    """
    raise_problems(
        {
            "email": policy.email_problem(email),
            "name": policy.name_problem(name),
            "locale": None if policy.is_locale(locale) else "language-unknown",
            "password": None
            if password is None
            else password_problem(password, name=name, email=email, site_words=site_words),
        }
    )
    key = policy.email_key(email)
    if queries.user_by_email_key(session, email_key=key) is not None:
        raise Invalid({"email": ["email-known"]})
    user = User(
        email=email.strip(),
        email_key=key,
        name=single_line(name),
        password_hash=hasher.hash(password) if password is not None else None,
        status=UserStatus.ACTIVE,
        locale=locale,
        confirmed_at=now,
        created_at=now,
        is_demonstration=is_demonstration,
    )
    session.add(user)
    session.flush()
    audit.record(session, "account.add", actor_id=actor_id, now=now, subject=("user", user.id))
    return user


def set_status(
    session: Session,
    *,
    user_id: int,
    status: UserStatus,
    now: dt.datetime,
    actor_id: int | None = None,
) -> User:
    """Suspend a user or let them in again; suspending ends every session and link at once.

    Erasing is another act. Raises `NotVisible` for an unknown or erased user.
    """
    if status is UserStatus.ERASED:
        raise ValueError("erasing is not a change of status")
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.status == UserStatus.ERASED:
        raise NotVisible
    before, user.status = user.status, status
    if status is UserStatus.SUSPENDED:
        sessions.end_all(session, user_id=user_id)
        void_links(session, user_id=user_id)
        emit(session, SessionsEnded(user_id=user_id), now=now)
    audit.record(
        session,
        "account.set-status",
        actor_id=actor_id,
        now=now,
        subject=("user", user_id),
        before=str(before),
        after=status.value,
    )
    return user
