"""The embedded backend: a Whoosh index in a folder, one writer, any number of readers.

Here is the one border to Whoosh: whatever goes wrong behind it becomes
:class:`~consult.search.documents.IndexUnavailable`. Good to about 20,000 texts and
bearable to 50,000; beyond that PostgreSQL is the backend (``docs/decisions``).
"""

import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from consult.search.backends import whoosh_files as files
from consult.search.backends import whoosh_writing as writing
from consult.search.backends.whoosh_query import Window, answer
from consult.search.backends.whoosh_schema import as_row
from consult.search.backends.whoosh_shelf import Memory, Shelf
from consult.search.documents import (
    MAX_WORDS,
    Document,
    Filters,
    IndexUnavailable,
    Results,
    Sort,
)
from consult.search.plan import Plan

DEFAULT_LOCK_WAIT_S: Final = 5.0
PATIENT: Final = 10
"""How many times longer a filled index waits for the writer of the one that it replaces."""

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
        # Nobody writes for long, and what a rebuild has filled would be lost.
        self._swap_wait_s = PATIENT * lock_wait_s
        self._turn = threading.RLock()
        self._generation: Path | None = None
        self._searcher: Any = None
        self._shelf: Shelf | None = None
        self._memory = Memory()
        self._checked: set[str] = set()

    @property
    def is_available(self) -> bool:
        """Whether a search would answer now; never raises."""
        if not self._folder.exists():
            return False
        try:
            self._read(len)
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

        window = Window(max(0, offset), max(0, limit), sort)

        def find(shelf: Shelf) -> Results:
            return answer(
                shelf,
                plan,
                filters=filters,
                allowed_spaces=allowed_spaces,
                left_out=left_out,
                window=window,
            )

        return self._read(find)

    def words(self, start: str) -> Iterator[tuple[str, int]]:
        """Yield words of texts; see :meth:`consult.search.documents.Backend.words`."""

        def read(shelf: Shelf) -> list[tuple[str, int]]:
            lexemes = islice(shelf.lexemes(f"={start}"), MAX_WORDS)
            return [(lexeme[1:], shelf.frequency(lexeme)) for lexeme in lexemes]

        return iter(self._read(read))

    def versions(self) -> Iterator[tuple[int, int]]:
        """Yield (id, version) of every document held."""
        return iter(self._read(lambda shelf: list(shelf.versions_by_id())))

    def write(self, documents: Iterable[Document], deletions: Iterable[int] = ()) -> None:
        """Change the index in one commit; see :meth:`consult.search.documents.Backend.write`."""
        latest = writing.latest(documents)
        gone = set(deletions)
        if not latest and not gone:
            return
        with self._border("write"), files.writer_lock(self._folder, wait_s=self._lock_wait_s):
            current = files.current_generation(self._folder)
            files.remove_leftovers(self._folder, keep=current)
            index = files.open_index(current)
            # Damage must not be merged into new segments, which would get good checksums.
            files.check_segments(index, known=set())
            files.remove_orphans(index)
            writing.apply(index, latest, gone)

    def compact(self) -> None:
        """Merge all segments; see :meth:`consult.search.documents.Backend.compact`."""
        with self._border("compact"), files.writer_lock(self._folder, wait_s=self._lock_wait_s):
            current = files.current_generation(self._folder)
            files.remove_leftovers(self._folder, keep=current)
            index = files.open_index(current)
            files.check_segments(index, known=set())
            if any(segment.deleted_count() for segment in index._segments()):
                writer = files.CheckedWriter(index)
                try:
                    writer.commit(optimize=True)
                except BaseException:
                    writing.abandon(writer)
                    raise
            files.remove_orphans(files.open_index(current))

    def rebuild(self, documents: Iterable[Document]) -> None:
        """Fill an index aside and swap it in; see :class:`consult.search.documents.Backend`."""
        with self._border("rebuild"):
            self._folder.mkdir(parents=True, exist_ok=True)
        with files.rebuild_lock(self._folder, wait_s=self._lock_wait_s):
            self._remove_others()
            with self._border("rebuild"):
                generation = files.new_generation(self._folder)
            try:
                self._fill(generation, documents)
                with (
                    self._border("rebuild"),
                    files.writer_lock(self._folder, wait_s=self._swap_wait_s),
                ):
                    files.make_current(generation)
            except BaseException:
                shutil.rmtree(generation, ignore_errors=True)
                raise
            with self._border("rebuild"):
                files.remove_other_generations(self._folder, keep=generation)

    def close(self) -> None:
        """Let go of the open files; the next call opens them again."""
        with self._turn:
            searcher, self._searcher, self._generation = self._searcher, None, None
            self._shelf = None
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
            writing.abandon(writer)
            raise
        if repeated:
            with self._border("rebuild"):
                writing.apply(index, writing.latest(repeated), set())

    def _remove_others(self) -> None:
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

    def _read(self, answer: Callable[[Shelf], _Answer]) -> _Answer:
        with self._turn, self._border("read"):
            try:
                with self._forgetting_on_error():
                    return answer(self._fresh_shelf())
            except Exception:  # noqa: BLE001  Whoosh raises struct.error, KeyError and worse.
                _LOGGER.info("Reopening the search index.")
            # A writer may have removed a segment under an open reader: once more, anew.
            with self._forgetting_on_error():
                return answer(self._fresh_shelf())

    @contextmanager
    def _forgetting_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _fresh_shelf(self) -> Shelf:
        generation = files.current_generation(self._folder)
        is_current = generation == self._generation and self._searcher.up_to_date()
        if self._shelf is None or not is_current:
            return self._open(generation)
        return self._shelf

    def _open(self, generation: Path) -> Shelf:
        checked = self._checked.copy() if generation == self._generation else set()
        if generation != self._generation:
            # Segments of another generation may have the same names.
            self._memory = Memory()
        self.close()
        index = files.open_index(generation)
        files.check_segments(index, known=checked)
        self._searcher = index.searcher()
        self._shelf = Shelf(self._searcher.reader(), self._memory)
        self._generation = generation
        self._checked = checked
        return self._shelf
