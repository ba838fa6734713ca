"""Did you mean, with a real index: what the asker finds is offered, what is hidden never."""

from __future__ import annotations

import pytest

from consult.core.authz import VISITOR
from consult.discussion.states import RevisionState
from consult.search import sync
from consult.search.documents import Filters
from consult.search.queries import Asked, find
from consult.spaces.states import SpaceVisibility
from tests import factories as make


class Said:
    """One visible text, one in a space that is not announced, one that waits."""

    def __init__(self, app, session):
        self.app, self.session = app, session
        forum = make.make_forum(session)
        self.space = make.make_space(session, forum=forum)
        secret = make.make_space(session, forum=forum, visibility=SpaceVisibility.UNANNOUNCED)
        author = make.make_author(session, forum=forum)
        for space, source, state in (
            (self.space, "La portabilité des droits", RevisionState.PUBLISHED),
            (secret, "Kidnapping and ransoms", RevisionState.PUBLISHED),
            (self.space, "Extortionists everywhere", RevisionState.PENDING),
        ):
            make.make_contribution(session, space=space, author=author, source=source, state=state)
        session.commit()
        sources = app.extensions["consult.ports"].documents.values()
        sync.rebuild(session, backend=self.backend, sources=sources)

    @property
    def backend(self):
        return self.app.extensions["consult.search"]

    def suggested(self, words, **over):
        asked = Asked(text=words, **over)
        return find(self.session, backend=self.backend, actor=VISITOR, asked=asked).suggestion


@pytest.fixture
def said(app, session):
    return Said(app, session)


def test_another_spelling_is_offered_as_texts_write_it(said):
    assert said.suggested("protabilité") == "portabilité"
    assert said.suggested("protabilité droits") == "portabilité droits"
    assert said.suggested("portabilité") is None


def test_only_what_the_same_filters_find_is_offered(said):
    assert said.suggested("protabilité", filters=Filters(space=said.space.slug)) == "portabilité"
    assert said.suggested("protabilité", filters=Filters(space="elsewhere")) is None
    assert said.suggested("protabilité", filters=Filters(month="1999-01")) is None


@pytest.mark.parametrize("typed", ["kidnaping", "ransomes", "extortionist", "extortionsts"])
def test_no_word_of_a_hidden_text_is_told(said, typed):
    assert said.suggested(typed) is None
