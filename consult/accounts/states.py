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
    CHANGE_OLD = "change-old"
    """Agree to another address, from the old one."""
    CHANGE_NEW = "change-new"
    """Agree to another address, from the new one."""


class SessionStage(StrEnum):
    """How far somebody has come in signing in."""

    PASSWORD = "password"  # noqa: S105 - a stage, no secret
    """The password was right, the second factor is still asked for: nobody is signed in yet."""
    FULL = "full"
    """Signed in."""


class DataExportState(StrEnum):
    """How far a copy of somebody's own data has come."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
