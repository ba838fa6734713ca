"""Where tables and the database meet: the declarative base, the extension, column types.

Models sit on our own `Base`; Flask-SQLAlchemy is handed its metadata and provides engines
and the scoped session (docs/decisions/0001-plain-declarative-base.md).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    event,
)
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

BUSY_TIMEOUT_MS = 10_000
"""How long a SQLite writer waits for another one before the request answers 503."""
LOG_PATIENCE_MS = 1_000
"""How long emptying the log waits for others."""

Id = BigInteger().with_variant(Integer, "sqlite")
"""Type of row ids; they appear in no URL, cursor, feed or file."""


class Base(DeclarativeBase):
    """Parent of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Instant(TypeDecorator[dt.datetime]):
    """A moment in UTC; naive values are refused, so no local time can slip in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Return the instant in UTC, naive for SQLite, which keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Return the instant with its zone, UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            return value.replace(tzinfo=dt.UTC)
        return value.astimezone(dt.UTC)


class Json(TypeDecorator[Any]):
    """JSON; `JSONB` is not needed, nothing is queried inside."""

    impl = JSON
    cache_ok = True


def bytewise_string(length: int) -> TypeEngine[str]:
    """Return a text type compared byte by byte: thread paths sort alike on every database."""
    return String(length).with_variant(VARCHAR(length, collation="C"), "postgresql")


class unindexed(FunctionElement[Any]):  # noqa: N801 - stands where a function of SQL does
    """A column that SQLite shall compare without looking it up in an index.

    Its planner knows no figures about our rows, and would take an index of this column for better
    than the way by which few of them are found. Other databases know better themselves.
    """

    inherit_cache = True


@compiles(unindexed)
def _column(element: unindexed, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(unindexed, "sqlite")
def _signed_column(element: unindexed, compiler: SQLCompiler, **how: Any) -> str:
    return f"+{compiler.process(element.clauses, **how)}"


db = SQLAlchemy(
    metadata=Base.metadata,
    session_options={
        "expire_on_commit": False,
        # Matters only where a test binds the session to a connection with an open
        # transaction: commits then release savepoints.
        "join_transaction_mode": "create_savepoint",
    },
)
migrate = Migrate(render_as_batch=True)


def init_app(app: Flask, *, migrations: str) -> None:
    """Bind the extensions to the application and its engines' connections to our rules."""
    db.init_app(app)
    migrate.init_app(app, db, directory=migrations, compare_type=True)
    with app.app_context():
        prepare_engine(db.engine)


def prepare_engine(engine: Engine) -> None:
    """Give a SQLite engine WAL, foreign keys and transactions begun by us.

    The driver's own transaction handling is switched off: it would begin too late for a
    reader and never `IMMEDIATE` for a writer.
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        # What is deleted or overwritten leaves no bytes behind in the file: erasure means it.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")


class LogInUse(Exception):
    """Somebody reads or writes just now, so the log of changes cannot be emptied."""


def empty_log(session: Session) -> None:
    """Move SQLite's log of changes into the database file and empty it.

    Until then it may hold pages as they were before an erasure. Raises `LogInUse` where somebody
    is at work for longer than a moment: try again later. PostgreSQL reuses its log by itself.
    """
    engine = session.get_bind().engine
    if engine.dialect.name != "sqlite":
        return
    session.rollback()
    with contextlib.closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={LOG_PATIENCE_MS}")
        try:
            is_busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            cursor.close()
    if is_busy:
        raise LogInUse
