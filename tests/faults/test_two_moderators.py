"""Races at the desk against a real server: two moderators, and an author who edits meanwhile."""

from __future__ import annotations

import datetime as dt
import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from consult.accounts.models import User
from consult.accounts.services import add_user
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.core.db import db
from consult.core.errors import DomainError
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import revising
from consult.discussion.services.texts import Words
from consult.discussion.states import RevisionState
from consult.moderation.models import Decision
from consult.notifications.models import Delivery
from consult.spaces.models import Author, Forum, Space
from tests import factories as make
from tests.conftest import Served

pytestmark = pytest.mark.faults

ITEMS = 50
PASSWORD = "four quiet herons wade"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, so that a test sees the answer itself."""

    def redirect_request(self, *_args: Any) -> None:
        return None


class Browser:
    """A signed-in moderator; one session, no scripts."""

    def __init__(self, url: str, email: str) -> None:
        self.url = url
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), _Stay())
        self.token = ""
        self.token = self._token("/en/sign-in")
        status, _ = self.post("/en/sign-in", email=email, password=PASSWORD)
        assert status == 303, status

    def open(self, path: str, data: bytes | None = None) -> tuple[int, str]:
        headers = {"Origin": self.url, "Referer": self.url + path}
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def post(self, path: str, **values: str) -> tuple[int, str]:
        return self.open(path, urllib.parse.urlencode(values | {"csrf_token": self.token}).encode())

    def load(self, path: str) -> dict[str, str]:
        """Load an item's page; return what its form would send."""
        _, page = self.open(path)
        self.token = _value(page, "csrf_token")
        return {"revision": _value(page, "revision")}

    def _token(self, path: str) -> str:
        return _value(self.open(path)[1], "csrf_token")


def _value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    assert found is not None, page[:2000]
    return found[1]


@dataclass
class Prepared:
    """What the race is about."""

    receipts: list[str]
    ids: list[int]
    emails: tuple[str, str]
    space_id: int
    author_id: int
    writer_id: int


def prepare(served: Served, *, items: int) -> Prepared:
    """Make a space with two moderators and texts that wait."""
    with served.app.app_context(), unit_of_work() as session:
        space = make.make_space(session)
        writer = make.make_user(session)
        author = make.make_author(session, forum=_forum(session, space), user=writer)
        emails = ("one@example.org", "two@example.org")
        for email in emails:
            user = add_user(
                session,
                email=email,
                name=f"Moderator {email[:3].title()}",
                hasher=served.app.extensions["consult.hasher"],
                now=clock.now(),
                password=PASSWORD,
            )
            make.grant(session, user=user, role=Role.MODERATOR, space=space)
        made = [
            make.make_contribution(
                session, space=space, author=author, state=RevisionState.PENDING, source="Seen."
            )
            for _ in range(items)
        ]
        for revision in session.scalars(select(Revision)):
            revision.submitted_by = writer.id
        session.flush()
        return Prepared(
            receipts=[one.receipt or "" for one in made],
            ids=[one.id for one in made],
            emails=emails,
            space_id=space.id,
            author_id=author.id,
            writer_id=writer.id,
        )


def _forum(session: Any, space: Space) -> Any:
    return session.get(Forum, space.forum_id)


def test_of_two_moderators_exactly_one_decides_each_item(served: Served) -> None:
    prepared = prepare(served, items=ITEMS)
    browsers = [Browser(served.url, email) for email in prepared.emails]
    barrier = Barrier(2)
    ruling = (
        {"verdict": "approve"},
        {"verdict": "reject", "reason": "other", "message": "The second of two decisions at once."},
    )

    def work(number: int) -> list[tuple[int, str]]:
        answers = []
        for position, receipt in enumerate(prepared.receipts):
            path = f"/en/moderation/{receipt}"
            form = browsers[number].load(path)
            # Each is first in every other round, as far as a barrier can tell.
            barrier.wait(60)
            if (position + number) % 2:
                time.sleep(0.002)
            answers.append(browsers[number].post(path, **form, **ruling[number]))
        return answers

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(work, range(2))
    statuses = [sorted((a[0], b[0])) for a, b in zip(one, two, strict=True)]
    assert statuses == [[303, 409]] * ITEMS
    losers = [
        ("Moderator Two" if a[0] == 409 else "Moderator One", a[1] if a[0] == 409 else b[1])
        for a, b in zip(one, two, strict=True)
    ]
    assert all(winner in page for winner, page in losers)
    with served.app.app_context():
        session = db.session()
        assert _counts(session, prepared) == dict.fromkeys(prepared.ids, 1)
        acts = session.scalars(
            select(AuditEntry.subject_id).where(AuditEntry.act.in_(["approve", "reject"]))
        ).all()
        assert sorted(i for i in acts if i is not None) == prepared.ids
        assert _mails(session) == ITEMS


