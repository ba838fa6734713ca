"""How a desk keeps up: pure figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from consult.core.i18n import Translated
from consult.moderation.policy import ANSWERED_WITHIN
from consult.spaces.models import Space

TARGET = dt.timedelta(hours=24)
"""Within which a text is to be decided."""
TARGET_AT_THE_END = dt.timedelta(hours=4)
"""The same on the last day of a consultation."""
LAST_DAY = dt.timedelta(hours=24)


@dataclass(frozen=True)
class Clock:
    """How the desk keeps up."""

    waiting: int
    oldest: dt.timedelta | None
    target: dt.timedelta
    is_late: bool
    closes_at: dt.datetime | None
    """The next closing of a space on the desk."""
    closing: Translated | None
    closes_in: dt.timedelta | None
    oldest_appeal: dt.timedelta | None
    """None where no appeal waits."""
    appeal_target: dt.timedelta
    is_appeal_late: bool


def age(instant: dt.datetime, *, now: dt.datetime) -> dt.timedelta:
    """Return how long something has waited; never negative, whatever a clock did."""
    return max(now - instant, dt.timedelta(0))


def clock(
    spaces: Sequence[Space],
    *,
    waiting: int,
    oldest: dt.datetime | None,
    oldest_appeal: dt.datetime | None,
    now: dt.datetime,
) -> Clock:
    """Return the figures of a desk with these spaces.

    `oldest` is the instant of its oldest text, `oldest_appeal` that of its oldest appeal; each
    has a target of its own.
    """
    closing = min(
        (space for space in spaces if space.closes_at is not None and space.closes_at > now),
        key=lambda space: space.closes_at or now,
        default=None,
    )
    closes_at = closing.closes_at if closing is not None else None
    closes_in = closes_at - now if closes_at is not None else None
    is_last_day = closes_in is not None and closes_in <= LAST_DAY
    target = TARGET_AT_THE_END if is_last_day else TARGET
    waits = age(oldest, now=now) if oldest is not None else None
    appeal_waits = age(oldest_appeal, now=now) if oldest_appeal is not None else None
    return Clock(
        waiting=waiting,
        oldest=waits,
        target=target,
        is_late=waits is not None and waits > target,
        closes_at=closes_at,
        closing=closing.kicker if closing is not None else None,
        closes_in=closes_in,
        oldest_appeal=appeal_waits,
        appeal_target=ANSWERED_WITHIN,
        is_appeal_late=appeal_waits is not None and appeal_waits > ANSWERED_WITHIN,
    )
