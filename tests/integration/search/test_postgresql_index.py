"""What is particular to an index in PostgreSQL: its limits, its transactions, its errors."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from consult.search.backends import postgresql
from consult.search.backends.postgresql import PostgresqlBackend
from consult.search.documents import IndexBusy, IndexUnavailable
from tests.indexes import TEXTS, InPostgresql, find, make_document, search


@pytest.fixture
def home(index_engine):
    found = InPostgresql(index_engine)
    found.lose()
    found.backend.rebuild(TEXTS)
    return found


def run(home, statement):
    with home.engine.begin() as connection:
        return connection.execute(text(statement))


@pytest.mark.parametrize("table", ["search_state", "search_passage", "search_word"])
def test_a_missing_table_is_an_index_that_cannot_answer(home, table):
    run(home, f"ALTER TABLE {table} RENAME TO away")
    try:
        assert not home.backend.is_available
        for act in (
            lambda: search(home.backend, "remes*"),
            lambda: home.backend.write([make_document(9, "visado")]),
            lambda: home.backend.rebuild(TEXTS),
        ):
            with pytest.raises(IndexUnavailable):
                act()
    finally:
        run(home, f"ALTER TABLE away RENAME TO {table}")
    assert find(home.backend, "remesas") == {1}


def test_a_server_that_is_away_is_an_index_that_cannot_answer():
    away = PostgresqlBackend(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    assert not away.is_available
    with pytest.raises(IndexUnavailable):
        search(away, "remesas")
    with pytest.raises(IndexUnavailable):
        away.rebuild(TEXTS)


def test_a_search_that_takes_too_long_is_ended(home, monkeypatch):
    monkeypatch.setattr(postgresql, "SEARCH_LIMIT_MS", 1)
    slow = "SELECT ARRAY[1] FROM pg_sleep(5), unnest(CAST(:queries AS text[])) WHERE :spaces = '{}'"
    monkeypatch.setattr("consult.search.backends.postgresql_sql.HAVING", text(slow))
    with pytest.raises(IndexUnavailable):
        search(home.backend, "remesas")


def test_limits_of_a_search_do_not_outlive_it(home):
    search(home.backend, "remesas")
    with home.engine.connect() as connection:
        for name in ("statement_timeout", "enable_seqscan", "transaction_isolation"):
            shown = connection.execute(text(f"SHOW {name}")).scalar_one()
            assert shown in {"0", "on", "read committed"}


def test_a_rebuild_that_is_ended_half_way_leaves_the_index_as_it_was(home):
    class Ended(BaseException):
        pass

    def documents():
        yield make_document(30, "remesas")
        raise Ended

    with pytest.raises(Ended):
        home.backend.rebuild(documents())
    assert find(home.backend, "remesas") == {1}
    assert dict(home.backend.words("remes")) == {"remesas": 1}
    home.backend.write([make_document(9, "visado")])
    assert find(home.backend, "visado") == {9}


def test_who_waits_for_the_writer_is_told_that_it_is_busy_not_gone(home):
    with home.being_written(), pytest.raises(IndexBusy):
        home.backend.write([], [1])
    assert find(home.backend, "remesas") == {1}


def test_rows_are_those_that_the_server_can_keep(home):
    home.backend.write([make_document(20, "ay " * 20_000 + "palabra " * 3)])
    rows = run(home, "SELECT count(*), max(length(words)) FROM search_passage WHERE id = 20")
    count, most = rows.one()
    assert count > 50
    assert most < 30
    assert find(home.backend, '"ay palabra palabra palabra"') == {20}


def test_words_are_counted_by_text_and_forgotten_with_the_last_one(home):
    home.backend.write([make_document(20, "remesas " * 5_000), make_document(21, "remesas")])
    assert dict(home.backend.words("remes")) == {"remesas": 3}
    home.backend.write([make_document(21, "otra cosa", version=2)], [20])
    assert dict(home.backend.words("remes")) == {"remesas": 1}
    home.backend.write([], [1])
    assert dict(home.backend.words("remes")) == {}
    assert run(home, "SELECT count(*) FROM search_word WHERE texts < 1").scalar_one() == 0


def test_the_index_keeps_no_entries_that_wait(home):
    options = run(
        home, "SELECT reloptions FROM pg_class WHERE relname = 'ix_search_passage_words'"
    ).scalar_one()
    assert options == ["fastupdate=off"]
