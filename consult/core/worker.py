"""The loop that does what the outbox asks for; needs an application context around it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Any

import structlog
from sqlalchemy.orm import Session

from consult.core import clock, outbox
from consult.core.db import LogInUse, db
from consult.core.unit_of_work import unit_of_work

POLL = 0.5
"""Seconds between two looks at an empty outbox."""
PATIENCE = 5.0
"""Seconds that a lane gets to finish its batch when the worker ends."""

log = structlog.get_logger("consult.worker")


def run_once(*, only: Collection[str] | None = None) -> bool:
    """Do one batch; return False where nothing was due.

    The lease is committed before the work begins: a worker that dies leaves rows that are
    due again when it expires. A batch that fails is tried row by row, so that one poisoned
    row does not hold up its neighbours.
    """
    now = clock.now()
    with unit_of_work() as session:
        rows = outbox.take(session, now=now, lease=secrets.token_hex(8), only=only)
        session.expunge_all()
    if not rows:
        return False
    if len(rows) == 1 or not _attempt(rows, is_alone=False):
        for row in rows:
            _attempt([row], is_alone=True)
    return True


def _attempt(rows: list[outbox.OutboxEntry], *, is_alone: bool) -> bool:
    handler = outbox.reactions.handlers[rows[0].handler]
    now = clock.now()
    try:
        payloads = [row.payload for row in rows]
        prepared = {}
        if handler.prepare is not None:
            prepared["prepared"] = handler.prepare(_reading(), payloads, now=now)
        if not handler.writes_database:
            handler.run(_reading(), payloads, now=now, **prepared)
        with unit_of_work() as session:
            if handler.writes_database:
                handler.run(session, payloads, now=now, **prepared)
            outbox.finish(session, rows, now=clock.now())
    except outbox.Later as later:
        log.info("handler waits", handler=handler.name, rows=len(rows), reason=str(later))
        with unit_of_work() as session:
            outbox.postpone(session, rows, later=later, now=clock.now())
    except Exception as error:
        # That somebody is at work just now is no fault: one line says that it is tried again.
        shows_where = is_alone and not isinstance(error, LogInUse)
        log.warning("handler failed", handler=handler.name, rows=len(rows), exc_info=shows_where)
        if is_alone:
            with unit_of_work() as session:
                outbox.fail(session, rows, error=repr(error), now=clock.now())
        return False
    return True


def _reading() -> Session:
    session = db.session()
    session.rollback()
    return session


def drain(*, only: Collection[str] | None = None, limit: int = 100_000) -> int:
    """Do everything that is due now; return the number of batches."""
    done = 0
    while done < limit and run_once(only=only):
        done += 1
    return done


def drain_and_wait(*, handler: str, seconds: float = 60) -> bool:
    """Do a handler's rows, or wait for the worker that holds them; return whether all are done."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        drain(only=[handler])
        with unit_of_work() as session:
            if not outbox.waiting(session, handler=handler):
                return True
        time.sleep(0.1)
    return False


def run(stop: threading.Event, *, context: Callable[[], AbstractContextManager[Any]]) -> None:
    """Work until `stop` is set; a database that is away is waited for.

    Lanes side by side, the index, what is slow, and everything else: neither a mail server that
    hangs nor a file that takes its time keeps published texts from being found. `context` gives
    each lane its application context.
    """
    handlers = outbox.reactions.handlers
    index = [name for name in handlers if name.startswith("search.")]
    slow = [name for name, handler in handlers.items() if handler.is_slow and name not in index]
    rest = [name for name in handlers if name not in {*index, *slow}]
    lanes = [
        threading.Thread(target=_work, args=(stop, names, context), name=name, daemon=True)
        for name, names in (("search", index), ("slow", slow))
    ]
    for lane in lanes:
        lane.start()
    _work(stop, rest, context)
    for lane in lanes:
        lane.join(PATIENCE)


def _work(
    stop: threading.Event,
    only: Collection[str],
    context: Callable[[], AbstractContextManager[Any]],
) -> None:
    planted = False
    with context():
        while not stop.is_set():
            try:
                if not planted:
                    with unit_of_work() as session:
                        outbox.plant_timetable(session, now=clock.now(), only=only)
                    planted = True
                if run_once(only=only):
                    continue
            except Exception:
                log.warning("the worker waits for the database", exc_info=True)
                db.session.remove()
                stop.wait(2)
            stop.wait(POLL)
