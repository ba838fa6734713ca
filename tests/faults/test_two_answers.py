"""A race about appeals against a real server: two moderators answer at the same instant."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from consult.accounts.models import User
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.moderation import services
from consult.moderation.models import Appeal, Decision
from consult.moderation.states import AppealOutcome, Verdict
from consult.notifications.models import Delivery
from consult.spaces.models import Author
from tests import factories as make
from tests.conftest import Served
from tests.faults.test_two_moderators import Browser, Prepared, prepare

pytestmark = pytest.mark.faults

ITEMS = 25
WORDS = "The text answers the question in its second paragraph."


def test_of_two_moderators_exactly_one_answers_each_appeal(served: Served) -> None:
    prepared = prepare(served, items=ITEMS)
    _appeal(served, prepared)
    browsers = [Browser(served.url, email) for email in prepared.emails]
    barrier = Barrier(2)
    ruling = (
        {"verdict": "approve"},
        {"verdict": "reject", "reason": "other", "message": "The second of two answers at once."},
    )

    def work(number: int) -> list[tuple[int, str]]:
        answers = []
        for position, receipt in enumerate(prepared.receipts):
            path = f"/en/moderation/{receipt}"
            form = browsers[number].load(path)
            barrier.wait(60)
            if (position + number) % 2:
                time.sleep(0.002)
            answers.append(browsers[number].post(path, **form, **ruling[number]))
        return answers

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(work, range(2))
    pairs = list(zip(one, two, strict=True))
    assert [sorted((a[0], b[0])) for a, b in pairs] == [[303, 409]] * ITEMS
    for a, b in pairs:
        assert "Moderator Two" in a[1] if a[0] == 409 else "Moderator One" in b[1]
    with served.app.app_context():
        for contribution_id, (a, _) in zip(prepared.ids, pairs, strict=True):
            _check(contribution_id, was_upheld=a[0] == 303)
        acts = select(AuditEntry.subject_id).where(AuditEntry.act.in_(["uphold", "dismiss"]))
        assert sorted(i for i in db.session.scalars(acts) if i is not None) == prepared.ids
        assert _mails() == ITEMS


def _appeal(served: Served, prepared: Prepared) -> None:
    """Have every text rejected by nobody who is left, and appealed by its author."""
    with served.app.app_context(), unit_of_work() as session:
        author = session.get_one(Author, prepared.author_id)
        writer = session.get_one(User, prepared.writer_id)
        for contribution_id in prepared.ids:
            contribution = session.get_one(Contribution, contribution_id)
            revision = session.get_one(Revision, contribution.open_revision_id)
            revision.state, contribution.open_revision_id = RevisionState.REJECTED, None
            session.add(
                Decision(
                    revision_id=revision.id,
                    verdict=Verdict.REJECT,
                    reason="other",
                    policy="demonstration",
                    decided_at=clock.now(),
                )
            )
            session.flush()
            services.appeal(
                session,
                actor=make.actor_for(user=writer, author=author),
                contribution_id=contribution_id,
                words=WORDS,
                now=clock.now(),
            )


def _check(contribution_id: int, *, was_upheld: bool) -> None:
    """Hold an item against what the first moderator was answered."""
    session: Any = db.session
    text = session.scalars(
        select(Revision).where(Revision.contribution_id == contribution_id)
    ).one()
    decisions = session.scalars(select(Decision).where(Decision.revision_id == text.id)).all()
    appeal = session.scalars(select(Appeal).where(Appeal.contribution_id == contribution_id)).one()
    assert len(decisions) == 2
    assert appeal.outcome == (AppealOutcome.UPHELD if was_upheld else AppealOutcome.DISMISSED)
    assert text.state == (RevisionState.PUBLISHED if was_upheld else RevisionState.REJECTED)
    contribution = session.get_one(Contribution, contribution_id)
    assert (contribution.published_revision_id == text.id) is was_upheld


def _mails() -> int:
    """Return how many answers the worker has queued, once it has caught up."""
    told = select(func.count(Delivery.id)).where(Delivery.event.startswith("appeal-"))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        db.session.rollback()
        if (db.session.scalar(told) or 0) >= ITEMS:
            break
        time.sleep(0.2)
    time.sleep(1)
    db.session.rollback()
    return int(db.session.scalar(told) or 0)
