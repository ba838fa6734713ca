"""Organisers change the glossary: the next search uses it, and nothing is indexed anew."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.core.authz import VISITOR
from consult.core.outbox import OutboxEntry
from consult.search import sync
from consult.search.queries import Asked, find
from consult.spaces.definitions.glossary_csv import read_table
from consult.spaces.notions import SaidNotion
from consult.spaces.services.glossary import add_notion, change_notion, remove_notion
from consult.spaces.services.glossary_file import apply_table
from tests import factories as make


class Library:
    """One Spanish text in an index that refuses to be written once it is filled."""

    def __init__(self, app, session, monkeypatch):
        self.session = session
        self.forum = make.make_forum(session)
        space = make.make_space(session, forum=self.forum)
        author = make.make_author(session, forum=self.forum)
        make.make_contribution(
            session,
            space=space,
            author=author,
            language="es",
            source="Las remesas llegan tarde a los pueblos.",
        )
        session.commit()
        self.backend = app.extensions["consult.search"]
        sources = app.extensions["consult.ports"].documents.values()
        sync.rebuild(session, backend=self.backend, sources=sources)
        for name in ("write", "compact", "rebuild"):
            monkeypatch.setattr(self.backend, name, _refuse)

    def found(self, text, **asked):
        answer = find(
            self.session,
            backend=self.backend,
            actor=VISITOR,
            asked=Asked(text=text, **asked),
        )
        assert answer.is_available
        return [item.via for item in answer.items]

    def change(self, act, **said):
        act(self.session, forum=self.forum, by=None, now=clock.now(), **said)
        self.session.commit()

    def waiting(self):
        return self.session.scalar(select(func.count(OutboxEntry.id)))


def _refuse(*_args, **_kwargs):
    raise AssertionError("the glossary must not touch the index")


@pytest.fixture
def library(app, session, monkeypatch):
    return Library(app, session, monkeypatch)


def remittances(*words):
    return SaidNotion(terms={"en": "\n".join(words), "es": "remesas"})


def test_a_new_entry_brings_texts_in_other_languages_at_once(library):
    assert library.found("remittances") == []
    waiting = library.waiting()
    library.change(add_notion, said=remittances("remittances"))
    assert library.found("remittances") == ["remesas"]
    assert library.found("remittances", across=False) == []
    assert library.waiting() == waiting


def test_a_changed_entry_and_one_that_was_taken_out_count_at_once(library):
    library.change(add_notion, said=remittances("remittances"))
    said = remittances("remittances", "money sent home")
    library.change(change_notion, key="remittances", said=said, seen=1)
    assert library.found("money sent home") == ["remesas"]
    library.change(remove_notion, key="remittances", seen=2)
    assert library.found("remittances") == []


def test_a_table_counts_at_once(library):
    table = read_table("en,fr,es\nremittances,envois de fonds,remesas\n", objectives=())
    library.change(apply_table, table=table, remove=(), seen=None)
    assert library.found("envois de fonds") == ["remesas"]
