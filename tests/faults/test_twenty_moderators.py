"""Twenty moderators and a thousand waiting texts: nothing is decided twice, nothing stays behind.

`pytest -s` tells how long it took and who did what.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import config as settings
from consult.app import create_app
from consult.cli.doctor import examine
from consult.core import audit, clock, worker
from consult.core.audit import AuditEntry
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.moderation.models import Claim, Decision
from consult.notifications.models import Delivery
from consult.spaces.models import Question
from tests import factories as make
from tests import postgresql
from tests.conftest import DATABASES, Template
from tests.faults.moderators import LEASE, Habit, Moderator, work
from tests.integration.moderation.desk import moderator_of

pytestmark = pytest.mark.faults

ITEMS = 1000
QUESTIONS = 3
AUTHORS = 10
HABITS = {
    Habit.STEADY: 8,
    Habit.CLAIMING: 4,
    Habit.FORGETFUL: 3,
    Habit.BULK: 3,
    Habit.MORTAL: 2,
}
LIVES = 6
"""How often each of the mortal ones comes back after being killed."""
SECONDS = 900.0
"""Within which everything must be decided."""
STATES = {
    "approve": RevisionState.PUBLISHED,
    "return": RevisionState.RETURNED,
    "reject": RevisionState.REJECTED,
}
MAILS = {"approve": "published", "return": "returned", "reject": "rejected"}


@dataclass
class Place:
    """An installation with its desk; no server runs, the moderators are processes themselves."""

    app: Flask
    config: settings.Config
    moderators: list[Moderator]


@pytest.fixture(params=DATABASES)
def place(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[Place]:
    config = templates[request.param].copy(tmp_path / "data")
    app = create_app(config)
    with app.app_context():
        with unit_of_work() as session:
            moderators = _fill(session)
        yield Place(app, config, moderators)
        db.session.remove()
        database = db.engine.url.database
        db.engine.dispose()
    if request.param == "postgresql":
        postgresql.drop_database(database or "")


def _fill(session: Session) -> list[Moderator]:
    """Make a space with twenty moderators and a thousand texts that wait, in three questions."""
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    speaking = []
    for _ in range(AUTHORS):
        user = make.make_user(session)
        speaking.append((user, make.make_author(session, forum=forum, user=user)))
    questions = [make.question_of(session, space, n + 1) for n in range(QUESTIONS)]
    for number in range(ITEMS):
        user, author = speaking[number % AUTHORS]
        made = make.make_contribution(
            session,
            space=space,
            author=author,
            question=questions[number % QUESTIONS],
            state=RevisionState.PENDING,
            source=f"What our city has learned, part {number}.",
        )
        text = session.get_one(Revision, made.open_revision_id)
        text.submitted_by = user.id
    habits = [habit for habit, count in HABITS.items() for _ in range(count)]
    return [
        Moderator(number, habit, moderator_of(session, space)[0].id, space.id)
        for number, habit in enumerate(habits)
    ]


def test_twenty_moderators_decide_a_thousand_texts_once_each(place: Place, tmp_path: Path) -> None:
    began = time.monotonic()
    deaths = _let_work(place, tmp_path)
    seconds = time.monotonic() - began
    did = Counter[str]()
    for path in tmp_path.glob("*.json"):
        did.update(json.loads(path.read_text()))
    kind = place.config.database_url.partition(":")[0]
    sys.stdout.write(f"\n{kind}: {seconds:.0f} s, {deaths} killed, {dict(sorted(did.items()))}\n")
    assert [act for act in did if act.startswith("refused")] == []
    assert deaths >= HABITS[Habit.MORTAL]
    # They were in each other's way, or nothing is shown by all this.
    assert did["slower"] > len(HABITS)
    assert did["claimed"] > 0
    _every_text_was_decided_once()
    _every_decision_was_written_down_and_told_once()
    _references_have_neither_gaps_nor_doubles()
    _no_claim_stays()
    _the_house_is_in_order()


def _let_work(place: Place, folder: Path) -> int:
    """Have all of them work until nothing waits; return how many were killed in the midst.

    Whoever was killed comes back, so many times.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.moderators"])
    # A process inherits none of these connections, but SQLite minds who has the file open.
    db.session.remove()
    db.engine.dispose()

    def begin(one: Moderator) -> BaseProcess:
        dies = one.habit is Habit.MORTAL and one.life < LIVES
        process = context.Process(target=work, args=(one, place.config, folder, SECONDS, dies))
        process.start()
        return process

    at_work = [(one, begin(one)) for one in place.moderators]
    deaths = 0
    deadline = time.monotonic() + SECONDS + 30
    try:
        while at_work and time.monotonic() < deadline:
            time.sleep(0.05)
            for one, process in list(at_work):
                if process.is_alive():
                    continue
                at_work.remove((one, process))
                if process.exitcode == -signal.SIGKILL:
                    deaths += 1
                    one.life += 1
                    at_work.append((one, begin(one)))
                else:
                    assert process.exitcode == 0, (one, process.exitcode)
        assert not at_work, "not everything was decided in time"
    finally:
        for _one, process in at_work:
            process.kill()
            process.join(10)
    return deaths


