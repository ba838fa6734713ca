"""What an index keeps of a text and what a query asks it for: lexemes at positions. Pure.

A lexeme is one way of knowing a word again, told apart by how it begins:

===========  ==========================================================================
``=word``    the exact form, without case and accents
``fr:stem``  a stem by the language of the passage (``en``, ``fr`` or ``es``)
``~root``    what a word shares with its family and with its cognates in other languages
``@word``    an exact form in the title: the name shown and the organisation
===========  ==========================================================================

Every lexeme of a word stands at the word's position. Both backends keep the same ones,
so that a text is found alike whatever keeps it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from consult.search.analysis import LANGUAGES, Span, Token, analyse

FIRST_POSITION: Final = 1
GAP: Final = 20
"""Positions left empty between two paragraphs, and between title and text: no form spans them."""

_BORDER: Final = re.compile(r"\n[^\S\n]*\n")


class Indexed(Protocol):
    """What of a document is made into lexemes."""

    @property
    def text(self) -> str:
        """What is found: paragraphs parted by empty lines."""

    @property
    def title(self) -> str:
        """The name shown and the organisation."""

    @property
    def language(self) -> str:
        """The language of the text."""

    @property
    def spans(self) -> Sequence[Span]:
        """Its passages in another language."""


class OfWord(NamedTuple):
    """The lexemes by which one word of a query is looked for, the surest kind first."""

    exact: frozenset[str]
    stems: frozenset[str]
    roots: frozenset[str]
    title: frozenset[str]


def of_document(document: Indexed) -> Iterator[tuple[str, int]]:
    """Yield (lexeme, position) of a document by rising positions.

    Positions count from 1. The title stands before the text. Time is linear in the text.
    """
    position = FIRST_POSITION - GAP
    for token in analyse(document.title, language=""):
        position = FIRST_POSITION + token.position
        yield f"@{token.exact}", position
    start = position + GAP
    for token, place in placed(document.text, language=document.language, spans=document.spans):
        for lexeme in of_token(token):
            yield lexeme, start + place


def placed(text: str, *, language: str, spans: Sequence[Span] = ()) -> Iterator[tuple[Token, int]]:
    """Yield the words of a text with positions from 0 that leave a gap between paragraphs."""
    borders = (border.start() for border in _BORDER.finditer(text))
    border = next(borders, None)
    gaps = 0
    for token in analyse(text, language=language, spans=spans):
        crossed = False
        while border is not None and border < token.start:
            crossed, border = True, next(borders, None)
        gaps += GAP * crossed
        yield token, token.position + gaps


def of_token(token: Token) -> tuple[str, ...]:
    """Return the lexemes of one word of a text, each once."""
    return _of_reading(token.exact, token.stems, token.roots, token.language)


@lru_cache(maxsize=32_768)
def _of_reading(
    exact: str, stems: tuple[str, ...], roots: tuple[str, ...], language: str
) -> tuple[str, ...]:
    """Return the lexemes of a word as it was read; texts say the same words again and again."""
    named = (f"{language}:{stem}" for stem in stems)
    return (f"={exact}", *named, *(f"~{root}" for root in roots))


@lru_cache(maxsize=8_192)
def of_word(word: str, *, languages: tuple[str, ...] = LANGUAGES) -> tuple[OfWord, ...]:
    """Return the lexemes of a query's word, or of each part of a hyphenated one.

    Nobody says in which language a query is, so it is read in all of them, unless told.
    """
    readings = [
        [token for token in analyse(word, language=language) if not token.is_whole]
        for language in languages
    ]
    return tuple(of_tokens(tokens) for tokens in zip(*readings, strict=True))


@lru_cache(maxsize=8_192)
def of_whole(word: str, *, languages: tuple[str, ...] = LANGUAGES) -> OfWord | None:
    """Return the lexemes of a hyphenated word written together; None for any other word."""
    tokens = [
        token
        for language in languages
        for token in analyse(word, language=language)
        if token.is_whole
    ]
    return of_tokens(tokens) if tokens else None


def of_tokens(tokens: Iterable[Token]) -> OfWord:
    """Return the lexemes of one word as it was read in one or several languages."""
    read = tuple(tokens)
    found = frozenset(lexeme for token in read for lexeme in of_token(token))
    exact = frozenset(lexeme for lexeme in found if lexeme[0] == "=")
    roots = frozenset(lexeme for lexeme in found if lexeme[0] == "~")
    return OfWord(
        exact=exact,
        stems=found - exact - roots,
        roots=roots,
        title=frozenset(f"@{token.exact}" for token in read),
    )
