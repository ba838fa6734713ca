"""Shapes of the queue: what is asked for, and what a line of it tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from consult.core.i18n import Translated
from consult.core.paging import DEFAULT_PER_PAGE, Page
from consult.moderation.queries.figures import Clock
from consult.moderation.queries.pace import Waiting
from consult.spaces.models import Forum, Space
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
    FLAG = "flag"
    """A public text that readers reported."""


@dataclass(frozen=True)
class QueueFilter:
    """What a moderator asked to see; None is everything."""

    space: str | None = None
    """Slug."""
    question: int | None = None
    """Number."""
    language: str | None = None
    category: str | None = None
    """Slug."""
    objective: int | None = None
    """Number."""
    kind: ItemKind | None = None
    q: str | None = None
    """Words that all stand in the text, in the author's name or in the receipt."""
    like: str | None = None
    """Receipt: the texts that say nearly the same as this one."""
    after: str | None = None
    """Place (see `QueueRow.place`) after which the page begins."""
    per_page: int = DEFAULT_PER_PAGE

    @property
    def values(self) -> dict[str, str]:
        """Return the conditions as they stand in an address, the place left out."""
        wanted = {
            "space": self.space,
            "question": self.question,
            "language": self.language,
            "category": self.category,
            "objective": self.objective,
            "kind": self.kind,
            "q": self.q,
            "like": self.like,
        }
        return {name: str(value) for name, value in wanted.items() if value is not None}

    @property
    def is_folded(self) -> bool:
        """Whether texts that say nearly the same stand on one line: only in the plain list."""
        return not self.values.keys() - {"space", "language"}

    def without(self, *names: str) -> dict[str, str]:
        """Return the conditions without some, for the link that takes them away."""
        return {name: value for name, value in self.values.items() if name not in names}

    def alike(self, name: str) -> dict[str, str]:
        """Return the conditions for the texts that say nearly the same as a named one."""
        return replace(self, like=name).values


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
    """Since it was sent, or received by those who entered it; an appeal since it was made; a public
    text since the first report."""
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
    revision: int = 0
    """Number of the text that is shown."""
    is_by_mail: bool = False
    """It came as an answer to a mail."""
    reports: int = 0
    """How many readers reported it and got no answer."""
    reasons: Sequence[Translated] = ()
    """For what, the most frequent first; what is no longer in the catalogue left out."""
    alike: int = 0
    """How many more texts say nearly the same and stand behind this line."""
    signals: Sequence[Any] = ()

    @property
    def place(self) -> str:
        """Return its place in the queue as it stands in an address.

        A text may wait and be reported as well, so a report says that it is one.
        """
        return f"{self.name}.{self.kind}" if self.kind is ItemKind.FLAG else self.name

    @property
    def is_choosable(self) -> bool:
        """Whether the actor may decide it together with others."""
        is_text = self.kind not in {ItemKind.APPEAL, ItemKind.FLAG}
        is_free = self.claim is None or self.claim.is_mine
        return is_text and is_free and not (self.is_own or self.is_filed)


@dataclass(frozen=True)
class Option:
    """Something to choose in a filter."""

    value: str
    label: Translated | None
    count: int | None = None
    """How much of it waits on the desk; None where it was not counted."""


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
    texts: Mapping[int, Waiting] = field(default_factory=dict)
    """What waits by space id, appeals and reports apart."""
    forum: Forum | None = None
    """Where all of them belong to one."""
    questions: Sequence[Option] = ()
    """Of the chosen space, or of the only one."""
    categories: Sequence[Option] = ()
    objectives: Sequence[Option] = ()


@dataclass(frozen=True)
class Arrivals:
    """What came to a desk while somebody looked at its queue."""

    waiting: int
    newer: int
