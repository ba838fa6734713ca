"""One commit, at the edge: views, API methods and commands wrap their use case in this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from consult.core.db import db

_after_commit: list[Callable[[], None]] = []


def on_commit(wake: Callable[[], None]) -> None:
    """Have `wake` called after every commit of a unit of work; it must be quick and safe."""
    _after_commit.append(wake)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Yield a session whose work is committed whole on leaving, or not at all.

    What was read before belongs to a transaction that may be stale, so it is ended first;
    on SQLite the new one is `IMMEDIATE`: it waits for its turn to write at once instead of
    failing in the middle.
    """
    session = db.session()
    session.rollback()
    session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    for wake in _after_commit:
        wake()
