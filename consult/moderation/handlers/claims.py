"""Claims end where somebody is not at their desk any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts.events import PasswordChanged, SecondFactorChanged, SessionsEnded
from consult.core.outbox import Handler, Reactions
from consult.moderation.services import claims
from consult.spaces.events import RoleRevoked

Payloads = Sequence[dict[str, Any]]

QUARTER = 15 * 60
"""Seconds between two sweeps; a lapsed claim keeps nobody from deciding meanwhile."""


def register(reactions: Reactions) -> None:
    """Subscribe to what ends somebody's work, and sweep lapsed claims."""
    reactions.subscribe(
        Handler("moderation.release-claims", release, batch=50),
        SessionsEnded,
        PasswordChanged,
        SecondFactorChanged,
        RoleRevoked,
    )
    reactions.schedule(Handler("moderation.forget-claims", forget, every=QUARTER))


def release(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """End every claim of the people whose sessions or roles ended.

    Whoever is still at work elsewhere takes theirs again with one press.
    """
    for user_id in sorted({payload["user_id"] for payload in payloads}):
        claims.release_all(session, user_id=user_id, now=now)


def forget(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
    """Drop claims that lapsed a while ago."""
    claims.forget_lapsed(session, now=now)
