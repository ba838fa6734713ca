"""The search tells nothing of what the asker may not see: not by what it finds, nor by a number,
an order, a suggestion or a difference between a hidden word and one that nobody wrote.

The index is stale on purpose: it holds the hidden texts as they were when they were public.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from sqlalchemy import select

from consult.core import clock, outbox
from consult.core.authz import VISITOR, Role
from consult.core.outbox import OutboxEntry
from consult.discussion.events import PublicTextChanged
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.notifications.handlers.following import finder
from consult.notifications.models import SavedSearch
from consult.search import sync
from consult.spaces.models import Objective
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.signing_in import sign_in

PUBLIC = 5
COMMON = "heronries"
"""Stands in every text; without the hidden ones it is found five times."""
HIDDEN = {
    "pending": "quagmirish",
    "rejected": "vellichorus",
    "hidden": "brobdingnagy",
    "withdrawn": "snollygosterish",
    "redacted": "flibbertigibbety",
    "unannounced": "widdershinsly",
}
"""A word of each kind of text that a visitor may not read; no beginning of a public word."""
ABSENT = "zyxwvutsrq"
"""Stands nowhere, and nothing is near it."""
LONG_AGO = dt.datetime(2019, 2, 3, 12, tzinfo=dt.UTC)
"""A month of hidden texts only."""

QUERIES = (
    f"q={COMMON}",
    f"q={COMMON}&sort=newest",
    f"q={COMMON}&sort=thread",
    f"q={COMMON}+place3",
    "q=heron*",
    f"q=%22{COMMON}+of%22",
    f"q=-{COMMON}+place3",
    "q=heromries",
    "kind=comment",
    "kind=question",
    "month=2019-02",
    f"q={COMMON}&objective=16",
)


class Stacks:
    """Public texts, and hidden ones that the index still holds."""

    def __init__(self, app, session):
        self.app, self.session = app, session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.secret = make.make_space(
            session, forum=self.forum, visibility=SpaceVisibility.UNANNOUNCED
        )
        self.objective = session.scalars(
            select(Objective.id).where(Objective.forum_id == self.forum.id, Objective.number == 16)
        ).one()
        self.backend = app.extensions["consult.search"]
        self.sources = list(app.extensions["consult.ports"].documents.values())
        self.hidden: dict[str, Contribution] = {}
        for number in range(PUBLIC):
            self.write(f"The {COMMON} of place{number}." + " More was said." * number)
        self.index()

    def write(self, source, **over):
        values: dict[str, Any] = {"space": self.space, "first_published_at": clock.now()} | over
        author = make.make_author(self.session, forum=self.forum)
        return make.make_contribution(self.session, author=author, source=source, **values)

    def index(self):
        self.session.commit()
        sync.rebuild(self.session, backend=self.backend, sources=self.sources)

    def hide_some(self):
        """Write texts, index what is public of them, and take them away behind its back."""
        for kind, word in HIDDEN.items():
            self.hidden[kind] = self.write(
                f"{word} {COMMON} {COMMON} of place3 are {word}.",
                objectives=[self.objective],
                first_published_at=LONG_AGO,
                state=self.state_of(kind),
                space=self.secret if kind == "unannounced" else self.space,
                kind=ContributionKind.COMMENT,
            )
        self.index()
        self.hidden["hidden"].removed = Removed.HIDDEN
        self.hidden["withdrawn"].removed = Removed.WITHDRAWN
        self.redact(self.hidden["redacted"])
        self.session.commit()

    @staticmethod
    def state_of(kind):
        states = {"pending": RevisionState.PENDING, "rejected": RevisionState.REJECTED}
        return states.get(kind, RevisionState.PUBLISHED)

    def redact(self, contribution):
        """Take its words out; the worker has not indexed what is left yet."""
        revision = self.session.get_one(Revision, contribution.published_revision_id)
        revision.source = revision.text = "What is left is short."
        revision.html = "<p>What is left is short.</p>"
        outbox.emit(self.session, PublicTextChanged(contribution.id), now=clock.now())

    def alerts(self, words):
        """Return what a saved search of a visitor would tell of."""
        search = SavedSearch(words=words, filters={})
        return finder(self.backend)(self.session, VISITOR, search)


@pytest.fixture
def stacks(app, session):
    return Stacks(app, session)


def told(client, query, *, path="/en/search"):
    """Return all that an answer says, its headers with it, but for when it was made."""
    response = client.get(f"{path}?{query}")
    assert response.status_code == 200, query
    headers = {
        name: value for name, value in response.headers if name not in {"Date", "X-Request-Id"}
    }
    body = re.sub(r"<updated>[^<]*</updated>", "", response.text)
    return body, headers


def test_no_answer_changes_by_what_is_hidden(stacks, client):
    before = {query: told(client, query) for query in QUERIES}
    assert f"{PUBLIC} contributions" in before[QUERIES[0]][0]
    stacks.hide_some()
    held = {key for key, _version in stacks.backend.versions()}
    assert {stacks.hidden[kind].id for kind in ("hidden", "withdrawn", "unannounced")} <= held
    # The one text that is public among them is not indexed as it is now, so it counts nowhere.
    for query in QUERIES:
        assert told(client, query) == before[query], query


def test_no_feed_changes_by_what_is_hidden(stacks, client):
    path = "/en/search/feed.atom"
    before = {query: told(client, query, path=path) for query in QUERIES}
    assert f"{COMMON} of place1" in before[QUERIES[0]][0]
    stacks.hide_some()
    for query in QUERIES:
        body, _headers = told(client, query, path=path)
        assert body == before[query][0], query


def asked_in_every_way(word):
    return (
        word,
        f'"{word}"',
        f"{word[:3]}*",
        f"{word[:6]}*",
        f"{COMMON} {word}",
        f"{COMMON} -{word}",
        f"{ABSENT} OR {word}",
        f'"{word} {COMMON}"',
        # A letter too much, as one types it: what was meant is not told.
        f"{word[:4]}{word[3:]}",
        f"{word[:-2]}",
    )


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_hidden_word_is_answered_like_one_that_nobody_wrote(stacks, client, kind):
    stacks.hide_some()
    hidden, absent = (asked_in_every_way(word) for word in (HIDDEN[kind], ABSENT))
    for one, other in zip(hidden, absent, strict=True):
        pages = [client.get("/en/search", query_string={"q": words}).text for words in (one, other)]
        assert without_echo(pages[0], one) == without_echo(pages[1], other), one
        assert HIDDEN[kind] not in without_echo(pages[0], one)


def without_echo(page, words):
    """Return a page without what was asked, in whatever dress it comes."""
    for piece in sorted(re.findall(r"\w+", words), key=len, reverse=True):
        if piece not in {COMMON, "OR"}:
            page = re.sub(rf"(?<![a-z]){piece}(?![a-z])", "…", page)
    return page


def test_a_word_that_only_hidden_texts_have_is_never_what_was_meant(stacks, client):
    stacks.hide_some()
    page = client.get("/en/search", query_string={"q": "heromries"}).text
    assert "Did you mean" in page
    for word in HIDDEN.values():
        wrong = word[:5] + word[6:]
        page = client.get("/en/search", query_string={"q": wrong}).text
        assert "Did you mean" not in page, wrong
        assert word not in page


def test_alerts_tell_of_no_hidden_text(stacks):
    stacks.hide_some()
    assert len(stacks.alerts(COMMON)) == PUBLIC
    for word in HIDDEN.values():
        assert stacks.alerts(word) == []


def test_who_may_read_an_unannounced_space_finds_it_and_nobody_else_does(stacks, session, app):
    stacks.hide_some()
    word = HIDDEN["unannounced"]
    for role, expected in ((Role.ORGANISER, True), (None, False)):
        user = make.make_user(session)
        if role is not None:
            make.grant(session, user=user, role=role, space=stacks.secret)
        browser = app.test_client()
        sign_in(browser, session, user)
        page = browser.get("/en/search", query_string={"q": word}).text
        assert ('class="result"' in page) is expected


def test_a_row_put_aside_keeps_a_text_hidden_until_it_is_repaired(stacks, client, session):
    """Its former words are still in the index; nothing but a repair may bring it back."""
    stacks.hide_some()
    row = session.scalars(select(OutboxEntry).where(OutboxEntry.handler == "search.index")).all()[
        -1
    ]
    row.parked_at = clock.now()
    page = client.get("/en/search", query_string={"q": HIDDEN["redacted"]}).text
    assert "Nothing was found." in page
    sync.repair(session, backend=stacks.backend, sources=stacks.sources)
    page = client.get("/en/search", query_string={"q": HIDDEN["redacted"]}).text
    assert "Nothing was found." in page
