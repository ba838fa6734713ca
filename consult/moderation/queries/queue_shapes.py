"""Shapes of the queue: what is asked for, and what a line of it tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from consult.core.i18n import Translated
from consult.core.paging import DEFAULT_PER_PAGE, Page
from consult.moderation.queries.figures import Clock
from consult.spaces.models import Space
from consult.spaces.queries import ShownAuthor


class ItemKind(StrEnum):
    """Why something waits."""

    NEW = "new"
    EDIT = "edit"
    """Another text of something that was public before."""
    QUESTION = "question"
    """Posed by a participant."""
    APPEAL = "appeal"
    """A rejected text that somebody else is to read again."""


@dataclass(frozen=True)
class QueueFilter:
    """What a moderator asked to see; None is everything."""

    space: str | None = None
    """Slug."""
    question: int | None = None
    """Number."""
    language: str | None = None
    category: str | None = None
    kind: ItemKind | None = None
    after: str | None = None
    """Receipt after which the page begins."""
    per_page: int = DEFAULT_PER_PAGE

    @property
    def values(self) -> dict[str, str]:
        """Return the conditions as they stand in an address, the place left out."""
        wanted = {
            "space": self.space,
            "question": self.question,
            "language": self.language,
            "category": self.category,
            "kind": self.kind,
        }
        return {name: str(value) for name, value in wanted.items() if value is not None}


@dataclass(frozen=True)
class Held:
    """A colleague's claim, or the actor's own."""

    by: str
    until: dt.datetime
    is_mine: bool


@dataclass(frozen=True)
class QueueRow:
    """A line of the queue."""

    name: str
    """Receipt; the item's address."""
    reference: str | None
    kind: ItemKind
    space: Translated
    question: int | None
    author: ShownAuthor
    sent_at: dt.datetime | None
    waits: dt.timedelta
    """Since it was sent, or received by those who entered it; an appeal since it was made."""
    teaser: str
    language: str
    claim: Held | None
    is_own: bool
    """The actor wrote it or speaks for its author: a colleague has to decide."""
    is_before: bool
    """The actor rejected it: somebody else answers the appeal."""
    is_unconfirmed: bool = False
    """Filed for its author, who has not confirmed it yet."""
    is_filed: bool = False
    """The actor filed it for somebody else: a colleague has to decide."""


@dataclass(frozen=True)
class Queue:
    """A page of the queue with its figures; counts are those of the whole desk."""

    page: Page[QueueRow]
    clock: Clock
    by_kind: Mapping[str, int]
    by_space: Mapping[str, int]
    """By slug."""
    by_language: Mapping[str, int]
    spaces: Sequence[Space]
