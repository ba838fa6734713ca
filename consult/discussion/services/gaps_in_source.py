"""Gaps in Markdown and plain text as they were typed; what comes out is looked through elsewhere.

The words of a passage may stand in several paragraphs, items and links, with markup in and between
them. Which of it has to go with the words is tried: of the candidates one that renders to the right
words is taken, and none where none does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from consult.core import markup
from consult.discussion.services.gaps import Candidate, Original, Span, says

_SIGNS = frozenset("*_~`>|\\[]")
_INSIDE = r"[*_~`\\]*"
"""Markup between two letters of a word."""
_BETWEEN = r"(?:[\s*_~`>|\\\[\]]|\]\([^()\s]*\)|(?<=\s)(?:[-+]|[0-9]{1,9}[.)])(?=\s))+"
"""Blanks and markup between two words."""
_BEFORE = re.compile(r"[*_~`\[<\\]*\Z")
_BEHIND = re.compile(r"[*_~`>]*(?:\](?:\([^()\s]*\)|\[[^\]\n]*\])?)?[*_~`>]*")
_TARGET = re.compile(r"(?<!\\)\[([^\[\]\n]*)\]\((<[^<>\n]*>|[^()\s]*)((?:\s+[\"'(][^\n]*?)?)\)")
_DEFINITION = re.compile(r"^ {0,3}\[[^\[\]\n]+\]:[^\n]*\n?", re.MULTILINE)
_MOST_TRIED = 12
"""Gaps for each of which markup is tried by itself; of more, all are treated alike."""
_LONGEST = 4_000
"""Characters of what is looked for in a source; what is longer goes from the HTML."""
_WIDTHS = ((False, False), (True, True), (True, False), (False, True))
"""Whether markup before and behind the words goes with them."""


def candidates(
    original: Original, spans: Sequence[Span], passages: Sequence[str]
) -> Iterator[Candidate]:
    """Yield sources with gaps, the likeliest first; none for HTML."""
    if original.format == "html":
        return
    source, unlinked = _unlinked(original, passages)
    places = _places(source, original.text, spans)
    if places is None:
        return
    phrases = [original.phrase]
    if original.format == "markdown":
        phrases.insert(0, f"*{original.phrase}*")
    for phrase in phrases:
        for width in _WIDTHS:
            yield Candidate(
                _cut(source, [_widened(source, place, width) for place in places], phrase),
                original.format,
                unlinked,
            )
    if 1 < len(places) <= _MOST_TRIED:
        tried = _one_by_one(original, source, places, spans, phrases)
        if tried is not None:
            yield Candidate(tried, original.format, unlinked)


def _unlinked(original: Original, passages: Sequence[str]) -> tuple[str, int]:
    """Return the source without links whose address or title says a passage, and how many."""
    if original.format != "markdown":
        return original.source, 0
    count = 0

    def without(match: re.Match[str]) -> str:
        nonlocal count
        if not says(match[2] + match[3], passages):
            return match[0]
        if says(match[1], passages):
            # Its words go as well: their gap is enough.
            return match[1]
        count += 1
        return f"{match[1]} *{original.phrase}*"

    source = _TARGET.sub(without, original.source)
    return _DEFINITION.sub(lambda m: "" if says(m[0], passages) else m[0], source), count


def _places(source: str, text: str, spans: Sequence[Span]) -> list[Span] | None:
    """Return where the words of each span stand in a source; None where one is not found."""
    hidden = [match.span(2) for match in _TARGET.finditer(source)]
    places, at = [], 0
    for begin, end in spans:
        place = _next_place(source, text[begin:end], at=at, hidden=hidden)
        if place is None:
            return None
        places.append(place)
        at = place[1]
    return places


def _next_place(source: str, words: str, *, at: int, hidden: Sequence[Span]) -> Span | None:
    if len(words) > _LONGEST or any(_SIGNS.issuperset(word) for word in words.split()):
        # It would take too long, or words and markup could be told apart in too many ways.
        return None
    tokens = [_with_markup(word) for word in words.split()]
    border = r"(?<![^\W_])" if words[:1].isalnum() else ""
    behind = r"(?![^\W_])" if words[-1:].isalnum() else ""
    pattern = re.compile(border + _BETWEEN.join(tokens) + behind)
    for match in pattern.finditer(source, at):
        if not any(begin <= match.start() < end for begin, end in hidden):
            return match.span()
    return None


def _with_markup(word: str) -> str:
    """Return the pattern of a word with markup in it; a sign of its own may be escaped."""
    pieces = [re.escape(word[0]) if word[0] not in _SIGNS else r"\\?" + re.escape(word[0])]
    for before, letter in pairwise(word):
        is_plain = before not in _SIGNS and letter not in _SIGNS
        pieces += [_INSIDE if is_plain else r"\\?", re.escape(letter)]
    return "".join(pieces)


def _widened(source: str, place: Span, width: tuple[bool, bool]) -> Span:
    begin, end = place
    if width[0]:
        before = _BEFORE.search(source, max(0, begin - 20), begin)
        begin = before.start() if before else begin
    if width[1]:
        behind = _BEHIND.match(source, end)
        end = behind.end() if behind else end
    return begin, end


def _cut(source: str, places: Sequence[Span], phrase: str) -> str:
    pieces, at = [], 0
    for begin, end in places:
        pieces += [source[at : max(at, begin)], phrase]
        at = max(at, end)
    return "".join([*pieces, source[at:]])


def _one_by_one(
    original: Original,
    source: str,
    places: Sequence[Span],
    spans: Sequence[Span],
    phrases: Sequence[str],
) -> str | None:
    """Return the source with each gap as wide as it has to be, from the last one to the first."""
    plain, text = original.phrase, original.text
    for place, (begin, end) in zip(reversed(places), reversed(spans), strict=True):
        text = f"{text[:begin]} {plain} {text[end:]}"
        for width, phrase in ((width, phrase) for phrase in phrases for width in _WIDTHS):
            tried = _cut(source, [_widened(source, place, width)], phrase)
            words = markup.to_text(markup.render(tried, format=original.format))
            if _said(words, plain) == _said(text, plain):
                source = tried
                break
        else:
            return None
    return source


def _said(text: str, phrase: str) -> list[str]:
    return ["".join(part.split()) for part in text.split(phrase)]
