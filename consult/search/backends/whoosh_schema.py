"""How a document lies in a Whoosh index: fields, columns, and the words in them.

A stem field per language, because a text is searched by its own language's stemmer
whatever language the query is in. Nothing here reads or writes files.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from whoosh import analysis, columns, fields

from consult.search.analysis import LANGUAGES, Token, analyse
from consult.search.documents import Document, Facets, FacetValue, Filters

SCHEMA_VERSION: Final = 2
"""Raise it with every change of fields or analysis: indexes of another version are refused."""

EXACT: Final = "exact"
TITLE: Final = "title"
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

FacetValues = Mapping[str, Sequence[FacetValue]]


def stem_field(language: str) -> str:
    """Return the name of the field with the stems of ``language``."""
    return f"stems_{language}"


class _WordAnalyzer(analysis.Analyzer):
    """Feeds Whoosh our tokens: several forms of a word at its one position."""

    language = ""

    def __call__(self, value: str, **_: object) -> Iterator[Any]:
        token = analysis.Token(positions=True, chars=False, removestops=False, mode="index")
        token.boost = 1.0
        token.stopped = False
        for word in analyse(value, language=self.language):
            for form in self.forms(word):
                token.text = token.original = form
                token.pos = word.position
                yield token

    def forms(self, word: Token) -> tuple[str, ...]:
        """Return what the field keeps of one word."""
        return (word.exact,)


class _StemAnalyzer(_WordAnalyzer):
    def __init__(self, language: str) -> None:
        self.language = language

    def forms(self, word: Token) -> tuple[str, ...]:
        return word.stems


def make_schema() -> Any:
    """Return a new Whoosh schema; the index is always opened with ours, not the stored one."""
    return fields.Schema(
        id=fields.NUMERIC(int, bits=64, shift_step=0, unique=True, sortable=True),
        version=fields.COLUMN(columns.NumericColumn("q")),
        published_at=fields.COLUMN(columns.NumericColumn("d")),
        # One small column for all filters and counts: a memo of its few values is
        # many times cheaper than intersecting a posting list a filter.
        facets=fields.COLUMN(columns.RefBytesColumn()),
        **{stem_field(language): fields.TEXT(_StemAnalyzer(language)) for language in LANGUAGES},
        **{EXACT: fields.TEXT(_WordAnalyzer()), TITLE: fields.TEXT(_WordAnalyzer())},
    )


def as_row(document: Document) -> Mapping[str, Any]:
    """Return the Whoosh fields of ``document``."""
    row: dict[str, Any] = {
        "id": document.id,
        "version": document.version,
        "published_at": document.published_at,
        "facets": _facet_key(document),
        EXACT: document.text,
        TITLE: document.title,
    }
    if document.language in LANGUAGES:
        row[stem_field(document.language)] = document.text
    return row


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


@lru_cache(maxsize=4_096)
def read_facet_key(key: bytes) -> FacetValues:
    """Return the values a facet of a stored key; a damaged one raises ``ValueError``."""
    return dict(zip(FACETS, json.loads(key), strict=True))


def passes(values: FacetValues, *, filters: Filters, allowed_spaces: frozenset[str]) -> bool:
    """Tell whether a text with these values is in an allowed space and within the filters."""
    if not allowed_spaces.issuperset(values["space"]):
        return False
    asked = ((name, getattr(filters, name)) for name in FACETS)
    return all(value is None or value in values[name] for name, value in asked)


def count_facets(keys: Mapping[bytes, int]) -> Facets:
    """Return the counts a facet from how often each stored key was met."""
    counts: dict[str, Counter[FacetValue]] = {name: Counter() for name in FACETS}
    for key, times in keys.items():
        for name, values in read_facet_key(key).items():
            for value in values:
                counts[name][value] += times
    return {name: dict(counter.most_common()) for name, counter in counts.items()}
