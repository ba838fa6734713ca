"""Housekeeping on the timetable: sealing the audit chain, forgetting what has had its day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts import sessions
from consult.core import audit, idempotency, limits
from consult.core.outbox import Handler, Reactions

MINUTE, HOUR = 60, 3600


def register(reactions: Reactions) -> None:
    """Put the housekeeping on the timetable."""
    reactions.schedule(Handler(name="operations.seal", run=seal, every=MINUTE))
    reactions.schedule(Handler(name="operations.forget", run=forget, every=HOUR))


def seal(session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:
    """Extend the audit chain over what has settled."""
    audit.seal(session, now=now)


def forget(session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:
    """Drop old idempotency keys, attempts and sessions."""
    idempotency.forget_old(session, now=now)
    limits.forget_old(session, now=now)
    sessions.forget_old(session, now=now)
