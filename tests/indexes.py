"""Indexes for tests: documents, a small corpus, and both backends as they are installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from consult.search.backends.postgresql import PostgresqlBackend
from consult.search.backends.whoosh import WhooshBackend
from consult.search.backends.whoosh_files import writer_lock
from consult.search.documents import Backend, Document, Filters, Results
from consult.search.grammar import parse
from consult.search.plan import make

SPACES = frozenset({"rt1", "rt3"})


def make_document(key: int, said: str, **over: Any) -> Document:
    """Return a Spanish comment of an NGO in rt3, published a second after the one before."""
    values: dict[str, Any] = {
        "version": 1,
        "space": "rt3",
        "question": 1,
        "language": "es",
        "category": "ngo",
        "objectives": (20,),
        "region": None,
        "published_at": float(key),
    }
    return Document(id=key, text=said, **(values | over))


TEXTS = [
    make_document(1, "La educación de los hijos y las remesas"),
    make_document(2, "Une réelle égalité pour les étrangers", language="fr", objectives=(15, 16)),
    make_document(3, "La portabilité des droits dès l’accueil", language="fr", question=2),
    make_document(4, "Remittances and the portability of benefits", language="en"),
    make_document(5, "Une œuvre au titre de séjour", language="fr", space="rt1", category="state"),
    make_document(6, "Una señal: objetivo 16, no 8 de 160", objectives=(16,), region="Americas"),
    make_document(7, "Le porte-parole et les porte-clés", language="fr", title="Ama Mensah, Kaya"),
    make_document(8, "More co-operation on articles 16 and 17", language="en", objectives=()),
]


def search(backend: Backend, query: str, *, across: bool = False, **over: Any) -> Results:
    """Search for what was typed; without roots and glossary unless `across`."""
    options: dict[str, Any] = {
        "filters": Filters(),
        "offset": 0,
        "limit": 50,
        "sort": "relevance",
        "allowed_spaces": SPACES,
    }
    return backend.search(make(parse(query), across=across), **(options | over))


def ids(results: Results) -> list[int]:
    """Return the ids of the hits in their order."""
    return [hit.id for hit in results.hits]


def find(backend: Backend, query: str, **over: Any) -> set[int]:
    """Return the ids of what is found."""
    return set(ids(search(backend, query, **over)))


class InFolder:
    """The embedded backend in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "index"
        self.backend: Backend = self.another()

    def another(self, *, lock_wait_s: float = 0.1) -> Backend:
        """Return the same index as another process has it."""
        return WhooshBackend(self.folder, lock_wait_s=lock_wait_s)

    @contextmanager
    def being_written(self) -> Iterator[None]:
        """Hold the writer's lock as another process does."""
        with writer_lock(self.folder, wait_s=0):
            yield

    def lose(self) -> None:
        """Take the index away under whoever uses it."""
        for path in self.folder.glob("*/*"):
            path.unlink()

    def age(self) -> None:
        """Make it an index of another version."""
        (self.folder / "current").write_text(f"generation-0-{'0' * 16}", encoding="ascii")


class InPostgresql:
    """The backend in PostgreSQL, in a migrated database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.backend: Backend = self.another()

    def another(self, *, lock_wait_s: float = 0.1) -> Backend:
        """Return the same index as another process has it."""
        return PostgresqlBackend(self.engine, lock_wait_s=lock_wait_s)

    @contextmanager
    def being_written(self) -> Iterator[None]:
        """Hold the writer's lock as another process does."""
        with self.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(7310420226001)"))
            yield

    def lose(self) -> None:
        """Take the index away under whoever uses it."""
        self._run("TRUNCATE search_state, search_passage, search_word")

    def age(self) -> None:
        """Make it an index of another version."""
        self._run("UPDATE search_state SET version = 0")

    def _run(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement))


Home = InFolder | InPostgresql
