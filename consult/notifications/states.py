"""States of a delivery; pure."""

from __future__ import annotations

from enum import StrEnum


class Subject(StrEnum):
    """What can be followed."""

    QUESTION = "question"
    THREAD = "thread"
    """A top-level comment with its replies."""
    OBJECTIVE = "objective"
    SPACE = "space"
    SEARCH = "search"
    """A search that somebody saved."""


class Rhythm(StrEnum):
    """How often somebody wants to hear of it."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    WEEKLY = "weekly"
    NONE = "none"
    """Never; kept, so that nothing follows it again by itself."""


class DeliveryState(StrEnum):
    """What became of a mail."""

    WAITING = "waiting"
    """Will be sent once its time has come."""
    SENT = "sent"
    """Handed to the mail server."""
    DROPPED = "dropped"
    """Not sent: undone, or the recipient may not see it any more."""
    FAILED = "failed"
    """The mail server refused it for good."""
