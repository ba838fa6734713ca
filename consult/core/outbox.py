"""What must follow an act, written in the act's own transaction and done by the worker.

`emit` stores one row per handler of an event, so that a handler that fails is tried again
without its neighbours. Delivery is at least once: handlers re-read and may run twice.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, insert, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from consult.core.db import Base, Id, Instant, Json

LEASE = dt.timedelta(seconds=120)
LONGEST_REST = dt.timedelta(seconds=60)
"""How long a row of the timetable rests at most: what stopped it may be gone again."""
TRIES = 8
"""Failures after which a row is parked until somebody looks at it."""


class OutboxEntry(Base):
    """One thing to do: an event for one handler, or a row of the timetable."""

    __tablename__ = "outbox_entry"
    __table_args__ = (
        UniqueConstraint("handler", "key"),
        Index("ix_outbox_entry_due", "parked_at", "not_before", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    handler: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(96))
    """Unique with the handler; names a timetable row."""
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    every: Mapped[int | None] = mapped_column(Integer)
    """Seconds until a timetable row is due again."""
    not_before: Mapped[dt.datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    leased_until: Mapped[dt.datetime | None] = mapped_column(Instant)
    lease: Mapped[str | None] = mapped_column(String(32))
    parked_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Handler:
    """A reaction: `run(session, payloads, now=…)` gets at most `batch` rows in one unit."""

    name: str
    run: Callable[..., None]
    batch: int = 1
    every: int | None = None
    """Seconds; set for rows of the timetable."""
    writes_database: bool = True
    """False for a handler that only reads: it holds no write lock while it works."""
    prepare: Callable[..., Any] | None = None
    """What takes long, done before the unit and without its write lock: `prepare(session,
    payloads, now=…)` reads, ends its reading with a rollback and works; `run` gets what it
    returns as `prepared=…`."""
    is_slow: bool = False
    """Whether it may keep others waiting for more than a moment, and so gets a lane apart."""


@dataclass
class Reactions:
    """Which handlers react to which event; filled once, in `consult.app`."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    by_event: dict[type[Any], list[str]] = field(default_factory=dict)

    def subscribe(self, handler: Handler, *events: type[Any]) -> None:
        """Have `handler` run for each of the events."""
        self.handlers[handler.name] = handler
        for event in events:
            names = self.by_event.setdefault(event, [])
            if handler.name not in names:
                names.append(handler.name)

    def schedule(self, handler: Handler) -> None:
        """Have `handler` run every `handler.every` seconds."""
        self.handlers[handler.name] = handler


reactions = Reactions()


class Later(Exception):
    """A handler cannot work now, through no fault of its rows: they rest and are tried again.

    They are neither counted as failures nor parked, and a batch is not taken apart.
    """

    def __init__(self, reason: str, *, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


def emit(session: Session, event: Any, *, now: dt.datetime, delay: float = 0) -> None:
    """Store an event (a frozen dataclass of ids) for each of its handlers; `delay` in seconds."""
    for values in _entries(event, now=now, delay=delay):
        session.add(OutboxEntry(**values))


def emit_all(session: Session, events: Iterable[Any], *, now: dt.datetime) -> None:
    """Store many events at once, in one statement for a thousand of them."""
    rows = [values for event in events for values in _entries(event, now=now, delay=0)]
    for start in range(0, len(rows), 1000):
        session.execute(insert(OutboxEntry), rows[start : start + 1000])


def _entries(event: Any, *, now: dt.datetime, delay: float) -> Iterator[dict[str, Any]]:
    for name in reactions.by_event.get(type(event), ()):
        yield {
            "handler": name,
            "payload": {"event": type(event).__name__, **asdict(event)},
            "not_before": now + dt.timedelta(seconds=delay),
            "created_at": now,
        }


def plant_timetable(session: Session, *, now: dt.datetime, only: Collection[str]) -> None:
    """Make sure that these timetable handlers have their rows, and parked ones start again."""
    rows = {
        row.handler: row
        for row in session.scalars(select(OutboxEntry).where(OutboxEntry.key == "timetable"))
    }
    for handler in reactions.handlers.values():
        if handler.every is None or handler.name not in only:
            continue
        row = rows.get(handler.name)
        if row is None:
            session.add(
                OutboxEntry(
                    handler=handler.name,
                    key="timetable",
                    payload={},
                    every=handler.every,
                    not_before=now,
                    created_at=now,
                )
            )
            continue
        row.every, row.parked_at = handler.every, None


def take(
    session: Session, *, now: dt.datetime, lease: str, only: Collection[str] | None = None
) -> list[OutboxEntry]:
    """Lease the oldest due row and, up to its handler's batch, more of the same handler."""
    due = [
        OutboxEntry.parked_at.is_(None),
        OutboxEntry.not_before <= now,
        or_(OutboxEntry.leased_until.is_(None), OutboxEntry.leased_until < now),
        OutboxEntry.handler.in_(only if only is not None else list(reactions.handlers)),
    ]
    oldest = (
        select(OutboxEntry)
        .where(*due)
        .order_by(OutboxEntry.not_before, OutboxEntry.id)
        .with_for_update(skip_locked=True)
    )
    first = session.scalars(oldest.limit(1)).first()
    if first is None:
        return []
    batch = reactions.handlers[first.handler].batch
    rows = [first]
    if batch > 1:
        rows = list(
            session.scalars(oldest.where(OutboxEntry.handler == first.handler).limit(batch))
        )
    session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id.in_([row.id for row in rows]))
        .values(leased_until=now + LEASE, lease=lease)
    )
    return rows


def finish(session: Session, rows: Sequence[OutboxEntry], *, now: dt.datetime) -> None:
    """Drop rows that were done, in the handler's transaction; timetable rows renew themselves."""
    for row in session.scalars(select(OutboxEntry).where(OutboxEntry.id.in_([r.id for r in rows]))):
        if row.every is None:
            session.delete(row)
            continue
        row.not_before = now + dt.timedelta(seconds=row.every)
        row.leased_until, row.lease, row.attempts, row.last_error = None, None, 0, None


def fail(session: Session, rows: Sequence[OutboxEntry], *, error: str, now: dt.datetime) -> None:
    """Put rows back with a growing pause; park those that failed too often."""
    for row in session.scalars(select(OutboxEntry).where(OutboxEntry.id.in_([r.id for r in rows]))):
        row.attempts += 1
        row.last_error = error[:2000]
        row.leased_until, row.lease = None, None
        rest = pause(row.attempts)
        row.not_before = now + (min(rest, LONGEST_REST) if row.every is not None else rest)
        if row.attempts >= TRIES and row.every is None:
            row.parked_at = now


def postpone(
    session: Session, rows: Sequence[OutboxEntry], *, later: Later, now: dt.datetime
) -> None:
    """Put rows back that could not be worked on just now; see :class:`Later`."""
    for row in session.scalars(select(OutboxEntry).where(OutboxEntry.id.in_([r.id for r in rows]))):
        row.last_error = str(later)[:2000]
        row.leased_until, row.lease = None, None
        row.not_before = now + dt.timedelta(seconds=later.seconds)


def pause(attempts: int) -> dt.timedelta:
    """Return how long a row rests after that many failures: 5 s doubling to 2 h, with jitter."""
    seconds = min(5 * 2 ** (attempts - 1), 7200)
    return dt.timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311


def waiting(session: Session, *, handler: str) -> int:
    """Return how many rows of a handler are not done yet, parked ones left out."""
    rows = session.scalars(
        select(OutboxEntry.id).where(
            OutboxEntry.handler == handler, OutboxEntry.parked_at.is_(None)
        )
    )
    return len(rows.all())
