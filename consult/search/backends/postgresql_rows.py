"""How a document lies in PostgreSQL: rows of lexemes at positions, written as text. Pure.

A ``tsvector`` holds positions up to 16,383, at most 256 of one lexeme, and a megabyte; beyond
that the server drops what it cannot keep, without a word. So a long text becomes several rows,
each closed before it reaches a limit, and a row begins with the last words of the one before:
no lexeme and no position is lost, and no form is torn apart.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final

from consult.search import lexemes
from consult.search.documents import Document, FacetValue, Filters

MAX_POSITION: Final = 16_000
MAX_POSITIONS_A_LEXEME: Final = 250
MAX_BYTES: Final = 600_000
"""Of a row's lexemes and positions, counted generously."""

OVERLAP: Final = 100
"""Positions at the end of a row that the next one has, too; longer than any form."""

FACETS: Final = tuple(each.name for each in fields(Filters))

EXACT_MARKS: Final = "=@"
"""How lexemes of exact words begin, those of texts and those of titles."""

HEAD: Final = 0
"""The ``start`` of a document's first row, which stands for the document."""

_SCOPE: Final = "#"
"""How the lexemes begin that filters ask for, which no word of a text does."""
_NUMBERS: Final = ("question", "objective")
_POSITION_BYTES: Final = 2
_LEXEME_BYTES: Final = 12


@dataclass(slots=True)
class Passage:
    """Lexemes with their positions, counted from ``start`` on."""

    start: int
    positions: dict[str, list[int]] = field(default_factory=dict)
    _bytes: int = 0
    _last: int = 0
    _most: int = 0

    def add(self, lexeme: str, position: int) -> None:
        """Keep a lexeme at a position of the text, which is not before the last one."""
        known = self.positions.get(lexeme)
        if known is None:
            known = self.positions[lexeme] = []
            self._bytes += _LEXEME_BYTES + len(lexeme.encode())
        known.append(position - self.start + 1)
        self._bytes += _POSITION_BYTES
        self._last = known[-1]
        self._most = max(self._most, len(known))

    @property
    def is_full(self) -> bool:
        """Whether another word might not be kept whole."""
        return (
            self._last >= MAX_POSITION
            or self._most >= MAX_POSITIONS_A_LEXEME
            or self._bytes >= MAX_BYTES
        )


def passages(placed: Iterable[tuple[str, int]]) -> Iterator[Passage]:
    """Yield the rows of a text's (lexeme, position) pairs, which come by rising positions."""
    passage = Passage(start=lexemes.FIRST_POSITION)
    recent: deque[tuple[str, int]] = deque()
    last = 0
    for lexeme, position in placed:
        if position != last and passage.is_full:
            yield passage
            passage = Passage(start=recent[0][1] if recent else position)
            for pair in recent:
                passage.add(*pair)
        last = position
        passage.add(lexeme, position)
        recent.append((lexeme, position))
        while recent[0][1] <= position - OVERLAP:
            recent.popleft()
    yield passage


def as_rows(document: Document) -> tuple[list[dict[str, Any]], set[str]]:
    """Return the rows of a document, at least one, and its exact words; see `PASSAGES`.

    What filters and counts ask for is the same in each row. ``words`` is a ``tsvector`` as text.
    """
    placed = list(lexemes.of_document(document))
    facets = [_facet(name, value) for name, value in _values(document)]
    shared = {
        "id": document.id,
        "version": document.version,
        "space": storable(document.space),
        "facets": facets,
        "published_at": document.published_at,
        "place": storable(document.place),
        "length": len({at for lexeme, at in placed if lexeme[0] == "="}),
    }
    scope = " ".join(quoted(_SCOPE + facet) for facet in facets)
    rows: list[dict[str, Any]] = []
    counted: set[str] = set()
    for passage in passages(placed):
        counted.update(lexeme for lexeme in passage.positions if lexeme[0] in EXACT_MARKS)
        start = passage.start if rows else HEAD
        rows.append(shared | {"start": start, "words": f"{scope} {_vector(passage)}"})
    return rows, counted


def facet_from(facet: str) -> tuple[str, FacetValue]:
    """Return the name and the value of what a row says of itself, such as `objective:16`."""
    name, _, value = facet.partition(":")
    return name, int(value) if name in _NUMBERS else value


def latest(documents: Iterable[Document]) -> dict[int, Document]:
    """Return documents by id, of two with one id the one of the later version."""
    found: dict[int, Document] = {}
    for document in documents:
        known = found.get(document.id)
        if known is None or document.version >= known.version:
            found[document.id] = document
    return found


def filter_lexemes(filters: Filters) -> list[str]:
    """Return the lexemes that a text within the filters has, every one of them."""
    asked = ((name, getattr(filters, name)) for name in FACETS)
    return [_SCOPE + _facet(name, value) for name, value in asked if value is not None]


def quoted(lexeme: str) -> str:
    """Return a lexeme as the text of a ``tsvector`` or ``tsquery`` names it, whatever is in it."""
    return "'" + storable(lexeme).replace("\\", "\\\\").replace("'", "''") + "'"


def storable(text: str) -> str:
    """Return text without what PostgreSQL cannot keep: NUL and halves of characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _values(document: Document) -> list[tuple[str, FacetValue]]:
    """Return what filters and counts know a document by, such as ("objective", 16)."""
    objectives = ("objective", sorted(set(document.objectives)))
    others = [(name, [getattr(document, name)]) for name in FACETS if name != objectives[0]]
    return [
        (name, value)
        for name, values in (*others, objectives)
        for value in values
        if value is not None
    ]


def _facet(name: str, value: FacetValue) -> str:
    # A server refuses lexemes of 2,046 bytes; what is longer names nothing that there is.
    return storable(f"{name}:{value}")[:400]


def _vector(passage: Passage) -> str:
    return " ".join(
        f"{quoted(lexeme)}:{','.join(map(str, positions))}"
        for lexeme, positions in passage.positions.items()
    )
