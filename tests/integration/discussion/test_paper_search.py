"""The words of files are found with the text they came with, and shown as what they are."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.discussion import documents
from consult.discussion.models import Contribution
from consult.discussion.queries import paper_texts
from consult.discussion.services import removing
from consult.discussion.states import Reading, RevisionState, Scan
from consult.search import sync
from consult.search.queries import Asked, Found, find, passages
from consult.spaces.models import Forum
from tests import factories as make
from tests.factories import AnySession
from tests.integration.discussion.attached import make_attachment
from tests.integration.discussion.lines import real

WORDS = [[1, "Nothing here."], [4, "Our shelters take in zebras, whoever asks."]]


class Library:
    """Texts with files, and a search over them."""

    def __init__(self, app: Flask, session: AnySession) -> None:
        self.app, self.session = app, session
        self.space = make.make_space(session)
        self.user = make.make_user(session)
        forum = session.get_one(Forum, self.space.forum_id)
        self.author = make.make_author(session, forum=forum, user=self.user)
        self.actor = make.actor_for(user=self.user, author=self.author)

    def put(self, state: RevisionState = RevisionState.PUBLISHED, **over: Any) -> Contribution:
        row = make.make_contribution(
            self.session, space=self.space, author=self.author, state=state, source="What we say."
        )
        revision_id = row.published_revision_id or row.open_revision_id
        assert revision_id is not None
        values: dict[str, Any] = {"paragraphs": WORDS, "name": "Our paper.pdf"} | over
        make_attachment(self.session, revision_id=revision_id, **values)
        return row

    def search(self, text: str) -> list[Found]:
        self.session.commit()
        ports = self.app.extensions["consult.ports"]
        backend = self.app.extensions["consult.search"]
        sync.rebuild(real(self.session), backend=backend, sources=ports.documents.values())
        answer = find(
            real(self.session), backend=backend, actor=make.actor_for(), asked=Asked(text)
        )
        assert answer.total == len(answer.items)
        return list(answer.items)


@pytest.fixture
def library(app: Flask, session: AnySession) -> Library:
    return Library(app, session)


@pytest.mark.parametrize("asked", ["zebra", '"take in zebras"', "zebr*", "shelter zebra"])
def test_a_word_that_stands_only_in_a_file_is_found_and_shown_with_its_place(
    library: Library, asked: str
) -> None:
    row = library.put()
    [found] = library.search(asked)
    assert found.reference == row.reference
    assert found.excerpt.plain == "Our shelters take in zebras, whoever asks."
    assert found.excerpt.is_marked
    assert found.paper is not None
    assert (found.paper.name, found.paper.page, found.paper.paragraph) == ("Our paper.pdf", 4, 2)


def test_a_word_of_the_text_itself_is_shown_from_there(library: Library) -> None:
    library.put(paragraphs=[[1, "What we say, in the paper."]])
    [found] = library.search("say")
    assert found.paper is None
    assert found.excerpt.plain == "What we say."


@pytest.mark.parametrize(
    "over",
    [
        {"scan": Scan.WAITING},
        {"scan": Scan.INFECTED},
        {"reading": Reading.WAITING, "paragraphs": None},
        {"reading": Reading.FAILED},
    ],
)
def test_words_of_a_file_that_nobody_gets_are_not_found(
    library: Library, over: dict[str, Any]
) -> None:
    library.put(**over)
    assert library.search("zebra") == []
    assert len(library.search("say")) == 1


def test_words_of_a_file_that_nobody_scans_are_found(library: Library) -> None:
    library.put(scan=Scan.SKIPPED)
    assert len(library.search("zebra")) == 1


@pytest.mark.parametrize(
    "state", [RevisionState.PENDING, RevisionState.DRAFT, RevisionState.RETURNED]
)
def test_files_of_texts_that_are_not_public_are_not_found(
    library: Library, state: RevisionState
) -> None:
    library.put(state)
    assert library.search("zebra") == []


def test_only_the_files_of_the_public_text_count(library: Library) -> None:
    row = library.put()
    newer = make.make_revision(library.session, contribution=row, state=RevisionState.PENDING)
    make_attachment(
        library.session,
        revision_id=newer.id,
        content=b"other",
        paragraphs=[[1, "A secret giraffe."]],
    )
    assert library.search("giraffe") == []
    row.published_revision_id = newer.id
    assert len(library.search("giraffe")) == 1
    assert library.search("zebra") == []


def test_files_of_a_withdrawn_text_are_not_found_even_by_an_old_index(library: Library) -> None:
    row = library.put()
    assert len(library.search("zebra")) == 1
    removing.withdraw(
        real(library.session),
        actor=library.actor,
        contribution=row,
        space=library.space,
        now=clock.now(),
    )
    backend = library.app.extensions["consult.search"]
    answer = find(
        real(library.session), backend=backend, actor=make.actor_for(), asked=Asked("zebra")
    )
    assert (answer.total, list(answer.items)) == (0, [])


def test_the_page_leads_to_the_paragraph_in_the_file(library: Library, client: FlaskClient) -> None:
    row = library.put()
    [found] = library.search("zebra")
    page = client.get("/en/search?q=zebra").text
    assert found.paper is not None
    assert f'href="/en/files/{found.paper.token}/text#p2"' in page
    assert "Our paper.pdf" in page
    assert "<mark>zebras</mark>" in page
    text = client.get(f"/en/files/{found.paper.token}/text").text
    assert 'id="p2"' in text
    assert f"/en/contributions/{row.reference}" in text


def test_no_more_of_files_is_read_for_one_answer_than_it_can_bear(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        library.put(content=b"paper %d" % number)
    assert all(found.paper for found in library.search("zebra"))
    looked_through: list[str] = []
    look = passages._in_paper

    def counting(paper: paper_texts.ReadablePaper, *rest: Any, **named: Any) -> Any:
        looked_through.append(paper.sha256)
        return look(paper, *rest, **named)

    monkeypatch.setattr(passages, "_in_paper", counting)
    monkeypatch.setattr(passages, "MAX_READ", 60)
    answers = library.search("zebra")
    assert len(looked_through) == 2
    assert sorted(found.paper is None for found in answers) == [False, False, True]
    assert "What we say." in [found.excerpt.plain for found in answers]


def test_the_feed_reads_no_file_for_passages_that_it_does_not_show(
    library: Library, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = library.put()
    assert len(library.search("zebra")) == 1

    def read(*_args: object, **_named: object) -> None:
        pytest.fail("a file was read")

    monkeypatch.setattr(paper_texts, "paragraphs", read)
    assert row.reference is not None
    assert row.reference in client.get("/en/search/feed.atom?q=zebra").text


def test_the_index_takes_no_more_of_files_than_it_can_bear(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_OF_PAPERS", 20)
    library.put()
    [document] = list(documents.Contributions().documents(real(library.session), None))
    assert document.text == "What we say.\n\nNothing here.\n\nOur she"
