"""Workers that die while mails go out, and a mail server that goes away: every mail arrives, and
one that arrives twice has the same Message-ID.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

import config as settings
from consult.app import create_app
from consult.core import clock
from consult.core.db import db
from consult.core.outbox import OutboxEntry
from consult.core.unit_of_work import unit_of_work
from consult.notifications import services
from consult.notifications.models import Delivery
from consult.notifications.states import DeliveryState
from tests import factories, postgresql
from tests.conftest import DATABASES, ROOT, Template, environment, free_port
from tests.integration.notifications.test_smtp import Server, serving_at

pytestmark = pytest.mark.faults

MAILS = 40
KILLS = 2
WITHIN = 40.0
"""Seconds within which something must have happened."""


@dataclass
class Office:
    """An installation with mails to send, and the worker that sends them."""

    app: Flask
    config: settings.Config
    port: int

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker of its own; it is killed at the end, wherever it is."""
        with (self.config.data_dir / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "flask", "worker"],
                cwd=ROOT,
                env=environment(self.config)
                | {"CONSULT_MAIL_URL": f"smtp://127.0.0.1:{self.port}"},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(30)

    def queue(self, count: int) -> None:
        with self.app.app_context(), unit_of_work() as session:
            for _ in range(count):
                services.queue_delivery(
                    session,
                    user_id=factories.make_user(session).id,
                    event="known-address",
                    key="2026-01-31",
                    values={},
                    now=clock.now(),
                )

    def let_time_pass(self) -> None:
        """Make due what waits for a dead worker's lease, or for the mail server."""
        past = clock.now() - dt.timedelta(seconds=1)
        with self.app.app_context(), unit_of_work() as session:
            session.execute(
                update(Delivery)
                .where(Delivery.state == DeliveryState.WAITING)
                .values(not_before=past)
            )
            session.execute(update(OutboxEntry).values(leased_until=None, not_before=past))

    def states(self) -> Counter[str]:
        with self.app.app_context(), unit_of_work() as session:
            rows = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
            return Counter({str(state): count for state, count in rows})


@pytest.fixture(params=DATABASES)
def office(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[Office]:
    config = replace(templates[request.param].copy(tmp_path / "data"), testing=False)
    app = create_app(config)
    yield Office(app, config, free_port())
    with app.app_context():
        database = db.engine.url.database
        db.engine.dispose()
    if config.database_url.startswith("postgresql") and database:
        postgresql.drop_database(database)


def wait_until(is_so: Callable[[], bool], why: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not is_so():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def arrived(server: Server) -> list[tuple[str, str]]:
    """Return recipient and Message-ID of every mail that the server took."""
    return [
        (one.rcpt_tos[0], str(message_from_bytes(bytes(one.content or b""))["Message-ID"]))  # type: ignore[arg-type]
        for one in list(server.envelopes)
    ]


def test_a_worker_killed_while_mails_go_out_loses_none(office: Office) -> None:
    server = Server(slow=0.01)
    office.queue(MAILS)
    with serving_at(server, office.port):
        for kill in range(1, KILLS + 1):
            enough = kill * MAILS // (KILLS + 2)
            with office.worker():
                wait_until(lambda: len(server.envelopes) >= enough, "nothing arrives")  # noqa: B023
            office.let_time_pass()
        with office.worker():
            wait_until(
                lambda: office.states()[DeliveryState.SENT] == MAILS, "not all mails were sent"
            )

    mails = arrived(server)
    assert len({to for to, _id in mails}) == MAILS
    assert len(set(mails)) == MAILS, "a mail arrived with two Message-IDs"
    assert len(mails) <= MAILS + KILLS


def test_while_the_mail_server_is_away_mails_wait_and_all_arrive_once_it_is_back(
    office: Office,
) -> None:
    server = Server()
    office.queue(MAILS)
    with office.worker():

        def was_tried() -> bool:
            with office.app.app_context(), unit_of_work() as session:
                tried = select(Delivery.id).where(Delivery.error.is_not(None))
                return session.scalars(tried).first() is not None

        wait_until(was_tried, "no mail was tried")
        assert office.states() == {DeliveryState.WAITING: MAILS}
        with serving_at(server, office.port):
            office.let_time_pass()
            wait_until(
                lambda: office.states()[DeliveryState.SENT] == MAILS, "not all mails were sent"
            )

    mails = arrived(server)
    assert (len(mails), len(set(mails))) == (MAILS, MAILS)
    assert server.connections < MAILS / 2
