"""Where a space stands at an instant, and how far the next date is."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from consult.spaces.states import Countdown, Stage, countdown_at

NEW_YORK = ZoneInfo("America/New_York")
OPENS = dt.datetime(2026, 11, 2, 0, 0, tzinfo=NEW_YORK).astimezone(dt.UTC)
CLOSES = dt.datetime(2026, 11, 20, 23, 59, 59, tzinfo=NEW_YORK).astimezone(dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def at(now: dt.datetime, processed: dt.datetime | None = None) -> Countdown:
    return countdown_at(
        now, opens_at=OPENS, closes_at=CLOSES, processed_at=processed, zone=NEW_YORK
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OPENS - 10 * DAY, Countdown(Stage.UPCOMING, 10)),
        (OPENS - 48 * HOUR, Countdown(Stage.UPCOMING, 2)),
        (OPENS - 48 * HOUR + SECOND, Countdown(Stage.UPCOMING, 2, 47)),
        (OPENS - SECOND, Countdown(Stage.UPCOMING, 1, 0)),
        (OPENS, Countdown(Stage.OPEN, 18)),
        (CLOSES - 48 * HOUR, Countdown(Stage.OPEN, 2)),
        (CLOSES - 48 * HOUR + SECOND, Countdown(Stage.CLOSING, 1, 47)),
        (CLOSES - DAY, Countdown(Stage.CLOSING, 1, 24)),
        (CLOSES - HOUR, Countdown(Stage.CLOSING, 0, 1)),
        (CLOSES - SECOND, Countdown(Stage.CLOSING, 0, 0)),
        (CLOSES, Countdown(Stage.CLOSED)),
        (CLOSES + DAY, Countdown(Stage.CLOSED)),
    ],
)
def test_stage_days_and_hours_change_at_the_very_instant(
    now: dt.datetime, expected: Countdown
) -> None:
    assert at(now) == expected


def test_days_are_those_of_the_forums_calendar() -> None:
    # 03:00 in UTC is still the evening before in New York.
    now = dt.datetime(2026, 11, 18, 3, tzinfo=dt.UTC)
    assert at(now).days == 3


@pytest.mark.parametrize(
    ("zone", "now", "closes", "hours"),
    [
        # Clocks go back in New York on 1 November 2026: the night has an hour more.
        ("America/New_York", "2026-10-31 12:00", "2026-11-01 12:00", 25),
        # Clocks go forward in Zurich on 29 March 2026: the night has an hour less.
        ("Europe/Zurich", "2026-03-28 12:00", "2026-03-29 12:00", 23),
    ],
)
def test_hours_are_hours_and_days_are_days_where_the_clocks_change(
    zone: str, now: str, closes: str, hours: int
) -> None:
    there = ZoneInfo(zone)
    begin, end = (
        dt.datetime.fromisoformat(local).replace(tzinfo=there).astimezone(dt.UTC)
        for local in (now, closes)
    )
    found = countdown_at(begin, opens_at=begin - DAY, closes_at=end, processed_at=None, zone=there)
    assert found == Countdown(Stage.CLOSING, 1, hours)


def test_without_dates_nothing_is_counted() -> None:
    now = CLOSES
    upcoming = countdown_at(now, opens_at=None, closes_at=None, processed_at=None, zone=NEW_YORK)
    opened = countdown_at(now, opens_at=OPENS, closes_at=None, processed_at=None, zone=NEW_YORK)
    assert (upcoming, opened) == (Countdown(Stage.UPCOMING), Countdown(Stage.OPEN))


def test_an_outcome_counts_once_the_space_has_closed() -> None:
    assert at(CLOSES + DAY, processed=CLOSES + HOUR).stage is Stage.PROCESSED
    assert at(CLOSES - DAY, processed=CLOSES + HOUR).stage is Stage.CLOSING


def test_an_outcome_from_before_the_last_closing_counts_no_more() -> None:
    assert at(CLOSES + DAY, processed=CLOSES - HOUR).stage is Stage.CLOSED
