"""Times for one person: in their own zone, and how long ago."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_timedelta

from consult.core.i18n import format_instant, gettext, locale, zone_words
from consult.core.web import actor


def in_own_zone(instant: dt.datetime | None, *, zone: str) -> tuple[str, str] | None:
    """Return an instant in the person's own zone and that zone's name for people.

    None where they have not chosen one, or have chosen the one that the page tells anyway.
    """
    own = actor().time_zone
    if instant is None or not own or own == zone:
        return None
    return format_instant(instant, zone_name=own), zone_words(own)


def ago(instant: dt.datetime, *, now: dt.datetime) -> str:
    """Return how long ago something was, in words: “26 hours ago”."""
    age = max(now - instant, dt.timedelta(0))
    if age < dt.timedelta(minutes=1):
        return gettext("just now")
    words = format_timedelta(
        -age, granularity="minute", threshold=2, add_direction=True, locale=locale()
    )
    return str(words)
