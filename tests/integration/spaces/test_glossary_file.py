"""The glossary from a table: what it would change, then all of it or nothing."""

from __future__ import annotations

import pytest

from consult.core.errors import StaleState
from consult.spaces.definitions.glossary_csv import read_table, text_of
from consult.spaces.services.glossary_file import apply_table, compare, glossary_table
from consult.spaces.services.loading import load_forum
from tests import factories as make
from tests.integration.spaces.test_glossary import NOW, add, audited, found, terms_of
from tests.integration.spaces.test_loading import imrf


@pytest.fixture
def forum(session):
    return make.make_forum(session)


@pytest.fixture
def remittances(session, forum):
    return add(session, forum, en="remittances\nwires", es="remesas", objectives=["20"])


def table(session, forum, text):
    head = "key,en,fr,es,objectives,note\n"
    return read_table(head + text, objectives=(15, 16, 20))


def apply(session, forum, rows, **fields):
    values = {"remove": (), "seen": None, "by": None, "now": NOW} | fields
    return apply_table(session, forum=forum, table=rows, **values)


def test_a_table_says_first_what_it_changes(session, forum, remittances):
    add(session, forum, en="return", fr="retour")
    add(session, forum, en="diaspora")
    rows = table(
        session, forum, "return,return,retour,retorno,,\ndiaspora,diaspora,,,,\n,visa,,,,\n"
    )
    found = compare(session, forum=forum, table=rows)
    assert [key for key, _ in found.added] == ["visa"]
    assert [(c.key, c.after.terms["es"]) for c in found.changed] == [("return", ["retorno"])]
    assert (found.same, [row.key for row in found.absent]) == (1, ["remittances"])
    assert "visa" not in terms_of(session)


def test_a_table_is_applied_and_only_ticked_notions_go(session, forum, remittances):
    add(session, forum, en="diaspora")
    add(session, forum, en="return")
    rows = table(session, forum, ",visa,,,16,\nreturn,return,retour,,,Going back.\n")
    done = apply(session, forum, rows, remove=["diaspora", "unknown", "return"])
    assert (done.added, done.changed, done.removed, done.stayed) == (1, 1, 1, 1)
    assert set(terms_of(session)) == {"remittances", "return", "visa"}
    (entry,) = audited(session, "glossary.import")
    assert entry.facts["removed"] == 1


def test_a_table_shown_for_an_older_glossary_is_not_applied(session, forum, remittances):
    rows = table(session, forum, ",visa,,,,\n")
    seen = compare(session, forum=forum, table=rows).edition
    add(session, forum, en="return")
    with pytest.raises(StaleState):
        apply(session, forum, rows, seen=seen)
    assert "visa" not in terms_of(session)


def test_a_table_without_notes_leaves_them_alone(session, forum):
    add(session, forum, en="return", note="Going back.", objectives=["16"])
    rows = read_table("key,en,fr,es\nreturn,return,retour,\n", objectives=(16,))
    apply(session, forum, rows)
    row = found(session, forum, "return")
    assert (row.note, row.objectives, row.terms["fr"]) == ("Going back.", (16,), ("retour",))


def test_the_table_of_a_glossary_changes_nothing_in_it(session):
    forum = load_forum(session, imrf(), now=NOW).forum
    numbers = range(1, 24)
    rows = read_table(text_of(glossary_table(session, forum=forum)), objectives=numbers)
    same = compare(session, forum=forum, table=rows)
    assert (same.added, same.changed, same.absent) == ([], [], [])
    assert same.same == len(imrf().content.glossary)


def test_the_table_of_one_forum_fills_another(session, forum, remittances):
    other = make.make_forum(session)
    rows = read_table(text_of(glossary_table(session, forum=forum)), objectives=(20,))
    apply(session, other, rows)
    row = found(session, other, "remittances")
    assert (row.terms["en"], row.objectives) == (("remittances", "wires"), (20,))
