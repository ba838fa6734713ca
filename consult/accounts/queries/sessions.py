"""Reads about sessions: who is signed in, and where else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from consult.accounts.models import SecondFactor, User, UserSession
from consult.accounts.states import SessionStage, UserStatus

NAME = 16
"""Digits of the digest by which its owner's page calls a session."""


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
    proved_at: dt.datetime | None = None
    """When the password, and the code where one is asked for, were given last."""
    has_second_factor: bool = False


@dataclass(frozen=True)
class HalfSignedIn:
    """Somebody whose password was right and whose code is still asked for."""

    user_id: int
    email_key: str
    began_at: dt.datetime


@dataclass(frozen=True)
class SessionRow:
    """A session as its owner sees it."""

    name: str
    """Names it on the page of its owner; opens nothing."""
    began_at: dt.datetime
    seen_at: dt.datetime
    network: str
    agent: str
    is_current: bool


def signed_in_by(session: Session, *, digest: str) -> SignedIn | None:
    """Return who is behind a session's digest, in one statement; only active users.

    Whoever still owes the second factor is not signed in. Whether the session is over by time is
    for `sessions.is_over` to say.
    """
    row = session.execute(_signed_in(), {"digest": digest}).first()
    if row is None:
        return None
    values = row._asdict()
    confirmed_at, switched_on_at = values.pop("confirmed_at"), values.pop("switched_on_at")
    return SignedIn(
        **values,
        is_confirmed=confirmed_at is not None,
        has_second_factor=switched_on_at is not None,
    )


@cache
def _signed_in() -> Select[Any]:
    """Return the statement of every request of somebody signed in, built once."""
    return (
        select(
            User.id.label("user_id"),
            User.name,
            User.locale,
            User.time_zone,
            User.confirmed_at,
            UserSession.digest,
            UserSession.created_at.label("began_at"),
            UserSession.last_seen_at.label("seen_at"),
            UserSession.proved_at,
            SecondFactor.confirmed_at.label("switched_on_at"),
        )
        .join(User, User.id == UserSession.user_id)
        .outerjoin(SecondFactor, SecondFactor.user_id == UserSession.user_id)
        .where(
            UserSession.digest == bindparam("digest"),
            UserSession.stage == SessionStage.FULL,
            User.status == UserStatus.ACTIVE,
        )
    )


def half_signed_in_by(session: Session, *, digest: str) -> HalfSignedIn | None:
    """Return who gave the right password in a browser that still owes the code."""
    row = session.execute(
        select(User.id, User.email_key, UserSession.created_at)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.digest == digest,
            UserSession.stage == SessionStage.PASSWORD,
            User.status == UserStatus.ACTIVE,
        )
    ).first()
    if row is None:
        return None
    user_id, email_key, began_at = row
    return HalfSignedIn(user_id=user_id, email_key=email_key or "", began_at=began_at)


def sessions_of(
    session: Session, *, user_id: int, current: str | None, since: dt.datetime
) -> Sequence[SessionRow]:
    """Return a user's sessions seen after `since`, the current one first, then the latest."""
    rows = session.execute(
        select(
            UserSession.created_at,
            UserSession.last_seen_at,
            UserSession.network,
            UserSession.agent,
            UserSession.digest,
        )
        .where(
            UserSession.user_id == user_id,
            UserSession.last_seen_at > since,
            UserSession.stage == SessionStage.FULL,
        )
        .order_by(
            (UserSession.digest == (current or "")).desc(),
            UserSession.last_seen_at.desc(),
            UserSession.digest,
        )
    )
    return [
        SessionRow(
            name=key[:NAME],
            began_at=began,
            seen_at=seen,
            network=net,
            agent=agent,
            is_current=key == current,
        )
        for began, seen, net, agent, key in rows
    ]
