"""Acts that begin together in threads of their own, on a database that commits for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest
from flask import Flask

from consult.app import create_app
from consult.core.db import db
from consult.core.errors import StaleState
from tests import postgresql
from tests.conftest import DATABASES, Template

ROUNDS = 6


@pytest.fixture(params=DATABASES)
def own_app(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[Flask]:
    """An application on a database of its own, because threads commit for good."""
    app = create_app(templates[request.param].copy(tmp_path))
    yield app
    with app.app_context():
        url = db.engine.url
        db.engine.dispose()
    if request.param == "postgresql" and url.database:
        postgresql.drop_database(url.database)


def at_once(app: Flask, *acts: Callable[[int], None]) -> list[list[bool]]:
    """Let each act go through all rounds, beginning each together; return which were not stale."""
    barrier = Barrier(len(acts))

    def go(act: Callable[[int], None]) -> list[bool]:
        done = []
        with app.app_context():
            for number in range(ROUNDS):
                barrier.wait(timeout=60)
                try:
                    act(number)
                except StaleState:
                    done.append(False)
                except Exception:
                    # The others would wait for whoever does not come any more.
                    barrier.abort()
                    raise
                else:
                    done.append(True)
        return done

    with ThreadPoolExecutor(len(acts)) as pool:
        running = [pool.submit(go, act) for act in acts]
    errors = [error for one in running if (error := one.exception()) is not None]
    assert not errors, next(e for e in errors if not isinstance(e, BrokenBarrierError))
    return [one.result() for one in running]
