"""Events of mail, in the past tense and with ids only.

Each names how far a round over many followers has come: a handler does a part and emits the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TextCameOut:
    """A text was published for the first time, and its minute for second thoughts is over."""

    contribution_id: int
    after: int = 0
    """Id of the last user who was thought of."""


@dataclass(frozen=True)
class SpaceDatesSettled:
    """The dates of a space were changed a minute ago."""

    space_id: int
    opens_at: str | None
    closes_at: str | None
    """The dates then, as ISO 8601; where the space has others now, a later change tells of them."""
    change_id: int = 0
    """Entry of the audit log that tells of the newest change then; 0 where there is none."""


@dataclass(frozen=True)
class SpaceNewsArose:
    """There is something to tell those who follow a space."""

    space_id: int
    mail: str
    """Name of the folder with its texts under `templates/mail/`."""
    key: str
    """Names the occasion: nobody is told of the same one twice."""
    values: dict[str, Any]
    after: int = 0
    """Id of the last user who was thought of."""


@dataclass(frozen=True)
class MailFilesForgotten:
    """Mails to or about somebody who was erased may lie in the folder of mails."""

    names: tuple[str, ...]
    """Of files."""
    message_ids: tuple[str, ...]
