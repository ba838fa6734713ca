"""What is published at once and what waits for a moderator, by the mode of a space; pure.

Whatever is not known to be harmless waits: nobody is told wrong, a text is only read later.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from consult.moderation.states import Policy
from consult.spaces.states import ModerationMode

TROUBLE = dt.timedelta(days=30)
"""How long somebody of whom a text was rejected or hidden counts as a newcomer."""


class Waits(StrEnum):
    """Why a text waits for a moderator."""

    DECIDED = "decided"
    """It does not wait any more, or a moderator has decided on this very text before."""
    NOT_BY_AUTHOR = "not-by-author"
    """Imported, entered by staff and not confirmed, sent by mail, or its writer may not write."""
    SENT_BACK = "sent-back"
    """A moderator returned, rejected, hid or shortened it, or readers have reported it."""
    CLAIMED = "claimed"
    """A moderator keeps it just now."""
    REPLY_TO_REMOVED = "reply-to-removed"
    """What it answers is not public any more."""
    FILES = "files"
    """A file was not looked through yet, or cannot be."""
    MATCHED = "matched"
    """It holds a watch word."""
    TROUBLE = "trouble"
    """A text of the same author was rejected or hidden not long ago."""
    NEWCOMER = "newcomer"
    """Not enough texts of its author have been approved."""
    MODE = "mode"
    """In this space everything waits."""


@dataclass(frozen=True)
class Weighed:
    """What is known of a text that was sent; by default what makes it wait."""

    mode: ModerationMode = ModerationMode.EVERYTHING
    is_pending: bool = False
    """It waits, it is the text its author sent last, and nobody has decided on it before."""
    is_by_author: bool = False
    """Its author sent it here, signed in."""
    was_sent_back: bool = True
    is_claimed: bool = True
    answers_removed: bool = True
    has_unknown_files: bool = True
    has_match: bool = True
    is_trusted: bool = False
    """The organisers trust the delegation that sent it."""
    has_trouble: bool = True
    approved: int = 0
    """Texts of its author that a person approved and that are public."""
    enough: int = 1
    """How many of these make somebody known."""


def weigh(text: Weighed) -> Policy | Waits:
    """Return the policy by which a text is published at once, or why it waits."""
    always = _waits_always(text)
    if always is not None:
        return always
    if text.is_trusted:
        return Policy.TRUSTED_DELEGATION
    if text.mode is ModerationMode.FLAGGED:
        return Policy.NOTHING_MATCHED
    if text.mode is not ModerationMode.NEWCOMERS:
        return Waits.MODE
    if text.has_trouble:
        return Waits.TROUBLE
    is_known = text.approved >= max(text.enough, 1)
    return Policy.KNOWN_AUTHOR if is_known else Waits.NEWCOMER


def _waits_always(text: Weighed) -> Waits | None:
    """Return why a text waits whatever the mode and whoever sent it; None where nothing says so."""
    reasons = (
        (not text.is_pending, Waits.DECIDED),
        (not text.is_by_author, Waits.NOT_BY_AUTHOR),
        (text.was_sent_back, Waits.SENT_BACK),
        (text.is_claimed, Waits.CLAIMED),
        (text.answers_removed, Waits.REPLY_TO_REMOVED),
        (text.has_unknown_files, Waits.FILES),
        (text.has_match, Waits.MATCHED),
    )
    return next((why for holds, why in reasons if holds), None)
