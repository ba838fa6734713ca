"""What is remarkable in a typed text: what is changed as it is stored, or may surprise a reader."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from consult.core.characters import BIDI, INVISIBLE, JOINERS, JOINING_SCRIPTS
from consult.core.text import UNWANTED, limit_marks

_TAGS = "\U000e0000"
"""The first of 4,096 that nobody sees: as a range, because `re` compares single ones one by one."""
_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f")
_UNSEEN = re.compile(f"[{''.join(sorted(c for c in INVISIBLE if c < _TAGS))}{_TAGS}-\U000e0fff]+")
_UNSPACED_SCRIPTS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1980-\u19ff]")


class TextRemark(StrEnum):
    """What is changed in a text as it is stored, or what a reader of it may stumble on."""

    EXCESS_MARKS = "excess-marks"
    """A letter carries more combining marks than are kept."""
    CONTROL = "control"
    """Control characters or halves of a character, which become U+FFFD."""
    INVISIBLE = "invisible"
    """Characters inside a word that nobody sees, and that keep a search from finding it."""
    BIDI = "bidi"
    """Characters that turn the direction of what follows."""


def remarks(source: str) -> list[TextRemark]:
    """Return what is remarkable in a text as it was typed, each once; it changes nothing.

    Joiners and spaces without width are remarked on only outside the scripts that need them, and
    marks of direction only in a text without a single right-to-left letter.
    """
    unix = source.replace("\r\n", "\n").replace("\r", "\n")
    found = {
        TextRemark.EXCESS_MARKS: _has_excess_marks(unix),
        TextRemark.CONTROL: UNWANTED.search(unix) is not None,
        TextRemark.INVISIBLE: any(map(_hides, _UNSEEN.finditer(unix))),
        TextRemark.BIDI: _turns_direction(unix),
    }
    return [remark for remark in TextRemark if found[remark]]


def _has_excess_marks(text: str) -> bool:
    if text.isascii():
        return False
    limited = limit_marks(text)
    composed = unicodedata.normalize("NFC", limited)
    return limited != text or limit_marks(composed) != composed


def _hides(run: re.Match[str]) -> bool:
    """Tell whether invisible characters stand between two letters and do no work there."""
    text, begin, end = run.string, run.start(), run.end()
    before, after = text[max(begin - 1, 0) : begin], text[end : end + 1]
    if not (before.isalnum() and after.isalnum()):
        return False
    between = set(run[0])
    if between <= JOINERS and JOINING_SCRIPTS.match(before) and JOINING_SCRIPTS.match(after):
        return False
    if between <= _SELECTORS:
        # They choose between forms of an ideograph or an emoji; a letter has but one.
        return before < "\u0530" and before.isalpha()
    return not (_UNSPACED_SCRIPTS.match(before) and _UNSPACED_SCRIPTS.match(after))


def _turns_direction(text: str) -> bool:
    turning = BIDI.intersection(text)
    if not turning or turning - _DIRECTION_MARKS:
        return bool(turning)
    letters = (character for character in text if character not in turning)
    return not any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in letters)
