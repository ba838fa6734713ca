"""What a name may be."""

from __future__ import annotations

import pytest

from consult.core.names import RESERVED, NameProblem, check_name
from consult.core.text import fold


@pytest.mark.parametrize(
    "name",
    [
        "Centro de Estudios",
        "L’Association des travailleurs (ATM)",
        "Ελληνικό Δίκτυο",
        "Совет мигрантов",
        "می\u200cخواهم",
        "क्\u200dष",
        "国際移住",
        "UN Network on Migration Secretariat",
        "Żółć & Søn",
        "Participant 1",
        "a" * 200,
    ],
)
def test_ordinary_names_are_taken(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", NameProblem.EMPTY),
        (" \u00a0", NameProblem.EMPTY),
        ("\u200b", NameProblem.EMPTY),
        ("\u3164", NameProblem.EMPTY),
        ("a" * 201, NameProblem.TOO_LONG),
        ("a\nb", NameProblem.CONTROL),
        ("a\x00b", NameProblem.CONTROL),
        ("a\x85b", NameProblem.CONTROL),
        ("a\u2028b", NameProblem.CONTROL),
        ("a\ud800", NameProblem.CONTROL),
        ("a\u202eb", NameProblem.BIDI),
        ("a\u2066b\u2069", NameProblem.BIDI),
        ("\u200fa", NameProblem.BIDI),
        ("a\u200bb", NameProblem.INVISIBLE),
        ("a\u200db", NameProblem.INVISIBLE),
        ("می\u200c", NameProblem.INVISIBLE),
        ("a\u00adb", NameProblem.INVISIBLE),
        ("a\U000e0041", NameProblem.INVISIBLE),
        ("M\u043eder\u0430tor", NameProblem.MIXED_SCRIPTS),
        ("Αdmin", NameProblem.MIXED_SCRIPTS),
        ("Moderator", NameProblem.RESERVED),
        ("  MODÉRATEUR ", NameProblem.RESERVED),
        ("ｍｏｄｅｒａｔｏｒ", NameProblem.RESERVED),
        ("Secretaría", NameProblem.RESERVED),
        ("no-reply", NameProblem.RESERVED),
        ("Former participant", NameProblem.RESERVED),
    ],
)
def test_a_name_that_deceives_is_refused_with_its_problem(name: str, problem: NameProblem) -> None:
    assert check_name(name) is problem


def test_reserved_names_stand_as_they_are_compared() -> None:
    assert {fold(name) for name in RESERVED} == RESERVED


def test_the_limit_of_a_name_can_be_chosen() -> None:
    assert check_name("abcd", limit=3) is NameProblem.TOO_LONG
