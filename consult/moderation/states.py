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
    KEEP = "keep"
    """Readers reported a public text; nothing is wrong with it."""
    REDACT = "redact"
    """A passage is taken out of a public text; readers see that something is missing."""
    MOVE = "move"
    """It belongs to another question or consultation and goes there, with all its replies."""


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


class ReminderLevel(StrEnum):
    """Who is told that something has waited too long."""

    MODERATORS = "moderators"
    ORGANISERS = "organisers"


class Policy(StrEnum):
    """What decided where nobody did; named in the log and in the statistics."""

    IMPORT = "import"
    DEMONSTRATION = "demonstration"
    TRUSTED_DELEGATION = "trusted-delegation"
    """The organisers trust this delegation."""
    KNOWN_AUTHOR = "known-author"
    """Enough of its author's texts were approved, in a space where only newcomers wait."""
    NOTHING_MATCHED = "nothing-matched"
    """No word list matched, in a space where only that waits."""


NEEDS_REASON = frozenset({Verdict.RETURN, Verdict.REJECT, Verdict.HIDE, Verdict.REDACT})
OF_THE_FORM = (Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT, Verdict.HIDE, Verdict.RESTORE)
"""Verdicts of the decision form; keeping, redacting and moving have forms of their own."""
ON_PENDING = frozenset({Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT})
"""Verdicts that decide the open revision; the others concern the published one."""
REMOVALS = frozenset({Verdict.HIDE, Verdict.RESTORE})
"""Verdicts about whether readers see the published text."""

OTHER = "other"
"""The reason that needs a sentence of its own."""
MIN_OTHER = 20
MAX_MESSAGE = 2000
MAX_NOTE = 2000
"""Characters of a note to colleagues."""
MAX_REPORT = 1000
"""Characters with which a reader describes what is wrong with a text."""
MIN_APPEAL = 20
"""Fewest characters with which somebody says why a text should be published."""
MAX_APPEAL = 2000
