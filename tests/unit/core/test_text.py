"""What every typed text goes through keeps its words and loses only what breaks things."""

from __future__ import annotations

import re
import unicodedata
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from consult.core.text import (
    ELLIPSIS,
    MAX_MARKS,
    RESERVED,
    NameProblem,
    TextRemark,
    check_name,
    count_words,
    fold,
    has_forbidden,
    normalise,
    remarks,
    single_line,
    spreadsheet_safe,
    truncate,
    xml_safe,
)

ANYTHING = st.text(alphabet=st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("e\u0301", "é"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\x00b\x1bc\x0bd", "a\ufffdb\ufffdc\ufffdd"),
        ("a\ud800b\udfff", "a\ufffdb\ufffd"),
        ("a\ufffeb\uffff.", "a\ufffdb\ufffd."),
        ("a\tb\n\nc", "a\tb\n\nc"),
        ("a  \nb \n \t\n", "a  \nb"),
        ("  a\u00a0:", "  a\u00a0:"),
        ("ہے नमस्ते 👩‍👩‍👧", "ہے नमस्ते 👩‍👩‍👧"),
    ],
)
def test_a_typed_text_gets_one_normal_form(typed: str, kept: str) -> None:
    assert normalise(typed) == kept


def test_a_base_keeps_at_most_eight_marks() -> None:
    assert normalise("x" + "\u0316" * 50 + "y") == "x" + "\u0316" * MAX_MARKS + "y"


@given(ANYTHING)
def test_normalising_twice_is_normalising_once(typed: str) -> None:
    once = normalise(typed)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not has_forbidden(once)


def test_a_hundred_thousand_marks_take_no_time() -> None:
    start = perf_counter()
    normalise("a" + "\u0300\u0316" * 50_000)
    assert perf_counter() - start < 2


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("a\x00", True), ("\ud83d", True), ("a\x01\r\n", False), ("😀", False), ("", False)],
)
def test_nul_and_lone_surrogates_are_forbidden(typed: str, expected: bool) -> None:
    assert has_forbidden(typed) is expected


def test_a_single_line_has_single_spaces_and_keeps_no_break_spaces() -> None:
    assert single_line("  a \r\n\t b\u2028c\u00a0: ") == "a b c\u00a0:"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("UNCTAD", "unctad"),
        ("Secrétariat", "secretariat"),
        ("Straße", "STRASSE"),
        ("ﬁn", "fin"),
        ("ＡＢＣ", "abc"),
        ("España", "espana"),
        ("İstanbul", "istanbul"),
        ("Å", "a\u030a"),
    ],
)
def test_texts_that_read_alike_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_words_do_not_fold_to_the_same() -> None:
    assert fold("part") != fold("port")


@given(ANYTHING)
def test_folding_twice_is_folding_once(typed: str) -> None:
    assert fold(fold(typed)) == fold(typed)


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


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab cd", 4, "ab…"),
        ("ae\u0316\u0320x", 4, "a…"),
        ("a👩‍👩‍👧‍👦b", 5, "a…"),
        ("👍🏽ab", 2, "…"),
        ("🇫🇷🇪🇸x", 4, "🇫🇷…"),
        ("🇫🇷🇪🇸xx", 5, "🇫🇷🇪🇸…"),
        ("ab", 1, "…"),
    ],
)
def test_a_text_is_cut_between_graphemes(text: str, limit: int, cut: str) -> None:
    assert truncate(text, limit=limit) == cut


@given(ANYTHING, st.integers(1, 70))
def test_a_cut_text_keeps_to_the_limit_and_is_a_beginning(text: str, limit: int) -> None:
    cut = truncate(text, limit=limit)
    assert len(cut) <= limit
    assert cut == text or text.startswith(cut.removesuffix(ELLIPSIS))


def test_a_limit_below_one_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="less than one"):
        truncate("abc", limit=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \n\t ", 0),
        ("one", 1),
        ("one two\nthree\tfour", 4),
        ("l’accès à l’emploi", 3),
        ("Objectif\u00a016\u00a0: droits", 2),
        ("10\u202f000 personnes", 2),
        ("a – b", 3),
        ("a—b", 1),
        ("well-being", 1),
        ("a\u2003b\u3000c", 3),
        ("a \u00a0 b", 2),
    ],
)
def test_words_are_counted_as_word_counts_them(text: str, words: int) -> None:
    assert count_words(text) == words


@given(ANYTHING)
def test_what_is_safe_for_xml_can_be_parsed_and_keeps_the_rest(text: str) -> None:
    safe = xml_safe(text)
    element = etree.Element("t")
    element.text = safe
    assert etree.fromstring(etree.tostring(element, encoding="utf-8")).text == (safe or None)
    assert xml_safe(safe) == safe


