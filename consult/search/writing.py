"""How words are written: where one begins and ends, and what of its writing does not count.

Nothing here knows a language but for what is written in it only: elisions, the genitive, the
signs before a number.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

MAX_WORD_CHARACTERS: Final = 64
"""Longer words are cut here, alike in the index and in queries."""

_MAX_RAW_CHARACTERS: Final = 4 * MAX_WORD_CHARACTERS
# Typewriter, typographic (both), modifier letter, prime, full-width, grave and acute; and the dot
# in the middle of "migrant·e·s".
_APOSTROPHES: Final = "'\u2019\u2018\u02bc\u02b9\uff07`\u00b4\u00b7\u2027"
# Hyphen-minus, hyphen, no-break hyphen and the underscore.
_HYPHENS: Final = "\\-\u2010\u2011_"
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"


def _combining_marks() -> str:
    """Return a character class of the combining marks, which belong to the letter before."""
    # Scanning all of Unicode costs 0.2 s at import; these blocks hold the living scripts.
    blocks = (range(0x300, 0x3100), range(0xFE00, 0xFE30))
    return "".join(
        chr(code)
        for block in blocks
        for code in block
        if unicodedata.category(chr(code)).startswith("M")
    )


# The modifier apostrophe is a letter to Unicode, but joins words as the others do.
_LETTER: Final = f"(?:(?![\u02bc\u02b9])[\\w{_INVISIBLE}{_combining_marks()}])"
# "Objectif n° 16" is "objectif 16".
_SIGN: Final = r"(?<!\w)(?:n\.?[°º]|№|(?:no|nr|nro|n[uú]\u0301?m)\.)\s*(?=\d)"
# 2.4, 2,4, 1,000, 1 000 with a space of any width; O.N.U.
_SPACES: Final = " \u00a0\u2009\u202f"
_NUMBER: Final = rf"\d+(?:[.,]\d+)+(?!\w)|\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?!\w)"
_LETTERS: Final = r"(?:[^\W\d_]\.){2,}(?:[^\W\d_](?!\w))?"
# "Niñ@s" stands for niños and niñas; an address goes on behind the sign.
_BOTH: Final = r"(?:@s?(?![\w.@]))?"
_RUN: Final = re.compile(
    f"(?P<sign>{_SIGN})|(?:[^\\W\\d_]{{1,2}}[{_APOSTROPHES}])?(?P<parts>{_NUMBER}|{_LETTERS})"
    f"|{_LETTER}+{_BOTH}(?:[{_APOSTROPHES}{_HYPHENS}]{_LETTER}+{_BOTH})*",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"\w+")
_JOINER: Final = re.compile(f"[{_APOSTROPHES}{_HYPHENS}]")
_SEGMENT: Final = re.compile(f"[^{_HYPHENS}]+")
_PIECE: Final = re.compile(f"[^{_APOSTROPHES}]+")

_ELISIONS: Final = frozenset(
    ("c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu")
)
_ENDINGS: Final = frozenset(
    "s e es ne nes le les te tes ve ves euse euses rice rices trice".split()
)
"""What follows a word after an apostrophe or a middle dot: *women's*, *migrant·e·s*."""

_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae"})
_UNDECOMPOSED: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "ħ": "h"}
)


class Piece(NamedTuple):
    """One part of a written word: its normal form (accents kept) and its offsets."""

    normal: str
    start: int
    end: int


def written_words(text: str) -> Iterator[tuple[Piece, ...]]:
    """Yield each written word as its parts: *porte-parole* has two, *l'accueil* one.

    French elisions, the English genitive and the sign before a number are dropped. A number
    with a separator and letters with full stops are written words of several parts.
    """
    for run in _RUN.finditer(text):
        start, end = run.span()
        if run.lastgroup == "sign":
            continue
        if run.lastgroup == "parts":
            parts = _PART.finditer(text, *run.span("parts"))
            pieces = _pieces(text, (part.span() for part in parts))
        elif _JOINER.search(text, start, end) is None:
            pieces = _pieces(text, ((start, end),))
        else:
            pieces = [
                piece
                for segment in _SEGMENT.finditer(text, start, end)
                for piece in _without_clitics(_pieces(text, _spans(text, segment)))
            ]
        if pieces:
            yield tuple(pieces)


def fold(word: str) -> str:
    """Return ``word`` without case, accents and ligatures: *Señal* gives *senal*."""
    if word.isascii() and word.isalnum():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.casefold()).translate(_LIGATURES)
    letters = "".join(letter for letter in decomposed if letter.isalnum())
    return letters.translate(_UNDECOMPOSED)


def _spans(text: str, segment: re.Match[str]) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _PIECE.finditer(text, *segment.span()))


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> list[Piece]:
    pieces: list[Piece] = []
    for start, end in spans:
        normal = _normal(text[start : min(end, start + _MAX_RAW_CHARACTERS)])
        if normal:
            pieces.append(Piece(normal, start, end))
    return pieces


def _without_clitics(pieces: list[Piece]) -> list[Piece]:
    first, last = 0, len(pieces)
    while last - first > 1 and pieces[first].normal in _ELISIONS:
        first += 1
    while last - first > 1 and pieces[last - 1].normal in _ENDINGS:
        last -= 1
    return pieces[first:last]


@lru_cache(maxsize=20_000)
def _normal(raw: str) -> str:
    """Return one written piece composed, without case, ligatures and invisible characters.

    Nothing is left of one that is marks only.
    """
    if raw.isascii() and raw.isalnum():
        return raw.lower()[:MAX_WORD_CHARACTERS]
    folded = unicodedata.normalize("NFKC", raw.replace("@", "o")).casefold().translate(_LIGATURES)
    letters = "".join(
        letter
        for letter in unicodedata.normalize("NFKC", folded)
        if letter.isalnum() or unicodedata.combining(letter)
    )
    normal = unicodedata.normalize("NFKC", letters)[:MAX_WORD_CHARACTERS]
    return normal if fold(normal) else ""
