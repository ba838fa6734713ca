"""Sessions of people who are signed in: rows on the server, so that they can be ended there.

The cookie holds a random id, the table its digest only. Staff have shorter times; who is
staff is known on a higher floor, which asks `is_over` again with that knowledge.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from typing import cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from consult.accounts.models import UserSession
from consult.accounts.queries.sessions import NAME
from consult.accounts.states import SessionStage

IDLE = dt.timedelta(hours=8)
IDLE_STAFF = dt.timedelta(hours=1)
LONGEST = dt.timedelta(days=30)
LONGEST_STAFF = dt.timedelta(hours=12)
PROOF = dt.timedelta(minutes=10)
"""How long a password, and a code where one is asked for, stand for whoever sits there."""
HALF_WAY = dt.timedelta(minutes=10)
"""How long a right password waits for its code."""
SEEN_EVERY = dt.timedelta(minutes=5)
"""`last_seen_at` is written at most this often, so that reading stays reading."""


@dataclass(frozen=True)
class Client:
    """Where a request comes from, and whether its attempts are counted."""

    address: str = ""
    agent: str = ""
    is_limited: bool = True
    is_office: bool = False
    """Whether many people are known to share the address."""


def digest_of(session_id: str) -> str:
    """Return the digest under which a session is kept."""
    return hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()


def cut(address: str) -> str:
    """Return the network of an address: /24 for IPv4, /48 for IPv6; "" for anything else."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    prefix = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def start(
    session: Session,
    *,
    user_id: int,
    client: Client,
    now: dt.datetime,
    stage: SessionStage = SessionStage.FULL,
) -> str:
    """Begin a session and return its id, 128 random bits that are kept nowhere else.

    Whoever gets a full one has just proved who they are.
    """
    session_id = secrets.token_urlsafe(16)
    session.add(
        UserSession(
            digest=digest_of(session_id),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            network=cut(client.address),
            agent=client.agent[:200],
            stage=stage,
            proved_at=now if stage is SessionStage.FULL else None,
        )
    )
    session.flush()
    return session_id


def is_over(
    *,
    began_at: dt.datetime,
    seen_at: dt.datetime,
    now: dt.datetime,
    is_staff: bool = False,
) -> bool:
    """Whether a session was idle too long or lasted too long."""
    idle, longest = (IDLE_STAFF, LONGEST_STAFF) if is_staff else (IDLE, LONGEST)
    return now - seen_at >= idle or now - began_at >= longest


def is_proved(proved_at: dt.datetime | None, *, now: dt.datetime) -> bool:
    """Whether somebody proved recently enough who they are for a grave act."""
    return proved_at is not None and now - proved_at < PROOF


def note_proof(session: Session, *, digest: str, now: dt.datetime) -> None:
    """Note that whoever has the session has proved who they are."""
    session.execute(
        update(UserSession)
        .where(UserSession.digest == digest, UserSession.stage == SessionStage.FULL)
        .values(proved_at=now)
        .execution_options(synchronize_session="fetch")
    )


def touch(session: Session, *, digest: str, now: dt.datetime) -> None:
    """Note that the session was seen, unless that was noted within five minutes."""
    session.execute(
        update(UserSession)
        .where(UserSession.digest == digest, UserSession.last_seen_at <= now - SEEN_EVERY)
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )


def end(session: Session, *, session_id: str) -> bool:
    """End one session; return whether there was one."""
    return _delete(session, UserSession.digest == digest_of(session_id)) > 0


def end_named(session: Session, *, user_id: int, name: str) -> str | None:
    """End the session that its owner's page calls `name`; return its digest, None without one."""
    if len(name) != NAME:
        return None
    found = session.scalars(
        select(UserSession.digest).where(
            UserSession.user_id == user_id,
            UserSession.digest.startswith(name, autoescape=True),
        )
    ).first()
    if found is not None:
        _delete(session, UserSession.digest == found)
    return found


def end_others(session: Session, *, user_id: int, keep: str | None) -> int:
    """End a user's sessions but the one with the digest `keep`; return how many ended."""
    if keep is None:
        return end_all(session, user_id=user_id)
    return _delete(session, UserSession.user_id == user_id, UserSession.digest != keep)


def end_all(session: Session, *, user_id: int) -> int:
    """End every session of a user; return how many ended."""
    return _delete(session, UserSession.user_id == user_id)


def forget_old(session: Session, *, now: dt.datetime) -> int:
    """Drop rows of sessions that are over; return how many. For the timetable."""
    idle = _delete(session, UserSession.last_seen_at <= now - IDLE)
    half = _delete(
        session,
        UserSession.stage == SessionStage.PASSWORD,
        UserSession.created_at <= now - HALF_WAY,
    )
    return idle + half + _delete(session, UserSession.created_at <= now - LONGEST)


def _delete(session: Session, *conditions: object) -> int:
    statement = delete(UserSession).where(*conditions)  # type: ignore[arg-type]
    result = session.execute(statement.execution_options(synchronize_session="fetch"))
    return cast("CursorResult[object]", result).rowcount
