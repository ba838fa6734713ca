"""Reminders of what waits too long, on the timetable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.core.outbox import Handler, Reactions
from consult.moderation.services import reminding

EVERY = 600
"""Seconds between two looks."""


def register(reactions: Reactions) -> None:
    """Put the reminders on the timetable."""
    reactions.schedule(Handler("moderation.remind", remind, every=EVERY))


def remind(session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:
    """Queue the mails that are due."""
    reminding.remind(session, now=now)