def test_xml_loses_only_what_it_cannot_hold() -> None:
    assert xml_safe("a\x00\x0b\x1f\ud800\ufffe\uffffb\r\nc\td😀é") == "ab\nc\td😀é"


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\nx",
        "|x",
        "%0A",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "  =1",
        "\u00a0=1",
        '"=1',
        "'=1",
        "« =1",
        "\u200b=1",
        "\ufeff=1",
        "\u202e=1",
        "- a point of a list",
        "-1,2,3=x",
        "+1 202 555 0100",
        "=",
    ],
)
def test_a_cell_that_could_be_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert spreadsheet_safe(cell) == ("'" + cell, True)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "   ",
        "words",
        "a=b",
        "-5",
        "+3.5",
        "-1,200.50",
        "-1\u202f200,5",
        "100 %",
        "l’accès",
        "« oui »",
        "(=1)",
        "1+1",
        "é",
    ],
)
def test_an_innocent_cell_stays_as_it_is(cell: str) -> None:
    assert spreadsheet_safe(cell) == (cell, False)


@given(ANYTHING)
def test_no_cell_begins_like_a_formula_and_the_apostrophe_can_be_cut_off(text: str) -> None:
    safe, is_changed = spreadsheet_safe(text)
    assert safe.removeprefix("'") == text if is_changed else safe == text
    if not is_changed:
        is_number = re.fullmatch(r"[+-][0-9 ,.\u00a0\u202f]+", text)
        assert is_number or not safe.strip().startswith(tuple("=+-@|%"))


# What may surprise --------------------------------------------------------------------------

MARKS, CONTROL, INVISIBLE, BIDI = TextRemark


@pytest.mark.parametrize(
    ("source", "remarked"),
    [
        # More marks on a letter than are kept.
        ("x" + "\u0316" * 30, [MARKS]),
        ("x" + "\u0316" * (MAX_MARKS + 1), [MARKS]),
        ("Z" + "\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324a", [MARKS]),
        # Two marks that NFC makes of one.
        ("x" + "\u0344" * 5, [MARKS]),
        # What becomes U+FFFD.
        ("a\x00b", [CONTROL]),
        ("a\x0bb", [CONTROL]),
        ("a\x1bb", [CONTROL]),
        ("a\ud800b", [CONTROL]),
        ("a\uffffb", [CONTROL]),
        # What nobody sees inside a word.
        ("mi\u200bgrant", [INVISIBLE]),
        ("mi\u200c\u200dgrant", [INVISIBLE]),
        ("co\u00adoperation", [INVISIBLE]),
        ("mi\u2060grant", [INVISIBLE]),
        ("migr\ufeffant", [INVISIBLE]),
        ("mi\ufe0fgrant", [INVISIBLE]),
        ("миг\u200dрант", [INVISIBLE]),
        ("mi\U000e0061grant", [INVISIBLE]),
        # What turns the direction.
        ("\u202egnimoc", [BIDI]),
        ("a \u2067b\u2069 c", [BIDI]),
        ("left \u200fto right", [BIDI]),
        ("שלום \u202eabc", [BIDI]),
        # All of it.
        ("\u202ea\x00 mi\u200bgrant x" + "\u0316" * 9, [MARKS, CONTROL, INVISIBLE, BIDI]),
    ],
)
def test_what_may_surprise_in_a_text_is_remarked_on(
    source: str, remarked: list[TextRemark]
) -> None:
    assert remarks(source) == remarked


@pytest.mark.parametrize(
    "source",
    [
        "",
        "Plain words.\r\nAnd\tmore.",
        "x" + "\u0316" * MAX_MARKS,
        "e\u0301le\u0300ve, Objectif\u00a016\u202f:",
        "Xin chào, tiếng Việt",
        "می‌خواهم",
        "क्‍ष नमस्ते",
        "ක්‍රී",
        "ภาษา\u200bไทย",
        "ភាសា\u200bខ្មែរ",
        "葛\U000e0100城",
        "שלום\u200e 16 שלום\u200f",
        "سلام \u061c(16)",
        "👩‍👩‍👧 ❤️ 1️⃣2 🏴\U000e0067\U000e0062\U000e007f",
        "\ufeffA mark of the byte order before the first word",
        "between \u200b words",
        "移民工人",
    ],
)
def test_ordinary_texts_are_not_remarked_on(source: str) -> None:
    assert remarks(source) == []


@pytest.mark.parametrize(
    "piece", ["a\u0316", "\u0316", "\u200b", "a\u200b", "\u202e", "\x00", "字"]
)
def test_a_text_of_200_000_characters_is_remarked_on(piece: str) -> None:
    many = piece * (200_000 // len(piece))
    assert remarks(many) == remarks(piece * 40)


@given(ANYTHING)
def test_a_normalised_text_has_nothing_left_to_be_replaced(typed: str) -> None:
    assert not {MARKS, CONTROL} & set(remarks(normalise(typed)))
