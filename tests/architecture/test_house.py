"""What holds for the whole house: schema, permissions, catalogues of words."""

from __future__ import annotations

from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text
from sqlalchemy.exc import DatabaseError

from consult.core import audit, authz, clock, wording
from consult.core.db import Base, db
from consult.core.errors import Refusal
from consult.search.backends.postgresql_tables import INDEX_TABLES


def test_an_empty_database_and_all_migrations_are_the_models(session):
    context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
    # The tables of the index exist on PostgreSQL only.
    is_postgresql = db.engine.dialect.name == "postgresql"
    tables = [Base.metadata, *([INDEX_TABLES] if is_postgresql else [])]
    # Alembic takes several collections of tables, its annotation one.
    assert compare_metadata(context, cast("MetaData", tables)) == []


def test_every_permission_has_its_predicates(app):
    assert authz.declared() == frozenset(authz.Permission)


def test_every_refusal_has_its_sentence():
    assert set(wording.REFUSALS) == set(Refusal)


@pytest.mark.parametrize("act", ["UPDATE audit_entry SET act = 'x'", "DELETE FROM audit_entry"])
def test_what_was_logged_can_be_neither_changed_nor_deleted(session, act):
    audit.record(session, "send", actor_id=None, now=clock.now(), subject=("contribution", 1))
    session.flush()
    with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
        session.execute(text(act))


def test_sqlite_waits_for_its_turn_and_keeps_foreign_keys(session):
    if db.engine.dialect.name != "sqlite":
        assert session.execute(text("SHOW TimeZone")).scalar_one() == "UTC"
        return
    assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    assert session.execute(text("PRAGMA busy_timeout")).scalar_one() >= 5_000
