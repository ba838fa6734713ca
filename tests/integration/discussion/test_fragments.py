"""A rendered text is taken over as it is, and never after what it shows has changed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.discussion.fragments import Fragments
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.services.threads import public_change
from consult.discussion.states import Capacity, Removed, RevisionState
from consult.spaces.models import Category, Forum, Objective
from consult.spaces.services.affiliation import Affiliation, change_affiliation
from consult.spaces.states import DisplayChoice
from tests import factories as make
from tests.signing_in import sign_in


class Counting(Fragments):
    """A store that tells how often it had what was asked for."""

    def __init__(self):
        super().__init__()
        self.hits = self.misses = 0

    def get(self, key):
        found = super().get(key)
        self.hits += found is not None
        self.misses += found is None
        return found


@pytest.fixture
def store(app, monkeypatch):
    """An empty store in place of the application's."""
    counting = Counting()
    monkeypatch.setitem(app.extensions, "consult.fragments", counting)
    return counting


class Thread:
    """A text with a reply under a question, by two people, and a reader without an account."""

    def __init__(self, app, session):
        self.app, self.session = app, session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.user = make.make_user(session)
        self.author = make.make_author(
            session, forum=self.forum, user=self.user, name="Amina of the coast"
        )
        self.objective = session.scalars(
            select(Objective).where(Objective.forum_id == self.forum.id, Objective.number == 20)
        ).one()
        self.first = make.make_contribution(
            session,
            space=self.space,
            author=self.author,
            source="Remittances reach the villages.",
            objectives=(self.objective.id,),
        )
        self.replier = make.make_author(session, forum=self.forum, name="Bram of the hills")
        self.reply = make.make_contribution(
            session,
            space=self.space,
            author=self.replier,
            parent=self.first,
            source="They also reach the towns.",
        )
        make.question_of(session, self.space).public_count = 2
        session.commit()

    def page(self, lang="en", browser=None, query=""):
        browser = browser or self.app.test_client()
        response = browser.get(f"/{lang}/spaces/{self.space.slug}/questions/1{query}")
        assert response.status_code == 200
        return response.text

    def changed(self, contribution):
        public_change(self.session, contribution, was_public=True, now=clock.now())


@pytest.fixture
def thread(app, session, store):
    return Thread(app, session)


def test_a_second_reader_gets_the_same_page_without_rendering(thread, store):
    first = thread.page()
    assert (store.hits, store.misses, len(store)) == (0, 2, 2)
    assert thread.page() == first
    assert (store.hits, store.misses) == (2, 2)


def test_an_edit_shows_at_once(thread, session, store):
    thread.page()
    head = session.get_one(Contribution, thread.first.id)
    edited = make.make_revision(
        session,
        contribution=head,
        state=RevisionState.PUBLISHED,
        source="Remittances are taxed twice.",
    )
    session.get_one(Revision, head.published_revision_id).state = RevisionState.SUPERSEDED
    head.published_revision_id, head.edited_at = edited.id, clock.now()
    thread.changed(head)
    page = thread.page()
    assert "Remittances are taxed twice." in page
    assert "Remittances reach the villages." not in page
    assert "edited on" in page


def test_a_hidden_parent_is_named_no_more(thread, session, store):
    assert thread.page().count("Amina of the coast") == 3
    thread.first.removed = Removed.HIDDEN
    thread.changed(thread.first)
    page = thread.page()
    assert "Amina of the coast" not in page
    assert "Remittances reach the villages." not in page
    assert "They also reach the towns." in page


@pytest.mark.parametrize("removed", [Removed.HIDDEN, Removed.WITHDRAWN, Removed.ERASED])
def test_what_is_removed_never_comes_from_the_store(thread, session, store, removed):
    thread.page()
    # Not even where a writer forgot to raise a version.
    thread.first.removed = removed
    page = thread.page()
    assert "Amina of the coast" not in page
    assert "Remittances reach the villages." not in page


def test_an_author_who_becomes_a_pseudonym_is_named_nowhere(thread, session, store):
    assert thread.page().count("Amina of the coast") == 3
    change_affiliation(
        session,
        forum=session.get_one(Forum, thread.forum.id),
        author=thread.author,
        user_id=thread.user.id,
        said=Affiliation(
            name="Amina of the coast",
            category="local-authorities",
            display=DisplayChoice.PSEUDONYM,
        ),
        now=clock.now(),
    )
    page = thread.page()
    assert "Amina of the coast" not in page
    assert page.count("<bdi>Participant") == 2


