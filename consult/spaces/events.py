"""Events of spaces, in the past tense and with ids only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpaceDatesChanged:
    """A space opens or closes at another instant than before."""

    space_id: int


@dataclass(frozen=True)
class AuthorChanged:
    """An Author is shown with another name, organisation or category."""

    author_id: int
