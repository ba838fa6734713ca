"""From a day of a definition to an instant."""

from __future__ import annotations

import datetime as dt
import zoneinfo


def instant_of(day: dt.date | None, *, zone: str, is_closing: bool) -> dt.datetime | None:
    """Return an instant in UTC; a bare day opens at 00:00 and closes at 23:59:59 in the zone."""
    if day is None:
        return None
    local = zoneinfo.ZoneInfo(zone)
    if isinstance(day, dt.datetime):
        return (day if day.tzinfo else day.replace(tzinfo=local)).astimezone(dt.UTC)
    hour = dt.time(23, 59, 59) if is_closing else dt.time(0)
    return dt.datetime.combine(day, hour, tzinfo=local).astimezone(dt.UTC)


def is_bare_day(day: dt.date | None) -> bool:
    """Whether the hour is our assumption."""
    return day is not None and not isinstance(day, dt.datetime)
