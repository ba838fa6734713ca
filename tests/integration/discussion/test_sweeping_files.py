"""What nobody uses goes, rows and bytes; what somebody uses stays, whoever comes meanwhile."""

from __future__ import annotations

import datetime as dt
import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from consult.accounts.models import User
from consult.app import create_app
from consult.core import clock
from consult.core.db import db
from consult.core.storage import Blob, FileStorage
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Paper, Upload
from consult.discussion.services import files, removing
from tests import factories as make
from tests import papers, postgresql
from tests.conftest import DATABASES, Template
from tests.factories import AnySession
from tests.integration.discussion.attached import hand_in, keep_content, make_attachment
from tests.integration.discussion.lines import real

PAPER = papers.pdf()
LONG_AGO: dict[str, Any] = {"created_at": clock.now() - dt.timedelta(days=2)}


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "blobs")


def sweep(session: AnySession, storage: FileStorage, **ahead: float) -> int:
    now = clock.now() + dt.timedelta(**ahead)
    return files.sweep(real(session), storage=storage, now=now)


def is_left(session: AnySession, storage: FileStorage, sha256: str) -> bool:
    rows = [session.get(table, sha256, populate_existing=True) for table in (Blob, Paper)]
    left = {row is not None for row in rows} | {files.is_there(storage, sha256=sha256)}
    assert len(left) == 1, "rows and bytes go together"
    return left.pop()


def test_an_upload_that_no_text_took_over_goes_after_a_week(
    session: AnySession, storage: FileStorage
) -> None:
    user = make.make_user(session)
    sha256 = hand_in(session, PAPER, user=user, storage=storage).sha256
    assert sweep(session, storage, days=6.9) == 0
    assert is_left(session, storage, sha256)
    assert sweep(session, storage, days=7.1) == 1
    assert not is_left(session, storage, sha256)
    assert session.scalar(select(func.count()).select_from(Upload)) == 0


def test_what_a_text_carries_stays_and_what_was_erased_goes(
    session: AnySession, storage: FileStorage
) -> None:
    space = make.make_space(session)
    user = make.make_user(session)
    author = make.make_author(session, forum=make.make_forum(session), user=user)
    row = make.make_contribution(session, space=space, author=author)
    assert row.published_revision_id is not None
    sha256 = make_attachment(
        session, revision_id=row.published_revision_id, storage=storage, **LONG_AGO
    ).sha256
    assert sha256 is not None
    assert sweep(session, storage, days=400) == 0
    removing.erase(
        real(session),
        contribution=session.get_one(Contribution, row.id),
        actor=make.actor_for(user=user, author=author),
        now=clock.now(),
    )
    assert sweep(session, storage) == 1
    assert not is_left(session, storage, sha256)


def test_a_content_that_came_today_stays_though_nothing_refers_to_it_yet(
    session: AnySession, storage: FileStorage
) -> None:
    sha256 = keep_content(session, PAPER, storage=storage)
    assert sweep(session, storage) == 0
    assert sweep(session, storage, hours=25) == 1
    assert not is_left(session, storage, sha256)


def test_a_content_that_two_people_handed_in_stays_until_both_are_gone(
    session: AnySession, storage: FileStorage
) -> None:
    now = clock.now()
    one = hand_in(session, PAPER, user=make.make_user(session), storage=storage)
    later = now + dt.timedelta(days=5)
    hand_in(session, PAPER, user=make.make_user(session), storage=storage, now=later)
    assert sweep(session, storage, days=8) == 0
    assert is_left(session, storage, one.sha256)
    assert sweep(session, storage, days=13) == 1


# --- At the same time ---------------------------------------------------------------------------


@pytest.fixture(params=DATABASES)
def committed(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[Flask]:
    """An application whose work is really committed, so that two threads can meet."""
    app = create_app(templates[request.param].copy(tmp_path / "data"))
    yield app
    with app.app_context():
        url = db.engine.url
        db.session.remove()
        db.engine.dispose()
    if request.param == "postgresql" and url.database:
        postgresql.drop_database(url.database)


class SlowStorage(FileStorage):
    """Waits in the middle of a deletion until somebody has come along."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.deleting, self.others = threading.Event(), threading.Event()

    def delete(self, sha256: str) -> None:
        """Remove a blob, slowly."""
        self.deleting.set()
        self.others.wait(1)
        super().delete(sha256)


def test_the_same_bytes_handed_in_during_a_sweep_are_there_afterwards(
    committed: Flask, tmp_path: Path
) -> None:
    storage = SlowStorage(tmp_path / "blobs")
    with committed.app_context(), unit_of_work() as session:
        sha256 = keep_content(session, PAPER, storage=storage, **LONG_AGO)

    def sweep_slowly() -> int:
        with committed.app_context(), unit_of_work() as session:
            return files.sweep(session, storage=storage, now=clock.now())

    with ThreadPoolExecutor(1) as pool:
        swept = pool.submit(sweep_slowly)
        assert storage.deleting.wait(5)
        # The bytes come before the rows, as from a form; the sweep takes them, and the rows bring
        # them back.
        storage.put(io.BytesIO(PAPER))
        with committed.app_context(), unit_of_work() as session:
            hand_in(session, PAPER, user=make.make_user(session), storage=storage)
        assert swept.result(10) == 1
    with committed.app_context(), unit_of_work() as session:
        assert session.get(Blob, sha256) is not None
        assert session.get(Paper, sha256) is not None
    with storage.open(sha256) as kept:
        assert kept.read() == PAPER


def test_a_sweep_that_comes_during_a_handing_in_leaves_it_alone(
    committed: Flask, tmp_path: Path
) -> None:
    storage = FileStorage(tmp_path / "blobs")
    with committed.app_context(), unit_of_work() as session:
        sha256 = keep_content(session, PAPER, storage=storage, **LONG_AGO)

    def sweep_now() -> int:
        with committed.app_context(), unit_of_work() as session:
            return files.sweep(session, storage=storage, now=clock.now())

    with ThreadPoolExecutor(1) as pool:
        with committed.app_context(), unit_of_work() as session:
            hand_in(session, PAPER, user=make.make_user(session), storage=storage)
            swept = pool.submit(sweep_now)
            time.sleep(0.5)
        assert swept.result(10) == 0
    with storage.open(sha256) as kept:
        assert kept.read() == PAPER


def test_eight_people_hand_the_same_new_file_in_at_once(committed: Flask, tmp_path: Path) -> None:
    storage = FileStorage(tmp_path / "blobs")
    with committed.app_context(), unit_of_work() as session:
        users = [make.make_user(session) for _ in range(8)]
        session.expunge_all()
    gate = threading.Barrier(len(users))

    def go(user: User) -> str:
        gate.wait(5)
        with committed.app_context(), unit_of_work() as session:
            return hand_in(session, PAPER, user=user, storage=storage).token

    with ThreadPoolExecutor(len(users)) as pool:
        tokens = list(pool.map(go, users))
    assert len(set(tokens)) == len(users)
    with committed.app_context(), unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(Blob)) == 1
        assert session.scalar(select(func.count()).select_from(Upload)) == len(users)
