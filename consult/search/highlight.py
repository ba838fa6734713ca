"""The best passage of a text for a query, with the words found marked.

Works by the same analysis as the index. Gives pieces of text, never HTML: escaping
and markup are the template's.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from consult.search.analysis import Token, analyse, fold
from consult.search.grammar import Clause, Phrase, Prefix, Query, Word

DEFAULT_WIDTH: Final = 240
"""Characters of an excerpt."""

_SNAP_CHARACTERS: Final = 30
_SPACES: Final = re.compile(r"\s+")
_ZERO_WIDTH_JOINER: Final = "\u200d"
_ACCENTS: Final = re.compile("[\u0300-\u036f\u00ad]+")
_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"})
_BEGINNING: Final = 4
"""Letters that every form of a word is taken to begin with."""
_MOST_ANALYSED: Final = 40_000
"""Characters of the paragraphs of one document that are analysed."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage in pieces: (text, whether it is marked); the flags tell where it was cut."""

    parts: tuple[tuple[str, bool], ...]
    is_cut_before: bool = False
    is_cut_after: bool = False

    @property
    def plain(self) -> str:
        """The passage without marks, with an ellipsis where it was cut."""
        text = "".join(part for part, _ in self.parts)
        return f"{'…' * self.is_cut_before}{text}{'…' * self.is_cut_after}"

    @property
    def is_marked(self) -> bool:
        """Whether it shows a word that was asked for."""
        return any(is_found for _, is_found in self.parts)


@dataclass(frozen=True, slots=True, order=True)
class _Mark:
    start: int
    end: int
    clause: int


def excerpt(text: str, query: Query, *, language: str, width: int = DEFAULT_WIDTH) -> Excerpt:
    """Return the passage of ``text`` with the most terms of ``query``, about ``width`` characters.

    Without a match it is the beginning. White space is shown as single spaces and no
    grapheme is cut. Time is linear in the text.
    """
    marks = _marks(text, query, language=language)
    begin, end = _window(text, marks, width=max(1, width))
    parts = tuple(_pieces(text, marks, begin=begin, end=end))
    return Excerpt(
        _trimmed(parts),
        is_cut_before=bool(text[:begin].strip()),
        is_cut_after=bool(text[end:].strip()),
    )


def best_paragraph(
    paragraphs: Sequence[str], query: Query, *, language: str
) -> tuple[int, Excerpt] | None:
    """Return the first paragraph with the most terms of ``query``, by its index, and its passage.

    ``None`` where no paragraph has any. A long document is first looked through for beginnings of
    the words, which costs little; only the first paragraphs that have some are analysed.
    """
    beginnings = _beginnings(query, language=language)
    best, most = None, 0
    room = _MOST_ANALYSED
    for index, text in enumerate(paragraphs):
        if room <= 0:
            break
        bare = _bare(text)
        if not any(beginning in bare for beginning in beginnings):
            continue
        room -= len(text)
        terms = len({mark.clause for mark in _marks(text, query, language=language)})
        if terms > most:
            best, most = index, terms
    if best is None:
        return None
    return best, excerpt(paragraphs[best], query, language=language)


def _beginnings(query: Query, *, language: str) -> frozenset[str]:
    """Return how words begin, bare of accents, without which no term of the query is there."""
    words: list[str] = []
    for group in query.required:
        for clause in group:
            match clause:
                case Prefix(start):
                    words.append(fold(start))
                case Phrase(said):
                    words.append(fold(said[0]))
                case Word():
                    tokens = analyse(clause.text, language=language)
                    words += [form for token in tokens for form in (token.exact, *token.stems)]
    return frozenset(word[:_BEGINNING] for word in words if word)


def _bare(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())).translate(_LIGATURES)


def _marks(text: str, query: Query, *, language: str) -> list[_Mark]:
    tokens = analyse(text, language=language)
    clauses = [clause for group in query.required for clause in group]
    return sorted(
        _Mark(start, end, number)
        for number, clause in enumerate(clauses)
        for start, end in _found(tokens, clause, language=language)
    )


def _found(tokens: list[Token], clause: Clause, *, language: str) -> Iterator[tuple[int, int]]:
    match clause:
        case Prefix(start):
            folded = fold(start)
            return ((t.start, t.end) for t in tokens if t.exact.startswith(folded))
        case Phrase(words):
            wanted = [frozenset({fold(word)}) for word in words]
            return _sequences([(t, frozenset({t.exact})) for t in tokens if not t.is_whole], wanted)
        case Word():
            return _word(tokens, clause, language=language)


def _word(tokens: list[Token], word: Word, *, language: str) -> Iterator[tuple[int, int]]:
    asked = analyse(word.text, language=language)
    single = [token for token in asked if token.is_whole] or asked
    parts = [_forms(token) for token in asked if not token.is_whole]
    yield from _sequences([(t, _forms(t)) for t in tokens], [_forms(t) for t in single])
    if len(parts) > 1:
        yield from _sequences([(t, _forms(t)) for t in tokens if not t.is_whole], parts)


