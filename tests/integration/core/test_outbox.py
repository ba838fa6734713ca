"""The outbox is done at least once, backs off, parks what never works, and renews its timetable."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from consult.core import clock, outbox, worker
from consult.core.outbox import Handler, OutboxEntry, Reactions


@dataclass(frozen=True)
class SomethingHappened:
    """An event of these tests."""

    thing_id: int


@pytest.fixture
def reactions(monkeypatch):
    fresh = Reactions()
    monkeypatch.setattr(outbox, "reactions", fresh)
    return fresh


def rows(session):
    session.expire_all()
    return session.scalars(select(OutboxEntry).order_by(OutboxEntry.id)).all()


def test_an_event_gives_a_row_for_each_handler(session, reactions):
    for name in ("index", "mail"):
        reactions.subscribe(Handler(name=name, run=lambda *_a, **_k: None), SomethingHappened)
    outbox.emit(session, SomethingHappened(thing_id=7), now=clock.now())
    assert [(row.handler, row.payload["thing_id"]) for row in rows(session)] == [
        ("index", 7),
        ("mail", 7),
    ]


def test_a_row_is_done_once_and_then_gone(session, reactions):
    done = []
    reactions.subscribe(
        Handler(name="index", run=lambda _s, payloads, **_: done.extend(payloads), batch=50),
        SomethingHappened,
    )
    for number in range(3):
        outbox.emit(session, SomethingHappened(thing_id=number), now=clock.now())
    session.commit()
    assert worker.drain() == 1
    assert [payload["thing_id"] for payload in done] == [0, 1, 2]
    assert rows(session) == []


def test_one_poisoned_row_does_not_hold_up_its_neighbours(session, reactions):
    done: list[int] = []

    def run(_session, payloads, *, now):
        if any(payload["thing_id"] == 1 for payload in payloads):
            raise ValueError("poison")
        done.extend(payload["thing_id"] for payload in payloads)

    reactions.subscribe(Handler(name="index", run=run, batch=50), SomethingHappened)
    for number in range(3):
        outbox.emit(session, SomethingHappened(thing_id=number), now=clock.now())
    session.commit()
    worker.drain()
    assert done == [0, 2]
    (left,) = rows(session)
    assert (left.attempts, left.parked_at) == (1, None)
    assert left.not_before > clock.now()
    assert "poison" in left.last_error


def test_a_row_that_never_works_is_parked_after_eight_tries(session, reactions):
    def run(_session, _payloads, *, now):
        raise ValueError("never")

    reactions.subscribe(Handler(name="index", run=run), SomethingHappened)
    outbox.emit(session, SomethingHappened(thing_id=1), now=clock.now())
    session.commit()
    for _ in range(outbox.TRIES):
        with clock.stopped_at(clock.now() + dt.timedelta(days=1)):
            later = clock.now()
        (row,) = rows(session)
        row.not_before = later - dt.timedelta(days=2)
        session.commit()
        worker.run_once()
    (row,) = rows(session)
    assert row.parked_at is not None
    assert worker.run_once() is False


def test_a_lease_that_expired_is_taken_up_by_somebody_else(session, reactions):
    reactions.subscribe(Handler(name="index", run=lambda *_a, **_k: None), SomethingHappened)
    now = clock.now()
    outbox.emit(session, SomethingHappened(thing_id=1), now=now)
    session.flush()
    assert len(outbox.take(session, now=now, lease="first")) == 1
    assert outbox.take(session, now=now, lease="second") == []
    after = now + outbox.LEASE + dt.timedelta(seconds=1)
    assert len(outbox.take(session, now=after, lease="second")) == 1


def test_a_row_of_the_timetable_renews_itself(session, reactions):
    runs = []
    handler = Handler(name="tick", run=lambda *_a, **_k: runs.append(1), every=60)
    reactions.schedule(handler)
    outbox.plant_timetable(session, now=clock.now(), only=["tick"])
    outbox.plant_timetable(session, now=clock.now(), only=["tick"])
    session.commit()
    assert worker.drain() == 1
    (row,) = rows(session)
    assert runs == [1]
    assert row.not_before > clock.now() + dt.timedelta(seconds=50)


def test_a_row_of_the_timetable_rests_a_minute_at_most_however_often_it_failed(session, reactions):
    def run(_session, _payloads, *, now):
        raise ValueError("away")

    reactions.schedule(Handler(name="tick", run=run, every=2))
    outbox.plant_timetable(session, now=clock.now(), only=["tick"])
    (row,) = rows(session)
    row.attempts = 20
    session.commit()
    worker.run_once()
    (row,) = rows(session)
    assert row.parked_at is None
    assert row.not_before <= clock.now() + outbox.LONGEST_REST


def test_a_failed_handler_leaves_nothing_of_its_work(session, reactions):
    def run(inner, _payloads, *, now):
        inner.add(
            OutboxEntry(
                handler="index", payload={}, not_before=now + dt.timedelta(days=9), created_at=now
            )
        )
        inner.flush()
        raise ValueError("half done")

    reactions.subscribe(Handler(name="index", run=run), SomethingHappened)
    outbox.emit(session, SomethingHappened(thing_id=1), now=clock.now())
    session.commit()
    worker.run_once()
    assert len(rows(session)) == 1


def test_the_pause_grows_and_stays_within_two_hours_and_a_fifth():
    pauses = [outbox.pause(attempts).total_seconds() for attempts in range(1, 15)]
    assert 4 <= pauses[0] <= 6
    assert max(pauses) <= 7200 * 1.2
    assert pauses[4] > pauses[0]