def _counts(session: Any, prepared: Prepared) -> dict[int, int]:
    """Return how many decisions each item has."""
    rows = session.execute(
        select(Revision.contribution_id, func.count(Decision.id).label("n"))
        .join(Decision, Decision.revision_id == Revision.id)
        .where(Revision.contribution_id.in_(prepared.ids))
        .group_by(Revision.contribution_id)
    )
    return {row.contribution_id: row.n for row in rows}


def _mails(session: Any) -> int:
    """Return how many mails about decisions the worker has queued, once it has caught up."""
    told = select(func.count(Delivery.id)).where(Delivery.event.in_(["published", "rejected"]))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        session.rollback()
        if (session.scalar(told) or 0) >= ITEMS:
            break
        time.sleep(0.2)
    time.sleep(1)
    session.rollback()
    return int(session.scalar(told) or 0)


def test_an_edit_at_the_same_instant_never_gets_public_unseen(served: Served) -> None:
    prepared = prepare(served, items=ITEMS // 2)
    browser = Browser(served.url, prepared.emails[0])
    barrier = Barrier(2)

    def approve() -> list[int]:
        answers = []
        for receipt in prepared.receipts:
            path = f"/en/moderation/{receipt}"
            form = browser.load(path)
            barrier.wait(60)
            answers.append(browser.post(path, **form, verdict="approve")[0])
            barrier.wait(60)
        return answers

    def edit() -> None:
        with served.app.app_context():
            for contribution_id in prepared.ids:
                barrier.wait(60)
                _edit(prepared, contribution_id)
                barrier.wait(60)

    with ThreadPoolExecutor(2) as pool:
        approving, editing = pool.submit(approve), pool.submit(edit)
        editing.result(300)
        answers = approving.result(300)
    assert set(answers) <= {303, 409}
    with served.app.app_context():
        for contribution_id, answer in zip(prepared.ids, answers, strict=True):
            _check(contribution_id, was_approved=answer == 303)


def _edit(prepared: Prepared, contribution_id: int) -> None:
    with unit_of_work() as session:
        space = session.get_one(Space, prepared.space_id)
        author = session.get_one(Author, prepared.author_id)
        writer = session.get_one(User, prepared.writer_id)
        try:
            revising.send_revision(
                session,
                actor=make.actor_for(user=writer, author=author),
                contribution=session.get_one(Contribution, contribution_id),
                space=space,
                seen=1,
                words=Words(source="Nobody has seen this.", language="en"),
                now=clock.now(),
                grace=dt.timedelta(0),
            )
        except DomainError as error:
            pytest.fail(f"the edit was refused: {error}")


def _check(contribution_id: int, *, was_approved: bool) -> None:
    """Hold the item against what its approval answered."""
    session = db.session()
    contribution = session.get_one(Contribution, contribution_id, populate_existing=True)
    texts = session.scalars(
        select(Revision)
        .where(Revision.contribution_id == contribution_id)
        .order_by(Revision.number)
        .execution_options(populate_existing=True)
    ).all()
    first, second = texts
    assert second.state == RevisionState.PENDING
    assert contribution.open_revision_id == second.id
    if was_approved:
        assert first.state == RevisionState.PUBLISHED
        assert contribution.published_revision_id == first.id
    else:
        assert first.state == RevisionState.CANCELLED
        assert contribution.published_revision_id is None
