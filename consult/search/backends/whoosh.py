"""The embedded backend: a Whoosh index in a folder, one writer, any number of readers.

Here is the one border to Whoosh: whatever goes wrong behind it becomes
:class:`~consult.search.documents.IndexUnavailable`. Good to about 20,000 texts and
bearable to 50,000; beyond that PostgreSQL is the backend (``docs/decisions``).
"""

import heapq
import logging
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from whoosh.reading import TermNotFound

from consult.search.backends import whoosh_files as files
from consult.search.backends.whoosh_query import MAX_EXPANSION, build
from consult.search.backends.whoosh_schema import (
    FacetValues,
    as_row,
    count_facets,
    passes,
    read_facet_key,
)
from consult.search.documents import (
    Document,
    Filters,
    Hit,
    IndexUnavailable,
    Results,
    Sort,
)
from consult.search.plan import Plan

DEFAULT_LOCK_WAIT_S: Final = 5.0

_LOGGER: Final = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


class WhooshBackend:
    """A :class:`~consult.search.documents.Backend` in the folder ``folder``.

    One searcher a process, refreshed when the index has changed; threads take turns,
    because Whoosh's readers share file positions. Opens nothing until the first call.
    """

    def __init__(self, folder: Path, *, lock_wait_s: float = DEFAULT_LOCK_WAIT_S) -> None:
        self._folder = folder
        self._lock_wait_s = lock_wait_s
        self._turn = threading.RLock()
        self._generation: Path | None = None
        self._searcher: Any = None
        self._checked: set[str] = set()

    @property
    def is_available(self) -> bool:
        """Whether a search would answer now; never raises."""
        if not self._folder.exists():
            return False
        try:
            self._read(lambda searcher: searcher.doc_count())
        except IndexUnavailable:
            return False
        return True

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
        """Find documents; see :meth:`consult.search.documents.Backend.search`."""

        def find(searcher: Any) -> Results:
            def expand(field: str, start: str) -> list[str]:
                words = searcher.reader().expand_prefix(field, start)
                return [word.decode() for word in islice(words, MAX_EXPANSION)]

            narrow = partial(passes, filters=filters, allowed_spaces=allowed_spaces)
            matches = _matches(searcher, build(plan.query, expand=expand), narrow)
            shown = [match for match in matches if match.id not in left_out]
            return _page(shown, offset=max(0, offset), limit=max(0, limit), sort=sort)

        return self._read(find)

    def versions(self) -> Iterator[tuple[int, int]]:
        """Yield (id, version) of every document held."""
        return iter(self._read(_versions))

    def write(self, documents: Iterable[Document], deletions: Iterable[int] = ()) -> None:
        """Change the index in one commit; see :meth:`consult.search.documents.Backend.write`."""
        latest = _latest(documents)
        gone = set(deletions)
        if not latest and not gone:
            return
        with self._border("write"), files.writer_lock(self._folder, wait_s=self._lock_wait_s):
            current = files.current_generation(self._folder)
            files.remove_other_generations(self._folder, keep=current)
            index = files.open_index(current)
            # Damage must not be merged into new segments, which would get good checksums.
            files.check_segments(index, known=set())
            files.remove_orphans(index)
            _apply(index, latest, gone)

    def compact(self) -> None:
        """Merge all segments; see :meth:`consult.search.documents.Backend.compact`."""
        with self._border("compact"), files.writer_lock(self._folder, wait_s=self._lock_wait_s):
            current = files.current_generation(self._folder)
            files.remove_other_generations(self._folder, keep=current)
            index = files.open_index(current)
            files.check_segments(index, known=set())
            if any(segment.deleted_count() for segment in index._segments()):
                writer = files.CheckedWriter(index)
                try:
                    writer.commit(optimize=True)
                except BaseException:
                    _abandon(writer)
                    raise
            files.remove_orphans(files.open_index(current))

    def rebuild(self, documents: Iterable[Document]) -> None:
        """Fill an index aside and swap it in; see :class:`consult.search.documents.Backend`."""
        with self._border("rebuild"):
            self._folder.mkdir(parents=True, exist_ok=True)
        with files.writer_lock(self._folder, wait_s=self._lock_wait_s):
            self._remove_leftovers()
            with self._border("rebuild"):
                generation = files.new_generation(self._folder)
            try:
                self._fill(generation, documents)
            except BaseException:
                shutil.rmtree(generation, ignore_errors=True)
                raise
            with self._border("rebuild"):
                files.make_current(generation)

    def close(self) -> None:
        """Let go of the open files; the next call opens them again."""
        with self._turn:
            searcher, self._searcher, self._generation = self._searcher, None, None
            self._checked.clear()
            if searcher is not None:
                with suppress(Exception):
                    searcher.close()

    def _fill(self, generation: Path, documents: Iterable[Document]) -> None:
        seen: set[int] = set()
        repeated: list[Document] = []
        with self._border("rebuild"):
            index = files.open_index(generation)
            writer = files.CheckedWriter(index)
        try:
            # The loop stands outside the border: an error of the source is not the index's.
            for document in documents:
                if document.id in seen:
                    repeated.append(document)
                    continue
                seen.add(document.id)
                with self._border("rebuild"):
                    writer.add_document(**as_row(document))
            with self._border("rebuild"):
                writer.commit()
        except BaseException:
            _abandon(writer)
            raise
        if repeated:
            with self._border("rebuild"):
                _apply(index, _latest(repeated), set())

    def _remove_leftovers(self) -> None:
        try:
            current = files.current_generation(self._folder)
        except IndexUnavailable:
            current = None
        files.remove_other_generations(self._folder, keep=current)

    @contextmanager
    def _border(self, act: str) -> Iterator[None]:
        try:
            yield
        except IndexUnavailable as error:
            _LOGGER.warning("The search index cannot %s: %s", act, error)
            raise
        except Exception as error:
            _LOGGER.warning("The search index cannot %s.", act, exc_info=True)
            raise IndexUnavailable(f"The index cannot {act}.") from error

    def _read(self, answer: Callable[[Any], _Answer]) -> _Answer:
        with self._turn, self._border("read"):
            try:
                with self._forgetting_on_error():
                    return answer(self._fresh_searcher())
            except Exception:  # noqa: BLE001  Whoosh raises struct.error, KeyError and worse.
                _LOGGER.info("Reopening the search index.")
            # A writer may have removed a segment under an open reader: once more, anew.
            with self._forgetting_on_error():
                return answer(self._fresh_searcher())

    @contextmanager
    def _forgetting_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _fresh_searcher(self) -> Any:
        generation = files.current_generation(self._folder)
        is_current = (
            self._searcher is not None
            and generation == self._generation
            and self._searcher.up_to_date()
        )
        if not is_current:
            self._open(generation)
        return self._searcher

    def _open(self, generation: Path) -> None:
        checked = self._checked.copy() if generation == self._generation else set()
        self.close()
        index = files.open_index(generation)
        files.check_segments(index, known=checked)
        self._searcher = index.searcher()
        self._generation = generation
        self._checked = checked


