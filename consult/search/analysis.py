"""From text to the words an index keeps: tokens with offsets, stems and exact forms.

The same analysis serves the index, the queries and the excerpts, so that what is
found can also be marked. Nothing here knows an index or a query.

Each word carries both ``fold(stem(word))`` and ``fold(stem(fold(word)))`` at one
position: folding first loses *educación/educaciones*, stemming first loses French
forms typed without accents (``design/measures.md``). Beside them stands the exact
folded form. Stop words are kept, because phrases need them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from whoosh.lang import stemmer_for_language

LANGUAGES: Final = ("en", "fr", "es")
"""The languages with a stemmer. A text in another one is found by exact words only."""

MAX_WORD_CHARACTERS: Final = 64
"""Longer words are cut here, alike in the index and in queries."""

_MAX_RAW_CHARACTERS: Final = 4 * MAX_WORD_CHARACTERS
# Typewriter, typographic (both), modifier letter, prime, full-width, grave and acute.
_APOSTROPHES: Final = "'\u2019\u2018\u02bc\u02b9\uff07`\u00b4"
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
_RUN: Final = re.compile(f"{_LETTER}+(?:[{_APOSTROPHES}{_HYPHENS}]{_LETTER}+)*")
_JOINER: Final = re.compile(f"[{_APOSTROPHES}{_HYPHENS}]")
_SEGMENT: Final = re.compile(f"[^{_HYPHENS}]+")
_PIECE: Final = re.compile(f"[^{_APOSTROPHES}]+")

_ELISIONS: Final = frozenset(
    ("c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu")
)
_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae"})
_UNDECOMPOSED: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "ħ": "h"}
)
_STEMMERS: Final = {language: stemmer_for_language(language) for language in LANGUAGES}

_ENGLISH: Final = "a an and are as at be by for from in is it of that the this to with"
_FRENCH: Final = (
    "au aux ce ces cette de des du elle en est et il la le les ou par pour que qui sa se ses "
    "sur un une"
)
_SPANISH: Final = (
    "al como del el en es esta este la las lo los o para pero por que se su sus un una y"
)
_STOP_WORDS: Final = frozenset(f"{_ENGLISH} {_FRENCH} {_SPANISH}".split())


class Token(NamedTuple):
    """One word of a text as the index keeps it.

    ``exact`` is the folded form, ``stems`` one to three folded stems. ``start`` and
    ``end`` are character offsets in the text as it was given. ``is_whole`` marks a
    hyphenated word written together (*cooperation* for *co-operation*); it stands at
    the position of its first part.
    """

    exact: str
    stems: tuple[str, ...]
    position: int
    start: int
    end: int
    is_whole: bool = False


class Piece(NamedTuple):
    """One part of a written word: its normal form (accents kept) and its offsets."""

    normal: str
    start: int
    end: int


def analyse(text: str, *, language: str) -> list[Token]:
    """Return the tokens of ``text`` by ``language``, in order, at consecutive positions.

    An unknown language gives tokens without stems. Time is linear in the text.
    """
    tokens: list[Token] = []
    position = 0
    for pieces in written_words(text):
        if len(pieces) > 1:
            tokens.append(_whole(pieces, language=language, position=position))
        for piece in pieces:
            tokens.append(_token(piece, language=language, position=position))
            position += 1
    return tokens


def written_words(text: str) -> Iterator[tuple[Piece, ...]]:
    """Yield each written word as its parts: *porte-parole* has two, *l'accueil* one.

    French elisions and the English genitive are split off and dropped.
    """
    for run in _RUN.finditer(text):
        start, end = run.span()
        if _JOINER.search(text, start, end) is None:
            pieces = _pieces(text, ((start, end),))
        else:
            pieces = [
                piece
                for segment in _SEGMENT.finditer(text, start, end)
                for piece in _without_clitics(_pieces(text, _spans(text, segment)))
            ]
        if pieces:
            yield tuple(pieces)


def stems(word: str, *, language: str) -> tuple[str, ...]:
    """Return the folded stems of one normal word by ``language``, none if it is unknown."""
    return _stems(word, language) if language in _STEMMERS else ()


def fold(word: str) -> str:
    """Return ``word`` without case, accents and ligatures: *Señal* gives *senal*."""
    decomposed = unicodedata.normalize("NFKD", word.casefold()).translate(_LIGATURES)
    letters = "".join(letter for letter in decomposed if letter.isalnum())
    return letters.translate(_UNDECOMPOSED)


def is_stop_word(word: str) -> bool:
    """Tell whether ``word`` is a mere function word in one of the three languages."""
    return fold(word) in _STOP_WORDS


def _spans(text: str, segment: re.Match[str]) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _PIECE.finditer(text, *segment.span()))


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> list[Piece]:
    pieces: list[Piece] = []
    for start, end in spans:
        normal = _normal(text[start : min(end, start + _MAX_RAW_CHARACTERS)])
        if _exact(normal):
            pieces.append(Piece(normal, start, end))
    return pieces


def _without_clitics(pieces: list[Piece]) -> list[Piece]:
    while len(pieces) > 1 and pieces[0].normal in _ELISIONS:
        pieces = pieces[1:]
    while len(pieces) > 1 and pieces[-1].normal == "s":
        pieces = pieces[:-1]
    return pieces


def _token(piece: Piece, *, language: str, position: int) -> Token:
    return Token(
        _exact(piece.normal),
        stems(piece.normal, language=language),
        position,
        piece.start,
        piece.end,
    )


def _whole(pieces: tuple[Piece, ...], *, language: str, position: int) -> Token:
    together = "".join(piece.normal for piece in pieces)[:MAX_WORD_CHARACTERS]
    return Token(
        _exact(together),
        stems(together, language=language),
        position,
        pieces[0].start,
        pieces[-1].end,
        is_whole=True,
    )


@lru_cache(maxsize=20_000)
def _normal(raw: str) -> str:
    """Return one written piece composed, without case, ligatures and invisible characters."""
    folded = unicodedata.normalize("NFKC", raw).casefold().translate(_LIGATURES)
    letters = "".join(
        letter
        for letter in unicodedata.normalize("NFKC", folded)
        if letter.isalnum() or unicodedata.combining(letter)
    )
    return unicodedata.normalize("NFKC", letters)[:MAX_WORD_CHARACTERS]


@lru_cache(maxsize=20_000)
def _exact(normal: str) -> str:
    return fold(normal)


_LEAST_AGAIN: Final = 4
"""Letters that a word stemmed twice must keep."""


@lru_cache(maxsize=20_000)
def _stems(word: str, language: str) -> tuple[str, ...]:
    stem = _STEMMERS[language]
    # Stemmed once, "étrangers" is "étranger", which is not the stem of "étranger". What is left
    # of a short word would meet strangers: "remesas" would become "rem", as "remis" does.
    again = fold(stem(stem(word)))
    forms = (fold(stem(word)), fold(stem(fold(word))), again if len(again) >= _LEAST_AGAIN else "")
    return tuple(dict.fromkeys(form for form in forms if form)) or (fold(word),)
