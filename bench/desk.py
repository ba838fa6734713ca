"""The moderators' desk: whether it stays flat as the queue grows, and what deciding costs."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bench.corpus import SPACE, Corpus, corpus, sign_in
from bench.filling import SEED
from bench.measures import Measured, interleaved, milliseconds
from bench.page import asks, counted
from bench.texts import LANGUAGES, draw_text
from consult.accounts.models import User
from consult.core import clock, markup
from consult.core.authz import Actor, Grant, Role
from consult.core.db import db
from consult.core.text import count_words
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.services.threads import new_receipt
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.moderation import fingerprints
from consult.moderation.models import Fingerprint
from consult.moderation.queries.bulk import Chosen
from consult.moderation.services.bulk import decide_together
from consult.moderation.states import Verdict
from consult.spaces.models import Author, Question, RoleGrant, Space

QUEUES = (100, 10_000)
TEXTS = 50
"""Different texts that wait; each is rendered once."""
ROUNDS = 7
TOGETHER = 200
BATCHES = 3
DECISIONS = 40
MODERATOR = "moderator@example.org"


def measure(*, growth: bool) -> Iterator[Measured]:  # noqa: ARG001 - it always grows
    """Yield what queue and item cost with 100 and with 10,000 texts waiting, and decisions."""
    made = corpus(1_000)
    with TemporaryDirectory() as folder:
        apps = {size: _filled(made, Path(folder) / str(size), size) for size in QUEUES}
        cookies = {size: sign_in(app, email=MODERATOR) for size, app in apps.items()}
        yield from _flat(apps, cookies)
        yield _statements(apps, cookies)
        yield _together(apps[QUEUES[1]])
        yield _one_by_one(apps[QUEUES[1]], cookies[QUEUES[1]])


def _filled(made: Corpus, folder: Path, size: int) -> Flask:
    """Copy a corpus and have so many texts wait in it, for a moderator of its space."""
    folder.mkdir()
    shutil.copy(made.config.data_dir / "consult.db", folder / "consult.db")
    url = f"sqlite:///{folder / 'consult.db'}"
    app = replace(made, config=replace(made.config, data_dir=folder, database_url=url)).app()
    with app.app_context():
        with unit_of_work() as session:
            space = session.scalars(select(Space).where(Space.slug == SPACE)).one()
            _add_moderator(session, space)
            _add_waiting(session, space, size)
        db.session.remove()
    return app


def _add_moderator(session: Session, space: Space) -> None:
    now = clock.now()
    user = User(
        email=MODERATOR,
        email_key=MODERATOR,
        name="Moderator",
        locale="en",
        confirmed_at=now,
        created_at=now,
    )
    session.add(user)
    session.flush()
    session.add(
        RoleGrant(
            user_id=user.id,
            role=Role.MODERATOR,
            forum_id=space.forum_id,
            space_id=space.id,
            granted_at=now,
        )
    )
    session.flush()


def _add_waiting(session: Session, space: Space, size: int) -> None:
    """Add texts that were sent a minute after one another, the last one just now.

    The oldest ones are the same however many there are, so that pages show the same. The worker
    has come to all of them, and none stands for others: it is their number that is measured.
    """
    random = Random(SEED)
    questions = session.scalars(select(Question.id).where(Question.space_id == space.id)).all()
    authors = session.scalars(select(Author.id).where(Author.forum_id == space.forum_id)).all()
    texts = [_rendered(random, LANGUAGES[n % len(LANGUAGES)]) for n in range(TEXTS)]
    prints = {text["text"]: fingerprints.signature(text["text"]) or b"" for text in texts}
    now, first = clock.now(), 1_000_000
    heads, revisions = [], []
    for number in range(size):
        sent = now - dt.timedelta(minutes=size - number)
        row_id = first + number
        heads.append(
            {
                "id": row_id,
                "uid": str(uuid.uuid4()),
                "kind": ContributionKind.COMMENT,
                "space_id": space.id,
                "question_id": random.choice(questions),
                "author_id": random.choice(authors),
                "thread_id": row_id,
                "thread_ordinal": row_id,
                "path": "",
                "depth": 1,
                "removed": Removed.NONE,
                "receipt": new_receipt(),
                "sent_at": sent,
                "created_at": sent,
            }
        )
        revisions.append(
            texts[number % TEXTS]
            | {
                "id": row_id,
                "contribution_id": row_id,
                "number": 1,
                "state": RevisionState.PENDING,
                "waits_since": sent,
                "sent_at": sent,
                "created_at": sent,
                "saved_at": sent,
            }
        )
    session.execute(insert(Contribution), heads)
    session.execute(insert(Revision), revisions)
    session.execute(
        insert(Fingerprint),
        [
            {
                "revision_id": row["id"],
                "space_id": space.id,
                "signature": prints[row["text"]],
                "campaign_id": row["id"],
            }
            for row in revisions
        ],
    )
    session.execute(
        update(Contribution)
        .where(Contribution.id >= first)
        .values(open_revision_id=Contribution.id)
        .execution_options(synchronize_session=False)
    )


def _rendered(random: Random, language: str) -> dict[str, Any]:
    source = draw_text(random, language)
    html = markup.render(source)
    plain = markup.to_text(html)
    return {
        "source": source,
        "html": str(html),
        "text": plain,
        "words": count_words(plain),
        "language": language,
        "renderer_version": markup.RENDERER_VERSION,
    }


def _flat(apps: dict[int, Flask], cookies: dict[int, str]) -> Iterator[Measured]:
    """Compare queue and item in the long queue with those in the short one."""
    few, many = QUEUES
    for name, path_of in (("queue", lambda _app: "/en/moderation"), ("item", _middle)):
        works: dict[str, Callable[[], Any]] = {}
        for size, app in apps.items():
            works[f"of_{size}"] = _repeated(asks(app, path_of(app), cookie=cookies[size]), 6)
        taken = interleaved(works, rounds=ROUNDS)
        ratio = taken[f"of_{many}"] / taken[f"of_{few}"]
        yield Measured(f"flat.{name}_10k_vs_100", ratio, milliseconds(taken, works=6))


def _middle(app: Flask) -> str:
    """Return the address of the fiftieth text that waits."""
    with app.app_context():
        receipt = _waiting(db.session(), 50)[-1]
        db.session.remove()
    return f"/en/moderation/{receipt}"


def _waiting(session: Session, count: int) -> list[str]:
    """Return the receipts of the texts that wait longest."""
    found = session.scalars(
        select(Contribution.receipt)
        .join(Revision, Revision.id == Contribution.open_revision_id)
        .where(Revision.state == RevisionState.PENDING)
        .order_by(Revision.waits_since, Revision.id)
        .limit(count)
    )
    return [receipt for receipt in found if receipt is not None]


def _repeated(work: Callable[[], Any], times: int) -> Callable[[], None]:
    def all_() -> None:
        for _ in range(times):
            work()

    return all_


def _statements(apps: dict[int, Flask], cookies: dict[int, str]) -> Measured:
    """Count the statements of the queue; the value is the higher of both."""
    counts = {}
    for size, app in apps.items():
        ask = asks(app, "/en/moderation", cookie=cookies[size])
        ask()
        with counted(app) as statements:
            ask()
        counts[f"of_{size}"] = len(statements)
    raw = counts | {"same": len(set(counts.values())) == 1}
    return Measured("desk.queue_statements", max(counts.values()), raw)


def _together(app: Flask) -> Measured:
    """Time the approval of 200 texts in one act, from its beginning to its commit."""
    taken = []
    with app.app_context():
        actor = _actor(db.session())
        for _ in range(BATCHES):
            names = _waiting(db.session(), TOGETHER)
            chosen = [Chosen(name=name, revision=1) for name in names]
            began = perf_counter()
            with unit_of_work() as session:
                done = decide_together(
                    session,
                    actor=actor,
                    chosen=chosen,
                    verdict=Verdict.APPROVE,
                    reason=None,
                    message=None,
                    now=clock.now(),
                )
            taken.append(perf_counter() - began)
            assert len(done.decided) == TOGETHER, done.left_out
            session.expunge_all()
        db.session.remove()
    raw = {"slowest_s": round(max(taken), 3), "batches": BATCHES}
    return Measured("desk.bulk_of_200_s", median(taken), raw)


def _actor(session: Session) -> Actor:
    space = session.scalars(select(Space).where(Space.slug == SPACE)).one()
    user = session.scalars(select(User).where(User.email_key == MODERATOR)).one()
    grants = frozenset({Grant(Role.MODERATOR, space.forum_id, space.id)})
    return Actor(
        user_id=user.id,
        name=user.name,
        grants=grants,
        author_ids=frozenset(),
        forum_ids=frozenset(),
    )


def _one_by_one(app: Flask, cookie: str) -> Measured:
    """Compare sending a decision with loading the item that it is about, medians on the wall."""
    browser = app.test_client()
    name, _, value = cookie.partition("=")
    browser.set_cookie(name, value)
    with app.app_context():
        receipts = _waiting(db.session(), DECISIONS + 1)
        db.session.remove()
    loading, sending = [], []
    for receipt in receipts:
        path = f"/en/moderation/{receipt}"
        began = perf_counter()
        page = browser.get(path)
        loaded = perf_counter()
        values = {"verdict": "approve", "revision": "1"}
        values["csrf_token"] = _token(page.text)
        asked = perf_counter()
        answer = browser.post(path, data=values)
        sending.append(perf_counter() - asked)
        loading.append(loaded - began)
        assert answer.status_code == 303, answer.status
    # The first one compiles what the others find compiled.
    decide, load = median(sending[1:]), median(loading[1:])
    raw = {"decide_p50_ms": round(decide * 1000, 2), "item_p50_ms": round(load * 1000, 2)}
    return Measured("desk.decide_p50_vs_item", decide / load, raw)


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page[:300]
    return found[1]