def _latest(documents: Iterable[Document]) -> dict[int, Document]:
    latest: dict[int, Document] = {}
    for document in documents:
        known = latest.get(document.id)
        if known is None or document.version >= known.version:
            latest[document.id] = document
    return latest


def _apply(index: Any, documents: dict[int, Document], deletions: set[int]) -> None:
    writer = files.CheckedWriter(index)
    try:
        replaced: list[int] = []
        stale: set[int] = set()
        for key, docnum, version in _held(writer, documents.keys() | deletions):
            if key not in deletions and version > documents[key].version:
                stale.add(key)
            else:
                replaced.append(docnum)
        for docnum in replaced:
            writer.delete_document(docnum)
        for key, document in documents.items():
            if key not in stale:
                writer.add_document(**as_row(document))
        writer.commit()
    except BaseException:
        _abandon(writer)
        raise


def _held(writer: Any, ids: Iterable[int]) -> list[tuple[int, int, int]]:
    """Return (id, document number, version) of the ids that the index has already."""
    reader = writer.reader()
    to_bytes = writer.schema["id"].to_bytes
    found: list[tuple[int, int, int]] = []
    try:
        for leaf, base in reader.leaf_readers():
            if not leaf.doc_count_all():
                continue
            versions = leaf.column_reader("version")
            for key in ids:
                with suppress(TermNotFound):
                    matcher = leaf.postings("id", to_bytes(key))
                    found.extend((key, base + n, versions[n]) for n in matcher.all_ids())
    finally:
        reader.close()
    return found


def _abandon(writer: Any) -> None:
    with suppress(Exception):
        writer.cancel()


def _versions(searcher: Any) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for leaf, _ in searcher.reader().leaf_readers():
        if not leaf.doc_count_all():
            continue
        ids, versions = leaf.column_reader("id"), leaf.column_reader("version")
        pairs.extend((int(ids[n]), int(versions[n])) for n in leaf.all_doc_ids())
    return pairs


class _Match(NamedTuple):
    id: int
    version: int
    score: float
    published_at: float
    facet_key: bytes


def _matches(searcher: Any, asked: Any, narrow: Callable[[FacetValues], bool]) -> Iterator[_Match]:
    """Yield every match that ``narrow`` lets pass, which is asked once a distinct value."""
    context = searcher.context(needs_current=True)
    is_within: dict[bytes, bool] = {}
    for leaf, _ in searcher.leaf_searchers():
        reader = leaf.reader()
        if not reader.doc_count_all():
            continue  # The reader of a new index has no columns.
        ids, versions, instants, facets = (
            reader.column_reader(name) for name in ("id", "version", "published_at", "facets")
        )
        matcher = asked.matcher(leaf, context)
        while matcher.is_active():
            n = matcher.id()
            key = facets[n]
            if key not in is_within:
                is_within[key] = narrow(read_facet_key(key))
            if is_within[key]:
                yield _Match(int(ids[n]), int(versions[n]), matcher.score(), instants[n], key)
            matcher.next()


def _page(matches: list[_Match], *, offset: int, limit: int, sort: Sort) -> Results:
    def by_newest(match: _Match) -> tuple[float, float, int]:
        return match.published_at, match.score, match.id

    def by_relevance(match: _Match) -> tuple[float, float, int]:
        # Sums of the same parts in another order differ in the last digits.
        return round(match.score, 6), match.published_at, match.id

    best = heapq.nlargest(
        offset + limit, matches, key=by_newest if sort == "newest" else by_relevance
    )
    return Results(
        len(matches),
        tuple(Hit(match.id, match.version, match.score) for match in best[offset:]),
        count_facets(Counter(match.facet_key for match in matches)),
    )
