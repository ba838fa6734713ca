"""An installation with public and hidden texts, and readers who search it whatever happens."""

from __future__ import annotations

import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import psutil
from sqlalchemy import func, select, update

from consult.core import clock
from consult.core.db import db
from consult.core.outbox import OutboxEntry
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Author, Space
from tests import factories as make
from tests.conftest import Served

TEXTS = 40
WORD = "heronries"
"""Stands in every text, public or not."""
SECRETS = ("lkpending", "lkhidden")
"""Stand in texts that nobody may find."""
WITHIN = 60.0
"""Seconds within which a lost index must be there again."""
REBUILDING = "The search is being rebuilt."


class Library:
    """Texts of a served installation in its index."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.answers: list[tuple[int, str]] = []
        """Status of each search and what it told."""
        with served.app.app_context(), unit_of_work() as session:
            forum = make.make_forum(session)
            space = make.make_space(session, forum=forum)
            author = make.make_author(session, forum=forum)
            self._space_id, self._author_id = space.id, author.id
            for number in range(TEXTS):
                source = f"The {WORD} of place{number}."
                # Far from those that are given when a text is published.
                reference = f"{space.code}-Q1-9{number:03d}"
                make.make_contribution(
                    session, space=space, author=author, source=source, reference=reference
                )
            for word, state, removed in (
                (SECRETS[0], RevisionState.PENDING, Removed.NONE),
                (SECRETS[1], RevisionState.PUBLISHED, Removed.HIDDEN),
            ):
                make.make_contribution(
                    session,
                    space=space,
                    author=author,
                    state=state,
                    removed=removed,
                    reference=None if removed is Removed.NONE else f"{space.code}-Q1-9999",
                    source=f"{word} {WORD}",
                )
        assert served.flask("search", "rebuild").returncode == 0
        assert self.count(WORD) == TEXTS

    def publish(self, word: str) -> None:
        """Decide to publish a text with this word, as a moderator does."""
        with self.served.app.app_context(), unit_of_work() as session:
            space = session.get_one(Space, self._space_id)
            contribution = make.make_contribution(
                session,
                space=space,
                author=session.get_one(Author, self._author_id),
                state=RevisionState.PENDING,
                source=f"The {WORD} of {word}.",
            )
            publishing.publish(
                session,
                contribution=contribution,
                revision=session.get_one(Revision, contribution.open_revision_id),
                space=space,
                now=clock.now(),
            )

    def count(self, words: str) -> int | None:
        """Return how many texts a visitor finds; None where the page says that it is rebuilt."""
        status, page = self.search(words)
        self.answers.append((status, page))
        if REBUILDING in page:
            return None
        found = re.search(r'<h2 id="results">([0-9,]+) contribution', page)
        return int(found[1].replace(",", "")) if found else 0

    def finds(self, word: str) -> bool:
        """Whether a visitor finds exactly one text with a word."""
        return self.count(word) == 1

    def search(self, words: str) -> tuple[int, str]:
        """Return status and body of a search's page, without the echo of what was asked."""
        url = f"{self.served.url}/en/search?{urlencode({'q': words})}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, answer.read().decode().replace(words, "")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def check_answers(self) -> None:
        """No search failed, and none told of a text that is not public."""
        assert {status for status, _page in self.answers} == {200}
        assert not [page for _s, page in self.answers if any(word in page for word in SECRETS)]
        for word in SECRETS:
            assert self.count(word) in {0, None}

    @contextmanager
    def being_searched(self) -> Iterator[None]:
        """Have a reader search all the time."""
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                self.count(WORD)
                self.count(SECRETS[0])
                stop.wait(0.05)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield
        finally:
            stop.set()
            reader.join(30)

    def workers(self) -> list[psutil.Process]:
        """Return the worker that the server watches over."""
        children = psutil.Process(self.served.process.pid).children(recursive=True)
        return [one for one in children if "worker" in one.cmdline()]

    def hurry(self) -> None:
        """Make everything due that rests or that a killed worker had taken, so that a test need
        not wait for the timetable nor for leases to end.
        """
        now = clock.now()
        with self.served.app.app_context(), unit_of_work() as session:
            session.execute(update(OutboxEntry).values(not_before=now, leased_until=None))

    def put_aside(self) -> int:
        """Return how many rows the worker has given up."""
        parked = select(func.count(OutboxEntry.id)).where(OutboxEntry.parked_at.is_not(None))
        return self._number(parked)

    def texts(self) -> int:
        """Return how many contributions the database holds."""
        return self._number(select(func.count(Contribution.id)))

    def _number(self, statement: object) -> int:
        with self.served.app.app_context():
            try:
                return int(db.session.scalar(statement) or 0)  # type: ignore[call-overload]
            finally:
                db.session.remove()


def until(happened: Callable[[], bool], *, seconds: float = WITHIN) -> float:
    """Wait until something has happened and return after how many seconds it had."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, f"it has not happened in {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began
