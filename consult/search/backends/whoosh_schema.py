"""How a document lies in a Whoosh index: one field of lexemes, and columns.

Which lexemes a word has is decided in :mod:`consult.search.lexemes`; here they are only
kept with their positions. Nothing here reads or writes files.
"""

import json
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from whoosh import columns, fields, formats

from consult.search.documents import Document, Facets, FacetValue, Filters
from consult.search.lexemes import of_document

SCHEMA_VERSION: Final = 5
"""Raise it with every change of fields or analysis: indexes of another version are refused."""

LEXEMES: Final = "lexemes"
FACETS: Final = (
    "space",
    "question",
    "language",
    "category",
    "objective",
    "region",
    "kind",
    "month",
)

_SIZE: Final = array("I").itemsize

FacetValues = Mapping[str, Sequence[FacetValue]]


class _Positions(formats.Format):
    """Keeps the positions of a lexeme in a text as plain numbers, which are read back at once."""

    posting_size = -1

    def encode(self, positions: Iterable[int]) -> bytes:
        return array("I", positions).tobytes()

    def decode_frequency(self, value: bytes) -> int:
        return count_of(value)


class _Lexemes(fields.FieldType):
    """A field that is given the lexemes themselves, since our analysis made them."""

    indexed = True
    stored = False
    scorable = False

    def __init__(self) -> None:
        self.format = _Positions()
        self.analyzer = None
        self.column_type = None

    def index(self, value: Iterable[tuple[str, int]], **_: object) -> Iterator[tuple[Any, ...]]:
        places: dict[str, dict[int, None]] = defaultdict(dict)
        for lexeme, position in value:
            places[lexeme][position] = None
        for lexeme, positions in places.items():
            yield lexeme.encode(), len(positions), 1.0, self.format.encode(positions)


def count_of(value: bytes) -> int:
    """Return how many positions a posting keeps."""
    return len(value) // _SIZE


def places_from(values: Iterable[bytes]) -> Sequence[int]:
    """Return the positions of postings, one after the other."""
    return array("I", b"".join(values))


def make_schema() -> Any:
    """Return a new Whoosh schema; the index is always opened with ours, not the stored one."""
    return fields.Schema(
        id=fields.NUMERIC(int, bits=64, shift_step=0, unique=True, sortable=True),
        version=fields.COLUMN(columns.NumericColumn("q")),
        published_at=fields.COLUMN(columns.NumericColumn("d")),
        length=fields.COLUMN(columns.NumericColumn("i")),
        place=fields.COLUMN(columns.VarBytesColumn()),
        # One column for all filters and counts: equal values are told apart once, when a segment
        # is opened, which is many times cheaper than intersecting a posting list a filter. (A
        # RefBytesColumn drops values beyond 65,535.)
        facets=fields.COLUMN(columns.VarBytesColumn()),
        **{LEXEMES: _Lexemes()},
    )


def as_row(document: Document) -> Mapping[str, Any]:
    """Return the Whoosh fields of ``document``."""
    lexemes = list(of_document(document))
    return {
        "id": document.id,
        "version": document.version,
        "published_at": document.published_at,
        "length": len({position for lexeme, position in lexemes if lexeme[0] == "="}),
        "place": document.place.encode(),
        "facets": _facet_key(document),
        LEXEMES: lexemes,
    }


def _facet_key(document: Document) -> bytes:
    return json.dumps(
        [
            [document.space],
            [document.question],
            [document.language],
            [] if document.category is None else [document.category],
            sorted(set(document.objectives)),
            [] if document.region is None else [document.region],
            [document.kind],
            [] if document.month is None else [document.month],
        ]
    ).encode()


def read_facet_key(key: bytes) -> FacetValues:
    """Return the values a facet of a stored key; a damaged one raises ``ValueError``."""
    return dict(zip(FACETS, json.loads(key), strict=True))


def passes(values: FacetValues, *, filters: Filters, allowed_spaces: frozenset[str]) -> bool:
    """Tell whether a text with these values is in an allowed space and within the filters."""
    if not allowed_spaces.issuperset(values["space"]):
        return False
    asked = ((name, getattr(filters, name)) for name in FACETS)
    return all(value is None or value in values[name] for name, value in asked)


def count_facets(times: Iterable[tuple[FacetValues, int]]) -> Facets:
    """Return the counts a facet from how often each combination of values was met."""
    counts: dict[str, Counter[FacetValue]] = {name: Counter() for name in FACETS}
    for values, number in times:
        for name in FACETS:
            counter = counts[name]
            for value in values[name]:
                counter[value] += number
    return {name: dict(counter.most_common()) for name, counter in counts.items()}
