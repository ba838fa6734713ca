"""Pages by keyset: a page names the row it comes after, so page 100 costs what page 1 costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

PER_PAGE = (20, 50, 100, 200, 500)
DEFAULT_PER_PAGE = 50


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows and how to reach the next; cursors are public references."""

    items: Sequence[T]
    per_page: int
    total: int
    next_after: str | None = None
    """Reference after which the next page begins; None on the last one."""


def per_page(value: str | None) -> int:
    """Return the page size asked for where it is one of the offered ones, else the default."""
    if value and value.isdigit() and int(value) in PER_PAGE:
        return int(value)
    return DEFAULT_PER_PAGE
