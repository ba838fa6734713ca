"""Words as the index keeps them: stems in both orders, folded forms, offsets."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.search.analysis import (
    LANGUAGES,
    MAX_WORD_CHARACTERS,
    analyse,
    fold,
    is_stop_word,
    written_words,
)


def exact(text: str, language: str = "fr") -> list[str]:
    return [token.exact for token in analyse(text, language=language) if not token.is_whole]


def share_a_stem(left: str, right: str, language: str) -> bool:
    stems = [
        {s for t in analyse(word, language=language) for s in t.stems} for word in (left, right)
    ]
    return bool(stems[0] & stems[1])


@pytest.mark.parametrize(
    ("left", "right", "language"),
    [
        ("educación", "educaciones", "es"),
        ("égal", "égalité", "fr"),
        ("étrangers", "etrangers", "fr"),
        ("portabilité", "portabilite", "fr"),
        ("portabilidad", "portabilidades", "es"),
        ("remesas", "remesa", "es"),
        ("señal", "senales", "es"),
        ("œuvre", "oeuvres", "fr"),
        ("remittance", "Remittances", "en"),
    ],
)
def test_forms_of_one_word_share_a_stem(left: str, right: str, language: str) -> None:
    assert share_a_stem(left, right, language)


def test_both_orders_of_folding_and_stemming_stand_at_one_position() -> None:
    (token,) = analyse("égalité", language="fr")
    assert set(token.stems) == {"egal", "egalit"}


@pytest.mark.parametrize("apostrophe", ["'", "’", "ʼ", "＇"])
def test_elisions_are_split_off_with_any_apostrophe(apostrophe: str) -> None:
    text = f"l{apostrophe}accueil, jusqu{apostrophe}ici et qu{apostrophe}on"
    assert exact(text) == ["accueil", "ici", "et", "on"]


def test_english_genitive_is_split_off() -> None:
    assert exact("women’s rights", "en") == ["women", "rights"]


def test_hyphenated_word_gives_its_parts_and_the_whole() -> None:
    tokens = analyse("co-operation now", language="en")
    assert [(t.exact, t.position, t.is_whole) for t in tokens] == [
        ("cooperation", 0, True),
        ("co", 0, False),
        ("operation", 1, False),
        ("now", 2, False),
    ]


def test_numbers_are_words_of_their_own() -> None:
    assert exact("art. 16, objectif１６; 16") == ["art", "16", "objectif16", "16"]


@pytest.mark.parametrize(
    "text",
    ["objectif n° 16", "objectif N°16", "objectif № 16", "Objectif nº 16", "objectif no. 16"],
)
def test_the_sign_before_a_number_is_not_a_word(text: str) -> None:
    assert exact(text) == ["objectif", "16"]


def test_abbreviations_of_articles_paragraphs_and_objectives_are_understood() -> None:
    assert share_a_stem("art.", "article", "fr")
    assert share_a_stem("art.", "artículo", "es")
    assert share_a_stem("para.", "paragraphs", "en")
    assert share_a_stem("obj.", "objetivo", "es")


@pytest.mark.parametrize("number", ["1,000", "1.000", "1 000", "1\u00a0000", "1\u202f000"])
def test_large_numbers_are_found_however_their_digits_are_grouped(number: str) -> None:
    tokens = analyse(f"de {number} personnes", language="fr")
    assert [(t.exact, t.position) for t in tokens if t.is_whole] == [("1000", 1)]
    assert [t.exact for t in tokens if not t.is_whole] == ["de", "1", "000", "personnes"]


@pytest.mark.parametrize("text", ["1-6", "2,4", "2.4", "2020-2021", "12.05.2020"])
def test_ranges_decimals_and_dates_are_not_read_as_one_number(text: str) -> None:
    assert not any(token.is_whole for token in analyse(text, language="en"))


def test_a_decimal_is_one_written_word_with_either_separator() -> None:
    assert [[p.normal for p in word] for word in written_words("2.4 2,4")] == [["2", "4"]] * 2


def test_initials_with_full_stops_are_also_one_word() -> None:
    tokens = analyse("l’O.N.U. et l'OIM", language="fr")
    assert [t.exact for t in tokens if t.is_whole] == ["onu"]
    assert [t.exact for t in tokens if not t.is_whole] == ["o", "n", "u", "et", "oim"]


def test_endings_for_both_sexes_are_not_words() -> None:
    assert exact("les migrant·e·s et les étudiant‧es") == [
        "les",
        "migrant",
        "et",
        "les",
        "etudiant",
    ]
    assert exact("l@s niñ@s; ana@example.org", "es") == ["los", "ninos", "ana", "example", "org"]


def test_fold_drops_case_accents_tilde_and_ligatures() -> None:
    assert [fold(word) for word in ("SEÑAL", "Œuvre", "æquo", "Straße", "smørrebrød")] == [
        "senal",
        "oeuvre",
        "aequo",
        "strasse",
        "smorrebrod",
    ]


def test_decomposed_text_gives_the_same_words_at_its_own_offsets() -> None:
    text = unicodedata.normalize("NFD", "Déjà étrangère")
    tokens = analyse(text, language="fr")
    assert [token.exact for token in tokens] == ["deja", "etrangere"]
    assert [text[token.start : token.end] for token in tokens] == text.split()


def test_soft_hyphens_do_not_part_a_word() -> None:
    assert exact("porta\u00adbilité") == ["portabilite"]


def test_combining_marks_of_other_scripts_stay_in_their_word() -> None:
    assert len(analyse("हिन्दी भाषा", language="en")) == 2


def test_stop_words_are_kept_in_texts() -> None:
    assert exact("les droits de la famille") == ["les", "droits", "de", "la", "famille"]
    assert is_stop_word("LES")
    assert not is_stop_word("droits")


def test_unknown_language_gives_exact_words_without_stems() -> None:
    assert [(t.exact, t.stems) for t in analyse("Größe", language="de")] == [("grosse", ())]


def test_endless_word_is_cut() -> None:
    (token,) = analyse("x" * 1_000_000, language="en")
    assert len(token.exact) == MAX_WORD_CHARACTERS
    assert token.end == 1_000_000


@given(st.text(), st.sampled_from(LANGUAGES))
def test_any_text_gives_tokens_with_stems_in_order_and_within_bounds(
    text: str, language: str
) -> None:
    tokens = analyse(text, language=language)
    assert all(token.stems and token.exact for token in tokens)
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    parts = [token for token in tokens if not token.is_whole]
    assert [token.position for token in parts] == list(range(len(parts)))


def test_a_word_stemmed_twice_does_not_shrink_into_a_stranger() -> None:
    assert not share_a_stem("remesas", "remis", "fr")
    assert share_a_stem("étrangers", "étranger", "fr")


@pytest.mark.parametrize(
    ("left", "right", "language"),
    [
        ("children", "child", "en"),
        ("people", "person", "en"),
        ("left", "leave", "en"),
        ("labour", "labor", "en"),
        ("organisation", "organizations", "en"),
        ("programme", "programs", "en"),
        ("yeux", "œil", "fr"),
        ("travaux", "travail", "fr"),
        ("recommandons", "recommander", "fr"),
        ("détiennent", "détenir", "fr"),
        ("leyes", "ley", "es"),
        ("mantuvieron", "mantener", "es"),
        ("garanticen", "garantizar", "es"),
    ],
)
def test_irregular_forms_and_other_spellings_share_a_stem(
    left: str, right: str, language: str
) -> None:
    assert share_a_stem(left, right, language)


@pytest.mark.parametrize(
    ("left", "right", "language"),
    [
        ("important", "import", "en"),
        ("objective", "object", "en"),
        ("minority", "minor", "en"),
        ("pays", "payer", "fr"),
        ("front", "frontières", "fr"),
        ("comunidad", "común", "es"),
        ("género", "generar", "es"),
    ],
)
def test_words_that_a_stemmer_confuses_share_no_stem(left: str, right: str, language: str) -> None:
    assert not share_a_stem(left, right, language)
    assert share_a_stem(left, left, language)


def test_a_passage_in_another_language_is_read_in_it() -> None:
    text = "Los derechos. Les droits des travailleuses. Los derechos."
    start, end = text.index("Les"), text.index(" Los")
    tokens = analyse(text, language="es", spans=[(start, end, "fr")])
    assert [token.language for token in tokens] == ["es"] * 2 + ["fr"] * 4 + ["es"] * 2
    alone = analyse(text[start:end], language="fr")
    assert [token.stems for token in tokens[2:6]] == [token.stems for token in alone]
    assert [text[token.start : token.end] for token in tokens[2:4]] == ["Les", "droits"]


def test_of_overlapping_passages_the_first_counts_and_any_order_will_do() -> None:
    spans = [(4, 9, "es"), (0, 6, "fr")]
    tokens = analyse("aa bb cc dd", language="en", spans=spans)
    assert [token.language for token in tokens] == ["fr", "fr", "es", "en"]


def test_a_passage_in_an_unknown_language_has_exact_words_only() -> None:
    first, second = analyse("droits Rechte", language="fr", spans=[(7, 13, "de")])
    assert first.stems
    assert first.roots
    assert (second.exact, second.stems, second.roots) == ("rechte", (), ())


@pytest.mark.parametrize(
    "unit", ["1 ", "1.", "a.", "'", "n° ", "a@", "-", "1,000", "n. \u00a0", "·e", "1 000 "]
)
def test_time_is_linear_in_texts_made_of_separators(unit: str) -> None:
    def seconds(times: int) -> float:
        started = time.process_time()
        analyse(unit * times, language="fr")
        return time.process_time() - started

    seconds(1_000)
    assert min(seconds(20_000) for _ in range(2)) < 40 * max(seconds(2_000), 0.002)
