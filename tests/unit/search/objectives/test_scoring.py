"""How surely a text speaks of an objective, and which of its words say so."""

from __future__ import annotations

from time import process_time

import pytest

from consult.search.glossary import Notion
from consult.search.objectives import profiles
from consult.search.objectives.material import Material, Subject
from consult.search.objectives.profiles import Profile
from consult.search.objectives.scoring import MOST_WORDS, score

SUBJECTS = [
    Subject(
        14,
        {"en": ["Enhance consular protection"], "fr": ["Renforcer la protection consulaire"]},
        {"en": "Embassies visit nationals in prison and bring home those in distress."},
    ),
    Subject(
        20,
        {"en": ["Cheaper transfer of remittances"], "es": ["Transferencias de remesas"]},
        {
            "en": "Families wait for the money that a daughter wires; the agent keeps a fee.",
            "es": "Las familias esperan el dinero que manda una hija; la agencia cobra comisión.",
        },
    ),
    Subject(
        22,
        {"en": ["Portability of social security"], "fr": ["Portabilité de la sécurité sociale"]},
        {"en": "Pensions and other earned benefits follow the person across borders."},
    ),
]
NOTIONS = [
    Notion("bank account", {"en": ("bank account",), "es": ("cuenta bancaria",)}, (20,)),
    Notion("account", {"en": ("account for",)}, ()),
    Notion("exchange rate", {"fr": ("taux de change",)}, (20,)),
    Notion("border", {"en": ("border", "frontier")}, ()),
]


@pytest.fixture(scope="module")
def profile() -> Profile:
    return profiles.make(Material(SUBJECTS, NOTIONS))


def first(profile: Profile, text: str, language: str = "en") -> int | None:
    found = score(profile, text, language=language)
    return found[0].number if found else None


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("We ask for cheaper remittances.", "en", 20),
        ("My daughter wired nothing: the agents take their fees first.", "en", 20),
        ("Mi hija mandó dinero y le cobraron comisiones.", "es", 20),
        ("Le taux de change mange tout.", "fr", 20),
        ("La protection consulaire commence à la prison.", "fr", 14),
        ("Somebody from the embassy should visit him.", "en", 14),
        ("Her pension did not follow her.", "en", 22),
    ],
)
def test_a_text_speaks_of_an_objective_by_titles_glossary_and_what_it_is_about(
    profile: Profile, text: str, language: str, number: int
) -> None:
    assert first(profile, text, language) == number


def test_words_of_one_family_speak_over_the_languages(profile: Profile) -> None:
    assert first(profile, "La portabilidad es lo que falta.", "es") == 22


def test_a_text_about_something_else_is_about_nothing(profile: Profile) -> None:
    assert score(profile, "The train arrived, and everybody had tea.", language="en") == []


def test_words_that_only_hold_sentences_together_tell_nothing(profile: Profile) -> None:
    assert score(profile, "Those who are other than that, and what in 2018?", language="en") == []


def test_a_word_that_every_objective_has_tells_nothing() -> None:
    subjects = [
        Subject(number, {"en": ["Migrants"]}, {"en": f"Migrants and {word}."})
        for number, word in ((1, "ships"), (2, "schools"), (3, "courts"))
    ]
    profile = profiles.make(Material(subjects))
    assert score(profile, "Migrants speak.", language="en") == []
    assert first(profile, "Migrants and their school.") == 2


def test_a_word_that_the_glossary_gives_to_no_objective_tells_less() -> None:
    subjects = [Subject(1, {"en": ["Ports"]}), Subject(2, {"en": ["Schools"]})]
    silent = [Notion(f"port {n}", {"en": ("ports",)}) for n in range(4)]
    alone = score(profiles.make(Material(subjects)), "A port.", language="en")
    among = score(profiles.make(Material(subjects, silent)), "A port.", language="en")
    assert (among[0].score if among else 0.0) < alone[0].score


def test_a_term_of_several_words_speaks_louder_than_its_words_apart(profile: Profile) -> None:
    together = score(profile, "She has a bank account.", language="en")[0]
    apart = score(profile, "On account of the river she left its bank.", language="en")[0]
    assert (together.number, apart.number) == (20, 20)
    assert together.score > apart.score
    assert together.words == ("bank account",)


def test_the_reason_is_words_of_the_text_in_its_own_spelling(profile: Profile) -> None:
    (found,) = score(profile, "Las REMESAS  y el Dinero de la familia.", language="es")
    assert set(found.words) <= {"REMESAS", "Dinero", "familia"}
    assert "REMESAS" in found.words


def test_a_reason_shows_the_phrase_of_the_text_before_single_words(profile: Profile) -> None:
    text = "For a fee the agent wires it, but she has no bank account."
    assert score(profile, text, language="en")[0].words[0] == "bank account"


def test_words_of_two_sentences_are_shown_as_no_phrase(profile: Profile) -> None:
    found = score(profile, "He went to the bank. Account books lay open.", language="en")[0]
    assert found.words == ("bank",)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Money was lost.", "money"),
        ("Nothing came. «Money!» she said.", "money"),
        ("All her Money was lost.", "Money"),
        ("MONEY was lost.", "MONEY"),
    ],
)
def test_a_reason_has_no_capital_that_only_begins_a_sentence(
    profile: Profile, text: str, word: str
) -> None:
    assert score(profile, text, language="en")[0].words == (word,)


def test_a_reason_has_few_words_each_once(profile: Profile) -> None:
    text = "Money, money, remittances, fees, agents, families, wires, a bank account, transfers."
    found = score(profile, text, language="en")[0]
    assert len(found.words) == MOST_WORDS == len({word.casefold() for word in found.words})


def test_scores_of_one_text_compete(profile: Profile) -> None:
    text = "Remittances, money and fees; embassies, prison, consular protection."
    found = score(profile, text, language="en")
    assert {one.number for one in found[:2]} == {14, 20}
    assert 0 < sum(one.score for one in found) <= 1.001


def test_saying_a_word_again_and_again_adds_little(profile: Profile) -> None:
    twice = score(profile, "remittances " * 2, language="en")[0]
    often = score(profile, "remittances " * 500, language="en")[0]
    assert often.score == twice.score


def test_what_tags_taught_speaks_too() -> None:
    subjects = [Subject(1, {"en": ["Ports"]}), Subject(2, {"en": ["Schools"]})]
    lessons = {2: {"en:blackboard": 0.8}}
    profile = profiles.make(Material(subjects, lessons=lessons))
    assert first(profile, "A blackboard.") == 2


def test_an_unknown_language_is_compared_by_exact_words_without_an_error(profile: Profile) -> None:
    assert score(profile, "Quod erat demonstrandum", language="la") == []


@pytest.mark.parametrize(
    "text", ["", "\0" * 500, "(" * 5000, "a " * 100_000, "bank " * 50_000, "\ud7ff" * 3000]
)
def test_texts_made_to_be_hard_take_little_time(profile: Profile, text: str) -> None:
    began = process_time()
    score(profile, text, language="en")
    assert process_time() - began < 2
