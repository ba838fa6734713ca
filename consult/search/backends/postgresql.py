"""The backend in PostgreSQL: an index in the database of the data, for any number of processes.

Here is the one border to the index's tables: whatever goes wrong behind it becomes
:class:`~consult.search.documents.IndexUnavailable`. Every call takes a connection of its own for
a moment, so that a search never waits for a request's transaction nor sees what it has not
committed. The server knows lexemes at positions and no language
(``docs/decisions/0012-lexemes-in-postgresql.md``).
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from consult.search.backends import postgresql_writing as writing
from consult.search.backends.postgresql_rows import HEAD, latest
from consult.search.backends.postgresql_searching import Scope, Search, Window, lexemes_from
from consult.search.backends.postgresql_sql import READY
from consult.search.backends.postgresql_tables import INDEX_VERSION, PASSAGES
from consult.search.documents import (
    MAX_WORDS,
    Document,
    Filters,
    IndexBusy,
    IndexUnavailable,
    Results,
    Sort,
)
from consult.search.plan import MAX_EXPANSION, Plan, expanded

DEFAULT_LOCK_WAIT_S: Final = 5.0
SEARCH_LIMIT_MS: Final = 2_000
"""A statement of a search that takes longer is ended by the server."""
_LOGGER: Final = logging.getLogger(__name__)
_LOCK_NOT_AVAILABLE: Final = "55P03"

_VACUUM: Final = text("VACUUM (ANALYZE, SKIP_LOCKED) search_passage, search_word")


class _SourceFailed(Exception):
    """The documents of a rebuild could not be read; the cause is what their source raised."""


class PostgresqlBackend:
    """A :class:`~consult.search.documents.Backend` in the database of ``engine``."""

    def __init__(self, engine: Engine, *, lock_wait_s: float = DEFAULT_LOCK_WAIT_S) -> None:
        self._engine = engine
        self._lock_wait_s = lock_wait_s

    @property
    def is_available(self) -> bool:
        """Whether a search would answer now; never raises."""
        try:
            with self._reading():
                return True
        except IndexUnavailable:
            return False

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
        with self._reading() as connection:

            def lexemes(start: str) -> Iterator[str]:
                return (word for word, _ in lexemes_from(connection, start, limit=MAX_EXPANSION))

            search = Search(connection, Scope(filters, allowed_spaces, left_out))
            window = Window(max(0, offset), max(0, limit), sort)
            return search.answer(expanded(plan, lexemes), window)

    def words(self, start: str) -> Iterator[tuple[str, int]]:
        """Yield words of texts; see :meth:`consult.search.documents.Backend.words`."""
        with self._reading() as connection:
            found = lexemes_from(connection, f"={start}", limit=MAX_WORDS)
        return ((lexeme[1:], texts) for lexeme, texts in found)

    def versions(self) -> Iterator[tuple[int, int]]:
        """Yield (id, version) of every document held."""
        with self._reading() as connection:
            heads = select(PASSAGES.c.id, PASSAGES.c.version).where(PASSAGES.c.start == HEAD)
            return iter([(key, version) for key, version in connection.execute(heads)])

    def write(self, documents: Iterable[Document], deletions: Iterable[int] = ()) -> None:
        """Change the index in one commit; see :meth:`consult.search.documents.Backend.write`."""
        arrived = latest(documents)
        gone = set(deletions)
        if not arrived and not gone:
            return
        with self._writing("write") as connection:
            _check(writing.held_version(connection))
            writing.apply(connection, arrived, gone)

    def rebuild(self, documents: Iterable[Document]) -> None:
        """Fill the index anew; see :meth:`consult.search.documents.Backend.rebuild`.

        All in one transaction: until it is committed, searches see the index as it was, and of
        one that is ended half-way nothing is left.
        """
        with self._writing("rebuild") as connection:
            writing.fill(connection, _guarded(documents))
        self._tidy_up()

    def compact(self) -> None:
        """Let the server take out what was deleted, as far as nobody reads it any more.

        Raises :class:`IndexBusy` after a bounded wait for another writer.
        """
        with self._writing("compact") as connection:
            _check(writing.held_version(connection))
        self._tidy_up()

    def close(self) -> None:
        """Do nothing: the connections are the engine's."""

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Give a connection on which all statements see one state of the index."""
        with self._border("read"), self._engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ")
            ready = connection.execute(READY, {"limit": f"{SEARCH_LIMIT_MS}ms"}).one()
            _check(ready.version)
            if ready.has_words and not ready.has_texts:
                raise IndexUnavailable("The texts of the index are gone.")
            yield connection

    @contextmanager
    def _writing(self, act: str) -> Iterator[Connection]:
        """Give a connection with the writer's lock, and commit what was done on it."""
        with self._border(act), self._engine.begin() as connection:
            writing.lock(connection, wait_s=self._lock_wait_s)
            yield connection

    def _tidy_up(self) -> None:
        try:
            with self._engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(_VACUUM)
        except SQLAlchemyError:
            # The server does it by itself in a while.
            _LOGGER.info("The search index was not tidied up.", exc_info=True)

    @contextmanager
    def _border(self, act: str) -> Iterator[None]:
        try:
            yield
        except IndexUnavailable as error:
            _LOGGER.warning("The search index cannot %s: %s", act, error)
            raise
        except _SourceFailed as failure:
            raise failure.__cause__ or failure from None
        except Exception as error:
            _LOGGER.warning("The search index cannot %s.", act, exc_info=True)
            if isinstance(error, DBAPIError) and _state_of(error) == _LOCK_NOT_AVAILABLE:
                raise IndexBusy("Another process is writing the index.") from error
            raise IndexUnavailable(f"The index cannot {act}.") from error


def _check(version: int | None) -> None:
    if version is None:
        raise IndexUnavailable("There is no index.")
    if version != INDEX_VERSION:
        raise IndexUnavailable("The index was made by another version.")


def _guarded(documents: Iterable[Document]) -> Iterator[Document]:
    """Yield documents, and tell an error of theirs from one of the index."""
    try:
        yield from documents
    except Exception as error:
        raise _SourceFailed from error


def _state_of(error: DBAPIError) -> str | None:
    """Return the server's code of an error, such as 55P03."""
    return getattr(error.orig, "sqlstate", None)
