"""Every event of a contribution's life, in the past tense and with ids only.

Handlers read again and may run twice.
"""

from __future__ import annotations

from dataclasses import dataclass

AUTHOR_SHOWN_ANEW = "discussion.author-changed"
"""The handler that tells of the texts of an author whose name or affiliation has changed."""


@dataclass(frozen=True)
class ContributionSent:
    """A text was sent and waits for a moderator."""

    contribution_id: int
    revision_id: int


@dataclass(frozen=True)
class ClearanceWanted:
    """A delegation's contributor sent a text; it waits for a focal point."""

    contribution_id: int
    revision_id: int


@dataclass(frozen=True)
class TextHandedBack:
    """A focal point gave a text back to whoever wrote it."""

    contribution_id: int
    revision_id: int


@dataclass(frozen=True)
class ContentForgotten:
    """Nothing refers to a content any more, because whoever handed it in was erased."""

    sha256: str


@dataclass(frozen=True)
class IntakeAsked:
    """Somebody for whom staff filed a text is to be asked whether it is theirs."""

    intake_id: str
    number: int
    """1 when it was filed, more when they are asked again."""


@dataclass(frozen=True)
class IntakeDisowned:
    """Somebody said that a text which was filed for them is not theirs."""

    intake_id: str


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
