"""An index on each backend: the embedded one and the one in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from consult.search.documents import Backend
from tests import postgresql
from tests.conftest import Template
from tests.indexes import TEXTS, Home, InFolder, InPostgresql


@pytest.fixture(scope="session")
def index_engine(
    templates: dict[str, Template], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine on a migrated PostgreSQL database, whose index each test fills anew."""
    config = templates["postgresql"].copy(tmp_path_factory.mktemp("index"))
    engine = create_engine(config.database_url)
    yield engine
    database = engine.url.database
    engine.dispose()
    postgresql.drop_database(str(database))


@pytest.fixture(params=["whoosh", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """Where an index lies that is not made yet."""
    if request.param == "whoosh":
        return InFolder(tmp_path)
    found = InPostgresql(request.getfixturevalue("index_engine"))
    found.lose()
    return found


@pytest.fixture
def backend(home: Home) -> Iterator[Backend]:
    """An index of the eight texts."""
    home.backend.rebuild(TEXTS)
    yield home.backend
    home.backend.close()
