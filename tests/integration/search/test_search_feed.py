"""The feed of a search: what the page finds, newest first, and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest

from consult.core import clock
from consult.core.authz import Role
from consult.discussion.states import Removed, RevisionState
from consult.search import sync
from consult.search.documents import IndexUnavailable
from consult.spaces.states import SpaceVisibility
from tests import atom
from tests import factories as make
from tests.signing_in import sign_in

HOUR = dt.timedelta(hours=1)


class Found:
    """Three texts about schools in two spaces, one of them unannounced, and one about banks."""

    def __init__(self, app, session):
        self.app, self.session = app, session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.secret = make.make_space(
            session, forum=self.forum, visibility=SpaceVisibility.UNANNOUNCED
        )
        self.author = make.make_author(session, forum=self.forum)
        now = clock.now()
        # The older text says the word more often, so that relevance would put it first.
        self.older = self.write("School, school, school.", now - 2 * HOUR)
        self.newer = self.write("One school among many other things.", now - HOUR)
        self.bank = self.write("A bank account.", now)
        self.hidden = self.write("The hidden school.", now, space=self.secret)

    def write(self, source, at, **over):
        values = {"space": self.space, "author": self.author, "first_published_at": at} | over
        return make.make_contribution(self.session, source=source, **values)

    def index(self):
        self.session.commit()
        ports = self.app.extensions["consult.ports"]
        backend = self.app.extensions["consult.search"]
        sync.rebuild(self.session, backend=backend, sources=ports.documents.values())


@pytest.fixture
def found(app, session):
    prepared = Found(app, session)
    prepared.index()
    return prepared


def names(body):
    return [atom.said(entry, "id").rpartition("/")[2] for entry in atom.entries(body)]


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_the_feed_is_valid_newest_first_and_without_a_cookie(app, client, found, lang):
    response = app.test_client().get(f"/{lang}/search/feed.atom?q=school")
    assert atom.problems(response.data) == []
    assert names(response.data) == [found.newer.reference, found.older.reference]
    assert response.content_type == "application/atom+xml; charset=utf-8"
    assert "Set-Cookie" not in response.headers


def test_filters_narrow_the_feed_as_they_narrow_the_page(client, found):
    here = f"space={found.space.slug}"
    assert len(names(client.get(f"/en/search/feed.atom?{here}").data)) == 3
    for none in ("language=fr", "objective=16", "category=civil-society"):
        body = client.get(f"/en/search/feed.atom?q=school&{here}&{none}").data
        assert atom.problems(body) == []
        assert names(body) == []


def test_the_feed_names_its_own_address_whatever_else_was_asked(client, found):
    asked = "/en/search/feed.atom?page=7&sort=relevance&q=school&x=1"
    body = client.get(asked).data
    assert atom.links(atom.parse(body), "self")[0].endswith("/en/search/feed.atom?q=school")
    assert len(names(body)) == 2


def test_without_a_question_the_feed_is_empty(client, found):
    body = client.get("/en/search/feed.atom").data
    assert atom.problems(body) == []
    assert names(body) == []


def test_texts_of_a_space_are_found_by_those_for_whom_it_exists(app, session, client, found):
    assert found.hidden.reference not in names(client.get("/en/search/feed.atom?q=school").data)
    user = make.make_user(session)
    make.grant(session, user=user, role=Role.DRAFTER, space=found.secret)
    browser = app.test_client()
    sign_in(browser, session, user)
    response = browser.get("/en/search/feed.atom?q=school")
    assert found.hidden.reference in names(response.data)
    assert response.headers["Cache-Control"] == "private, no-store"


def test_what_was_removed_since_it_was_indexed_is_not_found(session, client, found):
    found.newer.removed = Removed.HIDDEN
    body = client.get("/en/search/feed.atom?q=school").data
    assert names(body) == [found.older.reference]


def test_nothing_changes_when_a_text_waits(session, client, found):
    before = client.get("/en/search/feed.atom?q=school")
    found.write("Another school.", None, state=RevisionState.PENDING)
    found.index()
    again = client.get("/en/search/feed.atom?q=school")
    assert (again.data, again.headers["ETag"]) == (before.data, before.headers["ETag"])


def test_who_has_the_feed_gets_304_until_something_is_found_anew(client, found):
    tag = client.get("/en/search/feed.atom?q=school").headers["ETag"]
    asked = {"If-None-Match": tag}
    assert client.get("/en/search/feed.atom?q=school", headers=asked).status_code == 304
    found.write("One more school.", clock.now())
    found.index()
    assert client.get("/en/search/feed.atom?q=school", headers=asked).status_code == 200


def test_an_index_being_rebuilt_asks_readers_to_come_back(app, client, found, monkeypatch):
    def unavailable(*_args, **_kwargs):
        raise IndexUnavailable

    monkeypatch.setattr(app.extensions["consult.search"], "search", unavailable)
    response = client.get("/fr/search/feed.atom?q=school")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "60"


@pytest.mark.parametrize("words", ["]]>", "%00%07school", "%F0%9F%91%A9", "<b>", "%ED%A0%80", '"'])
def test_hostile_words_break_no_feed(client, found, words):
    assert atom.problems(client.get(f"/en/search/feed.atom?q={words}").data) == []


def test_a_search_leads_to_its_feed(client, found):
    page = client.get(f"/fr/search?q=school&space={found.space.slug}&sort=newest").text
    address = f"/fr/search/feed.atom?q=school&amp;space={found.space.slug}"
    assert 'type="application/atom+xml"' in page
    assert page.count(f'href="{address}"') == 2
    assert "feed.atom?" not in client.get("/fr/search").text