def test_each_locale_has_its_own(thread, store):
    english, french = thread.page("en"), thread.page("fr")
    assert "In reply to" in english
    assert "In reply to" not in french
    assert "/fr/contributions/" in french
    assert "/en/contributions/" not in french
    assert store.hits == 0
    assert thread.page("es").count("(es)") > 0


def test_labels_of_a_definition_that_is_loaded_anew_show_at_once(thread, session, store):
    assert "20 – Short 20" in thread.page()
    session.get_one(Objective, thread.objective.id).short_title = make.said("Cheaper transfers")
    category = session.get_one(Category, thread.author.category_id)
    category.name = make.said("Cities and regions")
    labels = thread.page().split('class="thread"')[1]
    assert "20 – Cheaper transfers" in labels
    assert "Short 20" not in labels
    assert labels.count("Cities and regions</bdi>") == 2


def test_an_objective_taken_away_is_not_shown(thread, session, store):
    thread.page()
    for tag in session.scalars(
        select(RevisionTag).where(RevisionTag.revision_id == thread.first.published_revision_id)
    ):
        tag.is_public = False
    assert "20 – Short 20" not in thread.page().split('class="thread"')[1]


def test_another_zone_tells_other_hours(thread, session, store):
    before = thread.page().split('class="thread"')[1]
    session.get_one(Forum, thread.forum.id).time_zone = "Asia/Tokyo"
    after = thread.page().split('class="thread"')[1]
    assert before != after
    assert store.hits == 0


def test_nothing_of_one_reader_reaches_another(thread, session, store):
    mine = thread.app.test_client()
    sign_in(mine, session, thread.user)
    other_user = make.make_user(session)
    make.make_author(session, forum=session.get_one(Forum, thread.forum.id), user=other_user)
    other = thread.app.test_client()
    sign_in(other, session, other_user)
    own = f"/en/contributions/{thread.first.reference}"
    assert f'href="{own}/edit"' in thread.page(browser=mine)
    seen = thread.page(browser=other)
    assert f'href="{own}/reply"' in seen
    assert f'href="{own}/edit"' not in seen
    assert " · you" not in seen
    anonymous = thread.page()
    assert f'href="{own}"' in anonymous
    assert f'href="{own}/reply"' not in anonymous
    assert f'href="{own}/edit"' in thread.page(browser=mine)


def test_no_form_and_no_waiting_text_is_kept(thread, session, store):
    make.make_contribution(
        session,
        space=thread.space,
        author=thread.author,
        state=RevisionState.PENDING,
        source="This waits for a moderator.",
    )
    mine = thread.app.test_client()
    sign_in(mine, session, thread.user)
    assert "This waits for a moderator." in thread.page(browser=mine)
    kept = "".join(store._kept.values())
    assert "They also reach the towns." in kept
    for never in ("This waits", "<form", "csrf_token", "/edit", thread.user.name, "receipt"):
        assert never not in kept
    assert "This waits for a moderator." not in thread.page()


def test_a_parent_on_another_page_is_linked_by_its_address(thread, store):
    assert f'href="#{thread.first.reference.lower()}"' in thread.page()
    later = thread.page(query=f"?after={thread.first.reference}")
    assert f'href="/en/contributions/{thread.first.reference}"' in later


def test_the_capacity_of_an_author_is_shown_at_once(thread, session, store):
    assert '<span class="tag">Moderator</span>' not in thread.page()
    session.get_one(Contribution, thread.reply.id).capacity = Capacity.MODERATOR
    page = thread.page()
    assert page.count('<span class="tag">Moderator</span>') == 1
    assert "Bram of the hills</bdi> <span" in page


def test_a_kept_parent_is_named_above_its_replies(thread, store):
    first, second = thread.page(), thread.page()
    assert store.hits == 2
    words = "Replies to \u2068Amina of the coast\u2069: 1 on this page"
    assert first.count(words) == second.count(words) == 1


def test_a_name_is_text_above_its_replies(thread, session, store):
    hostile = "<b>{num}</b> & {name}"
    thread.author.name = hostile
    thread.author.version += 1
    page = thread.page()
    assert "<b>" not in page
    assert "Replies to \u2068&lt;b&gt;{num}&lt;/b&gt; &amp; {name}\u2069: 1 on" in page


def test_a_hidden_parent_gives_its_reference_to_the_fold(thread, session, store):
    thread.page()
    thread.first.removed = Removed.HIDDEN
    thread.changed(thread.first)
    assert f"Replies to \u2068{thread.first.reference}\u2069: 1 on this page" in thread.page()
