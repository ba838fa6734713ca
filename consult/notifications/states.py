"""States of a delivery; pure."""

from __future__ import annotations

from enum import StrEnum


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
