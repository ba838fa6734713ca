"""What lower floors need from higher ones: small registries, filled in `consult.app`.

A feature registers here how its rows are erased, which documents belong in the search
index and what it can export; whoever walks the registry knows no feature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.markup import SafeHtml
from consult.core.passages import Passage


@dataclass(frozen=True)
class Erasing:
    """Whom every feature forgets, as they were known until this moment."""

    user_id: int
    uid: str
    name: str
    email: str | None
    email_key: str | None
    locale: str
    keeps_texts: bool
    """Whether the published texts stay; asked only where a forum leaves that to the person."""
    now: dt.datetime
    author_ids: set[int] = field(default_factory=set)
    """Authors that are this person and nobody else; filled in by those who find them."""

    @property
    def words(self) -> tuple[str, ...]:
        """What names the person wherever it stands."""
        found = (self.email, self.email_key, self.name.strip())
        return tuple(dict.fromkeys(word for word in found if word))


class Eraser(Protocol):
    """Blanks what a feature keeps about one person; returns how many rows it touched."""

    def __call__(self, session: Session, erasing: Erasing) -> int:
        """Blank the person's rows."""
        ...


@dataclass(frozen=True)
class OwnRow:
    """One thing that is kept about somebody, as they get it in a copy of their data."""

    part: str
    """Under which heading it stands, such as `contributions`; rows of a part follow each other."""
    values: Mapping[str, Any]
    """What JSON can hold."""


@dataclass(frozen=True)
class OwnFile:
    """A file that somebody handed in."""

    name: str
    sha256: str


class OwnData(Protocol):
    """Tells what a feature keeps about one user, row by row."""

    def __call__(self, session: Session, *, user_id: int) -> Iterator[OwnRow | OwnFile]:
        """Yield rows and files; reads only."""
        ...


@dataclass(frozen=True)
class Leaving:
    """What somebody should know before their account is erased."""

    may_choose: bool = False
    """Whether some forum leaves it to the person what becomes of the published texts."""
    keeps: Sequence[str] = ()
    """Names of forums whose published texts stay, by their rule."""
    removes: Sequence[str] = ()
    """Names of forums whose published texts go, by their rule."""
    delegations: Sequence[str] = ()
    """Names of delegations that are left without a focal point."""
    forums: Sequence[str] = ()
    """Names of forums that are left without an organiser."""


class LeavingReader(Protocol):
    """Looks what is left behind where somebody goes."""

    def __call__(self, session: Session, *, user_id: int) -> Leaving:
        """Return it; reads only."""
        ...


class DocumentSource(Protocol):
    """Gives the search index its documents, always as the public may read them now."""

    def documents(self, session: Session, ids: Sequence[int] | None) -> Iterable[IndexDocument]:
        """Yield the documents of these ids (all of them for None); removed ones are left out."""
        ...

    def versions(self, session: Session) -> Iterable[tuple[int, int]]:
        """Yield id and version of all documents, without reading their texts."""
        ...


@dataclass(frozen=True)
class Suggestion:
    """An objective that a text names or speaks of; shown for confirmation, never taken over
    silently.
    """

    objective: int
    """Its number."""
    passage: int
    """Index of the passage it is proposed for."""
    named: str
    """The words that speak for it, as they were typed: “Objectif 16”, or “remesas, banco”."""
    heading: str | None = None
    """The heading or the line above that names it; None where the passage itself does."""
    is_named: bool = True
    """Whether the words name it; else they only speak of what it is about."""
    score: float = 1.0
    """From 0 to 1: how surely the passage is about it."""


class Suggester(Protocol):
    """Proposes objectives for the passages of a text, for the form in which it is written."""

    def __call__(
        self,
        session: Session,
        passages: Sequence[Passage],
        *,
        forum_id: int,
        numbers: Collection[int],
        language: str | None,
    ) -> Sequence[Suggestion]:
        """Return proposals in reading order; reads only.

        `numbers` are the objectives that may be proposed; `language` is that of the text, None
        where nobody has said it.
        """
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
    kind: str = "comment"
    place: str = ""
    """Sorts as one reads: consultation, question, thread, place in it."""
    spans: tuple[tuple[int, int, str], ...] = ()
    """Passages in another language than the text's: start, end, language each, half-open."""


@dataclass(frozen=True)
class ShownAnnouncement:
    """What the organisers told everybody who follows a space, as its page shows it."""

    subject: str
    html: SafeHtml
    language: str
    """In which both are; not always that of the page."""
    at: dt.datetime


class AnnouncementReader(Protocol):
    """Gives the announcements of a space to its page."""

    def __call__(self, session: Session, space_id: int, /) -> Sequence[ShownAnnouncement]:
        """Return the newest ones, the newest first, in the current language where they are."""
        ...


@dataclass(frozen=True)
class ExportOffer:
    """Files of what a search found in one space, which somebody may take."""

    space: str
    """Its slug."""
    name: str
    formats: Sequence[tuple[str, str]]
    """Name and address of the file in each format."""


class SearchExports(Protocol):
    """Offers the page of a search the files of its result."""

    def __call__(
        self, session: Session, actor: Actor, words: Mapping[str, Any], /
    ) -> Sequence[ExportOffer]:
        """Return those that the actor may take; `words` are what stands in the search's address."""
        ...


@dataclass
class Ports:
    """The registries of one application."""

    erasers: dict[str, Eraser] = field(default_factory=dict)
    documents: dict[str, DocumentSource] = field(default_factory=dict)
    exports: dict[str, OwnData] = field(default_factory=dict)
    leaving: LeavingReader | None = None
    suggester: Suggester | None = None
    decision_words: DecisionReader | None = None
    announcements: AnnouncementReader | None = None
    texts_of_organisation: Callable[[Session, int], int] | None = None
    """How many public texts stand under an organisation, by its id."""
    site_names: Callable[[], tuple[str, ...]] = tuple
    """Names of the forum, the short one in the page's language first; none without a forum."""
    asks_to_take_part: Callable[[Session, int], bool] = lambda _session, _user_id: False
    """Whether a user asked to take part in some forum and is not approved there."""
    search_exports: SearchExports = lambda _session, _actor, _words: ()
    offers_move: Callable[[Session, Actor, int, dt.datetime], bool] = lambda *_: False
    """Whether the page of a public contribution, by its id, offers an actor to move it."""

    def erase(self, session: Session, erasing: Erasing) -> dict[str, int]:
        """Run every eraser in the order of registration; return rows touched by each."""
        return {name: eraser(session, erasing) for name, eraser in self.erasers.items()}
