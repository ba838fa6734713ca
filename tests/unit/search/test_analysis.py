"""Words as the index keeps them: stems in both orders, folded forms, offsets."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.search.analysis import LANGUAGES, MAX_WORD_CHARACTERS, analyse, fold, is_stop_word


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
    (token,) = analyse("educación", language="es")
    assert set(token.stems) == {"educ", "educacion"}


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
    assert exact("art. 16, objectif１６; n°16") == ["art", "16", "objectif16", "n", "16"]


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
