"""Words of one family meet, in one language and across three; words that only look alike do not."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.search.analysis import LANGUAGES, analyse, fold
from consult.search.roots import LEAST_LETTERS, MOST_ROOTS, roots_of
from consult.search.word_lists import family_of, lemmas_of, spelled

HERE = Path(__file__).parent
UNSEEN = "unseen"


class Pair(NamedTuple):
    """Two words, each with its language; ``is_unseen`` while the rules were made."""

    kind: str
    left: str
    left_language: str
    right: str
    right_language: str
    is_unseen: bool


def pairs(name: str) -> Iterator[Pair]:
    kind = left_language = right_language = ""
    is_unseen = False
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind, left_language, right_language, *rest = line.strip("[]").split()
            is_unseen = rest == [UNSEEN]
        elif not line.startswith("#"):
            for pair in line.split():
                left, right = pair.split("=")
                yield Pair(kind, left, left_language, right, right_language, is_unseen)


MEETING = tuple(pairs("words_that_meet.txt"))
APART = tuple(pairs("words_that_stay_apart.txt"))


def forms(word: str, language: str) -> set[str]:
    """All by which an index knows a word again; stems count in their own language only."""
    found: set[str] = set()
    for token in analyse(word, language=language):
        found |= {f"={token.exact}", *(f"~{root}" for root in token.roots)}
        found |= {f"{language}:{stem}" for stem in token.stems}
    return found


def meet(pair: Pair) -> bool:
    return bool(forms(pair.left, pair.left_language) & forms(pair.right, pair.right_language))


def roots(word: str, language: str) -> set[str]:
    return {root for token in analyse(word, language=language) for root in token.roots}


def test_there_are_enough_pairs_to_measure_by():
    assert len(MEETING) >= 350
    assert len(APART) >= 200
    assert all(sum(pair.is_unseen for pair in every) >= 100 for every in (MEETING, APART))


# The rules were made with the seen pairs before one's eyes; how they do with the others is how
# they do with words that nobody has thought of.
@pytest.mark.parametrize(
    ("kind", "is_unseen", "least"),
    [
        ("inflected", False, 0.98),
        ("inflected", True, 0.97),
        ("derived", False, 0.98),
        ("derived", True, 0.90),
        ("cognate", False, 0.97),
        ("cognate", True, 0.85),
    ],
)
def test_words_of_one_family_meet(kind, is_unseen, least):
    asked = [pair for pair in MEETING if (pair.kind, pair.is_unseen) == (kind, is_unseen)]
    missed = [pair for pair in asked if not meet(pair)]
    assert 1 - len(missed) / len(asked) >= least, missed


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_is_behind(language):
    asked = [pair for pair in MEETING if pair.left_language == pair.right_language == language]
    missed = [pair for pair in asked if not meet(pair)]
    assert 1 - len(missed) / len(asked) >= 0.97, missed


@pytest.mark.parametrize(("is_unseen", "most"), [(False, 0.03), (True, 0.10)])
def test_words_that_only_look_alike_stay_apart(is_unseen, most):
    asked = [pair for pair in APART if pair.is_unseen == is_unseen]
    wrong = [pair for pair in asked if meet(pair)]
    assert len(wrong) / len(asked) <= most, wrong


@pytest.mark.parametrize(
    "family",
    [
        "en:trafficker en:trafficking fr:trafiquants es:traficante es:tráfico",
        "en:expel en:expulsion fr:expulsé fr:expulser es:expulsado es:expulsiones",
        "en:naturalize fr:naturalisation es:naturalizar es:naturalización",
        "en:detained en:detention fr:détenu fr:détenir es:detenido es:detención",
        "en:portability fr:portabilité es:portabilidad en:portable",
        "en:employers fr:employeur fr:emplois es:empleador es:empleo",
        "en:xenophobia fr:xénophobe es:xenofobia",
        "en:statistics fr:statistiques es:estadística",
    ],
)
def test_a_family_shares_one_root_over_three_languages(family):
    words = (word.split(":") for word in family.split())
    assert set.intersection(*(roots(word, language) for language, word in words))


def test_what_one_becomes_is_not_what_one_is_by_nature():
    assert not roots("natural", "en") & roots("naturalisation", "en")
    assert not roots("régulier", "fr") & roots("régularisation", "fr")


def test_short_words_and_numbers_have_no_root():
    assert [roots_of(word, language="en") for word in ("cat", "2030", "covid19")] == [(), (), ()]


def test_a_form_of_two_words_has_the_roots_of_both():
    assert roots_of("left", language="en") == ("leave", "left")


def test_a_doer_has_the_root_of_what_is_done_beside_its_own():
    assert roots_of("planter", language="fr") == roots_of("plante", language="fr")
    assert set(roots_of("consider", language="en")) >= set(roots_of("considerar", language="es"))
    assert set(roots_of("walkers", language="en")) & set(roots_of("walking", language="en"))


def test_an_irregular_form_leads_to_its_word():
    assert lemmas_of("children", language="en") == ("child",)
    assert set(lemmas_of("fue", language="es")) == {"ser", "ir"}
    assert lemmas_of("children", language="fr") == ()


def test_endings_that_the_stemmers_leave_lead_to_the_verb():
    assert lemmas_of("recommandons", language="fr") == ("recommander",)
    assert lemmas_of("busquen", language="es") == ("buscar",)
    assert lemmas_of("formarlos", language="es") == ("formar",)
    assert lemmas_of("charlas", language="es") == ()
    assert lemmas_of("organisations", language="fr") == ()


def test_a_listed_word_of_one_language_does_not_count_in_another():
    assert family_of(spelled("actualidad"), language="es") == family_of("actuel", language="fr")
    assert family_of("actual", language="en") != family_of("actual", language="es")


def test_spelling_joins_what_the_languages_write_differently():
    assert spelled("xenophobia") == spelled("xenofobia")
    assert spelled("immigrant") == spelled("inmigrant")
    assert spelled("accion") == spelled("action")


@given(st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_any_word_has_at_most_two_roots_and_the_same_ones_every_time(text, language):
    word = fold(text)
    found = roots_of(word, language=language)
    assert len(found) <= MOST_ROOTS
    assert found == roots_of(word, language=language)
    listed = family_of(spelled(word), language=language)
    assert all(len(root) >= LEAST_LETTERS for root in found) or listed is not None
