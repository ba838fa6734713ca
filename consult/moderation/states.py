"""Verdicts; pure."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a moderator decides."""

    APPROVE = "approve"
    """Exactly this text becomes public."""
    RETURN = "return"
    """Sent back with a reason; can be revised and sent again."""
    REJECT = "reject"
    """Refused with a reason; one appeal."""
    HIDE = "hide"
    """A published text is taken from view."""
    RESTORE = "restore"
    """A hidden text is shown again."""


class AppealOutcome(StrEnum):
    """How an appeal ended."""

    UPHELD = "upheld"
    """The appeal was right: the text is published after all."""
    DISMISSED = "dismissed"
    """The rejection stands; there is no second appeal."""


NEEDS_REASON = frozenset({Verdict.RETURN, Verdict.REJECT, Verdict.HIDE})
ON_PENDING = frozenset({Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT})
"""Verdicts that decide the open revision; the others concern the published one."""

OTHER = "other"
"""The reason that needs a sentence of its own."""
MIN_OTHER = 20
MAX_MESSAGE = 2000
