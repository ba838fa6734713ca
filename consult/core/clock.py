"""The only clock: every instant of the application comes from `now()`, in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _system() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


_source: list[Callable[[], dt.datetime]] = [_system]


def now() -> dt.datetime:
    """Return the current instant in UTC."""
    return _source[-1]()


@contextmanager
def stopped_at(instant: dt.datetime) -> Iterator[None]:
    """Have `now()` return `instant` inside the block; for tests and reproducible demonstrations."""
    _source.append(lambda: instant)
    try:
        yield
    finally:
        _source.pop()


def iso(instant: dt.datetime | None) -> str | None:
    """Return the instant as ISO 8601 in UTC with `Z`, without needless fractions."""
    if instant is None:
        return None
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
