"""Feeds of forum, space, question and objective: valid, stable, public texts only."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from consult.core import clock
from consult.discussion.models import RevisionTag
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.spaces.models import Objective
from consult.spaces.states import QuestionKind, SpaceVisibility
from tests import atom
from tests import factories as make

LANGUAGES = ("en", "fr", "es")
HOUR = dt.timedelta(hours=1)


class Bed:
    """An answer on objective 16 with a reply, in one of two spaces of a forum."""

    def __init__(self, session):
        self.session = session
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.author = make.make_author(session, forum=self.forum)
        self.objective = session.scalars(
            select(Objective).where(Objective.forum_id == self.forum.id, Objective.number == 16)
        ).one()
        self.answer = self.write(source="An **answer**.", objectives=[self.objective.id])
        self.reply = self.write(source="A reply.", parent=self.answer)

    def write(self, **over):
        values = {"space": self.space, "author": self.author} | over
        return make.make_contribution(self.session, **values)

    def paths(self):
        space = f"spaces/{self.space.slug}"
        return (
            "feed.atom",
            f"{space}/feed.atom",
            f"{space}/questions/1/feed.atom",
            "objectives/16/feed.atom",
            f"objectives/16/feed.atom?space={self.space.slug}",
        )


@pytest.fixture
def bed(session):
    return Bed(session)


def names(body):
    return [atom.said(entry, "id").rpartition("/")[2] for entry in atom.entries(body)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_feed_is_valid_and_comes_without_a_cookie(app, client, bed, lang):
    for path in bed.paths():
        response = app.test_client().get(f"/{lang}/{path}")
        assert response.status_code == 200
        assert response.content_type == "application/atom+xml; charset=utf-8"
        assert atom.problems(response.data) == [], path
        assert atom.parse(response.data).get(atom.XML_LANG) == lang
        assert "Set-Cookie" not in response.headers
        assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "words",
    [
        "bell \x07 and escape \x1b",
        "]]> <![CDATA[ &amp;lt;",
        "👩\u200d👧 🏽",
        "\ufffe\uffff",
        "a\r\rb",
    ],
)
def test_what_people_write_breaks_no_feed(session, client, bed, words):
    author = make.make_author(session, forum=bed.forum, name=words, organisation=words + "!")
    bed.write(author=author, source=words, objectives=[bed.objective.id])
    bed.objective.short_title = make.said(words)
    for path in bed.paths():
        assert atom.problems(client.get(f"/fr/{path}").data) == [], path


def test_a_text_has_one_name_in_every_language_and_feed_and_a_page_in_each_language(client, bed):
    ids, pages = set(), set()
    for lang in LANGUAGES:
        for path in bed.paths():
            for entry in atom.entries(client.get(f"/{lang}/{path}").data):
                if atom.said(entry, "id").endswith(bed.answer.reference):
                    ids.add(atom.said(entry, "id"))
                    pages.update(atom.links(entry, "alternate"))
    assert len(ids) == 1
    assert sorted(page.split("/", 3)[3] for page in pages) == sorted(
        f"{lang}/contributions/{bed.answer.reference}" for lang in LANGUAGES
    )


def test_the_whole_text_is_in_the_feed_as_html(client, bed):
    body = client.get(f"/en/spaces/{bed.space.slug}/feed.atom").data
    text = [atom.said(entry, "content") for entry in atom.entries(body)]
    assert any("<p>An <strong>answer</strong>.</p>" in html for html in text)


def test_the_newest_fifty_stand_in_a_feed_newest_first(session, client, bed):
    begin = clock.now() - dt.timedelta(days=2)
    for number in range(51):
        bed.write(first_published_at=begin + number * HOUR / 2, sent_at=begin)
    found = atom.entries(client.get(f"/en/spaces/{bed.space.slug}/feed.atom").data)
    published = [atom.said(entry, "published") for entry in found]
    assert len(found) == 50
    assert published == sorted(published, reverse=True)


def test_an_edit_makes_the_entry_newer_and_leaves_its_publication(session, client, bed):
    bed.answer.first_published_at = clock.now() - 5 * HOUR
    bed.answer.edited_at = edited = clock.now() - HOUR
    body = client.get(f"/en/spaces/{bed.space.slug}/feed.atom").data
    entry = next(e for e in atom.entries(body) if "<strong>" in atom.said(e, "content"))
    assert atom.said(entry, "updated") == edited.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert atom.said(entry, "published") < atom.said(entry, "updated")


def test_a_reply_names_its_parent_and_none_that_is_hidden(session, client, bed):
    path = f"/es/spaces/{bed.space.slug}/feed.atom"
    by_name = dict(
        zip(names(client.get(path).data), atom.entries(client.get(path).data), strict=True)
    )
    reply = by_name[bed.reply.reference].find(f"{atom.THREADS}in-reply-to")
    assert reply.get("ref") == atom.said(by_name[bed.answer.reference], "id")
    assert by_name[bed.answer.reference].find(f"{atom.THREADS}in-reply-to") is None
    bed.answer.removed = Removed.HIDDEN
    bed.space.public_version += 1
    body = client.get(path).data
    assert bed.answer.reference.encode() not in body
    assert names(body) == [bed.reply.reference]


def test_answers_to_a_participants_question_reply_to_it(session, client, bed):
    posed = make.make_question(
        session, space=bed.space, number=4, kind=QuestionKind.PARTICIPANT, text=None
    )
    asking = bed.write(
        kind=ContributionKind.QUESTION,
        question_id=None,
        own_question_id=posed.id,
        reference=f"{bed.space.code}-Q4",
        source="Who drafts?",
    )
    answer = bed.write(question=posed, official_at=clock.now())
    body = client.get(f"/en/spaces/{bed.space.slug}/questions/4/feed.atom").data
    assert atom.problems(body) == []
    assert atom.said(atom.parse(body), "title") == "Who drafts?"
    assert set(names(body)) == {asking.reference, answer.reference}
    official = next(e for e in atom.entries(body) if "official" in atom.said(e, "title"))
    assert official.find(f"{atom.THREADS}in-reply-to").get("ref").endswith(asking.reference)


def test_an_edit_after_the_mark_ends_an_official_answer(session, client, bed):
    now = clock.now()
    bed.answer.first_published_at = now - 5 * HOUR
    bed.answer.edited_at = edited = now - 3 * HOUR
    bed.answer.official_at = marked = now - HOUR
    path = f"/en/spaces/{bed.space.slug}/feed.atom"

    def told():
        bed.space.public_version += 1
        body = client.get(path).data
        entry = next(e for e in atom.entries(body) if "<strong>" in atom.said(e, "content"))
        return "official" in atom.said(entry, "title"), atom.said(entry, "updated")

    assert told() == (True, marked.strftime("%Y-%m-%dT%H:%M:%SZ"))
    bed.answer.official_at = edited - HOUR
    assert told() == (False, edited.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_objectives_are_categories_once_each_and_in_the_words_of_the_feed(session, client, bed):
    revision_id = bed.answer.published_revision_id
    session.add(RevisionTag(revision_id=revision_id, objective_id=bed.objective.id, start=0, end=2))
    session.flush()
    body = client.get(f"/fr/spaces/{bed.space.slug}/feed.atom").data
    categories = atom.parse(body).findall(f".//{atom.ATOM}category")
    assert [(c.get("term"), c.get("label")) for c in categories] == [("16", "16 – Short 16 (fr)")]


def test_an_objectives_feed_has_the_texts_on_it_of_all_announced_spaces(session, client, bed):
    other = make.make_space(session, forum=bed.forum)
    secret = make.make_space(
        session, forum=bed.forum, visibility=SpaceVisibility.UNANNOUNCED, title=make.said("Secret")
    )
    there = bed.write(space=other, objectives=[bed.objective.id])
    bed.write(space=secret, objectives=[bed.objective.id], source="Unheard of.")
    everywhere = client.get("/en/objectives/16/feed.atom")
    assert set(names(everywhere.data)) == {bed.answer.reference, there.reference}
    assert "Unheard of" not in everywhere.text
    narrowed = client.get(f"/en/objectives/16/feed.atom?space={other.slug}").data
    assert names(narrowed) == [there.reference]
    for path in ("objectives/99", f"objectives/{10**30}"):
        assert client.get(f"/en/{path}/feed.atom").status_code == 404
    for slug in (secret.slug, "unknown"):
        assert client.get(f"/en/objectives/16/feed.atom?space={slug}").status_code == 404


def test_an_objective_that_a_moderator_took_away_is_in_no_feed(session, client, bed):
    tag = session.scalars(
        select(RevisionTag).where(RevisionTag.revision_id == bed.answer.published_revision_id)
    ).one()
    tag.is_public = False
    bed.space.public_version += 1
    assert names(client.get("/en/objectives/16/feed.atom").data) == []
    assert b"<category" not in client.get("/en/feed.atom").data


def test_feeds_of_several_spaces_name_the_one_that_a_text_is_from(client, bed):
    home = f"/en/spaces/{bed.space.slug}/feed.atom"
    for path in ("feed.atom", "objectives/16/feed.atom"):
        for entry in atom.entries(client.get(f"/en/{path}").data):
            source = entry.find(f"{atom.ATOM}source")
            assert atom.said(source, "id").endswith(home)
    assert b"<source" not in client.get(home).data


def test_nothing_of_a_feed_changes_when_a_text_waits(session, client, bed):
    before = {path: client.get(f"/en/{path}") for path in bed.paths()}
    for state in (RevisionState.DRAFT, RevisionState.PENDING, RevisionState.RETURNED):
        bed.write(state=state, objectives=[bed.objective.id], parent=bed.answer)
    make.make_revision(
        session,
        contribution=bed.answer,
        state=RevisionState.PENDING,
        source="A waiting edit.",
        objectives=[bed.objective.id],
    )
    for path, first in before.items():
        again = client.get(f"/en/{path}")
        assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])


def test_who_has_a_feed_gets_304_until_something_public_changes(app, session, client, bed):
    for path in bed.paths():
        tag = client.get(f"/en/{path}").headers["ETag"]
        asked = {"If-None-Match": tag}
        kept = client.get(f"/en/{path}", headers=asked)
        assert (kept.status_code, kept.data) == (304, b"")
        assert client.get(f"/fr/{path}", headers=asked).status_code == 200
        bed.space.public_version += 1
        assert client.get(f"/en/{path}", headers=asked).status_code == 200


def test_a_feed_without_texts_is_valid(session, client):
    space = make.make_space(session, forum=make.make_forum(session))
    for path in ("feed.atom", f"spaces/{space.slug}/feed.atom", "objectives/15/feed.atom"):
        assert atom.problems(client.get(f"/en/{path}").data) == []


def test_an_imported_text_without_a_date_is_dated_all_the_same(client, bed):
    bed.write(first_published_at=None, sent_at=None)
    body = client.get(f"/en/spaces/{bed.space.slug}/feed.atom").data
    assert atom.problems(body) == []
    assert len(atom.entries(body)) == 3
