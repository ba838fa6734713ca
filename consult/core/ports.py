"""What lower floors need from higher ones: small registries, filled in `consult.app`.

A feature registers here how its rows are erased, which documents belong in the search
index and what it can export; whoever walks the registry knows no feature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from consult.core.passages import Passage


class Eraser(Protocol):
    """Blanks what a feature keeps about one user; returns how many rows it touched."""

    def __call__(self, session: Session, *, user_id: int, now: dt.datetime) -> int:
        """Blank the user's rows."""
        ...


class DocumentSource(Protocol):
    """Gives the search index its documents, always as the public may read them now."""

    def documents(self, session: Session, ids: Sequence[int] | None) -> Iterable[IndexDocument]:
        """Yield the documents of these ids (all of them for None); removed ones are left out."""
        ...


@dataclass(frozen=True)
class Suggestion:
    """An objective that a text itself names; shown for confirmation, never taken over silently."""

    objective: int
    """Its number."""
    passage: int
    """Index of the passage it is proposed for."""
    named: str
    """The words that name it, as they were typed: “Objectif 16”."""
    heading: str | None = None
    """The heading or the line above that names it; None where the passage itself does."""


class Suggester(Protocol):
    """Proposes objectives for the passages of a text, for the form in which it is written."""

    def __call__(
        self, passages: Sequence[Passage], *, numbers: Collection[int]
    ) -> Sequence[Suggestion]:
        """Return proposals in reading order; `numbers` are the objectives that may be proposed."""
        ...


AppealState = Literal["possible", "waiting", "upheld", "dismissed"]


@dataclass(frozen=True)
class DecisionWords:
    """What a moderator told the author of a text, in the author's language."""

    reason: str
    message: str | None
    message_lang: str | None
    decided_at: dt.datetime
    appeal_until: dt.datetime | None = None
    """Until when a rejection may be appealed; None where it is no rejection."""
    appeal_state: AppealState | None = None
    """Where the one appeal stands; None where none was made and none can be made now."""
    appeal_words: str | None = None
    """What the author wrote to ask for a second reading."""
    appealed_at: dt.datetime | None = None
    answer: str | None = None
    """What the second moderator said; None for silence."""
    answer_reason: str | None = None
    """Why the rejection stands, in the author's language."""
    answered_at: dt.datetime | None = None


class DecisionReader(Protocol):
    """Gives the words of the newest decision on a text to the pages of its author."""

    def __call__(
        self, session: Session, *, revision_id: int, locale: str, now: dt.datetime
    ) -> DecisionWords | None:
        """Return the words, or None where nothing was said."""
        ...


@dataclass(frozen=True)
class IndexDocument:
    """One public text as the search index keeps it; the words of `consult.search.documents`."""

    id: int
    version: int
    space: str
    question: int
    language: str
    category: str | None
    objectives: tuple[int, ...]
    region: str | None
    published_at: float
    """Seconds since 1970."""
    text: str
    title: str


@dataclass
class Ports:
    """The registries of one application."""

    erasers: dict[str, Eraser] = field(default_factory=dict)
    documents: dict[str, DocumentSource] = field(default_factory=dict)
    exports: dict[str, Callable[..., Iterator[Any]]] = field(default_factory=dict)
    suggester: Suggester | None = None
    decision_words: DecisionReader | None = None

    def erase(self, session: Session, *, user_id: int, now: dt.datetime) -> dict[str, int]:
        """Run every eraser in the order of registration; return rows touched by each."""
        return {
            name: eraser(session, user_id=user_id, now=now) for name, eraser in self.erasers.items()
        }
