"""The index is killed, deleted, torn and fought over: the search says so or answers, never fails,
shows nothing that is not public, and is whole again within a minute.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from consult.core.db import db
from tests.conftest import ROOT, Served, Template, serve
from tests.faults.library import TEXTS, WORD, Library, until

pytestmark = pytest.mark.faults

PUBLISHED = 30
KILLS = 4
VISIBLE_WITHIN = 60.0
"""Seconds from a decision to the search, whatever else the machine does; `make bench` measures
them where it does nothing else.
"""


@pytest.fixture
def library(served: Served) -> Library:
    return Library(served)


@pytest.fixture
def shelf(templates: dict[str, Template], tmp_path: Path) -> Iterator[Library]:
    """A library whose index lies in a folder."""
    for served in serve(templates["sqlite"].copy(tmp_path / "data")):
        yield Library(served)


def lose(library: Library) -> None:
    """Delete the folder of the index, or empty its tables."""
    shutil.rmtree(library.served.config.index_dir, ignore_errors=True)
    if library.served.config.search_backend == "postgresql":
        with library.served.app.app_context(), db.engine.begin() as connection:
            connection.execute(text("TRUNCATE search_passage, search_word"))


def check_whole(library: Library, *, published: int = 0) -> None:
    """Everything public is found, index and database agree, nothing was given up or touched."""
    until(lambda: library.count(WORD) == TEXTS + published)
    for number in range(published):
        assert library.count(f"place{number}new") == 1
    library.check_answers()
    assert library.served.flask("search", "verify").returncode == 0
    assert library.put_aside() == 0
    assert library.texts() == TEXTS + published + 2


def test_a_decision_is_found_soon_while_others_search(library: Library) -> None:
    with library.being_searched():
        for number in range(5):
            library.publish(f"place{number}new")
            until(partial(library.finds, f"place{number}new"), seconds=VISIBLE_WITHIN)
    check_whole(library, published=5)


def test_a_worker_killed_again_and_again_loses_no_text(library: Library) -> None:
    dice = random.Random(2)
    with library.being_searched():
        for number in range(PUBLISHED):
            library.publish(f"place{number}new")
            if number % (PUBLISHED // KILLS) == 0:
                until(lambda: bool(library.workers()))
                # The worker looks every half second and works for a fraction of one.
                time.sleep(dice.uniform(0.2, 1.2))
                for worker in library.workers():
                    worker.kill()
        until(lambda: bool(library.workers()))
        library.hurry()
        until(lambda: library.count(WORD) == TEXTS + PUBLISHED)
    check_whole(library, published=PUBLISHED)


def test_an_index_that_is_lost_while_it_is_used_comes_back_by_itself(library: Library) -> None:
    with library.being_searched():
        lose(library)
        healed = until(lambda: library.count(WORD) == TEXTS)
    assert healed < 60
    check_whole(library)


@pytest.mark.parametrize("harm", ["truncate", "delete", "flip", "flip again"])
def test_a_damaged_index_is_told_and_mended(shelf: Library, harm: str) -> None:
    dice = random.Random(harm)
    with shelf.being_searched():
        damage(shelf.served.config.index_dir, harm, dice)
        # Who opens the index anew must not take what it says for true.
        told = shelf.served.flask("search", "query", WORD, "--limit", "1")
        assert "Traceback" not in told.stderr
        shelf.hurry()
        until(lambda: shelf.count(WORD) == TEXTS)
        shelf.hurry()
        until(lambda: shelf.served.flask("search", "verify").returncode == 0)
    check_whole(shelf)


def damage(folder: Path, harm: str, dice: random.Random) -> None:
    (generation,) = folder.glob("generation-*")
    tables, segments = sorted(generation.glob("*.toc")), sorted(generation.glob("*.seg"))
    if harm == "truncate":
        path = tables[-1]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif harm == "delete":
        dice.choice(segments).unlink()
    else:
        path = dice.choice([*tables, *segments])
        body = bytearray(path.read_bytes())
        for _ in range(20):
            body[dice.randrange(len(body))] ^= dice.randrange(1, 256)
        # In place, as a failing disk does, under the feet of whoever has the file open.
        with path.open("r+b") as file:
            file.write(body)


def test_two_workers_and_two_rebuilds_at_once_lose_no_text(library: Library) -> None:
    command = [sys.executable, "-m", "flask"]
    environ = library.served.environ

    def run(*args: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*command, *args], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)

    second = run("worker")
    try:
        with library.being_searched():
            rebuilds = [run("search", "rebuild") for _ in range(2)]
            for number in range(PUBLISHED):
                library.publish(f"place{number}new")
            # One of two may be told to try again; neither fails otherwise.
            assert {one.wait(120) for one in rebuilds} <= {0, 1}
            until(lambda: library.count(WORD) == TEXTS + PUBLISHED)
    finally:
        second.terminate()
        second.wait(30)
    check_whole(library, published=PUBLISHED)
