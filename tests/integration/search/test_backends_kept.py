"""One behaviour, two backends: writing, rebuilding, losing the index, and input of every kind."""

from __future__ import annotations

import threading
import time

import pytest

from consult.search.documents import IndexBusy, IndexUnavailable, Results
from tests.indexes import TEXTS, find, ids, make_document, search

NOTHING = Results(
    0,
    (),
    {
        name: {}
        for name in (
            "space",
            "question",
            "language",
            "category",
            "objective",
            "region",
            "kind",
            "month",
        )
    },
)


def test_document_updated_twice_gives_one_hit_with_its_last_version(backend):
    backend.write([make_document(1, "remesas dos", version=2)])
    backend.write(
        [make_document(1, "remesas tres", version=3), make_document(1, "remesas", version=2)]
    )
    (hit,) = search(backend, "remesas").hits
    assert (hit.id, hit.version, hit.via) == (1, 3, None)
    assert find(backend, "educación") == set()


def test_late_older_text_does_not_replace_a_newer_one(backend):
    backend.write([make_document(1, "nuevo", version=5)])
    backend.write([make_document(1, "viejo", version=4)])
    assert find(backend, "nuevo") == {1}
    assert find(backend, "viejo") == set()


def test_older_text_replaces_a_newer_one_that_is_deleted_with_it(backend):
    backend.write([make_document(1, "nuevo", version=5)])
    backend.write([make_document(1, "viejo", version=4)], [1])
    assert find(backend, "viejo") == {1}
    assert find(backend, "nuevo") == set()


def test_the_same_version_written_again_changes_nothing(backend):
    before = search(backend, ""), search(backend, "remesas"), dict(backend.versions())
    backend.write(TEXTS)
    assert (search(backend, ""), search(backend, "remesas"), dict(backend.versions())) == before


def test_deletion_takes_a_document_out_and_may_be_repeated(backend):
    backend.write([], [1, 999])
    backend.write([], [1])
    assert find(backend, "remesas") == set()
    assert 1 not in dict(backend.versions())


def test_compacting_keeps_what_there_is(backend):
    backend.write([], [1])
    backend.compact()
    assert find(backend, "") == {2, 3, 4, 5, 6, 7, 8}
    assert dict(backend.words("remes")) == {}


def test_versions_are_those_of_every_document(backend):
    backend.write([make_document(3, "portabilité", version=7)], [8])
    assert dict(backend.versions()) == {1: 1, 2: 1, 3: 7, 4: 1, 5: 1, 6: 1, 7: 1}


def test_missing_index_is_unavailable_for_everything_but_a_rebuild(home):
    backend = home.backend
    assert not backend.is_available
    acts = (
        lambda: search(backend, "remesas"),
        lambda: backend.write(TEXTS),
        backend.versions,
        backend.compact,
        lambda: backend.words("re"),
    )
    for act in acts:
        with pytest.raises(IndexUnavailable):
            act()
    backend.rebuild(TEXTS)
    assert backend.is_available
    assert find(backend, "remesas") == {1}


def test_first_rebuild_makes_an_index_even_of_nothing(home):
    backend = home.backend
    backend.rebuild([])
    assert backend.is_available
    assert search(backend, "remesas") == search(backend, "") == NOTHING
    assert list(backend.versions()) == []
    backend.write([make_document(1, "remesas")])
    assert find(backend, "remesas") == {1}


def test_index_that_is_lost_while_in_use_heals_by_a_rebuild(home, backend):
    assert backend.is_available
    home.lose()
    with pytest.raises(IndexUnavailable):
        search(backend, "remesas")
    assert not backend.is_available
    backend.rebuild(TEXTS)
    assert find(backend, "remesas") == {1}


def test_index_of_another_version_is_refused(home, backend):
    home.age()
    assert not backend.is_available
    with pytest.raises(IndexUnavailable):
        backend.write([make_document(9, "visado")])
    backend.rebuild(TEXTS)
    assert backend.is_available


def test_what_another_process_writes_is_found_at_once(home, backend):
    other = home.another()
    other.write([make_document(50, "remesas")], [1])
    assert find(backend, "remesas") == {50}
    other.rebuild([make_document(51, "remesas")])
    assert find(backend, "remesas") == {51}
    other.close()


def test_writer_waits_a_bounded_time_for_another_one(home, backend):
    with home.being_written():
        for act in (
            lambda: backend.write([make_document(9, "visado")]),
            lambda: backend.rebuild([]),
            backend.compact,
        ):
            began = time.monotonic()
            with pytest.raises(IndexBusy):
                act()
            assert time.monotonic() - began < 2
        assert find(backend, "remesas") == {1}
    backend.write([make_document(9, "visado")])
    assert find(backend, "visado") == {9}


