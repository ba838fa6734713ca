"""What to expect of a queue: rates, medians and forecasts, without dividing by nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from consult.core.i18n import Translated
from consult.moderation.queries.pace import (
    Decided,
    Outlook,
    Pace,
    SpacePace,
    Waiting,
    desk_pace,
    median_of,
    space_pace,
)
from consult.spaces.models import Space

NOW = dt.datetime(2026, 1, 31, 17, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
NAME = Translated(texts={"en": "Round table 3"})


def a_space(**over: Any) -> Space:
    values: dict[str, Any] = {
        "id": 3,
        "kicker": NAME,
        "opens_at": NOW - 10 * DAY,
        "closes_at": NOW + 10 * DAY,
    }
    return Space(**values | over)


def decided(count: int, *, waited: dt.timedelta = HOUR, space_id: int = 3) -> list[Decided]:
    """Return decisions spread over the last three days, the newest first."""
    moments = [NOW - n * 3 * DAY / max(count, 1) for n in range(count)]
    return [Decided(space_id, at - waited, at) for at in moments]


def keeping_up(**over: Any) -> SpacePace:
    values: dict[str, Any] = {
        "name": NAME,
        "waiting": 10,
        "oldest": HOUR,
        "median": HOUR,
        "arrive": 10.0,
        "decided": 20.0,
        "is_known": True,
        "is_closed": False,
        "closes_in": 10 * DAY,
    }
    return SpacePace(**values | over)


def outlook(*spaces: SpacePace) -> Pace:
    return desk_pace(spaces, made=[])


def measured(space: Space, made: list[Decided], waiting: Waiting | None = None) -> SpacePace:
    return space_pace(space, made=made, waiting=waiting, since=NOW - 3 * DAY, now=NOW)


def test_nothing_waits_and_nothing_happened() -> None:
    found = outlook(measured(a_space(), []))
    assert (found.outlook, found.median, found.arrive, found.decided) == (Outlook.EMPTY, None, 0, 0)


def test_a_desk_without_spaces_has_nothing_to_tell() -> None:
    assert outlook().outlook is Outlook.EMPTY


def test_rates_are_texts_a_day_over_three_days() -> None:
    found = measured(a_space(), decided(30), Waiting(6, 6, NOW - HOUR))
    assert found.decided == pytest.approx(10)
    assert found.arrive == pytest.approx(12, abs=0.4)


def test_a_space_that_opened_ten_hours_ago_is_judged_by_ten_hours() -> None:
    made = [Decided(3, NOW - 2 * HOUR, NOW - HOUR)] * 10
    found = measured(a_space(opens_at=NOW - 10 * HOUR), made)
    assert found.decided == pytest.approx(24)


def test_decisions_of_another_space_do_not_count() -> None:
    assert measured(a_space(), decided(30, space_id=4)).decided == 0


def test_a_space_that_opened_this_minute_divides_by_nothing() -> None:
    found = measured(a_space(opens_at=NOW), [], Waiting(1, 1, NOW))
    assert not found.is_known
    assert outlook(found).outlook is Outlook.UNKNOWN


def test_very_many_decisions_tell_a_pace_however_short_the_time() -> None:
    """Only the newest 500 are read; on a busy day they are those of some minutes."""
    since = NOW - HOUR / 4
    made = [Decided(3, NOW - HOUR, NOW - n * HOUR / 2000) for n in range(500)]
    waiting = Waiting(1000, 100, NOW - HOUR)
    found = space_pace(a_space(), made=made, waiting=waiting, since=since, now=NOW)
    assert found.is_known
    assert found.decided == pytest.approx(48_000)
    assert outlook(found).outlook is Outlook.EMPTIES


@pytest.mark.parametrize("count", [0, 4])
def test_too_few_decisions_tell_no_pace(count: int) -> None:
    found = measured(a_space(), decided(count), Waiting(3, 3, NOW - HOUR))
    assert outlook(found).outlook is Outlook.UNKNOWN


def test_a_queue_that_gets_shorter_is_empty_when_it_is() -> None:
    found = outlook(keeping_up())
    assert (found.outlook, found.empty_in) == (Outlook.EMPTIES, DAY)


def test_rates_of_spaces_are_added_up() -> None:
    slow = keeping_up(waiting=20, arrive=10.0, decided=5.0, closes_in=None)
    found = outlook(keeping_up(closes_in=None), slow)
    assert (found.arrive, found.decided, found.empty_in) == (20, 25, 6 * DAY)


def test_what_is_left_at_the_closing_is_told_where_the_pace_is_too_slow() -> None:
    found = outlook(keeping_up(waiting=100, closes_in=2 * DAY))
    assert (found.outlook, found.left, found.closing) == (Outlook.LEFT, 80, NAME)


def test_a_growing_queue_without_a_closing_is_said_to_grow() -> None:
    found = outlook(keeping_up(arrive=20.0, decided=10.0, closes_in=None))
    assert (found.outlook, found.empty_in) == (Outlook.GROWS, None)


def test_a_queue_that_stands_still_is_not_empty_in_endless_time() -> None:
    assert outlook(keeping_up(arrive=5.0, decided=5.0, closes_in=None)).outlook is Outlook.GROWS


def test_a_forecast_of_years_is_none() -> None:
    slow = keeping_up(waiting=5000, arrive=5.0, decided=6.0, closes_in=None)
    assert outlook(slow).outlook is Outlook.GROWS


def test_nothing_arrives_in_a_closed_space_and_what_waits_is_named() -> None:
    closed = measured(a_space(closes_at=NOW - HOUR), decided(30), Waiting(8, 8, NOW - 2 * HOUR))
    found = outlook(closed)
    assert (closed.arrive, closed.closes_in, found.outlook) == (0, None, Outlook.EMPTIES)
    assert [space.waiting for space in found.still_due] == [8]


def test_a_clock_that_was_set_back_gives_no_negative_times() -> None:
    assert median_of([Decided(3, NOW, NOW - HOUR)]) == dt.timedelta(0)
    assert measured(a_space(), [], Waiting(1, 1, NOW + HOUR)).oldest == dt.timedelta(0)


def test_the_median_is_that_of_all_decisions() -> None:
    made = [Decided(3, NOW - hours * HOUR, NOW) for hours in (1, 2, 30)]
    assert median_of(made) == 2 * HOUR
