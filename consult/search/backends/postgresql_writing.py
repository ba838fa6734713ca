"""Changing the index's tables on a connection that holds the writer's lock."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, insert, select
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from consult.search.backends.postgresql_rows import EXACT_MARKS, HEAD, as_rows, latest
from consult.search.backends.postgresql_sql import WORDS_OF
from consult.search.backends.postgresql_tables import INDEX_VERSION, PASSAGES, STATE, WORDS
from consult.search.documents import Document

BATCH: Final = 500
"""Documents, or words, that go to the server at once."""

WRITER: Final = 7_310_420_226_001
"""The advisory lock that writers of this database's index take."""


def lock(connection: Connection, *, wait_s: float) -> None:
    """Take the writer's lock until the transaction ends; the server gives up after ``wait_s``."""
    wait = f"{max(1, round(wait_s * 1_000))}ms"
    connection.execute(select(func.set_config("lock_timeout", wait, True)))
    connection.execute(select(func.pg_advisory_xact_lock(WRITER)))


def held_version(connection: Connection) -> int | None:
    """Return the version of the index that is there, None where there is none."""
    version: int | None = connection.scalar(select(STATE.c.version))
    return version


def apply(
    connection: Connection, documents: Mapping[int, Document], deletions: Collection[int]
) -> None:
    """Delete, then add or replace documents, but for those of which a later version is held."""
    ids = [*(documents.keys() | set(deletions))]
    held = connection.execute(
        select(PASSAGES.c.id, PASSAGES.c.version).where(
            PASSAGES.c.id == func.any(ids), PASSAGES.c.start == HEAD
        )
    )
    gone = set(deletions)
    stale = {key for key, version in held if key not in gone and version > documents[key].version}
    _remove(connection, [key for key in ids if key not in stale])
    _add(connection, (documents[key] for key in documents if key not in stale))


def fill(connection: Connection, documents: Iterable[Document]) -> None:
    """Replace every document; searches see those that were there until the transaction ends."""
    connection.execute(delete(PASSAGES))
    connection.execute(delete(WORDS))
    seen: set[int] = set()
    repeated: list[Document] = []

    def first_ones() -> Iterator[Document]:
        for document in documents:
            if document.id in seen:
                repeated.append(document)
                continue
            seen.add(document.id)
            yield document

    _add(connection, first_ones())
    apply(connection, latest(repeated), ())
    values = {"id": 1, "version": INDEX_VERSION}
    statement = insert_or_update(STATE).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def _add(connection: Connection, documents: Iterable[Document]) -> None:
    texts: Counter[str] = Counter()
    statement = insert(PASSAGES).values(words=cast(bindparam("words", type_=Text), TSVECTOR))
    for batch in _batches(documents):
        rows: list[dict[str, Any]] = []
        for document in batch:
            own, words = as_rows(document)
            rows += own
            texts.update(words)
        connection.execute(statement, rows)
    _count(connection, texts)


def _remove(connection: Connection, ids: list[int]) -> None:
    counted = connection.execute(WORDS_OF, {"ids": ids, "marks": list(EXACT_MARKS)})
    texts = Counter({word: -count for word, count in counted})
    connection.execute(delete(PASSAGES).where(PASSAGES.c.id == func.any(ids)))
    _count(connection, texts)
    forgotten = delete(WORDS).where(WORDS.c.lexeme == func.any([*texts]), WORDS.c.texts <= 0)
    connection.execute(forgotten)


def _count(connection: Connection, texts: Mapping[str, int]) -> None:
    """Add to how many texts have each word."""
    if not texts:
        return
    statement = insert_or_update(WORDS)
    statement = statement.on_conflict_do_update(
        index_elements=["lexeme"], set_={"texts": WORDS.c.texts + statement.excluded.texts}
    )
    for batch in _batches({"lexeme": word, "texts": n} for word, n in sorted(texts.items())):
        connection.execute(statement, batch)


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
