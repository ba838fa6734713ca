"""What every typed text goes through: one normal form, one way to compare, count and shorten.

Pure functions over `str`. HTML belongs to `consult.core.markup`, words for readers to the catalogs.
Nothing here takes more than linear time: the texts are other people's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from consult.core.characters import JOINERS

REPLACEMENT = "\ufffd"
MAX_MARKS = 8
"""Combining marks that one base character may carry."""
ELLIPSIS = "…"

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
"""Control characters and what no file of text can hold."""
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKING = "\t\n\x0b\x0c\r\x1c-\x20\x85\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
_WORD = re.compile(f"[^{_BREAKING}]+")
_BLANKS = re.compile(f"[{_BREAKING}]+")


def has_forbidden(text: str) -> bool:
    """Tell whether a text holds NUL or a lone surrogate, which the API refuses with 422."""
    return _FORBIDDEN.search(text) is not None


def normalise(text: str) -> str:
    """Bring a typed text into the form that is stored: see `clean_characters`; blank end cut off.

    Idempotent. Blanks at the ends of lines stay, because Markdown reads them.
    """
    return clean_characters(text).rstrip()


def clean_characters(text: str) -> str:
    """Return the text in NFC with LF line ends and without characters that break a page or a file.

    Control characters but tab and line feed, lone surrogates, U+FFFE and U+FFFF become U+FFFD;
    a base keeps its first eight combining marks.
    """
    if text.isascii() and text.isprintable():
        return text
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    visible = UNWANTED.sub(REPLACEMENT, unix)
    if visible.isascii():
        return visible
    # NFC sorts marks in quadratic time, so they are counted before; some marks become two in NFC,
    # so they are counted again.
    return limit_marks(unicodedata.normalize("NFC", limit_marks(visible)))


def limit_marks(text: str) -> str:
    """Return the text with at most `MAX_MARKS` combining marks on a base character."""
    return "".join(_without_excess_marks(text))


def _without_excess_marks(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        is_mark = character > "\u02ff" and unicodedata.category(character) in ("Mn", "Me")
        marks = marks + 1 if is_mark else 0
        if marks <= MAX_MARKS:
            yield character


def single_line(text: str) -> str:
    """Return the normalised text on one line: runs of blanks are one space, none at the ends.

    No-break spaces stay, because French typography needs them.
    """
    return _BLANKS.sub(" ", normalise(text)).strip()


def fold(text: str) -> str:
    """Return what two texts are compared by: NFKC, case folded, without accents. Never shown."""
    base = clean_characters(text)
    for _ in range(2):
        # Folding the case may make new compatibility characters, and these new capitals.
        base = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", base).casefold())
    bare = "".join(character for character in base if not unicodedata.combining(character))
    return unicodedata.normalize("NFKC", bare)


def xml_safe(text: str) -> str:
    """Return the text without what XML 1.0 does not allow, with LF line ends."""
    return _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def truncate(text: str, *, limit: int) -> str:
    """Return at most ``limit`` code points of a text, cut between graphemes, with an ellipsis.

    Raises `ValueError` for a limit below 1.
    """
    if limit < 1:
        raise ValueError("A text cannot be cut to less than one character.")
    if len(text) <= limit:
        return text
    end = limit - len(ELLIPSIS)
    while end > 0 and not _is_border(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def shorten(text: str, *, limit: int) -> str:
    """Return at most ``limit`` code points of a text, cut between words, with an ellipsis.

    A word that fills more than half of it is cut like :func:`truncate` does. Raises `ValueError`
    for a limit below 1.
    """
    cut = truncate(text, limit=limit)
    kept = cut.removesuffix(ELLIPSIS)
    if cut == text or text[len(kept)].isspace():
        return cut
    words, _, _ = kept.rpartition(" ")
    return words.rstrip() + ELLIPSIS if len(words) >= limit // 2 else cut


def _is_border(text: str, index: int) -> bool:
    """Tell whether a grapheme ends before ``index``; near enough to Unicode's rules for cutting."""
    before, after = text[index - 1], text[index]
    if before == "\u200d" or (before, after) == ("\r", "\n"):
        return False
    if _extends(after):
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, index) % 2 == 0
    return not (_is_jamo(before) and "\u1160" <= after <= "\u11ff")


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in JOINERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, index: int) -> int:
    start = index
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return index - start


def _is_jamo(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\uac00" <= character <= "\ud7a3"


def count_words(text: str) -> int:
    """Count words as Word does: runs of characters between blanks.

    A no-break space (U+00A0, U+202F, U+2007) does not end a word: "Objectif\u00a016\u00a0:" is one.
    A run of nothing but no-break spaces is none. A dash or colon between two spaces is one.
    """
    return sum(1 for word in _WORD.findall(text) if not word.isspace())
