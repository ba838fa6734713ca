"""Signed-in people who send texts to a server, and the installations they send them to."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from time import monotonic, perf_counter, sleep
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import func, select

import config as settings
from bench.corpus import SPACE, Corpus, sign_in, with_port
from bench.server import HOST, ROOT, Server, environment, free_port, gunicorn
from bench.texts import draw_text
from consult.accounts.models import User
from consult.core import clock
from consult.core.db import db
from consult.core.outbox import OutboxEntry
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Revision
from consult.spaces.models import Author, AuthorMember
from consult.spaces.states import Membership

PATIENCE = 120.0
"""Seconds that the worker gets to finish what waits."""


@dataclass(frozen=True)
class Sent:
    """How a sending was answered."""

    mark: str
    """Words that stand in no other text."""
    status: int
    seconds: float


class Poster:
    """Somebody with a session and a form: each sending carries a key and a text of its own."""

    def __init__(self, server: Server, *, cookie: str, question: int) -> None:
        self._server = server
        self._path = f"/en/spaces/{SPACE}/questions/{question}"
        self._random = Random(cookie)
        page = server.get(self._request("GET", cookie=cookie)).decode()
        self._token = _found(r'name="csrf_token" value="([^"]+)"', page)
        # The session now holds the token's other half.
        self._cookie = _found(r"(?im)^set-cookie: ([^;]+)", page)

    def send(self, *, parent: str = "") -> Sent:
        """Send an answer, or a reply to `parent`, and wait for the answer of the server."""
        mark = secrets.token_hex(8)
        body = urlencode(
            {
                "csrf_token": self._token,
                "idempotency_key": secrets.token_urlsafe(18),
                "body": f"{draw_text(self._random, 'en')}\n\n{mark}",
                "language": "en",
                "objectives": "20",
                "parent": parent,
                "action": "send",
            }
        ).encode()
        request = self._request("POST", cookie=self._cookie, length=len(body)) + body
        began = perf_counter()
        answer = self._server.get(request)
        return Sent(mark, int(answer.split(b" ", 2)[1]), perf_counter() - began)

    def _request(self, method: str, *, cookie: str, length: int = 0) -> bytes:
        lines = [f"{method} {self._path} HTTP/1.1", f"Host: {HOST}:{self._server.port}"]
        lines += ["Connection: close", f"Cookie: {cookie}"]
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded"]
            lines += [f"Content-Length: {length}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _found(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    if found is None:
        raise RuntimeError(f"the page has no form: {page[:300]!r}")
    return found[1]


@dataclass(frozen=True)
class Installation:
    """A running server on a copy of a corpus, with people who may write."""

    app: Flask
    server: Server
    cookies: list[str]

    def poster(self, number: int = 0, *, question: int = 1) -> Poster:
        """Return one of the people, with a form of a question."""
        return Poster(self.server, cookie=self.cookies[number], question=question)


@contextmanager
def installation(
    made: Corpus, folder: Path, *, people: int = 1, more: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Serve a copy of a corpus; `more` are further variables of the server's environment."""
    made = with_port(_copied(made, folder), free_port())
    app = made.app()
    emails = _add_people(app, people)
    cookies = [sign_in(app, email=email) for email in emails]
    environ = environment(made.config) | dict(more or {})
    port = int(made.config.base_url.rpartition(":")[2])
    with gunicorn("wsgi:app", port=port, environ=environ, log=folder / "consult.log") as server:
        yield Installation(app, server, cookies)


@contextmanager
def worker(made: Installation, *, more: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run the worker of an installation, with the same further variables as its server."""
    config: settings.Config = made.app.extensions["consult.config"]
    environ = environment(config) | {"FLASK_APP": str(ROOT / "wsgi.py")} | dict(more or {})
    with (config.data_dir / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "worker"],
            cwd=ROOT,
            env=environ,
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def waiting(app: Flask, handlers: str) -> int:
    """Return how many rows of the outbox wait for handlers whose names begin like that."""
    with app.app_context():
        count = db.session.scalar(
            select(func.count(OutboxEntry.id)).where(
                OutboxEntry.handler.startswith(handlers), OutboxEntry.key.is_(None)
            )
        )
        db.session.remove()
    return int(count or 0)


def wait_until_done(app: Flask, handlers: str) -> None:
    """Return once nothing waits for these handlers; raises `TimeoutError`."""
    until = monotonic() + PATIENCE
    while monotonic() < until:
        if not waiting(app, handlers):
            return
        sleep(0.1)
    raise TimeoutError(f"rows of {handlers} still wait after {PATIENCE:.0f} seconds")


def kept(app: Flask, marks: set[str]) -> int:
    """Return how many of the marks stand in exactly one text."""
    with app.app_context():
        sources = db.session.scalars(select(Revision.source).order_by(Revision.id.desc())).all()
        db.session.remove()
    found = [last for source in sources if (last := source.rpartition("\n\n")[2]) in marks]
    return len(found) if len(found) == len(set(found)) else 0


def _copied(made: Corpus, folder: Path) -> Corpus:
    folder.mkdir()
    shutil.copy(made.config.data_dir / "consult.db", folder / "consult.db")
    url = f"sqlite:///{folder / 'consult.db'}"
    return replace(made, config=replace(made.config, data_dir=folder, database_url=url))


def _add_people(app: Flask, count: int) -> list[str]:
    emails = [f"poster-{number}@example.org" for number in range(count)]
    now = clock.now()
    with app.app_context(), unit_of_work() as session:
        # The first one belongs to the reader.
        author_ids = session.scalars(select(Author.id).order_by(Author.id)).all()[1:]
        users = [
            User(
                email=email,
                email_key=email,
                name=f"Poster {number}",
                locale="en",
                confirmed_at=now,
                created_at=now,
            )
            for number, email in enumerate(emails)
        ]
        session.add_all(users)
        session.flush()
        session.add_all(
            AuthorMember(author_id=author_id, user_id=user.id, membership=Membership.SELF)
            for author_id, user in zip(author_ids, users, strict=False)
        )
    return emails
