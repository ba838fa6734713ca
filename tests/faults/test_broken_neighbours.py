"""Texts are sent while neither mail nor index work; both catch up once they work again."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select, text, update

from consult.core import clock
from consult.core.db import db
from consult.core.outbox import OutboxEntry
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing
from consult.notifications.models import Delivery
from consult.notifications.states import DeliveryState
from consult.spaces.models import Space
from tests.conftest import Served, free_port
from tests.faults.mortal import Mortal, mortal
from tests.faults.writers import check, writers

pytestmark = pytest.mark.faults

TEXTS = 5
WORD = "heronries"
"""Stands in the text that is published meanwhile, and nowhere else."""
PATIENCE = 60.0
"""Seconds within which something must have happened."""


class Letterbox:
    """Keeps what a mail server is handed."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"


def test_texts_are_taken_without_mail_and_index_which_catch_up_later(served: Served) -> None:
    writer = writers(served.app, served.url, count=1)[0]
    port = free_port()
    more = {"CONSULT_MAIL_URL": f"smtp://127.0.0.1:{port}"}
    with mortal(served) as server:
        server.stop()
        _put_away(served)
        server.start(more)
        for number in range(TEXTS):
            writer.send(writer.load(f"Text {number} about {WORD}."))
        check(served.app, [writer])
        _publish_newest(served)
        assert until(lambda: _mails(served, Delivery.error.is_not(None)) > 0)
        assert _mails(served, Delivery.state == DeliveryState.WAITING) == TEXTS
        assert until(lambda: _failures(served, "search.") > 0)
        assert WORD in page(served, writer.path)
        assert _parked(served) == 0

        _bring_back(served)
        box = Letterbox()
        controller = Controller(box, hostname="127.0.0.1", port=port)
        controller.start()
        try:
            _let_time_pass(served)
            assert until(lambda: len(box.mails) == TEXTS)
            assert until(lambda: 'class="result"' in page(served, f"/en/search?q={WORD}"))
        finally:
            controller.stop()
        _check_all_told(served, server)


def _put_away(served: Served) -> None:
    """Leave nothing that can be read or written, not even by root, where the index should lie."""
    index = served.config.index_dir
    if served.config.search_backend == "postgresql":
        _run(served, "ALTER TABLE search_state RENAME TO put_away")
        return
    if index.exists():
        index.rename(index.with_name("index-put-away"))
    index.write_bytes(b"")


def _bring_back(served: Served) -> None:
    if served.config.search_backend == "postgresql":
        _run(served, "ALTER TABLE put_away RENAME TO search_state")
        return
    served.config.index_dir.unlink()


def _run(served: Served, statement: str) -> None:
    with served.app.app_context(), db.engine.begin() as connection:
        connection.execute(text(statement))


def _publish_newest(served: Served) -> None:
    with served.app.app_context(), unit_of_work() as session:
        contribution = session.scalars(
            select(Contribution).order_by(Contribution.id.desc()).limit(1)
        ).one()
        publishing.publish(
            session,
            contribution=contribution,
            revision=session.get_one(Revision, contribution.open_revision_id),
            space=session.get_one(Space, contribution.space_id),
            now=clock.now(),
        )


def _mails(served: Served, condition: Any) -> int:
    return _count(served, select(func.count(Delivery.id)).where(condition))


def _failures(served: Served, handlers: str) -> int:
    failed = (OutboxEntry.handler.startswith(handlers), OutboxEntry.attempts > 0)
    return _count(served, select(func.count(OutboxEntry.id)).where(*failed))


def _parked(served: Served) -> int:
    parked = OutboxEntry.parked_at.is_not(None)
    return _count(served, select(func.count(OutboxEntry.id)).where(parked))


def _count(served: Served, statement: Any) -> int:
    with served.app.app_context():
        try:
            return int(db.session.scalar(statement) or 0)
        finally:
            db.session.remove()


def _let_time_pass(served: Served) -> None:
    """Make everything due that rests after a failure."""
    now = clock.now()
    with served.app.app_context(), unit_of_work() as session:
        session.execute(update(OutboxEntry).values(not_before=now))
        session.execute(update(Delivery).values(not_before=now))


def _check_all_told(served: Served, server: Mortal) -> None:
    server.stop()
    waiting = _mails(served, Delivery.state != DeliveryState.SENT)
    assert waiting == 0
    assert _parked(served) == 0


def page(served: Served, path: str) -> str:
    """Return a page as a visitor gets it."""
    with urllib.request.urlopen(served.url + path, timeout=30) as answer:
        body: bytes = answer.read()
        return body.decode()


def until(happened: Callable[[], bool]) -> bool:
    """Wait for something; return whether it happened in time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.2)
    return False
