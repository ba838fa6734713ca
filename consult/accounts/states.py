"""States of a user and purposes of a mailed link."""

from __future__ import annotations

from enum import StrEnum


class UserStatus(StrEnum):
    """Whether somebody may sign in."""

    ACTIVE = "active"
    """May sign in once the address is confirmed."""
    SUSPENDED = "suspended"
    """May not sign in; every session has ended."""
    ERASED = "erased"
    """A tombstone; nothing personal is left."""


class LinkPurpose(StrEnum):
    """What a mailed link is good for; one is never taken for the other."""

    CONFIRM = "confirm"
    """Confirm the address of a new account."""
    RESET = "reset"
    """Choose a new password."""
