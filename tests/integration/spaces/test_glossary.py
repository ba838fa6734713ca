"""The glossary below its pages: kept by organisers, loaded from definitions, read by the search."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import event, select

from consult.core.audit import AuditDetail, AuditEntry
from consult.core.errors import BrokenInput, Invalid, NotVisible, StaleState
from consult.spaces.models import Forum, GlossaryTerm
from consult.spaces.notions import NotionKind, SaidNotion
from consult.spaces.queries import notions_of
from consult.spaces.queries.notions import Narrowing, find_notion, glossary_rows, narrowed
from consult.spaces.services.glossary import (
    add_notion,
    change_notion,
    remove_notion,
    restore_notion,
)
from consult.spaces.services.loading import load_forum
from tests import factories as make
from tests.integration.spaces.test_loading import changed, imrf

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def forum(session):
    return make.make_forum(session)


@pytest.fixture
def remittances(session, forum):
    return add(session, forum, en="remittances\nwires", es="remesas", objectives=["20"])


def said(**fields):
    terms: dict[str, str] = {}
    for code in ("en", "fr", "es"):
        terms[code] = fields.pop(code, "")
    return SaidNotion(terms=terms, **fields)


def add(session, forum, **fields):
    return add_notion(session, forum=forum, said=said(**fields), by=None, now=NOW)


def save(session, forum, key, seen, **fields):
    return change_notion(
        session, forum=forum, key=key, said=said(**fields), seen=seen, by=None, now=NOW
    )


def save_mine(session, forum):
    save(session, forum, "remittances", 1, en="mine")


def take_out(session, forum):
    remove_notion(session, forum=forum, key="remittances", seen=1, by=None, now=NOW)


def found(session, forum, key):
    row = find_notion(session, forum_id=forum.id, key=key)
    assert row is not None
    return row


def terms_of(session):
    return {n.key: n.terms for n in notions_of(session) if n.kind is NotionKind.TERM}


def audited(session, act):
    found = select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id)
    return session.scalars(found).all()


class Statements:
    """Counts the statements of a block."""

    def __init__(self, session):
        self.engine = session.connection().engine
        self.seen = []

    def __enter__(self):
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self.seen

    def __exit__(self, *_error):
        event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection, _cursor, statement, *_rest):
        self.seen.append(statement)


def test_the_search_sees_what_organisers_add_change_take_out_and_put_back(session, forum):
    add(session, forum, en="remittances", es="remesas")
    assert terms_of(session) == {"remittances": {"en": ("remittances",), "es": ("remesas",)}}
    save(session, forum, "remittances", 1, en="remittances\nwires", fr="envois de fonds")
    assert terms_of(session) == {
        "remittances": {"en": ("remittances", "wires"), "fr": ("envois de fonds",)}
    }
    remove_notion(session, forum=forum, key="remittances", seen=2, by=None, now=NOW)
    assert terms_of(session) == {}
    restore_notion(session, forum=forum, key="remittances", by=None, now=NOW)
    assert set(terms_of(session)) == {"remittances"}


def test_titles_of_objectives_are_notions_of_their_own_kind(session, forum):
    titles = [n for n in notions_of(session) if n.kind is NotionKind.OBJECTIVE]
    assert [n.objectives for n in titles] == [(15,), (16,), (20,)]
    assert titles[0].terms["fr"] == ("Objective title 15 (fr)", "Short 15 (fr)")


def test_an_unchanged_glossary_costs_a_search_one_statement(session, forum, remittances):
    first = notions_of(session)
    with Statements(session) as statements:
        assert notions_of(session) is first
    assert len(statements) == 1


def test_a_glossary_without_an_edition_is_read_each_time(session, forum, remittances):
    forum.glossary_edition = ""
    session.flush()
    notions_of(session)
    session.add(
        GlossaryTerm(
            forum_id=forum.id, key="by hand", terms={"en": ["hand"]}, objectives=[], provenance={}
        )
    )
    session.flush()
    assert "by hand" in terms_of(session)


def test_a_notion_of_a_known_term_is_refused_beside_its_language(session, forum, remittances):
    with pytest.raises(Invalid) as caught:
        add(session, forum, en="remittances")
    assert caught.value.problems == {"terms_en": ["glossary-known"]}


def test_a_notion_that_was_taken_out_comes_back_as_it_is_said_anew(session, forum, remittances):
    remove_notion(session, forum=forum, key="remittances", seen=1, by=None, now=NOW)
    row = add(session, forum, en="remittances", fr="transferts")
    assert row.id == remittances.id
    assert terms_of(session)["remittances"]["fr"] == ("transferts",)


@pytest.mark.parametrize("act", [save_mine, take_out])
def test_nobody_saves_over_what_they_have_not_seen(session, forum, remittances, act):
    save(session, forum, "remittances", 1, en="remittances", fr="envois de fonds")
    with pytest.raises(StaleState) as caught:
        act(session, forum)
    assert caught.value.seen["theirs"].terms["fr"] == ("envois de fonds",)


def test_saving_the_same_changes_and_logs_nothing(session, forum, remittances):
    edition = forum.glossary_edition
    said_again = {"en": "remittances\nwires", "es": "remesas", "objectives": ["20"]}
    assert not save(session, forum, "remittances", 1, **said_again)
    assert (forum.glossary_edition, remittances.version) == (edition, 1)
    assert audited(session, "glossary.change") == []


def test_every_act_is_logged_with_its_words(session, forum, remittances):
    save(session, forum, "remittances", 1, en="remittances", note="Official.")
    remove_notion(session, forum=forum, key="remittances", seen=2, by=None, now=NOW)
    restore_notion(session, forum=forum, key="remittances", by=None, now=NOW)
    for act in ("add", "change", "remove", "restore"):
        (entry,) = audited(session, f"glossary.{act}")
        assert (entry.subject_kind, entry.subject_id) == ("forum", forum.id)
    (entry,) = audited(session, "glossary.change")
    words = session.scalars(select(AuditDetail.words).where(AuditDetail.entry_id == entry.id)).one()
    assert json.loads(words)["note"] == "Official."


def test_what_was_changed_is_ours_and_the_rest_keeps_its_source(session):
    forum = load_forum(session, imrf(), now=NOW).forum
    row = found(session, forum, "return")
    french = "\n".join(row.terms["fr"])
    save(session, forum, "return", row.version, en="return", fr=french, es="retorno")
    kept = session.scalars(select(GlossaryTerm).where(GlossaryTerm.key == "return")).one()
    assert kept.provenance == {"en": "ours", "fr": "verified", "es": "ours"}


def test_loading_again_brings_back_neither_words_nor_notions_that_organisers_took_out(session):
    forum = load_forum(session, imrf(), now=NOW).forum
    version = found(session, forum, "diaspora").version
    save(session, forum, "return", 1, en="return", fr="retour")
    remove_notion(session, forum=forum, key="diaspora", seen=version, by=None, now=NOW)
    load_forum(session, imrf(), now=NOW)
    assert "es" not in terms_of(session)["return"]
    load_forum(session, imrf(), overwrite=True, now=NOW)
    assert "retorno" in terms_of(session)["return"]["es"]
    assert "diaspora" not in terms_of(session)


def test_overwriting_makes_an_open_form_stale(session):
    forum = load_forum(session, imrf(), now=NOW).forum
    save(session, forum, "return", 1, en="return")
    load_forum(session, imrf(), overwrite=True, now=NOW)
    with pytest.raises(StaleState):
        save(session, forum, "return", 2, en="return", fr="le mien")


def test_a_note_of_the_definition_is_kept(session):
    zither = "glossary:\n  - term: {en: [zither]}\n    note: Played on the knees.\n"
    forum = load_forum(session, changed("glossary:\n", zither), now=NOW).forum
    assert found(session, forum, "zither").note == "Played on the knees."


def test_the_list_is_narrowed_by_words_objective_and_missing_language(session, forum, remittances):
    add(session, forum, fr="étranger", en="foreigner")
    rows = glossary_rows(session, forum_id=forum.id)

    def listed(**by):
        return [row.key for row in narrowed(rows, Narrowing(**by), locale="en")]

    assert listed() == ["foreigner", "remittances"]
    assert listed(words="ETRANG") == ["foreigner"]
    assert listed(objective=20) == ["remittances"]
    assert listed(missing="es") == ["foreigner"]
    assert [row.key for row in narrowed(rows, Narrowing(), locale="fr")] == [
        "foreigner",
        "remittances",
    ]


def test_an_unknown_notion_can_neither_be_changed_nor_put_back(session, forum):
    with pytest.raises(NotVisible):
        save(session, forum, "nothing", 1, en="x")
    with pytest.raises(NotVisible):
        restore_notion(session, forum=forum, key="nothing", by=None, now=NOW)


def test_a_term_between_bars_in_a_definition_is_refused():
    with pytest.raises(BrokenInput, match="not terms between bars"):
        changed("glossary:\n", "glossary:\n  - term: {en: [zither | lute]}\n")


def test_a_new_forum_has_its_own_glossary(session, forum, remittances):
    newer = make.make_forum(session)
    assert terms_of(session) == {}
    assert session.get(Forum, newer.id).glossary_edition == ""
