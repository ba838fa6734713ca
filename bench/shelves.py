"""A corpus with a search index of its own: in a folder beside SQLite, or in PostgreSQL."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, cast

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, Table, create_engine, func, insert, select, text

from bench.corpus import ROOT, Corpus
from bench.server import environment
from consult.core.db import Base, db
from consult.core.ports import Ports
from consult.search import sync
from consult.search.documents import Backend
from tests import postgresql

BATCH = 2_000
INDEX_TABLES = ("search_passage", "search_word", "search_state")


@dataclass(frozen=True)
class Shelf:
    """An application on a corpus whose public texts are in its index."""

    name: str
    """Of the backend."""
    size: int
    app: Flask
    rebuild_s: float
    """What filling the index took."""
    weigh: Callable[[], int]
    """Tells the bytes of the index."""

    @property
    def backend(self) -> Backend:
        """The index."""
        return cast(Backend, self.app.extensions["consult.search"])

    def index(self, ids: Sequence[int]) -> None:
        """Bring texts up to date in the index; needs an application context."""
        ports: Ports = self.app.extensions["consult.ports"]
        sources = ports.documents.values()
        sync.update(db.session(), backend=self.backend, sources=sources, ids=ids)


@contextmanager
def shelf(made: Corpus, name: str, folder: Path) -> Iterator[Shelf]:
    """Give a copy of a corpus with an index, which is filled now."""
    opened = _in_folder(made, folder) if name == "whoosh" else _in_postgresql(made, folder)
    with opened as (app, weigh):
        yield Shelf(name, made.size, app, rebuild(app), weigh)


def rebuild(app: Flask) -> float:
    """Fill the index anew; return how many seconds that took."""
    ports: Ports = app.extensions["consult.ports"]
    began = perf_counter()
    with app.app_context():
        backend: Backend = app.extensions["consult.search"]
        sync.rebuild(db.session(), backend=backend, sources=ports.documents.values())
        db.session.remove()
    return perf_counter() - began


@contextmanager
def _in_folder(made: Corpus, folder: Path) -> Iterator[tuple[Flask, Callable[[], int]]]:
    folder.mkdir()
    shutil.copy(made.config.data_dir / "consult.db", folder / "consult.db")
    url = f"sqlite:///{folder / 'consult.db'}"
    config = replace(made.config, data_dir=folder, database_url=url, search_backend="whoosh")
    app = replace(made, config=config).app()
    yield app, lambda: sum(one.stat().st_size for one in config.index_dir.rglob("*.*"))
    _let_go(app)


@contextmanager
def _in_postgresql(made: Corpus, folder: Path) -> Iterator[tuple[Flask, Callable[[], int]]]:
    folder.mkdir()
    name = f"consult_bench_{uuid.uuid4().hex[:12]}"
    url = postgresql.create_database(name).replace("postgresql://", "postgresql+psycopg://", 1)
    config = replace(made.config, data_dir=folder, database_url=url, search_backend="postgresql")
    app = replace(made, config=config).app()
    try:
        with app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            _copy(made, url)
        yield app, lambda: _weight(app)
    finally:
        _let_go(app)
        postgresql.drop_database(name)


def _let_go(app: Flask) -> None:
    cast(Backend, app.extensions["consult.search"]).close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _copy(made: Corpus, url: str) -> None:
    """Copy all rows of a corpus into an empty database of another kind."""
    source, target = create_engine(made.config.database_url), create_engine(url)
    with source.connect() as reading, target.begin() as writing:
        # Rows point at each other in circles.
        writing.execute(text("SET session_replication_role = replica"))
        for table in Base.metadata.sorted_tables:
            writing.execute(table.delete())
            rows = (dict(row) for row in reading.execute(select(table)).mappings())
            while batch := list(islice(rows, BATCH)):
                writing.execute(insert(table), batch)
            _count_on(writing, table)
    with target.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    source.dispose()
    target.dispose()


def _count_on(connection: Connection, table: Table) -> None:
    """Let new rows be numbered after those that were copied."""
    for column in table.primary_key.columns:
        sequence = select(func.pg_get_serial_sequence(f'"{table.name}"', column.name))
        named = connection.scalar(sequence)
        if named is not None:
            highest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(named, highest, False)))


def _weight(app: Flask) -> int:
    with app.app_context(), db.engine.connect() as connection:
        sizes = [func.pg_total_relation_size(table) for table in INDEX_TABLES]
        return int(sum(connection.execute(select(*sizes)).one()))


@contextmanager
def working(app: Flask) -> Iterator[None]:
    """Run the worker of an application in a process of its own."""
    config = app.extensions["consult.config"]
    environ: dict[str, Any] = environment(config) | {
        "FLASK_APP": str(ROOT / "wsgi.py"),
        "CONSULT_SEARCH": config.search_backend,
    }
    command = [sys.executable, "-m", "flask", "worker"]
    with (config.data_dir / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait(5)


def seconds(work: Callable[[], Any], *, clock: Callable[[], float] = process_time) -> float:
    """Return what a work takes, on the CPU unless another clock is named."""
    began = clock()
    work()
    return clock() - began


def p95(taken: Sequence[float]) -> float:
    """Return what 19 of 20 stay below."""
    return sorted(taken)[int(len(taken) * 0.95)]


def ms(taken: float) -> float:
    """Return seconds as milliseconds, rounded for reading."""
    return round(taken * 1000, 2)
