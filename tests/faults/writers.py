"""People who write by HTTP until they get an answer, and what must be left of it."""

from __future__ import annotations

import html
import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from consult.accounts import sessions
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.db import db
from consult.core.outbox import OutboxEntry
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.notifications.models import Delivery
from consult.spaces.models import Forum
from tests import factories as make

LOST = (OSError, http.client.HTTPException)
"""What a client sees of a connection that broke."""
CATCHING_UP = 60.0
"""Seconds that the worker gets to tell everybody."""


@dataclass(frozen=True)
class Answer:
    """What came back whole."""

    status: int
    location: str
    page: str


@dataclass
class Form:
    """A form as it was loaded, with a text typed into it."""

    path: str
    fields: dict[str, str]
    body: str
    location: str = ""
    """Where the answer to it led."""

    @property
    def values(self) -> dict[str, str]:
        """What the browser sends."""
        return self.fields | {"body": self.body, "language": "en", "action": "send"}


@dataclass
class Writer:
    """Somebody who is signed in; `port` is where their line leads."""

    host: str
    cookie: str
    path: str
    space_id: int
    port: int = 0
    sent: list[Form] = field(default_factory=list)

    @property
    def own_port(self) -> int:
        """Port of the server itself."""
        return int(self.host.rpartition(":")[2])

    def load(self, body: str) -> Form:
        """Load the form of the question on a line that holds, and type a text into it."""
        answer = self.ask("GET", self.path, port=self.own_port)
        assert answer.status == HTTPStatus.OK, answer.page[:2000]
        at = answer.page.index('data-draft="')
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.page[at:])
        fields = {name: html.unescape(value) for name, value in found}
        assert fields["idempotency_key"]
        return Form(self.path, fields, body)

    def keep(self, body: str) -> Form:
        """Keep a text as a draft, and load the form that goes on with it."""
        form = self.load(body)
        answer = self.post(form, port=self.own_port, action="save")
        assert answer.status == HTTPStatus.SEE_OTHER, answer.page[:2000]
        return self.load(body)

    def post(self, form: Form, *, port: int = 0, **over: str) -> Answer:
        """Send a form once; raises one of `LOST` where the connection breaks."""
        return self.ask("POST", form.path, urlencode(form.values | over), port=port)

    def send(self, form: Form, *, seconds: float = 120) -> None:
        """Send a form again and again until it is answered."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self.post(form)
            except LOST:
                assert time.monotonic() < deadline, "no answer"
                time.sleep(0.02)
                continue
            break
        assert answer.status == HTTPStatus.SEE_OTHER, (answer.status, answer.page[:3000])
        form.location = answer.location
        self.sent.append(form)

    def ask(self, method: str, path: str, body: str | None = None, *, port: int = 0) -> Answer:
        """Ask for a page on this writer's line, or on the port given."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", port or self.port or self.own_port, timeout=60
        )
        headers = {"Host": self.host, "Cookie": self.cookie, "Connection": "close"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            page = response.read().decode()
            fresh = response.headers.get("Set-Cookie")
            if fresh and fresh.startswith(self.cookie.partition("=")[0] + "="):
                self.cookie = fresh.partition(";")[0]
            return Answer(response.status, response.headers.get("Location", ""), page)
        finally:
            connection.close()


def writers(app: Flask, url: str, *, count: int) -> list[Writer]:
    """Make a space and people who may write there, each signed in."""
    with app.app_context():
        with unit_of_work() as session:
            space = make.make_space(session)
            space_id, forum = space.id, session.get_one(Forum, space.forum_id)
            users = [make.make_user(session) for _ in range(count)]
            for user in users:
                make.make_author(session, forum=forum, user=user)
            ids = [
                sessions.start(session, user_id=user.id, client=sessions.Client(), now=clock.now())
                for user in users
            ]
            path = f"/en/spaces/{space.slug}/questions/1?per_page=20"
        interface = app.session_interface
        assert isinstance(interface, SecureCookieSessionInterface)
        signer = interface.get_signing_serializer(app)
        assert signer is not None
        name = app.config["SESSION_COOKIE_NAME"]
        values = [{"_permanent": True, "_user_id": i, "_fresh": True} for i in ids]
        cookies = [f"{name}={signer.dumps(value)!s}" for value in values]
    return [Writer(urlsplit(url).netloc, cookie, path, space_id) for cookie in cookies]


def at_once(acts: Sequence[Any]) -> list[Any]:
    """Do acts in threads that begin at the same instant; return what they return."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int) -> None:
        barrier.wait(60)
        try:
            results[number] = acts[number]()
        except BaseException as error:  # noqa: BLE001 - told to the test, which raises it
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def check(app: Flask, everybody: Sequence[Writer]) -> None:
    """Hold their space against what was sent: each form once, whole, told once; nothing else."""
    forms = [form for writer in everybody for form in writer.sent]
    with app.app_context():
        session = db.session()
        try:
            ids = _check_texts(session, forms, space_id=everybody[0].space_id)
            _check_told(session, ids)
            _check_database(session)
        finally:
            db.session.remove()


def _check_texts(session: Session, forms: Sequence[Form], *, space_id: int) -> list[int]:
    """Return the ids of the contributions, in their order."""
    rows = session.execute(
        select(Revision.source, Revision.state, Contribution.id, Contribution.receipt)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(Contribution.space_id == space_id)
    ).all()
    assert Counter(row.source for row in rows) == Counter(form.body for form in forms)
    assert {row.state for row in rows} == {RevisionState.PENDING}, "a draft was left behind"
    receipts = {row.source: row.receipt for row in rows}
    assert all(receipts[form.body] in form.location for form in forms)
    ids = sorted(row.id for row in rows)
    of_space = select(Contribution.id).where(Contribution.space_id == space_id)
    assert sorted(session.scalars(of_space)) == ids
    acts = select(AuditEntry.subject_id).where(
        AuditEntry.act == "send", AuditEntry.subject_id.in_(ids)
    )
    assert sorted(number or 0 for number in session.scalars(acts)) == ids
    return ids


def _check_told(session: Session, ids: Sequence[int]) -> None:
    """Wait for the worker; each text has one receipt by mail, and nothing was given up."""
    told = select(Delivery.values).where(Delivery.event == "received")
    waiting = select(func.count(OutboxEntry.id)).where(
        OutboxEntry.handler == "notifications.received"
    )
    deadline = time.monotonic() + CATCHING_UP
    while time.monotonic() < deadline and session.scalar(waiting):
        session.rollback()
        time.sleep(0.2)
    session.rollback()
    mails = [values["contribution_id"] for values in session.scalars(told)]
    assert sorted(one for one in mails if one in ids) == ids
    parked = select(OutboxEntry.handler).where(OutboxEntry.parked_at.is_not(None))
    assert not session.scalars(parked).all()


def _check_database(session: Session) -> None:
    if session.get_bind().dialect.name == "sqlite":
        assert session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
        assert not session.execute(text("PRAGMA foreign_key_check")).all()
