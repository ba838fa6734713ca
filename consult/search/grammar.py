"""What a person typed into the search box, as a query every backend understands.

The grammar: words, ``"phrases"``, ``-word`` and ``-"phrase"``, ``OR`` between two terms
(also ``OU`` and ``O``; capitals only) and ``prefix*`` from three letters. Everything
else, such as brackets, ``field:`` syntax or wildcards elsewhere, is taken as words or
ignored, so no input is an error. Pure; the work is bounded by the two limits below.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from consult.search.analysis import fold, is_stop_word, written_words

MAX_CHARACTERS: Final = 200
"""A query is read up to here; the word that is cut by it is left out."""

MAX_TERMS: Final = 20
"""Words of a query, those inside phrases included."""

MIN_PREFIX_LETTERS: Final = 3

_OPERATORS: Final = frozenset({"OR", "OU", "O"})
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„‟«»\uff02", '"') | {"\uff0a": "*"})
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LEXEME: Final = re.compile(r'(?P<minus>-*)(?:"(?P<phrase>[^"]*)"|(?P<chunk>[^\s"]+))')
_TRAILING_STAR: Final = re.compile(r"\w\*[\W_]*\Z")


class Note(StrEnum):
    """What was cut from a query, for the page to say."""

    TRUNCATED_CHARACTERS = "truncated-characters"
    """The query was longer than ``MAX_CHARACTERS``."""

    TRUNCATED_TERMS = "truncated-terms"
    """The query had more than ``MAX_TERMS`` words."""


TRUNCATED_CHARACTERS: Final = Note.TRUNCATED_CHARACTERS
TRUNCATED_TERMS: Final = Note.TRUNCATED_TERMS


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any of its inflected forms; a hyphenated one has several ``parts``."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The word as one writes it, without case."""
        return "-".join(self.parts)

    @property
    def size(self) -> int:
        """How many terms it counts."""
        return len(self.parts)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words exactly so and in this order; only case and accents do not matter."""

    words: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many terms it counts."""
        return len(self.words)

    def __str__(self) -> str:
        return f'"{" ".join(self.words)}"'


@dataclass(frozen=True, slots=True)
class Prefix:
    """Every word that begins with ``start``, without case and accents."""

    start: str

    @property
    def size(self) -> int:
        """How many terms it counts."""
        return 1

    def __str__(self) -> str:
        return f"{self.start}*"


Clause = Word | Phrase | Prefix
Group = tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: every group must match by one of its alternatives, no exclusion may.

    ``notes`` tells what was cut. ``str(query)`` is a canonical form that parses to the
    same groups and exclusions.
    """

    groups: tuple[Group, ...] = ()
    excluded: tuple[Clause, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that every text matches."""
        return not self.groups and not self.excluded

    @property
    def required(self) -> tuple[Group, ...]:
        """The groups without mere function words, unless there is nothing else."""
        telling = tuple(group for group in self.groups if not is_function_word(group))
        return telling or self.groups

    def __str__(self) -> str:
        wanted = [" OR ".join(str(clause) for clause in group) for group in self.groups]
        return " ".join([*wanted, *(f"-{clause}" for clause in self.excluded)])


def parse(text: str) -> Query:
    """Return the query that ``text`` means; never raises. See the module for the grammar."""
    cut, notes = _bounded(text)
    reading = _Reading()
    for lexeme in _LEXEME.finditer(cut):
        if reading.is_full:
            break
        reading.take(lexeme)
    reading.finish()
    if reading.is_full:
        notes.append(TRUNCATED_TERMS)
    return Query(tuple(reading.groups), tuple(reading.excluded), tuple(notes))


def _bounded(text: str) -> tuple[str, list[Note]]:
    notes: list[Note] = []
    # One character more tells whether the cut goes through a word.
    head = text[: MAX_CHARACTERS + 1]
    if len(text) > MAX_CHARACTERS and text[MAX_CHARACTERS : 2 * MAX_CHARACTERS].strip():
        notes.append(TRUNCATED_CHARACTERS)
    if len(head) > MAX_CHARACTERS:
        whole_words = re.match(r"(?s).*\s", head)
        head = whole_words.group() if whole_words else head[:MAX_CHARACTERS]
    head = _CONTROL.sub(" ", head).translate(_QUOTES)
    if head.count('"') % 2:
        before, _, after = head.rpartition('"')
        head = f"{before} {after}"
    return head, notes


class _Reading:
    """The state of one left-to-right pass over the lexemes."""

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.excluded: list[Clause] = []
        self.is_full = False
        self._terms = 0
        self._can_continue = False
        self._operator: Word | None = None

    def take(self, lexeme: re.Match[str]) -> None:
        """Add one phrase, word or operator."""
        minus, phrase, chunk = lexeme.group("minus", "phrase", "chunk")
        is_start = lexeme.start() == 0 or lexeme.string[lexeme.start() - 1].isspace()
        excludes = bool(minus) and is_start
        if phrase is not None:
            self._add(_phrase(phrase), excludes=excludes)
        elif chunk in _OPERATORS and not minus:
            self._take_operator(chunk)
        else:
            self._add(_chunk(chunk), excludes=excludes)

    def finish(self) -> None:
        """Take an operator that joins nothing as the word it also is."""
        if self._operator is not None:
            word, self._operator = self._operator, None
            self._add([word], excludes=False)

    def _take_operator(self, chunk: str) -> None:
        word = Word((chunk.casefold(),))
        if self._operator is not None:
            return
        if self._can_continue:
            self._operator = word
        else:
            self._add([word], excludes=False)

    def _add(self, clauses: "list[Clause] | list[Word]", *, excludes: bool) -> None:
        for clause in clauses:
            if self._terms + clause.size > MAX_TERMS:
                self.is_full = True
                return
            self._terms += clause.size
            if excludes:
                self.finish()
                self.excluded = list(dict.fromkeys([*self.excluded, clause]))
                self._can_continue = False
            else:
                self._include(clause)

    def _include(self, clause: Clause) -> None:
        joins = self._operator is not None
        self._operator = None
        self._can_continue = True
        if joins:
            self.groups[-1] = tuple(dict.fromkeys([*self.groups[-1], clause]))
        else:
            self.groups.append((clause,))


def _phrase(text: str) -> list[Clause]:
    words = tuple(piece.normal for pieces in written_words(text) for piece in pieces)
    return [Phrase(words)] if words else []


def _chunk(text: str) -> list[Clause]:
    words: list[Clause] = [Word(parts) for parts in _parts(text)]
    if not words or not _TRAILING_STAR.search(text):
        return words
    *before, start = next(reversed(list(_parts(text))))
    if len(fold(start)) < MIN_PREFIX_LETTERS:
        return words
    return [*words[:-1], *([Word(tuple(before))] if before else []), Prefix(start)]


def _parts(text: str) -> Iterator[tuple[str, ...]]:
    return (tuple(piece.normal for piece in pieces) for pieces in written_words(text))


def is_function_word(group: Group) -> bool:
    """Tell whether a group is nothing but function words, which say little on their own."""
    return all(
        isinstance(clause, Word) and len(clause.parts) == 1 and is_stop_word(clause.text)
        for clause in group
    )


def is_number(group: Group) -> bool:
    """Tell whether a group is nothing but numbers, which say little without a word: *art. 16*."""
    return all(
        isinstance(clause, Word) and all(part.isdecimal() for part in clause.parts)
        for clause in group
    )
