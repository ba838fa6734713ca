"""Events of accounts, in the past tense and with ids only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkRequested:
    """A link is to be mailed: to confirm an address or to choose a new password."""

    link_id: str


@dataclass(frozen=True)
class KnownAddressRegistered:
    """Somebody tried to register with the address of an existing account; its owner is told."""

    user_id: int
    day: str
    """ISO date; at most one such mail a day."""
