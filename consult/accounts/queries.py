"""Reads about users and their sessions: finished rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from consult.accounts.models import User, UserSession
from consult.accounts.states import UserStatus


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in with which session; plain values of one query."""

    user_id: int
    name: str
    locale: str
    time_zone: str | None
    is_confirmed: bool
    digest: str
    began_at: dt.datetime
    seen_at: dt.datetime


@dataclass(frozen=True)
class SessionRow:
    """A session as its owner sees it."""

    began_at: dt.datetime
    seen_at: dt.datetime
    network: str
    agent: str
    is_current: bool


def user_by_email_key(session: Session, *, email_key: str) -> User | None:
    """Return the user with an address, given in the form that `policy.email_key` makes."""
    return session.scalars(select(User).where(User.email_key == email_key)).first()


def signed_in_by(session: Session, *, digest: str) -> SignedIn | None:
    """Return who is behind a session's digest, in one statement; only active users.

    Whether the session is over by time is for `sessions.is_over` to say.
    """
    row = session.execute(_signed_in(), {"digest": digest}).first()
    if row is None:
        return None
    user_id, name, locale, time_zone, confirmed_at, found, began_at, seen_at = row
    return SignedIn(
        user_id=user_id,
        name=name,
        locale=locale,
        time_zone=time_zone,
        is_confirmed=confirmed_at is not None,
        digest=found,
        began_at=began_at,
        seen_at=seen_at,
    )


@cache
def _signed_in() -> Select[Any]:
    """Return the statement of every request of somebody signed in, built once."""
    return (
        select(
            User.id,
            User.name,
            User.locale,
            User.time_zone,
            User.confirmed_at,
            UserSession.digest,
            UserSession.created_at,
            UserSession.last_seen_at,
        )
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.digest == bindparam("digest"), User.status == UserStatus.ACTIVE)
    )


def sessions_of(
    session: Session, *, user_id: int, current: str | None, since: dt.datetime
) -> Sequence[SessionRow]:
    """Return a user's sessions seen after `since`, the latest first."""
    rows = session.execute(
        select(
            UserSession.created_at,
            UserSession.last_seen_at,
            UserSession.network,
            UserSession.agent,
            UserSession.digest,
        )
        .where(UserSession.user_id == user_id, UserSession.last_seen_at > since)
        .order_by(UserSession.last_seen_at.desc(), UserSession.digest)
    )
    return [
        SessionRow(
            began_at=began, seen_at=seen, network=net, agent=agent, is_current=key == current
        )
        for began, seen, net, agent, key in rows
    ]
