"""Excerpts: the best passage, the words found marked, nothing cut apart."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.search.glossary import Notion
from consult.search.grammar import parse
from consult.search.highlight import Excerpt, best_paragraph, excerpt
from consult.search.plan import Plan, make

FILLER = "Nothing to see in this sentence, which goes on. " * 20


NOTIONS = (
    Notion("remittances", {"en": ("remittances",), "fr": ("envois de fonds",), "es": ("remesas",)}),
)


def plan_of(query: str) -> Plan:
    return make(parse(query), notions=NOTIONS)


def marked(text: str, query: str, language: str = "fr") -> list[str]:
    return [
        part
        for part, is_marked in excerpt(text, plan_of(query), language=language).parts
        if is_marked
    ]


@pytest.mark.parametrize(
    ("text", "query", "language", "expected"),
    [
        ("Les droits des étrangers.", "etrangers", "fr", ["étrangers"]),
        ("La educación primero", "educaciones", "es", ["educación"]),
        ("Une égalité réelle", "égal", "fr", ["égalité"]),
        ("Voici l’accueil rêvé", "l'accueil", "fr", ["accueil"]),
        ("Une œuvre commune", "oeuvre", "fr", ["œuvre"]),
        ("Fees on remittances fell", "remitt*", "en", ["remittances"]),
        ("Le porte-parole a parlé", "porte-paroles", "fr", ["porte-parole"]),
        ("More co-operation", "cooperation", "en", ["co-operation"]),
        ("Objectif 16 et 160", "objectifs 16", "fr", ["Objectif", "16"]),
    ],
)
def test_what_the_index_finds_is_marked(
    text: str, query: str, language: str, expected: list[str]
) -> None:
    assert marked(text, query, language) == expected


def test_phrase_is_marked_as_one_piece_and_only_in_its_order() -> None:
    text = "Le séjour, puis le titre de\nséjour."
    assert marked(text, '"titre de séjour"') == ["titre de séjour"]


def test_function_words_and_exclusions_are_not_marked() -> None:
    assert marked("les droits de la famille et du visa", "les droits de la -visa") == ["droits"]


def test_prefix_does_not_mark_stems() -> None:
    assert marked("Un droit, des droits", '"droits"') == ["droits"]


def test_decomposed_text_is_marked_with_its_accents() -> None:
    text = unicodedata.normalize("NFD", "Les étrangers ici")
    assert marked(text, "etrangers") == [unicodedata.normalize("NFD", "étrangers")]


@pytest.mark.parametrize(
    ("text", "query", "language", "expected"),
    [
        ("Las remesas familiares", "remittances", "es", ["remesas"]),
        ("Des envois de fonds chers", "remesas", "fr", ["envois de fonds"]),
        ("Les titres de séjour", '"titre de séjour"', "fr", ["titres de séjour"]),
    ],
)
def test_other_words_and_forms_that_bring_a_text_are_marked(
    text: str, query: str, language: str, expected: list[str]
) -> None:
    assert marked(text, query, language) == expected


def test_a_passage_in_another_language_is_marked_by_its_own_forms() -> None:
    text = "Voici ce qui est dit. Las educaciones primero."
    found = excerpt(text, plan_of("educación"), language="fr", spans=((22, 46, "es"),))
    assert [part for part, is_marked in found.parts if is_marked] == ["educaciones"]


def test_a_phrase_over_the_border_of_paragraphs_is_not_marked() -> None:
    assert marked("Le titre\n\nséjour", '"titre séjour"') == []


def test_passage_lies_around_the_words_found() -> None:
    found = excerpt(
        f"{FILLER}The remittances cost much. {FILLER}", plan_of("remittance"), language="en"
    )
    assert found.is_cut_before
    assert found.is_cut_after
    assert "remittances cost" in found.plain
    assert len(found.plain) <= 242


def test_passage_with_more_different_words_wins() -> None:
    text = f"visa visa visa {FILLER} a visa for families {FILLER}"
    assert "families" in excerpt(text, plan_of("visa families"), language="en").plain


def test_passage_is_cut_between_words() -> None:
    found = excerpt(f"{FILLER}remittances {FILLER}", plan_of("remittances"), language="en")
    pieces = found.plain.strip("…").split()
    assert set(pieces) <= set(f"{FILLER}remittances".split())


def test_without_a_match_the_beginning_is_shown() -> None:
    found = excerpt(f"  First words.\n\n{FILLER}", plan_of("absent"), language="en")
    assert found.plain.startswith("First words. Nothing")
    assert (found.is_cut_before, found.is_cut_after) == (False, True)


def test_short_text_is_shown_whole() -> None:
    assert excerpt("Bref.", plan_of("visa"), language="fr") == Excerpt((("Bref.", False),))


def test_empty_text_gives_an_empty_excerpt() -> None:
    assert excerpt("", plan_of("visa"), language="fr").plain == ""


def test_text_is_never_changed_into_markup() -> None:
    assert excerpt("<b>visa</b> & co", plan_of("visa"), language="en").parts == (
        ("<b>", False),
        ("visa", True),
        ("</b> & co", False),
    )


@pytest.mark.parametrize("grapheme", ["e\u0301\u0323", "👩‍👩‍👧", "👍🏽", "🇫🇷", "각"])
def test_no_grapheme_is_cut(grapheme: str) -> None:
    found = excerpt(grapheme * 300, plan_of("absent"), language="en", width=100)
    assert found.is_cut_after
    text = found.plain.removesuffix("…")
    assert text == grapheme * (len(text) // len(grapheme))


@given(st.text(max_size=400), st.text(max_size=30), st.integers(1, 100))
def test_any_excerpt_is_a_passage_of_the_text(text: str, query: str, width: int) -> None:
    found = excerpt(text, plan_of(query), language="fr", width=width)
    passage = " ".join("".join(part for part, _ in found.parts).split())
    assert passage in " ".join(text.split())


# --- Long documents -----------------------------------------------------------------------------

PARAGRAPHS = [
    "Nothing to see here.",
    "Las ciudades cuentan sus remesas cada año.",
    "Les étrangers et la coopération.",
    "Remittances and housing stand together here.",
    "Remittances alone.",
]


@pytest.mark.parametrize(
    ("asked", "language", "index"),
    [
        ("remesa", "es", 1),
        ("REMESAS", "es", 1),
        ("etranger", "fr", 2),
        ("co-opération", "fr", 2),
        ("remittance", "en", 3),
        ("housing remittances", "en", 3),
        ("remit*", "en", 3),
        ('"remittances alone"', "en", 4),
        ("año", "es", 1),
    ],
)
def test_the_best_paragraph_of_a_document_is_found(asked: str, language: str, index: int) -> None:
    best = best_paragraph(PARAGRAPHS, plan_of(asked), language=language)
    assert best is not None
    assert best[0] == index
    assert best[1].is_marked


@pytest.mark.parametrize("asked", ["zebra", "", "-remittances"])
def test_a_document_without_the_words_has_no_best_paragraph(asked: str) -> None:
    assert best_paragraph(PARAGRAPHS, plan_of(asked), language="en") is None


def test_a_document_of_a_million_characters_costs_little() -> None:
    paragraphs = ["Our city counts what families send home. " * 25] * 1000 + ["A zebra."]
    began = time.perf_counter()
    best = best_paragraph(paragraphs, plan_of("zebra"), language="en")
    assert best is not None
    assert best[0] == 1000
    common = best_paragraph(paragraphs, plan_of("families"), language="en")
    assert common is not None
    assert common[0] == 0
    assert time.perf_counter() - began < 5
