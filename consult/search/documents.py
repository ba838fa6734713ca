"""What goes into an index and what comes out: the words every backend shares.

Pure shapes and the :class:`Backend` protocol; nothing here knows an engine, a table or
a page. An index holds published texts only, and an answer is ids: the caller fetches
the rows under the visibility rule, so that a stale index can miss but never leak.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from consult.search.plan import Plan
from consult.search.ranking import Step as Step

Sort = Literal["relevance", "newest", "thread"]
FacetValue = str | int
Facets = Mapping[str, Mapping[FacetValue, int]]


MAX_WORDS: Final = 5_000
"""Words of an index that are looked through for one that was meant."""


class IndexUnavailable(Exception):
    """The index is missing, damaged or cannot be written; only a rebuild or a wait helps.

    A page says that the search is being rebuilt, a worker keeps its outbox row.
    """


class IndexBusy(IndexUnavailable):
    """Another process is writing the index; the same call succeeds later."""


@dataclass(frozen=True, slots=True)
class Document:
    """One published contribution as the index keeps it.

    ``id`` is the contribution's, ``version`` its public version, ``question`` the
    question's number in its space, ``published_at`` seconds since 1970 in UTC,
    ``language`` one of en, fr, es (another one is found by exact words only). ``title``
    is the name shown and the organisation; it is searched with a lower weight.
    """

    id: int
    version: int
    space: str
    question: int
    language: str
    category: str | None
    objectives: tuple[int, ...]
    region: str | None
    published_at: float
    text: str
    title: str = ""
    kind: str = "comment"
    place: str = ""
    """Sorts as one reads: consultation, question, thread, place in it."""
    spans: tuple[tuple[int, int, str], ...] = ()
    """Passages of the text in another language: start, end, language each, half-open."""

    @property
    def month(self) -> str | None:
        """The month in UTC in which it was published, as in 2026-11; None where that is unknown."""
        if not self.published_at:
            return None
        return dt.datetime.fromtimestamp(self.published_at, dt.UTC).strftime("%Y-%m")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to; ``None`` does not narrow."""

    space: str | None = None
    question: int | None = None
    language: str | None = None
    category: str | None = None
    objective: int | None = None
    region: str | None = None
    kind: str | None = None
    month: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One text found: its id, the version indexed, its score (0 without words to rank by).

    ``via`` is the glossary term that brought it, ``None`` for what was typed.
    """

    id: int
    version: int
    score: float
    via: str | None = None
    step: Step = "all"


@dataclass(frozen=True, slots=True)
class Results:
    """One page of hits, the number of all matches, and counts over all matches.

    ``facets`` has the keys space, question, language, category, objective, region, kind and
    month; texts without a category, region or month are not counted there. ``whole`` of the
    ``total`` have all that was asked for; the others stand behind them.
    """

    total: int
    hits: tuple[Hit, ...] = ()
    facets: Facets = field(default_factory=dict)
    whole: int | None = None
    """None where all of them do."""


class Backend(Protocol):
    """An index of documents. Every method may raise :class:`IndexUnavailable`, no other error."""

    @property
    def is_available(self) -> bool:
        """Whether a search would answer now; never raises."""

    def write(self, documents: Iterable[Document], deletions: Iterable[int] = ()) -> None:
        """Delete, then add or replace documents, in one commit.

        Idempotent. Of two versions of a document the later stays, whatever the order of
        calls; an id that is also in ``deletions`` is replaced in any case. Never makes
        an index: where there is none it raises, and the answer is :meth:`rebuild`.
        Raises :class:`IndexBusy` after a bounded wait for another writer.
        """

    def compact(self) -> None:
        """Take deleted documents out of the files, where they stay until segments are merged.

        Raises :class:`IndexBusy` after a bounded wait for another writer.
        """

    def search(
        self,
        plan: Plan,
        *,
        filters: Filters,
        offset: int,
        limit: int,
        sort: Sort,
        allowed_spaces: frozenset[str],
        left_out: frozenset[int] = frozenset(),
    ) -> Results:
        """Find documents of the allowed spaces; an empty plan finds all that pass the filters."""

    def words(self, start: str) -> Iterator[tuple[str, int]]:
        """Yield exact words of texts that begin with ``start``, and about how many texts have each.

        Words without accents, in alphabetical order, at most `MAX_WORDS` of them. Those of deleted
        texts may still be counted. Nobody may be shown a word from here before a text with it was
        found that they may read.
        """

    def versions(self) -> Iterator[tuple[int, int]]:
        """Yield (id, version) of every document held, in no order."""

    def rebuild(self, documents: Iterable[Document]) -> None:
        """Fill a new index aside and swap it in at once; makes the first one, too.

        Searching goes on in the old index meanwhile, and so may writing: what was written
        during a rebuild may be missing afterwards and must be compared
        (:func:`consult.search.sync.renew`). Raises :class:`IndexBusy` where another
        process rebuilds. An error of ``documents`` itself is passed on and leaves the
        old index in place.
        """

    def close(self) -> None:
        """Let go of files; a later call opens them again."""
