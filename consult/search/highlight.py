"""The best passage of a text for a plan, with the words found marked.

Works by the same lexemes as the index, so that what brought a text is marked, be it another form,
a term of the glossary or a word of another language. Gives pieces of text, never HTML: escaping
and markup are the template's.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from consult.search.analysis import Span
from consult.search.lexemes import of_token, placed
from consult.search.plan import Form, Plan, expanded
from consult.search.ranking import occurrences

DEFAULT_WIDTH: Final = 240
"""Characters of an excerpt."""

_SNAP_CHARACTERS: Final = 30
_SPACES: Final = re.compile(r"\s+")
_ZERO_WIDTH_JOINER: Final = "\u200d"
_BEGINNINGS: Final = re.compile(r"(?<![^\W_])[^\W_]{1,4}")
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
    language: str | None = None
    """The language it stands in, where that is another one than its text's."""

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
    concept: int
    weight: float


def excerpt(
    text: str,
    plan: Plan,
    *,
    language: str,
    spans: Sequence[Span] = (),
    width: int = DEFAULT_WIDTH,
) -> Excerpt:
    """Return the passage of ``text`` with the most concepts of ``plan``, ``width`` characters wide.

    Without a match it is the beginning. White space is shown as single spaces and no
    grapheme is cut. ``spans`` are passages in another language. Time is linear in the text.
    """
    marks = _marks(text, plan, language=language, spans=spans)
    if not marks and plan.wider is not None:
        marks = _marks(text, plan.wider, language=language, spans=spans)
    begin, end = _window(text, marks, width=max(1, width))
    parts = tuple(_pieces(text, marks, begin=begin, end=end))
    return Excerpt(
        _trimmed(parts),
        is_cut_before=bool(text[:begin].strip()),
        is_cut_after=bool(text[end:].strip()),
        language=_language_of(spans, begin, end),
    )


def _language_of(spans: Sequence[Span], begin: int, end: int) -> str | None:
    """Return the other language in which most of a passage stands."""
    for start, stop, language in spans:
        if 2 * (min(stop, end) - max(start, begin)) > end - begin:
            return language
    return None


def best_paragraph(
    paragraphs: Sequence[str], plan: Plan, *, language: str
) -> tuple[int, Excerpt] | None:
    """Return the first paragraph with the most concepts of ``plan``, by its index, and its passage.

    ``None`` where no paragraph has any. A long document is first looked through for beginnings of
    the words, which costs little; only the first paragraphs that have some are analysed.
    """
    beginnings = _beginnings(plan)
    sizes = {len(beginning) for beginning in beginnings}
    best, most = None, 0.0
    room = _MOST_ANALYSED
    for index, text in enumerate(paragraphs):
        if room <= 0:
            break
        begun = {word[:size] for word in _BEGINNINGS.findall(_bare(text)) for size in sizes}
        if beginnings.isdisjoint(begun):
            continue
        room -= len(text)
        said = _said(_marks(text, plan, language=language))
        if said > most:
            best, most = index, said
    if best is None:
        return None
    return best, excerpt(paragraphs[best], plan, language=language)


def _said(marks: Iterable[_Mark]) -> float:
    """Return how many concepts are marked, each by its surest form."""
    surest: dict[int, float] = {}
    for mark in marks:
        surest[mark.concept] = max(mark.weight, surest.get(mark.concept, 0.0))
    return sum(surest.values())


def _beginnings(plan: Plan) -> frozenset[str]:
    """Return how words begin, bare of accents, without which nothing of the plan is there."""
    lexemes = [
        lexeme
        for form in _forms(plan)
        for lexeme in ((form.start,) if form.start else form.words[0])
    ]
    return frozenset(re.sub("^(?:[=@~]|[a-z]+:)", "", lexeme)[:_BEGINNING] for lexeme in lexemes)


def _forms(plan: Plan) -> Iterator[Form]:
    return (form for concept in plan.concepts for form in concept.forms)


def _bare(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())).translate(_LIGATURES)


def _marks(text: str, plan: Plan, *, language: str, spans: Sequence[Span] = ()) -> list[_Mark]:
    places: dict[str, list[int]] = defaultdict(list)
    starts: dict[int, int] = {}
    ends: dict[tuple[str, int], int] = {}
    wanted, beginnings = _wanted(plan)
    for token, position in placed(text, language=language, spans=spans):
        starts.setdefault(position, token.start)
        for lexeme in of_token(token):
            # Most words of a text were not asked for.
            if lexeme in wanted or lexeme.startswith(beginnings):
                places[lexeme].append(position)
                # A hyphenated word written together ends with its last part.
                ends[lexeme, position] = max(token.end, ends.get((lexeme, position), 0))
    known = expanded(plan, lambda start: sorted(word for word in places if word.startswith(start)))
    marks = {
        (starts[first], max(ends.get((word, last), 0) for word in form.words[-1]), number): form
        for number, concept in enumerate(known.concepts)
        # The surest form of a place is met last and stays.
        for form in reversed(concept.forms)
        for first, last in occurrences(form, places)
    }
    return sorted(_Mark(*mark, form.weight) for mark, form in marks.items())


def _wanted(plan: Plan) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the lexemes that a plan looks for, and how those begin that it does not name."""
    forms = [*_forms(plan)]
    named = frozenset(lexeme for form in forms for word in form.words for lexeme in word)
    return named, tuple(form.start for form in forms if form.start is not None)


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
        inside[mark.concept] += 1
        while left < right and mark.end - marks[left].start > width:
            inside[marks[left].concept] -= 1
            if not inside[marks[left].concept]:
                del inside[marks[left].concept]
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
