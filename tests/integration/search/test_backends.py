"""One behaviour, two backends: what is found, in which order, counted how."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from consult.search.documents import Backend, Filters
from tests.indexes import find, ids, make_document, search


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("educaciones", {1}),
        ("educacion", {1}),
        ("égal", {2}),
        ("etrangers", {2}),
        ("étranger", {2}),
        ("portabilite", {3}),
        ("PORTABILITÉ", {3}),
        ("remesas", {1}),
        ("remittance", {4}),
        ("accueil", {3}),
        ("l’accueil", {3}),
        ("l'accueil", {3}),
        ("oeuvre", {5}),
        ("œuvres", {5}),
        ("senal", {6}),
        ("señales", {6}),
        (unicodedata.normalize("NFD", "señal"), {6}),
        ("objetivos １６", {6}),
        ("16", {6, 8}),
        ("porte-paroles", {7}),
        ("porte-droits", set()),
        ("cooperation", {8}),
        ("co-operation", {8}),
        ("mensah", {7}),
    ],
)
def test_every_text_is_found_by_its_own_languages_forms(backend, query, expected):
    assert {hit.id for hit in search(backend, query).hits if hit.step == "all"} == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"titre de sejour"', {5}),
        ('"séjour titre"', set()),
        ('"titre séjour"', set()),
        ('"ama mensah"', {7}),
        ('"remesa"', set()),
        ("remesas OR remittances", {1, 4}),
        ("portab*", {3, 4}),
        ("port*", {3, 4, 7}),
        ("mens*", {7}),
        ("16 -objetivo", {8}),
        ('portab* -"portability of benefits"', {3}),
        ("16 -arti*", {6}),
        ("-16", {1, 2, 3, 4, 5, 7}),
        ("-remesas -16", {2, 3, 4, 5, 7}),
        ("", {1, 2, 3, 4, 5, 6, 7, 8}),
    ],
)
def test_the_grammar_reaches_the_index(backend, query, expected):
    assert find(backend, query) == expected


@pytest.mark.parametrize("query", ["space:rt1", "id:5", "status:pending", "language:fr", "#space"])
def test_field_syntax_is_just_words(backend, query):
    assert find(backend, query) == set()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(space="rt1"), {5}),
        (Filters(question=2), {3}),
        (Filters(language="en"), {4, 8}),
        (Filters(category="state"), {5}),
        (Filters(objective=16), {2, 6}),
        (Filters(region="Americas"), {6}),
        (Filters(kind="question"), set()),
        (Filters(month="1970-01"), {1, 2, 3, 4, 5, 6, 7, 8}),
        (Filters(objective=16, language="fr"), {2}),
        (Filters(objective=1), set()),
        (Filters(category="n'go\\ & !state | \x00\ud800"), set()),
    ],
)
@pytest.mark.parametrize("query", ["", "la OR una OR une OR le OR and OR au"])
def test_filters_narrow(backend, filters, expected, query):
    assert find(backend, query, filters=filters) == expected


def test_values_with_signs_of_every_kind_are_filtered_by(backend: Backend) -> None:
    odd = "it's \\ a & !b | (c):* #"
    backend.write([make_document(20, "remesas", category=odd, region=odd)])
    assert find(backend, "remesas", filters=Filters(category=odd, region=odd)) == {20}
    assert search(backend, "remesas").facets["category"] == {odd: 1, "ngo": 1}


@pytest.mark.parametrize("query", ["", "une", "-remesas", "portabilité OR œuvre", "titr*"])
def test_only_allowed_spaces_are_found_and_counted(backend, query):
    results = search(backend, query, allowed_spaces=frozenset({"rt1"}))
    assert ids(results) == [5]
    assert results.total == 1
    assert results.facets["space"] == {"rt1": 1}


def test_without_an_allowed_space_nothing_is_found(backend: Backend) -> None:
    assert search(backend, "", allowed_spaces=frozenset()).total == 0
    within = Filters(space="rt1")
    assert find(backend, "", filters=within, allowed_spaces=frozenset({"rt3"})) == set()


@pytest.mark.parametrize("query", ["", "16", "-remesas", "objetivo 16"])
def test_what_is_left_out_is_neither_found_nor_counted(backend, query):
    results = search(backend, query, left_out=frozenset({6, 999}))
    assert 6 not in ids(results)
    assert results.total == len(results.hits)
    assert "Americas" not in results.facets["region"]


def test_what_is_left_out_moves_no_score(backend: Backend) -> None:
    before = search(backend, "objetivo 16 remesas")
    backend.write([make_document(key, "objetivo 16 remesas") for key in range(30, 60)])
    assert search(backend, "objetivo 16 remesas", left_out=frozenset(range(30, 60))) == before


def test_facets_count_all_matches_beyond_the_page(backend: Backend) -> None:
    results = search(backend, "", limit=1)
    assert (results.total, len(results.hits), results.whole) == (8, 1, None)
    assert results.facets == {
        "space": {"rt3": 7, "rt1": 1},
        "question": {1: 7, 2: 1},
        "language": {"fr": 4, "es": 2, "en": 2},
        "category": {"ngo": 7, "state": 1},
        "objective": {20: 5, 16: 2, 15: 1},
        "region": {"Americas": 1},
        "kind": {"comment": 8},
        "month": {"1970-01": 8},
    }


def test_where_few_texts_have_every_word_others_stand_behind_them(backend: Backend) -> None:
    results = search(backend, "objetivo señal cooperation")
    assert [(hit.id, hit.step) for hit in results.hits] == [(6, "most"), (8, "any")]
    assert (results.total, results.whole) == (2, 0)


def test_a_number_alone_brings_no_text_where_its_word_is_missing(backend: Backend) -> None:
    results = search(backend, "objetivo 16 señal")
    assert [(hit.id, hit.step) for hit in results.hits] == [(6, "all")]
    assert results.facets["objective"] == {16: 1}


def test_texts_with_most_of_what_was_asked_for_come_before_others(backend: Backend) -> None:
    results = search(backend, "remesas educación hijos objetivo")
    assert [(hit.id, hit.step) for hit in results.hits] == [(1, "most"), (6, "any")]
    assert results.whole == 0


def test_enough_texts_with_every_word_are_all_there_is(backend: Backend) -> None:
    backend.write([make_document(key, "visado y permiso") for key in range(100, 200)])
    backend.write([make_document(99, "un visado")])
    results = search(backend, "visado permiso", limit=500)
    assert (results.total, results.whole) == (100, None)
    assert ids(results) == list(range(199, 99, -1))


def test_words_side_by_side_rank_before_words_apart(backend: Backend) -> None:
    apart = make_document(20, "l’objectif des 8 pays est de faire plus que 16", language="fr")
    near = make_document(21, "l’objectif 16 des 8 pays est de faire plus", language="fr")
    backend.write([replace(apart, published_at=99.0), near])
    assert ids(search(backend, "objectif 16"))[:2] == [21, 20]


def test_a_word_said_again_ranks_higher_and_a_name_lower(backend: Backend) -> None:
    backend.write([make_document(20, "Kaya", language="fr")])
    backend.write([make_document(21, "Kaya, Kaya y Kaya", published_at=0.0)])
    assert ids(search(backend, "kaya")) == [21, 20, 7]


def test_newest_first_and_pages_do_not_overlap(backend: Backend) -> None:
    pages = [
        ids(search(backend, "", sort="newest", offset=offset, limit=3)) for offset in (0, 3, 6)
    ]
    assert pages == [[8, 7, 6], [5, 4, 3], [2, 1]]
    assert ids(search(backend, "16 OR remesas", sort="newest")) == [8, 6, 1]


def test_threads_are_read_in_their_order(backend: Backend) -> None:
    places = {1: "rt3/02/b", 6: "rt3/02/Z", 8: "rt3/01/é", 4: "rt3/01/f"}
    backend.write([make_document(key, "visado", place=at) for key, at in places.items()])
    assert ids(search(backend, "visado", sort="thread")) == [4, 8, 6, 1]
    within = search(backend, "", sort="thread", allowed_spaces=frozenset({"rt3"}))
    assert ids(within)[-4:] == [4, 8, 6, 1]


def test_text_in_another_language_is_found_by_exact_words(backend: Backend) -> None:
    backend.write([make_document(20, "Die Größe zählt", language="de")])
    assert find(backend, "grösse") == {20}


def test_passage_in_another_language_is_found_by_its_own_forms(backend: Backend) -> None:
    said = "Las remesas.\n\nLes étrangers expulsés."
    start = said.index("Les")
    spans = ((start, len(said), "fr"),)
    backend.write([make_document(20, said, spans=spans)])
    assert find(backend, "remesa") == {1, 20}
    assert find(backend, "étranger") == {2, 20}


def test_a_prefix_stands_for_a_bounded_number_of_words(backend: Backend) -> None:
    backend.write([make_document(100 + n, f"rem{n:04}") for n in range(300)])
    results = search(backend, "rem*", limit=500)
    assert results.total == 200
    assert set(ids(results)) == set(range(100, 300))


def test_words_of_the_index_are_told_with_how_many_texts_have_them(backend: Backend) -> None:
    backend.write([make_document(20, "remesas, remesas")], [4])
    backend.compact()
    assert dict(backend.words("reme")) == {"remesas": 2}
    assert dict(backend.words("remi")) == {}
    assert list(backend.words("%")) == []
