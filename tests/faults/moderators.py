"""Moderators who work at the same desk, each in a process of their own, until nothing waits.

Run by `multiprocessing` from a server of forks: each has its own application and connections,
and may be killed at any instant.
"""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import config as settings
from consult.accounts.models import User
from consult.app import create_app
from consult.core import clock
from consult.core.authz import Actor, Role
from consult.core.db import db
from consult.core.errors import DomainError, NotVisible, StaleState
from consult.core.unit_of_work import unit_of_work
from consult.moderation import queries, services
from consult.moderation.queries.bulk import Chosen
from consult.moderation.queries.queue import QueueFilter, QueueRow
from consult.moderation.services import claims
from consult.moderation.services.bulk import decide_together
from consult.moderation.states import Verdict
from consult.spaces.models import Space
from tests import factories as make

LEASE = dt.timedelta(seconds=1)
"""How long a claim holds here: nobody waits ten minutes in a test."""
AT_ONCE = 10
"""Items that are decided in one act by those who decide in bulk."""
PAGE = 50
FROM_A_PAGE = 3
"""How many items somebody takes before looking at the queue again."""
FORGOTTEN = 40
"""Items that somebody claims and forgets, before they go home."""
VERDICTS = (Verdict.APPROVE, Verdict.APPROVE, Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT)


class Habit(StrEnum):
    """How somebody works."""

    STEADY = "steady"
    """Decides one after the other."""
    CLAIMING = "claiming"
    """Claims each item before deciding it."""
    FORGETFUL = "forgetful"
    """Claims and goes on; the claim lapses."""
    BULK = "bulk"
    """Decides several at once."""
    MORTAL = "mortal"
    """Is killed between writing and committing, or while holding a claim."""


@dataclass
class Moderator:
    """Somebody at the desk."""

    number: int
    habit: Habit
    user_id: int
    space_id: int
    life: int = 0
    """How often they were killed before."""


@dataclass
class Work:
    """What one of them does, and what came of it."""

    me: Moderator
    config: settings.Config
    deadline: float
    dies: bool
    did: Counter[str] = field(default_factory=Counter)
    random: random.Random = field(default_factory=random.Random)


def work(me: Moderator, config: settings.Config, folder: Path, seconds: float, dies: bool) -> None:
    """Work until nothing waits, or until one is killed; leave a file that says what was done."""
    own = Work(me, config, time.monotonic() + seconds, dies)
    own.random = random.Random(f"{me.number}:{me.life}")
    vars(claims)["LEASE"] = LEASE
    app = create_app(config)
    with app.app_context():
        actor = _actor(db.session(), me)
        while time.monotonic() < own.deadline and _is_watched():
            rows = _waiting(actor)
            if not rows:
                own.did["saw-the-end"] += 1
                break
            if me.habit is Habit.FORGETFUL and own.did["claimed"] >= FORGOTTEN:
                break
            free = [row for row in rows if row.claim is None or row.claim.is_mine]
            if not free:
                time.sleep(0.1)
            for _ in range(min(FROM_A_PAGE, len(free))):
                _take(own, actor, free)
        db.session.remove()
        db.engine.dispose()
    (folder / f"{me.number}-{me.life}.json").write_text(json.dumps(own.did))


def _is_watched() -> bool:
    """Whether the test that had this process started still lives."""
    starter = multiprocessing.parent_process()
    return starter is not None and starter.is_alive()


def _actor(session: Session, me: Moderator) -> Actor:
    user = session.get_one(User, me.user_id)
    space = session.get_one(Space, me.space_id)
    return make.actor_for(user=user, role=Role.MODERATOR, space=space)


def _waiting(actor: Actor) -> Sequence[QueueRow]:
    """Return the first page of the queue, as it is at this instant."""
    session = db.session()
    session.rollback()
    wanted = QueueFilter(per_page=PAGE)
    rows = queries.queue(session, actor=actor, wanted=wanted, now=clock.now()).page.items
    session.rollback()
    return rows


def _take(own: Work, actor: Actor, free: Sequence[QueueRow]) -> None:
    """Take the next item in one's own manner; whoever was slower goes on with another."""
    # Twenty people do not look at the same line at the same instant, but often at the same few.
    chosen = own.random.choice(free)
    time.sleep(own.random.random() * 0.02)
    try:
        if own.me.habit is Habit.FORGETFUL:
            _claim(own, actor, chosen)
            time.sleep(own.random.random() * 0.2)
        elif own.me.habit is Habit.BULK:
            _decide_several(own, actor, free[:AT_ONCE])
        elif own.me.habit is Habit.CLAIMING:
            _claim(own, actor, chosen)
            _decide(own, actor, chosen)
        elif own.me.habit is Habit.MORTAL and own.dies and own.random.random() < 0.5:
            _die(own, actor, free)
        else:
            _decide(own, actor, chosen)
    except OperationalError:
        # Everybody writes at once: a page would say that it is busy and that one should try again.
        db.session.rollback()
        own.did["busy"] += 1
        time.sleep(own.random.random() * 0.5)
    except StaleState:
        own.did["slower"] += 1
    except NotVisible:
        own.did["gone"] += 1
    except DomainError as error:
        own.did[f"refused: {error!r}"] += 1


def _id(session: Session, actor: Actor, row: QueueRow) -> int:
    return queries.find(session, actor=actor, name=row.name, now=clock.now()).contribution.id


def _claim(own: Work, actor: Actor, row: QueueRow) -> None:
    with unit_of_work() as session:
        services.claim(
            session, actor=actor, contribution_id=_id(session, actor, row), now=clock.now()
        )
    own.did["claimed"] += 1


def _decide(own: Work, actor: Actor, row: QueueRow, *, and_die: bool = False) -> None:
    verdict = own.random.choice(VERDICTS)
    with unit_of_work() as session:
        services.decide(
            session,
            actor=actor,
            contribution_id=_id(session, actor, row),
            seen_revision=1,
            seen_published=None,
            verdict=verdict,
            reason=None if verdict is Verdict.APPROVE else "off-topic",
            message=None,
            language=None,
            objectives=None,
            now=clock.now(),
        )
        if and_die:
            _kill_oneself()
    own.did["decided"] += 1
    own.did[verdict.value] += 1


def _decide_several(
    own: Work, actor: Actor, rows: Sequence[QueueRow], *, and_die: bool = False
) -> None:
    verdict = own.random.choice(VERDICTS)
    with unit_of_work() as session:
        done = decide_together(
            session,
            actor=actor,
            chosen=[Chosen(name=row.name, revision=1) for row in rows],
            verdict=verdict,
            reason=None if verdict is Verdict.APPROVE else "off-topic",
            message=None,
            now=clock.now(),
        )
        if and_die:
            _kill_oneself()
    own.did["decided"] += len(done.decided)
    own.did["decided-together"] += len(done.decided)
    own.did["slower"] += len(done.left_out)
    own.did[verdict.value] += len(done.decided)


def _die(own: Work, actor: Actor, free: Sequence[QueueRow]) -> None:
    """End as a power cut ends somebody: in the middle of writing, or with a claim held."""
    manner = own.random.randrange(3)
    if manner == 0:
        _decide(own, actor, own.random.choice(free), and_die=True)
    elif manner == 1:
        _decide_several(own, actor, free[:AT_ONCE], and_die=True)
    else:
        _claim(own, actor, own.random.choice(free))
        _kill_oneself()


def _kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
