"""How far a long command is, on standard error where that is a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final

EVERY: Final = 0.2
"""Seconds between two looks at the line."""


class Progress:
    """A line such as `1,200 of 10,000 texts, 480 a second`, written over while work goes on.

    Called with how much is done; silent where nobody watches.
    """

    def __init__(self, *, what: str, of: int) -> None:
        self._what, self._of = what, of
        self._is_shown = sys.stderr.isatty()
        self._began = self._told_at = time.monotonic()
        self._count = 0

    def __enter__(self) -> Progress:
        return self

    def __call__(self, count: int) -> None:
        """Take note that so much is done."""
        self._count = count
        now = time.monotonic()
        if self._is_shown and now - self._told_at >= EVERY:
            self._told_at = now
            self._tell(now)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_shown:
            self._tell(time.monotonic())
            sys.stderr.write("\n")

    def _tell(self, now: float) -> None:
        rate = self._count / max(now - self._began, 0.001)
        line = f"{self._count:,} of {self._of:,} {self._what}, {rate:,.0f} a second"
        # What an earlier, longer line left behind is blanked.
        sys.stderr.write(f"\r{line:<60}")
        sys.stderr.flush()
