"""A page while a thousand mails are queued and sent, against the same page while nobody is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from flask import Flask
from sqlalchemy import func, insert, select, update

from bench.corpus import corpus
from bench.measures import Measured
from bench.page import FULL, path_of
from bench.posting import Installation, installation, wait_until_done, worker
from bench.server import HOST
from consult.accounts.models import User
from consult.core import clock
from consult.core.db import db
from consult.core.outbox import emit
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution
from consult.notifications.events import TextCameOut
from consult.notifications.models import Delivery, Subscription
from consult.notifications.policy import UNDO
from consult.notifications.states import DeliveryState, Rhythm, Subject
from consult.spaces.models import Space

FOLLOWERS = 1_000
ROUNDS = 4
STRETCH = 5.0
"""Seconds for which pages are asked for."""
REST = 2.0
"""Seconds before an idle stretch."""


def measure(*, growth: bool) -> Iterator[Measured]:  # noqa: ARG001 - every part is asked alike
    """Yield how much slower a page is while a publication is mailed to a thousand followers.

    Idle and busy stretches take turns: in each busy one another text comes out, and the mails that
    are left when it ends are dropped.
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        ours = stack.enter_context(installation(corpus(1_000), Path(folder) / "mail"))
        _add_followers(ours.app)
        texts = _texts(ours.app)
        stack.enter_context(worker(ours))
        taken: dict[str, list[float]] = {"idle": [], "mailing": []}
        _pages(ours)
        for text_id in texts:
            _end(ours.app)
            taken["idle"].extend(_pages(ours))
            _publish(ours.app, text_id)
            taken["mailing"].extend(_pages(ours))
        _wait_until_queued(ours.app)
        sent = _count(ours.app, DeliveryState.SENT)
    p50 = {name: median(values) for name, values in taken.items()}
    raw = {f"{name}_ms": round(seconds * 1000, 2) for name, seconds in p50.items()}
    raw |= {"followers": FOLLOWERS, "sent_meanwhile": sent}
    yield Measured("mail.page_p50_vs_idle", p50["mailing"] / p50["idle"], raw)


def _add_followers(app: Flask) -> None:
    now = clock.now()
    with app.app_context(), unit_of_work() as session:
        space_id = session.scalars(select(Space.id).where(Space.slug == "round-table-3")).one()
        ids = session.scalars(
            insert(User).returning(User.id),
            [
                {
                    "email": f"follower-{number}@example.org",
                    "email_key": f"follower-{number}@example.org",
                    "name": f"Follower {number}",
                    "locale": ("en", "fr", "es")[number % 3],
                    "confirmed_at": now,
                    "created_at": now,
                }
                for number in range(FOLLOWERS)
            ],
        ).all()
        session.execute(
            insert(Subscription),
            [
                {
                    "user_id": user_id,
                    "subject_kind": Subject.SPACE,
                    "subject_id": space_id,
                    "rhythm": Rhythm.AT_ONCE,
                    "created_at": now - dt.timedelta(days=1),
                }
                for user_id in ids
            ],
        )


def _texts(app: Flask) -> list[int]:
    """Return public texts that came out a minute ago, one a round."""
    with app.app_context(), unit_of_work() as session:
        public = select(Contribution.id).where(Contribution.published_revision_id.is_not(None))
        ids = list(session.scalars(public.limit(ROUNDS)))
        session.execute(
            update(Contribution)
            .where(Contribution.id.in_(ids))
            .values(first_published_at=clock.now() - UNDO, edited_at=None, source=None)
            .execution_options(synchronize_session=False)
        )
    return ids


def _publish(app: Flask, text_id: int) -> None:
    """Have the worker tell everybody of a text, now that its minute is over."""
    with app.app_context(), unit_of_work() as session:
        emit(session, TextCameOut(text_id), now=clock.now())


def _end(app: Flask) -> None:
    """Drop the mails that are left, and let the worker come to rest."""
    wait_until_done(app, "notifications.")
    with app.app_context(), unit_of_work() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.state == DeliveryState.WAITING)
            .values(state=DeliveryState.DROPPED)
            .execution_options(synchronize_session=False)
        )
    sleep(REST)


def _wait_until_queued(app: Flask) -> None:
    """Return once everybody's mail of the last text is queued; raises `TimeoutError`."""
    wait_until_done(app, "notifications.")
    with app.app_context():
        queued = db.session.scalar(select(func.count(Delivery.id)))
        db.session.remove()
    if queued != ROUNDS * FOLLOWERS:
        raise RuntimeError(f"only {queued} mails were queued")


def _count(app: Flask, state: DeliveryState) -> int:
    with app.app_context():
        found = db.session.scalar(select(func.count(Delivery.id)).where(Delivery.state == state))
        db.session.remove()
    return int(found or 0)


def _pages(made: Installation) -> list[float]:
    """Return the seconds that each page of a stretch took, asked for one after the other."""
    lines = [f"GET {path_of(FULL)} HTTP/1.1", f"Host: {HOST}:{made.server.port}"]
    request = ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode()
    taken = []
    until = perf_counter() + STRETCH
    while perf_counter() < until:
        began = perf_counter()
        answer = made.server.get(request)
        taken.append(perf_counter() - began)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"unexpected answer: {answer[:60]!r}")
    return taken
