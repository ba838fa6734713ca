"""Every event of a contribution's life, in the past tense and with ids only.

Handlers read again and may run twice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ContributionSent:
    """A text was sent and waits for a moderator."""

    contribution_id: int
    revision_id: int


@dataclass(frozen=True)
class FileKept:
    """A content lies in the storage that may not have been scanned or read yet."""

    sha256: str


@dataclass(frozen=True)
class PublicTextChanged:
    """What readers see of a contribution changed: published, edited, hidden, withdrawn, erased…"""

    contribution_id: int


@dataclass(frozen=True)
class RejectionAppealed:
    """Somebody who speaks for the author asked for a second reading of a rejected text."""

    contribution_id: int
    revision_id: int
    appeal_id: int
    user_id: int
    """Who asked."""


@dataclass(frozen=True)
class RevisionDecided:
    """A moderator decided; told to the author after the minute in which it can be undone."""

    contribution_id: int
    revision_id: int
    decision_id: int
