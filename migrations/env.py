"""Runs the migrations inside the application, so that there is one database setting."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from consult.core.db import Base, Instant, Json, db
from consult.core.i18n import TranslatedText
from consult.search.backends.postgresql_tables import INDEX_TABLES


def render_type(kind: str, item: Any, _autogen: AutogenContext) -> str | bool:
    """Write plain column types: a migration must not change when our classes do."""
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, Json | TranslatedText):
        return "sa.JSON()"
    return False


def configure(connection: Connection) -> None:
    """Set up the migration context on a connection."""
    has_index = connection.dialect.name == "postgresql"
    context.configure(
        connection=connection,
        target_metadata=[Base.metadata, INDEX_TABLES] if has_index else Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render_type,
        transactional_ddl=True,
    )


def run() -> None:
    """Run on the connection that was handed over, else on one of the application's engine.

    SQLite checks foreign keys while a batch rebuilds a table, so they rest meanwhile; a
    second migrator waits for the first one's lock.
    """
    given = context.config.attributes.get("connection")
    if given is not None:
        configure(given)
        with context.begin_transaction():
            context.run_migrations()
        return
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA foreign_keys=OFF")
            cursor.close()
            connection.execution_options(sqlite_begin="IMMEDIATE")
        elif connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_lock(20260101)")
            connection.commit()
        configure(connection)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
