"""Verdicts and appeals; pure."""

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


class Instance(StrEnum):
    """Who answers an appeal: the first of these in which anybody may."""

    SPACE = "space"
    """Another moderator of the space."""
    FORUM = "forum"
    """A moderator of another space of the forum."""
    ORGANISER = "organiser"


NEEDS_REASON = frozenset({Verdict.RETURN, Verdict.REJECT, Verdict.HIDE})
ON_PENDING = frozenset({Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT})
"""Verdicts that decide the open revision; the others concern the published one."""

OTHER = "other"
"""The reason that needs a sentence of its own."""
MIN_OTHER = 20
MAX_MESSAGE = 2000
MIN_APPEAL = 20
"""Fewest characters with which somebody says why a text should be published."""
MAX_APPEAL = 2000
