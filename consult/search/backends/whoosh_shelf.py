"""Reading an open Whoosh index: its columns as arrays, and where lexemes stand.

Whoosh's own search goes from text to text through objects; what we ask of it is lists of
texts, which are read block by block and kept ready, within bounds, until a segment goes.
"""

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, compress
from typing import Any, Final, NamedTuple

from whoosh.reading import TermNotFound

from consult.search.backends.whoosh_schema import (
    LEXEMES,
    FacetValues,
    count_of,
    passes,
    places_from,
    read_facet_key,
)
from consult.search.documents import Filters
from consult.search.ranking import Places

MOST_KEPT: Final = 6_000_000
"""Numbers in lists that are kept ready, four bytes each."""

SPOT_BITS: Final = 32
"""A place in a text is one number: that of the text above these bits, the position in them."""

MOST_MASKS: Final = 16
"""Combinations of filters and spaces that are kept ready, a byte a text each."""

_Scope = tuple[Filters, frozenset[str]]


class _Columns(NamedTuple):
    """What a segment says of each of its texts; a segment never changes."""

    ids: Sequence[int]
    versions: Sequence[int]
    instants: Sequence[float]
    lengths: Sequence[int]
    facets: Sequence[int]
    keys: Mapping[bytes, FacetValues]


@dataclass(frozen=True)
class _Postings:
    """Which texts of a segment have a lexeme, rising, and where: the places of the n-th text lie
    from ``starts[n]`` to before ``starts[n + 1]``.
    """

    texts: Sequence[int]
    starts: Sequence[int]
    places: Sequence[int]

    @property
    def size(self) -> int:
        """How many numbers it keeps."""
        return len(self.texts) + len(self.starts) + len(self.places)

    def spots(self) -> Sequence[int]:
        """Return each place as one number with its text, so far apart that no form spans two."""
        spots = array("Q")
        for n, text in enumerate(self.texts):
            first = text << SPOT_BITS
            spots.extend([first + p for p in self.places[self.starts[n] : self.starts[n + 1]]])
        return spots

    def of(self, wanted: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
        """Yield the places in those of some texts, rising, that have the lexeme."""
        texts, starts, places = self.texts, self.starts, self.places
        if len(texts) < len(wanted):
            known = frozenset(wanted)
            found = (n for n, text in enumerate(texts) if text in known)
        else:
            at = (bisect_left(texts, text) for text in wanted)
            found = (
                n for n, text in zip(at, wanted, strict=True) if n < len(texts) and texts[n] == text
            )
        for n in found:
            yield texts[n], places[starts[n] : starts[n + 1]]


class Memory:
    """What was read of segments, for the readers to come; bounded."""

    def __init__(self) -> None:
        self._columns: dict[str, _Columns] = {}
        self._lists: OrderedDict[tuple[str, str], _Postings] = OrderedDict()
        self._kept = 0

    def columns(self, leaf: Any) -> _Columns:
        """Return the columns of a segment."""
        name = leaf.segment().segment_id()
        if name not in self._columns:
            self._columns[name] = _read_columns(leaf)
        return self._columns[name]

    def postings(self, leaf: Any, lexeme: str) -> _Postings:
        """Return which of a segment's texts have a lexeme, deleted ones included, and where."""
        key = leaf.segment().segment_id(), lexeme
        if key in self._lists:
            self._lists.move_to_end(key)
            return self._lists[key]
        found = self._lists[key] = _read_postings(leaf, lexeme)
        self._kept += found.size
        while self._kept > MOST_KEPT and len(self._lists) > 1:
            self._kept -= self._lists.popitem(last=False)[1].size
        return found

    def forget_others(self, leaves: Iterable[Any]) -> None:
        """Let go of segments that are no more."""
        known = {leaf.segment().segment_id() for leaf in leaves}
        for key in [key for key in self._lists if key[0] not in known]:
            self._kept -= self._lists.pop(key).size
        for name in self._columns.keys() - known:
            del self._columns[name]


class Shelf:
    """The texts of an open index, numbered through all segments."""

    def __init__(self, reader: Any, memory: Memory) -> None:
        leaves = [(leaf, base) for leaf, base in reader.leaf_readers() if leaf.doc_count_all()]
        memory.forget_others(leaf for leaf, _ in leaves)
        self._reader, self._memory, self._leaves = reader, memory, leaves
        self.ids, self.versions = array("q"), array("q")
        self.instants, self.lengths, self.facets = array("d"), array("i"), array("I")
        self.values: list[FacetValues] = []
        """The combinations of what filters and counts ask for, by the number in `facets`."""
        self._masks: OrderedDict[_Scope, bytes] = OrderedDict()
        numbers: dict[bytes, int] = {}
        for leaf, _base in leaves:
            columns = memory.columns(leaf)
            self.ids.extend(columns.ids)
            self.versions.extend(columns.versions)
            self.instants.extend(columns.instants)
            self.lengths.extend(columns.lengths)
            self.values += [values for key, values in columns.keys.items() if key not in numbers]
            table = [numbers.setdefault(key, len(numbers)) for key in columns.keys]
            self.facets.extend(map(table.__getitem__, columns.facets))
        self._live = bytearray(b"\1" * len(self.ids))
        for leaf, base in leaves:
            for number in leaf.segment().deleted_docs():
                self._live[base + number] = 0

    def __len__(self) -> int:
        return len(self.ids)

    def versions_by_id(self) -> Iterator[tuple[int, int]]:
        """Yield id and version of every text that is not deleted."""
        return compress(zip(self.ids, self.versions, strict=True), self._live)

    def mask(
        self, filters: Filters, allowed_spaces: frozenset[str], *, left_out: frozenset[int]
    ) -> bytearray:
        """Return which texts may be shown, by number: 1 for those, else 0."""
        scope = filters, allowed_spaces
        known = self._masks.pop(scope, None)
        if known is None:
            within = [
                passes(values, filters=filters, allowed_spaces=allowed_spaces)
                for values in self.values
            ]
            live = zip(map(within.__getitem__, self.facets), self._live, strict=True)
            known = bytes(may and is_live for may, is_live in live)
        self._masks[scope] = known
        if len(self._masks) > MOST_MASKS:
            self._masks.popitem(last=False)
        mask = bytearray(known)
        for number in [n for n, key in enumerate(self.ids) if key in left_out] if left_out else ():
            mask[number] = 0
        return mask

    def lexemes(self, start: str) -> Iterator[str]:
        """Yield the lexemes that begin so, in alphabetical order."""
        return (found.decode() for found in self._reader.expand_prefix(LEXEMES, start))

    def frequency(self, lexeme: str) -> int:
        """Return how many texts have a lexeme, deleted ones included."""
        return int(self._reader.doc_frequency(LEXEMES, lexeme))

    def texts(self, lexeme: str) -> Iterator[int]:
        """Return the numbers of the texts with a lexeme, deleted ones included, rising."""
        return chain.from_iterable(
            [base + number for number in found] if base else found
            for leaf, base in self._leaves
            if (found := self._memory.postings(leaf, lexeme).texts)
        )

    def spots(self, lexeme: str) -> Iterator[int]:
        """Yield every place of a lexeme as a number with its text; see `SPOT_BITS`."""
        return chain.from_iterable(
            [(base << SPOT_BITS) + spot for spot in found] if base else found
            for leaf, base in self._leaves
            if (found := self._memory.postings(leaf, lexeme).spots())
        )

    def places(self, lexemes: Iterable[str], texts: Iterable[int]) -> Mapping[int, Places]:
        """Return where lexemes stand in each of the texts."""
        wanted = sorted(texts)
        found: dict[int, dict[str, Sequence[int]]] = {text: {} for text in wanted}
        for leaf, base in self._leaves:
            end = base + leaf.doc_count_all()
            here = [n - base for n in wanted[bisect_left(wanted, base) : bisect_left(wanted, end)]]
            for lexeme in lexemes if here else ():
                for number, places in self._memory.postings(leaf, lexeme).of(here):
                    found[base + number][lexeme] = places
        return found

    def place(self, texts: Iterable[int]) -> Mapping[int, bytes]:
        """Return what sorts texts as one reads."""
        wanted = sorted(texts)
        found: dict[int, bytes] = {}
        for leaf, base in self._leaves:
            column = leaf.column_reader("place", translate=False)
            end = base + leaf.doc_count_all()
            for number in wanted[bisect_left(wanted, base) : bisect_left(wanted, end)]:
                found[number] = column[number - base]
        return found


def _read_columns(leaf: Any) -> _Columns:
    def read(name: str) -> Any:
        return leaf.column_reader(name, translate=name == "id")

    numbers: dict[bytes, int] = {}
    facets = array("I", (numbers.setdefault(key, len(numbers)) for key in read("facets")))
    return _Columns(
        ids=array("q", read("id")),
        versions=array("q", read("version")),
        instants=array("d", read("published_at")),
        lengths=array("i", read("length")),
        facets=facets,
        keys={key: read_facet_key(key) for key in numbers},
    )


def _read_postings(leaf: Any, lexeme: str) -> _Postings:
    texts, starts = array("I"), array("I", (0,))
    values: list[bytes] = []
    try:
        matcher = leaf.postings(LEXEMES, lexeme)
    except TermNotFound:
        return _Postings(texts, starts, texts)
    # Whoosh's filter of deleted texts goes one by one; blocks are read at once.
    matcher = getattr(matcher, "child", matcher)
    while matcher.is_active():
        matcher._read_ids()
        matcher._read_values()
        texts.extend(matcher._ids)
        values.extend(matcher._values)
        matcher._next_block()
    places = places_from(values)
    starts.extend(accumulate(map(count_of, values)))
    return _Postings(texts, starts, places)
