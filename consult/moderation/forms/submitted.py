"""What every form of the desk is read from."""

from __future__ import annotations

from typing import Protocol


class Submitted(Protocol):
    """A submitted form: repeated names, text values."""

    def get(self, name: str, default: str, /) -> str:
        """Return the first value of a name."""
        ...

    def getlist(self, name: str, /) -> list[str]:
        """Return all values of a name."""
        ...

    def __contains__(self, name: object, /) -> bool:
        """Whether the name was sent."""
        ...


def number(typed: str) -> int | None:
    """Return a number as it stands in a form, None for anything else."""
    return int(typed) if typed.isdecimal() and len(typed) < 9 else None
