"""Two fixtures carry the tests: `session` (rolled back) and `served` (a real server).

Both run on SQLite and on PostgreSQL; the schema is always made by the migrations.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from socket import socket
from typing import Any, cast

import pytest
from flask import Flask, g, request_started
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy.orm import Session, scoped_session

import config as settings
from consult.app import create_app
from consult.core.db import db
from tests import postgresql

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what lives as long as the tests do.

    Walking through every module again and again takes a seventh of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def need_postgresql() -> None:
    """Skip the test where there is no server; where every change is tested, fail it."""
    if postgresql.server_url() is not None:
        return
    reason = "no PostgreSQL: set CONSULT_TEST_POSTGRESQL_URL or install Debian's postgresql"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class Template:
    """A migrated, empty database that tests copy."""

    kind: str
    config: settings.Config
    name: str

    def copy(self, data_dir: Path) -> settings.Config:
        """Return the settings of a fresh copy in its own data folder."""
        data_dir.mkdir(parents=True, exist_ok=True)
        if self.kind == "sqlite":
            shutil.copy(self.config.data_dir / "consult.db", data_dir / "consult.db")
            return settings.for_tests(data_dir)
        url = postgresql.create_database(f"consult_{uuid.uuid4().hex[:12]}", template=self.name)
        return settings.for_tests(data_dir, database_url=sqlalchemy_url(url))


def sqlalchemy_url(url: str) -> str:
    """Return a server's address as SQLAlchemy names it, with our driver."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Template]]:
    """Templates by kind, made when first asked for."""
    made: dict[str, Template] = {}

    class OnDemand(dict[str, Template]):
        def __missing__(self, kind: str) -> Template:
            data_dir = tmp_path_factory.mktemp(f"template-{kind}")
            name = f"consult_template_{uuid.uuid4().hex[:12]}"
            url = None
            if kind == "postgresql":
                need_postgresql()
                url = sqlalchemy_url(postgresql.create_database(name))
            config = settings.for_tests(data_dir, database_url=url)
            app = create_app(config)
            with app.app_context():
                upgrade(directory=str(ROOT / "migrations"))
                if kind == "sqlite":
                    with db.engine.connect() as connection:
                        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                db.engine.dispose()
            made[kind] = self[kind] = Template(kind=kind, config=config, name=name)
            return self[kind]

    yield OnDemand()
    if "postgresql" in made:
        postgresql.drop_database(made["postgresql"].name)


@pytest.fixture(scope="session")
def apps(
    templates: dict[str, Template], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Flask]]:
    """Applications by database kind, each on its own copy, made when first asked for."""

    class OnDemand(dict[str, Flask]):
        def __missing__(self, kind: str) -> Flask:
            config = templates[kind].copy(tmp_path_factory.mktemp(f"app-{kind}"))
            self[kind] = create_app(config)
            return self[kind]

    made = OnDemand()
    yield made
    for app in made.values():
        drop(app)


def drop(app: Flask) -> None:
    """Close the connections of an application and remove its database from the server."""
    with app.app_context():
        url = db.engine.url
        db.session.remove()
        db.engine.dispose()
    if url.drivername.startswith("postgresql") and url.database:
        postgresql.drop_database(url.database)


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Iterator[Flask]:
    """The application whose database work is rolled back after the test."""
    with rolled_back(apps[request.param]) as application:
        yield application


@contextmanager
def rolled_back(application: Flask) -> Iterator[Flask]:
    """Let a test work on one connection of an application, and undo what it did to the database."""
    with application.app_context():
        engine = db.engine
        connection = engine.connect()
        transaction = connection.begin()
        engines = cast(dict[str | None, Any], db.engines)
        engines[None] = connection
        application.test_client_class = Browser
        try:
            with request_started.connected_to(_forget_last_request, application):
                yield application
        finally:
            db.session.remove()
            engines[None] = engine
            transaction.rollback()
            connection.close()


@pytest.fixture
def session(app: Flask) -> scoped_session[Session]:
    """A database session in a savepoint; nothing of it outlives the test."""
    return cast(scoped_session[Session], db.session)


class Browser(FlaskClient):
    """A browser without scripts on the test's connection; it sees what the test prepared."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Commit what was prepared, send the request, forget what was read before it."""
        db.session.commit()
        response = super().open(*args, **kwargs)
        db.session.expire_all()
        return response


def _forget_last_request(*_args: object, **_kwargs: object) -> None:
    """Empty `g`: a test holds one application context, a server opens one for each request."""
    for name in list(g):
        g.pop(name)


@pytest.fixture
def client(app: Flask, session: scoped_session[Session]) -> FlaskClient:
    """The browser of a visitor."""
    return app.test_client()


@dataclass
class Served:
    """A running server, its settings and its log."""

    url: str
    config: settings.Config
    process: subprocess.Popen[bytes]
    app: Flask
    environ: dict[str, str]

    def flask(self, *args: str, **kw: Any) -> subprocess.CompletedProcess[str]:
        """Run a `flask` command on the same database."""
        return subprocess.run(
            [sys.executable, "-m", "flask", *args],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            **kw,
        )


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(config: settings.Config) -> dict[str, str]:
    """Return the environment that makes another process use these settings."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("CONSULT_")}
    return environ | {
        "CONSULT_DATA": str(config.data_dir),
        "CONSULT_DATABASE_URL": config.database_url,
        "CONSULT_SECRET_KEY": config.secret_key,
        "CONSULT_BASE_URL": config.base_url,
        "CONSULT_RATE_LIMITS": "off",
        "FLASK_APP": str(ROOT / "wsgi.py"),
    }


@pytest.fixture(params=DATABASES)
def served(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[Served]:
    """A real server with its worker, on a copy of the migrated template."""
    yield from serve(templates[request.param].copy(tmp_path / "data"))


def serve(config: settings.Config) -> Iterator[Served]:
    """Start `flask serve` on settings, yield it, and end it and what it was given."""
    port = free_port()
    config = replace(config, base_url=f"http://127.0.0.1:{port}")
    environ = environment(config)
    log = (config.data_dir / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "serve", "--port", str(port)],
        cwd=ROOT,
        env=environ,
        stdout=log,
        stderr=log,
    )
    app = create_app(config)
    try:
        _wait_for(config.base_url + "/healthz", process, config.data_dir / "serve.log")
        yield Served(config.base_url, config, process, app, environ)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        log.close()
        with app.app_context():
            database = db.engine.url.database
            db.engine.dispose()
        if config.database_url.startswith("postgresql") and database:
            postgresql.drop_database(database)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text(errors='replace')[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not answer within 30 seconds")
