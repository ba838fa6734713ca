"""Finding passages in a text, whatever their blanks, case and accents; pure."""

from __future__ import annotations

import html as entities
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from consult.core.errors import Invalid

PHRASES = {
    "en": "[removed by the moderators]",
    "fr": "[passage retiré par la modération]",
    "es": "[pasaje retirado por el equipo de moderación]",
}
"""What stands where something was taken out, in the language of the text."""
MOST_PASSAGES = 50
"""Passages of one redaction."""
MAX_PASSAGE = 2_000
"""Characters of one passage."""
MOST_GAPS = 300
"""Places of one text from which something is taken out."""

HREF = re.compile(r'<a href="([^"]*)"')
_NUMBER = 6
"""Digits from which on a passage with a number is looked for in addresses by its digits alone."""

Span = tuple[int, int]
"""Half-open, in code points of a text."""


@dataclass(frozen=True)
class Original:
    """A text from which something is to be taken out."""

    source: str
    format: str
    html: str
    text: str
    language: str

    @property
    def phrase(self) -> str:
        """What stands where something was taken out."""
        return PHRASES.get(self.language, PHRASES["en"])


@dataclass(frozen=True)
class Candidate:
    """A text with gaps, not looked through yet."""

    source: str
    format: str
    unlinked: int = 0
    """Links that were taken away because of where they led, their words left."""


@dataclass(frozen=True)
class Shortened:
    """A text with gaps, of which nothing of the passages can be read any more."""

    source: str
    format: str
    html: str
    text: str
    gaps: int
    spans: tuple[Span, ...]
    """What is gone, in the text as it was before."""


@lru_cache(maxsize=4096)
def _bare(character: str) -> str:
    """Return what a character is compared by: NFKC, case folded, no accents, nothing invisible."""
    if character.isspace():
        return " "
    base = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", character).casefold())
    base = unicodedata.normalize("NFKD", base.casefold())
    seen = (c for c in base if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return "".join(" " if c.isspace() else c for c in seen)


class Folded:
    """A text as it is compared, with where each of its letters stands."""

    def __init__(self, text: str) -> None:
        letters: list[str] = []
        self._at: list[int] = []
        for index, character in enumerate(text):
            for letter in _bare(character):
                if letter == " " and (not letters or letters[-1] == " "):
                    continue
                letters.append(letter)
                self._at.append(index)
        self._text = text
        self.letters = "".join(letters)

    def find(self, passage: str) -> Iterator[Span]:
        """Yield where whole words say the same as a folded passage."""
        begin = self.letters.find(passage) if passage else -1
        while begin >= 0:
            end = begin + len(passage)
            if not (_joins(self.letters, begin) or _joins(self.letters, end)):
                yield self._at[begin], self._after(self._at[end - 1] + 1)
            begin = self.letters.find(passage, begin + 1)

    def _after(self, end: int) -> int:
        """Return the end of a span with the marks that hang on its last letter."""
        while end < len(self._text) and not _bare(self._text[end]):
            end += 1
        return end


def _joins(letters: str, at: int) -> bool:
    """Whether a word goes on over a border between two letters."""
    return 0 < at < len(letters) and letters[at - 1].isalnum() and letters[at].isalnum()


def folded(passage: str) -> str:
    """Return what a passage is looked for by."""
    return Folded(passage).letters.strip()


def checked(passages: Sequence[str]) -> tuple[str, ...]:
    """Return the folded passages that are looked for; raises `Invalid`."""
    wanted = tuple(dict.fromkeys(filter(None, map(folded, passages))))
    if not wanted:
        raise Invalid({"passages": ["passages-missing"]})
    if len(wanted) > MOST_PASSAGES or any(len(one) > MAX_PASSAGE for one in passages):
        raise Invalid({"passages": ["passages-many"]})
    return wanted


def missing(original: Original, passages: Sequence[str]) -> list[str]:
    """Return the passages, as they were typed, that stand nowhere in a text or its links."""
    looked_for = [(one, folded(one)) for one in passages]
    return [one for one, key in looked_for if key and not _stands(original, key)]


def _stands(original: Original, passage: str) -> bool:
    return bool(_spans_of(original, (passage,))) or any(
        says(address, (passage,)) for address in addresses(original.html)
    )


def found(original: Original, wanted: Sequence[str]) -> tuple[Span, ...]:
    """Return where folded passages stand in a text; raises `Invalid` where one stands nowhere."""
    if any(not _stands(original, passage) for passage in wanted):
        raise Invalid({"passages": ["passage-unknown"]})
    spans = _spans_of(original, wanted)
    if len(spans) > MOST_GAPS:
        raise Invalid({"passages": ["passages-many"]})
    return spans


def _spans_of(original: Original, wanted: Sequence[str]) -> tuple[Span, ...]:
    text, there = original.text, Folded(original.text)
    earlier = _earlier(text)
    found = sorted(
        span
        for passage in wanted
        for span in there.find(passage)
        if not any(span[0] < end and begin < span[1] for begin, end in earlier)
    )
    return joined(text, found)


def _earlier(text: str) -> list[Span]:
    """Return the gaps that a text has already: nothing is taken out of them."""
    places = (re.finditer(re.escape(phrase), text) for phrase in PHRASES.values())
    return [match.span() for some in places for match in some]


def joined(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans in order, those that touch on one line as one."""
    whole: list[Span] = []
    for begin, end in sorted(spans):
        between = text[whole[-1][1] : begin] if whole else "."
        if whole and (begin <= whole[-1][1] or (between.isspace() and "\n" not in between)):
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((begin, end))
    return tuple(whole)


def addresses(html: str) -> list[str]:
    """Return where the links of rendered HTML lead."""
    return [entities.unescape(address) for address in HREF.findall(html)]


def says(hidden: str, passages: Sequence[str]) -> bool:
    """Whether something that readers do not see at once says one of the folded passages."""
    plain = unquote(hidden)
    forms = [Folded(form) for form in {hidden, plain, re.sub(r"[-+_./]", " ", plain)}]
    digits = _digits(plain)
    return any(
        any(next(form.find(one), None) is not None for form in forms)
        or (len(_digits(one)) >= _NUMBER and _digits(one) in digits)
        for one in passages
    )


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())


def without(text: str, spans: Sequence[Span]) -> str:
    """Return a text without its spans."""
    pieces, at = [], 0
    for begin, end in spans:
        pieces.append(text[at:begin])
        at = end
    return " ".join([*pieces, text[at:]])


def has_words(text: str, phrase: str) -> bool:
    """Whether a text says anything but its gaps."""
    return any(character.isalnum() for character in text.replace(phrase, " "))
