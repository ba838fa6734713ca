"""Lines that break and servers that die while people send: each form once, and nothing is lost."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import text

from consult.core.db import db
from tests.conftest import Served
from tests.faults.line import Cut, bad_line
from tests.faults.mortal import mortal
from tests.faults.writers import LOST, Form, Writer, at_once, check, writers

pytestmark = pytest.mark.faults

WRITERS = 8
EACH = 25
"""Texts of each writer: 200 in all."""
KILLS = 3
UNTIL_KILLED = (0.3, 1.5)
"""Seconds between two deaths, from and to."""
DROPPED = 150
"""Requests that nobody waits for: more than any pool of connections holds."""


def cutting(seed: int) -> Callable[[], Cut]:
    """Return a line's choice: more than half of the connections are lost somewhere."""
    dice, lock = random.Random(seed), threading.Lock()

    def choose() -> Cut:
        with lock:
            return dice.choices(list(Cut), (45, 15, 20, 20))[0]

    return choose


def send_all(writer: Writer, number: int, *, texts: int) -> None:
    """Send some texts one after the other; every third was kept as a draft before."""
    for count in range(texts):
        body = f"Text {count} of writer {number}: what our city has learned – “señal” nº {count}."
        form = writer.keep(body) if count % 3 == 2 else writer.load(body)
        writer.send(form)


def test_two_hundred_sendings_over_a_bad_line_arrive_once_each(served: Served) -> None:
    everybody = writers(served.app, served.url, count=WRITERS)
    with bad_line(everybody[0].own_port, cutting(2022)) as line:
        for writer in everybody:
            writer.port = line.port
        at_once(
            [partial(send_all, one, number, texts=EACH) for number, one in enumerate(everybody)]
        )
    check(served.app, everybody)


def test_a_sending_cut_at_every_place_in_turn_and_sent_again_is_there_once(served: Served) -> None:
    everybody = writers(served.app, served.url, count=1)
    writer, cuts = everybody[0], [Cut.REQUEST, Cut.MIDDLE, Cut.ANSWER, Cut.NOWHERE]
    with bad_line(writer.own_port, lambda: cuts.pop(0)) as line:
        writer.port = line.port
        writer.send(writer.keep("A text whose first three sendings got lost."))
    assert not cuts
    check(served.app, everybody)


def test_a_server_killed_while_people_send_loses_and_doubles_nothing(served: Served) -> None:
    everybody = writers(served.app, served.url, count=4)
    dice = random.Random(1)
    with mortal(served) as server:
        sending = threading.Thread(
            target=at_once, args=([partial(patiently, one) for one in everybody],)
        )
        sending.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(*UNTIL_KILLED))
            server.kill()
            server.start()
        sending.join(180)
        assert [len(writer.sent) for writer in everybody] == [10] * 4
        check(served.app, everybody)


def patiently(writer: Writer) -> None:
    """Send ten texts; a form that cannot be loaded is asked for again."""
    for count in range(10):
        writer.send(loaded(writer, f"Text {count} of {writer.cookie[-8:]}, who does not give up."))


def loaded(writer: Writer, body: str) -> Form:
    """Load a form until no connection is lost in it."""
    deadline = time.monotonic() + 120
    while True:
        try:
            return writer.load(body)
        except LOST:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_clients_that_hang_up_leave_no_connection_to_the_database_behind(served: Served) -> None:
    everybody = writers(served.app, served.url, count=4)
    writer = everybody[0]
    for number in range(DROPPED):
        hang_up(writer, "HEAD" if number % 3 == 0 else "GET", wait_for=number % 2 * 10)
    pages = at_once([partial(one.ask, "GET", one.path, port=one.own_port) for one in everybody * 5])
    assert {page.status for page in pages} == {200}
    assert _left_open(served) == 0


def hang_up(writer: Writer, method: str, *, wait_for: int) -> None:
    """Ask for a page and go away after some bytes of the answer."""
    request = f"{method} {writer.path} HTTP/1.1\r\nHost: {writer.host}\r\n"
    with socket.create_connection(("127.0.0.1", writer.own_port), 60) as connection:
        connection.sendall(f"{request}Cookie: {writer.cookie}\r\n\r\n".encode())
        if wait_for:
            connection.recv(wait_for)


def _left_open(served: Served) -> int:
    """Return how many transactions of the server are still open once it has nothing to do."""
    with served.app.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Busy is a write-ahead log that somebody's old snapshot still needs.
            busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            return int(busy)
        time.sleep(1)
        return int(
            connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%' AND xact_start < now() - interval '1s'"
                )
            ).scalar_one()
        )
