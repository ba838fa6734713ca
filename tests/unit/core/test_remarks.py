"""What is remarked on in a typed text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.core.remarks import TextRemark, remarks
from consult.core.text import (
    MAX_MARKS,
    normalise,
)

ANYTHING = st.text(alphabet=st.characters(), max_size=60)


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
