"""What a saved search tells of: what has all of its words, narrowed as it was saved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from consult.core.i18n import Translated
from consult.discussion.states import Removed
from consult.notifications.handlers import following as handlers
from consult.notifications.services import following, searching
from consult.notifications.states import Rhythm
from consult.search import sync
from consult.spaces.models import Forum, GlossaryTerm, Region
from tests import factories
from tests.integration.notifications.fans import BEFORE, MINUTE, digest_round
from tests.integration.notifications.post import NOW, plain

SUNDAY = dt.datetime(2026, 2, 1, 12, 5, tzinfo=dt.UTC)
LATER = NOW + 10 * MINUTE


class News:
    """Three texts of this minute: two on remittances in two languages, one on fees alone."""

    def __init__(self, app, session, space):
        self.app, self.session, self.space = app, session, space
        self.forum = session.get_one(Forum, space.forum_id)
        africa = Region(
            forum_id=self.forum.id, slug="africa", position=1, name=Translated({"en": "Africa"})
        )
        terms = {"en": ["remittances"], "es": ["remesas"]}
        session.add_all(
            [
                africa,
                GlossaryTerm(
                    forum_id=self.forum.id,
                    key="remittances",
                    terms=terms,
                    objectives=[],
                    provenance={},
                ),
            ]
        )
        session.flush()
        self.author = factories.make_author(session, forum=self.forum, region_id=africa.id)
        self.english = self.write("Remittances and their fees.")
        self.spanish = self.write("Las remesas de cada mes.", language="es")
        self.fees = self.write(
            "Only fees.", author=factories.make_author(session, forum=self.forum)
        )
        session.commit()
        ports, backend = app.extensions["consult.ports"], app.extensions["consult.search"]
        sync.rebuild(session(), backend=backend, sources=ports.documents.values())
        self.find = handlers.finder(backend)

    def write(self, source, **over):
        values: dict[str, Any] = {"author": self.author, "first_published_at": NOW} | over
        return factories.make_contribution(self.session, space=self.space, source=source, **values)

    def saved(self, words, rhythm=Rhythm.AT_ONCE, **filters):
        following.save_search(
            self.session(),
            user_id=factories.make_user(self.session).id,
            words=words,
            filters=filters,
            rhythm=rhythm,
            now=BEFORE,
        )

    def told(self):
        """Return the ids that somebody hears of at once."""
        hits = searching.look_for_hits(self.session(), find=self.find, now=LATER)
        return {one for hit in hits for one in hit.ids}


@pytest.fixture
def news(app, session, space):
    return News(app, session, space)


def test_the_glossary_brings_news_in_other_languages_unless_it_is_off(news):
    news.saved("remittances", across="off")
    assert news.told() == {news.english.id}
    news.saved("remittances")
    assert news.told() == {news.english.id, news.spanish.id}


def test_texts_with_only_some_of_the_words_are_no_news(news):
    news.saved("remittances fees")
    assert news.told() == {news.english.id}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"region": "africa"}, {"english", "spanish"}),
        ({"kind": "comment", "language": "es"}, {"spanish"}),
        ({"kind": "question"}, set()),
        ({"month": "2026-01"}, {"english", "spanish", "fees"}),
        ({"month": "2025-12"}, set()),
        ({"space": "a-space-that-is-gone"}, set()),
    ],
)
def test_news_are_narrowed_as_the_search_was_saved(news, filters, names):
    news.saved("", **filters)
    assert news.told() == {getattr(news, name).id for name in names}


@pytest.mark.parametrize("rhythm", [Rhythm.DAILY, Rhythm.WEEKLY])
def test_a_digest_tells_what_a_search_found(news, post, rhythm):
    news.saved("remittances", rhythm)
    due = SUNDAY if rhythm is Rhythm.DAILY else SUNDAY + dt.timedelta(days=1)
    assert digest_round(news.session, now=due, find=news.find) == 1
    (mail,) = post.send(at=due)
    assert "2 new contributions" in mail["Subject"]
    assert "Las remesas de cada mes." in plain(mail)
    assert "Only fees." not in plain(mail)


@pytest.mark.parametrize("rhythm", [Rhythm.AT_ONCE, Rhythm.DAILY])
def test_what_was_hidden_since_it_was_found_is_in_no_mail(news, post, rhythm):
    news.saved("remesas OR remittances", rhythm, across="off")
    if rhythm is Rhythm.DAILY:
        digest_round(news.session, now=SUNDAY, find=news.find)
    else:
        hits = searching.look_for_hits(news.session(), find=news.find, now=LATER)
        searching.queue_hits(news.session(), hits, now=LATER)
    news.spanish.removed = Removed.HIDDEN
    news.session.flush()
    mails = post.send(at=SUNDAY)
    assert len(mails) == 1
    assert "remesas de cada mes" not in plain(mails[0])
    assert "Remittances and their fees" in plain(mails[0])
