"""Watch words: which words stand in a text, and which lists are taken."""

from __future__ import annotations

import pytest

from consult.core.errors import Invalid
from consult.moderation.queries.watching import matches
from consult.spaces.policy import watch_list

LISTS = {"en": ["casino", "quick money"], "fr": ["Arnaque", "élu pourri"], "es": ["estafa", "año"]}


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("A CASINO nearby.", "en", ["casino"]),
        ("Casinos are another word.", "en", []),
        ("Une arnaque, dit-on.", "fr", ["Arnaque"]),
        ("Un elu  pourri !", "fr", ["élu pourri"]),
        ("Una ESTAFA de cada ano.", "es", ["estafa", "año"]),
        ("Quick, money!", "en", ["quick money"]),
        ("Quick and easy money.", "en", []),
        ("money quick", "en", []),
        ("See http://casino.example/x", "en", ["casino"]),
        ("ca\u200bsi\u00adno", "en", ["casino"]),
        ("Nothing at all.", "en", []),
        ("", "en", []),
    ],
)
def test_whole_words_match_in_any_case_and_without_accents(
    text: str, language: str, found: list[str]
) -> None:
    assert matches([text], LISTS, language=language) == found


def test_every_list_is_tried_whatever_the_language_that_was_stated() -> None:
    assert matches(["casino, arnaque, estafa"], LISTS, language="es") == [
        "estafa",
        "casino",
        "Arnaque",
    ]


def test_a_phrase_does_not_run_over_from_one_text_into_the_next() -> None:
    assert matches(["quick", "money"], LISTS, language="en") == []


def test_a_list_is_kept_on_single_lines_and_none_twice() -> None:
    assert watch_list(["  Quick   money ", "", "quick MONEY", "élu", "elu"]) == [
        "Quick money",
        "élu",
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["a" * 81], "watch-word-long"),
        (["$$$"], "watch-word-empty"),
        ([f"word{number}" for number in range(201)], "watch-words-many"),
    ],
)
def test_a_list_that_is_no_list_of_words_is_refused(words: list[str], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        watch_list(words)
    assert caught.value.problems == {"words": [code]}


def test_two_hundred_words_are_taken() -> None:
    assert len(watch_list(f"word{number}" for number in range(200))) == 200