def test_two_writers_at_once_lose_nothing(home, backend):
    def write(start):
        own = home.another(lock_wait_s=30)
        for key in range(start, start + 5):
            own.write([make_document(key, "visado")])
        own.close()

    threads = [threading.Thread(target=write, args=(start,)) for start in (100, 200)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        search(backend, "visado")
    assert find(backend, "visado") == {*range(100, 105), *range(200, 205)}


def test_rebuild_is_searched_around_and_swapped_in_at_once(home, backend):
    seen = []
    reader = home.another()

    def documents():
        for key in (30, 31):
            yield make_document(key, "remesas")
            results = search(reader, "")
            seen.append((find(reader, "remesas"), results.total, dict(reader.words("remes"))))

    backend.rebuild(documents())
    assert seen == [({1}, 8, {"remesas": 1})] * 2
    assert find(reader, "remesas") == find(backend, "") == {30, 31}
    reader.close()


def test_rebuild_keeps_the_latest_of_two_equal_ids(backend):
    texts = [make_document(1, "viejo"), make_document(1, "nuevo", version=2)]
    backend.rebuild(texts)
    assert list(backend.versions()) == [(1, 2)]
    backend.rebuild(reversed(texts))
    assert list(backend.versions()) == [(1, 2)]
    assert find(backend, "viejo") == set()


def test_failed_rebuild_passes_the_error_on_and_keeps_the_old_index(backend):
    def documents():
        yield make_document(30, "remesas")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        backend.rebuild(documents())
    assert find(backend, "remesas") == {1}
    backend.write([make_document(9, "visado")])
    assert find(backend, "visado") == {9}


def test_long_text_loses_no_word_and_no_phrase(backend):
    filler = "de la persona que " * 6_000
    said = f"comienzo {filler} algo titre de séjour {filler} remesas al final"
    backend.write([make_document(20, said), make_document(21, "ay " * 40_000)])
    assert 20 in find(backend, '"titre de sejour"')
    assert find(backend, "comienzo remesas final") == {20, 1}
    assert find(backend, '"persona que algo"') == {20}
    assert find(backend, '"que remesas al final"') == {20}
    assert find(backend, '"ay ay ay"') == {21}
    assert search(backend, "persona").facets["space"] == {"rt3": 1}
    assert dict(backend.words("person")) == {"persona": 1}
    backend.write([], [20, 21])
    assert find(backend, "persona OR ay") == set()


def test_text_with_nul_and_lone_surrogates_is_indexed(backend):
    odd = "a\x00b \ud800 ' \\ ''"
    backend.write([make_document(20, f"antes{odd}después", title=odd)])
    assert 20 in find(backend, "despues")
    assert ids(search(backend, "antesa", sort="thread")) == [20]


HOSTILE = [
    "(" * 5_000,
    "(((a" * 25_000,
    "[" * 2_500 + "]" * 2_500,
    "a* " * 30_000,
    "*",
    "?*",
    "rem*sas",
    '"a b" ' * 20_000,
    '"' * 99_999,
    "[a TO z] " * 9_000,
    "(a+)+$" * 1_000,
    "status:pending",
    "space:rt1 OR id:5",
    "a & !b | (c <-> d):*",
    "'remesas' | 'x':*",
    "remesas'::tsquery; DROP TABLE search_passage; --",
    "' OR 1=1 --",
    "%(spaces)s :spaces $1 {0}",
    "\\' \\\\ '' \\x00",
    "NUL\x00 in\x07 the\x1b[31m middle\x7f",
    "\ud800 \udfff lone",
    "\u202eright to left\u202c \u200b",
    "- -- --- -\"\" -'' -*",
    "OR OR OR",
    "🙂 é́́́́́́́́́́́́",
]


@pytest.mark.parametrize("sort", ["relevance", "newest", "thread"])
@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_queries_get_an_ordinary_answer_soon(backend, query, sort):
    began = time.process_time()
    results = search(backend, query, across=True, sort=sort)
    assert time.process_time() - began < 1
    assert results.total == len(results.hits) <= 8
    assert find(backend, "remesas") == {1}


@pytest.mark.parametrize(("offset", "limit"), [(-5, 3), (0, 0), (0, -1), (10**6, 10), (7, 50)])
def test_windows_of_every_kind_get_an_ordinary_answer(backend, offset, limit):
    results = search(backend, "", offset=offset, limit=limit)
    assert results.total == 8
    assert len(results.hits) <= max(0, limit)
