"""Cells of spreadsheets: other people's texts that must not become formulas."""

from __future__ import annotations

import re
import unicodedata

from consult.core.characters import BIDI, INVISIBLE

# Full-width and small forms become the plain sign in a spreadsheet of an East Asian office.
_FORMULA_STARTS = frozenset("=+-@|%\t\r\n＝＋－＠｜％﹦﹢﹣﹫﹪")
_QUOTES = frozenset("'\"`´‘’‚‛“”„‟«»‹›＇＂")
_PLAIN_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+)"
    r"(?:[.,][0-9]+)?"
)


def spreadsheet_safe(text: str) -> tuple[str, bool]:
    """Return a cell's text that no spreadsheet takes for a formula, and whether it was changed.

    An apostrophe goes in front where the first character after spaces, quotes and invisible
    characters is `= + - @ TAB CR LF | %` or a full-width form, unless all of it is a plain number.
    Cutting the apostrophe off again gives the text back.
    """
    start = next((character for character in text if not _is_passed_over(character)), "")
    if start not in _FORMULA_STARTS or _PLAIN_NUMBER.fullmatch(text) or not start:
        return text, False
    return f"'{text}", True


def _is_passed_over(character: str) -> bool:
    if character in _FORMULA_STARTS:
        return False
    if character in _QUOTES or character in INVISIBLE or character in BIDI:
        return True
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf", "Mn", "Zs")