def _every_text_was_decided_once() -> None:
    session = db.session()
    waiting = select(func.count()).where(Revision.state == RevisionState.PENDING)
    assert session.scalar(waiting) == 0
    rows = session.execute(
        select(Revision.id, Revision.state, Contribution.published_revision_id, Decision.verdict)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Decision, Decision.revision_id == Revision.id)
        .order_by(Revision.id)
    ).all()
    assert len(rows) == ITEMS
    assert len({row.id for row in rows}) == ITEMS
    for row in rows:
        assert row.state == STATES[row.verdict]
        assert (row.published_revision_id == row.id) is (row.verdict == "approve")


def _every_decision_was_written_down_and_told_once() -> None:
    worker.drain()
    session = db.session()
    decisions = {row.id: row for row in session.scalars(select(Decision))}
    entries = session.scalars(select(AuditEntry).where(AuditEntry.act.in_(STATES))).all()
    assert sorted(entry.facts["decision"] for entry in entries) == sorted(decisions)
    for entry in entries:
        decision = decisions[entry.facts["decision"]]
        assert (entry.act, entry.actor_id) == (decision.verdict, decision.decided_by)
    mails = session.scalars(select(Delivery).where(Delivery.event.in_(MAILS.values()))).all()
    assert sorted(mail.values["decision_id"] for mail in mails) == sorted(decisions)
    for mail in mails:
        assert mail.event == MAILS[decisions[mail.values["decision_id"]].verdict]


def _references_have_neither_gaps_nor_doubles() -> None:
    session = db.session()
    for question in session.scalars(select(Question).where(Question.number <= QUESTIONS)):
        given = session.scalars(
            select(Contribution.reference).where(
                Contribution.question_id == question.id, Contribution.reference.is_not(None)
            )
        ).all()
        numbers = sorted(int(reference.rpartition("-")[2]) for reference in given if reference)
        assert numbers == list(range(1, len(numbers) + 1))
        assert question.public_count == len(numbers) > 0


def _no_claim_stays() -> None:
    """A decision ends its claim; whoever claimed a text just published holds it as long as any."""
    session = db.session()
    claimed = select(func.count(Claim.contribution_id)).join(
        Contribution, Contribution.id == Claim.contribution_id
    )
    assert session.scalar(claimed.where(Contribution.published_revision_id.is_(None))) == 0
    assert session.scalar(claimed.where(Claim.until > clock.now() + LEASE)) == 0


def _the_house_is_in_order() -> None:
    with clock.stopped_at(clock.now() + 2 * audit.SETTLED):
        while True:
            with unit_of_work() as session:
                if not audit.seal(session, now=clock.now()):
                    break
    assert audit.verify(db.session()) == []
    assert examine()[1] == []