def _forms(token: Token) -> frozenset[str]:
    # A prefix keeps stems apart from exact words, as the index keeps them in two fields.
    return frozenset({f"={token.exact}", *token.stems})


def _sequences(
    tokens: list[tuple[Token, frozenset[str]]], wanted: list[frozenset[str]]
) -> Iterator[tuple[int, int]]:
    for index in range(len(tokens) - len(wanted) + 1):
        run = tokens[index : index + len(wanted)]
        if all(forms & asked for (_, forms), asked in zip(run, wanted, strict=True)):
            yield run[0][0].start, run[-1][0].end


def _window(text: str, marks: list[_Mark], *, width: int) -> tuple[int, int]:
    if len(text) <= width:
        return 0, len(text)
    if not marks:
        return 0, _snapped_end(text, at=width, not_before=1)
    first, last = _densest(marks, width=width)
    spare = max(0, width - (last - first))
    begin = max(0, min(first - spare // 3, len(text) - width))
    begin = _snapped_begin(text, at=begin, not_after=first)
    end = min(len(text), begin + max(width, min(last, first + width) - begin))
    return begin, _snapped_end(text, at=end, not_before=min(last, end))


def _densest(marks: list[_Mark], *, width: int) -> tuple[int, int]:
    """Return where the run of marks with most different terms, then most marks, lies."""
    best = (0, 0)
    span = (marks[0].start, marks[0].end)
    inside: Counter[int] = Counter()
    left = 0
    for right, mark in enumerate(marks):
        inside[mark.clause] += 1
        while left < right and mark.end - marks[left].start > width:
            inside[marks[left].clause] -= 1
            if not inside[marks[left].clause]:
                del inside[marks[left].clause]
            left += 1
        rank = (len(inside), right - left + 1)
        if rank > best:
            best, span = rank, (marks[left].start, mark.end)
    return span


def _snapped_begin(text: str, *, at: int, not_after: int) -> int:
    if at == 0 or text[at - 1].isspace():
        return at
    space = _SPACES.search(text, at, min(at + _SNAP_CHARACTERS, not_after))
    if space is not None:
        return space.end()
    while at > 0 and _is_inside_grapheme(text, at):
        at -= 1
    return at


def _snapped_end(text: str, *, at: int, not_before: int) -> int:
    if at >= len(text) or text[at].isspace():
        return min(at, len(text))
    for place in range(at, max(not_before, at - _SNAP_CHARACTERS) - 1, -1):
        if text[place].isspace():
            return place
    while at < len(text) and _is_inside_grapheme(text, at):
        at += 1
    return at


def _is_inside_grapheme(text: str, at: int) -> bool:
    """Tell whether a cut before ``text[at]`` would part what is read as one character."""
    before, after = text[at - 1], text[at]
    return (
        unicodedata.category(after).startswith("M")
        or _ZERO_WIDTH_JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
        or _is_inside_flag(text, at)
        or "\u1160" <= after <= "\u11ff"
        or before + after == "\r\n"
    )


def _is_inside_flag(text: str, at: int) -> bool:
    """Tell whether a cut would part the two letters of a flag."""
    before = at
    while before > 0 and _is_flag_letter(text[before - 1]):
        before -= 1
    return (at - before) % 2 == 1 and _is_flag_letter(text[at])


def _is_flag_letter(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def _pieces(
    text: str, marks: Iterable[_Mark], *, begin: int, end: int
) -> Iterator[tuple[str, bool]]:
    at = begin
    for start, stop in _merged(marks, begin=begin, end=end):
        if start > at:
            yield _spaced(text[at:start]), False
        yield _spaced(text[start:stop]), True
        at = stop
    if end > at:
        yield _spaced(text[at:end]), False


def _merged(marks: Iterable[_Mark], *, begin: int, end: int) -> Iterator[tuple[int, int]]:
    start = stop = begin
    for mark in marks:
        if mark.start >= end or mark.end <= begin:
            continue
        if mark.start >= stop:
            if stop > start:
                yield start, stop
            start = max(mark.start, begin)
        stop = max(stop, min(mark.end, end))
    if stop > start:
        yield start, stop


def _spaced(text: str) -> str:
    return _SPACES.sub(" ", text)


def _trimmed(parts: tuple[tuple[str, bool], ...]) -> tuple[tuple[str, bool], ...]:
    if not parts:
        return ()
    first, last = 0, len(parts) - 1
    trimmed = list(parts)
    trimmed[first] = (trimmed[first][0].lstrip(), trimmed[first][1])
    trimmed[last] = (trimmed[last][0].rstrip(), trimmed[last][1])
    return tuple(part for part in trimmed if part[0])
