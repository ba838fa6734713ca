"""What every typed text goes through keeps its words and loses only what breaks things."""

from __future__ import annotations

import unicodedata
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from consult.core.text import (
    ELLIPSIS,
    MAX_MARKS,
    count_words,
    fold,
    has_forbidden,
    normalise,
    shorten,
    single_line,
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


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("the exchange", 12, "the exchange"),
        ("they told the exchange rate", 20, "they told the…"),
        ("they told the exchange rate", 14, "they told the…"),
        ("exchanged money", 8, "exchang…"),
        ("an exchange", 8, "an exch…"),
    ],
)
def test_a_text_is_shortened_between_words_unless_one_fills_it(
    text: str, limit: int, cut: str
) -> None:
    assert shorten(text, limit=limit) == cut


@given(ANYTHING, st.integers(1, 70))
def test_a_shortened_text_keeps_to_the_limit_and_is_a_beginning(text: str, limit: int) -> None:
    cut = shorten(text, limit=limit)
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
