"""Answering a plan on a connection: lists of texts from the server, their order from `ranking`.

The server says which texts have which form and where in them the lexemes stand; which of them
are answered with, and in which order, is decided where the other backend has it decided, too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from consult.search.backends import postgresql_sql as sql
from consult.search.backends.postgresql_query import of_filters, of_form
from consult.search.backends.postgresql_rows import FACETS, facet_from, storable
from consult.search.documents import Facets, FacetValue, Filters, Hit, Results, Sort
from consult.search.lexemes import FIRST_POSITION
from consult.search.plan import Concept, Form, Plan
from consult.search.ranking import (
    CLOSELY,
    FEWEST,
    Candidate,
    Matching,
    closely,
    lexemes_of,
    matched,
    said_by,
)

_LAST: Final = "\U0010ffff"


class Scope(NamedTuple):
    """Which texts a search may show."""

    filters: Filters
    spaces: frozenset[str]
    left_out: frozenset[int]


class Window(NamedTuple):
    """Which part of a result is wanted, in which order."""

    offset: int
    limit: int
    sort: Sort

    @property
    def end(self) -> int:
        """How many texts there are up to its end."""
        return self.offset + self.limit


def lexemes_from(connection: Connection, start: str, *, limit: int) -> list[tuple[str, int]]:
    """Return the first exact lexemes that begin so, and how many texts have each."""
    start = storable(start)
    values = {"start": start, "beyond": start + _LAST, "limit": limit}
    return [(lexeme, texts) for lexeme, texts in connection.execute(sql.LEXEMES, values)]


class Search:
    """One search on one state of the index."""

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self._connection = connection
        self._scope = scope
        self._spaces = [storable(space) for space in scope.spaces]
        self._left_out = [*scope.left_out]
        self._recency: dict[int, tuple[float, int]] = {}

    def answer(self, plan: Plan, window: Window) -> Results:
        """Return one page of what a plan finds, with counts over all of it."""
        hidden = frozenset().union(*self._having(plan.excluded).values())
        if not plan.concepts:
            every = self._every() - hidden
            self._connection.execute(sql.READ_ROWS)
            first = [Candidate(text, "all", 0.0, None) for text in self._sorted(every, window)]
            return self._results(every, first, window, whole=None)
        among = self._among() - len(hidden)
        known: dict[Form, frozenset[int]] = {}

        def match(concepts: Sequence[Concept], relaxes: bool, most: int) -> Matching:
            forms = (form for concept in concepts for form in concept.forms)
            having = self._having(form for form in forms if form not in known)
            known.update({form: texts - hidden for form, texts in having.items()})
            said, found = said_by(concepts, known.__getitem__)
            matching = Matching(said, found, among, self._recency.__getitem__, relaxes, most)
            if window.sort == "relevance" or len(matching.whole) < FEWEST:
                # Where enough texts have everything, no others are compared.
                is_enough = len(matching.whole) >= FEWEST
                if is_enough:
                    self._connection.execute(sql.READ_ROWS)
                self._date(matching.whole if is_enough else frozenset().union(*found))
            return matching

        matching = matched(plan, match)
        self._connection.execute(sql.READ_ROWS)
        matches = matching.whole | matching.partial
        whole = len(matching.whole) if matching.partial else None
        return self._results(matches, self._first(matching, window), window, whole=whole)

    def _first(self, matching: Matching, window: Window) -> list[Candidate]:
        if window.sort != "relevance":
            return [
                matching.candidate(text)
                for texts in (matching.whole, matching.partial)
                for text in self._sorted(texts, window)
            ]
        best = matching.best(max(window.end, CLOSELY))
        seen = self._seen(lexemes_of(matching, best), [one.text for one in best[:CLOSELY]])
        return closely(matching, best, seen.__getitem__)

    def _having(self, forms: Iterable[Form]) -> Mapping[Form, frozenset[int]]:
        """Return the texts in scope that have each form."""
        having: dict[Form, frozenset[int]] = {}
        asked: dict[Form, str] = {}
        for form in forms:
            query = of_form(form, filters=self._scope.filters)
            if query is None:
                having[form] = frozenset()
            else:
                asked[form] = query
        if asked:
            values = {"queries": [*asked.values()], "spaces": self._spaces}
            for form, texts in zip(
                asked, self._connection.scalars(sql.HAVING, values), strict=True
            ):
                having[form] = frozenset(texts) - self._scope.left_out
        return having

    def _every(self) -> frozenset[int]:
        """Return all texts in scope."""
        within = of_filters(self._scope.filters)
        if within is None:
            texts = self._connection.scalar(sql.ALL, {"spaces": self._spaces})
        else:
            values = {"queries": [within], "spaces": self._spaces}
            texts = self._connection.scalar(sql.HAVING, values)
        return frozenset(texts) - self._scope.left_out

    def _among(self) -> int:
        """Return how many texts are in scope."""
        values = {"spaces": self._spaces, "left_out": self._left_out}
        within = of_filters(self._scope.filters)
        if within is None:
            return int(self._connection.scalar(sql.COUNT, values) or 0)
        return int(self._connection.scalar(sql.COUNT_WITHIN, values | {"filters": within}) or 0)

    def _date(self, texts: Collection[int]) -> None:
        """Read when texts were published, by which those are ordered that are alike otherwise."""
        ids, instants = self._connection.execute(sql.INSTANTS, {"ids": [*texts]}).one()
        for key, instant in zip(ids or (), instants or (), strict=True):
            self._recency[key] = instant, key

    def _sorted(self, texts: Collection[int], window: Window) -> Sequence[int]:
        """Return the first texts by the sort of the window, of equal ones the newest."""
        if not texts:
            return []
        statement = sql.AS_ONE_READS if window.sort == "thread" else sql.NEWEST
        return self._connection.scalars(statement, {"ids": [*texts], "end": window.end}).all()

    def _seen(
        self, lexemes: Collection[str], texts: Sequence[int]
    ) -> Mapping[int, tuple[Mapping[str, Sequence[int]], int]]:
        """Return where lexemes stand in each text, and the text's length in words."""
        places: dict[int, dict[str, set[int]]] = {text: defaultdict(set) for text in texts}
        lengths = dict.fromkeys(texts, 0)
        values = {"ids": list(texts), "lexemes": [*lexemes]}
        for row in self._connection.execute(sql.PLACES, values):
            before = max(row.start, FIRST_POSITION) - 1
            places[row.id][row.lexeme].update(before + position for position in row.positions)
            lengths[row.id] = row.length
        return {
            text: ({lexeme: sorted(said) for lexeme, said in places[text].items()}, lengths[text])
            for text in texts
        }

    def _results(
        self,
        matches: Collection[int],
        first: Sequence[Candidate],
        window: Window,
        *,
        whole: int | None,
    ) -> Results:
        page = first[window.offset : window.end]
        ids = [one.text for one in page]
        versions = {r.id: r.version for r in self._connection.execute(sql.VERSIONS, {"ids": ids})}
        hits = tuple(
            Hit(n, versions[n], round(score, 6), via, step) for n, step, score, via in page
        )
        return Results(len(matches), hits, self._facets(matches), whole)

    def _facets(self, texts: Collection[int]) -> Facets:
        facets: dict[str, dict[FacetValue, int]] = {name: {} for name in FACETS}
        if texts:
            for row in self._connection.execute(sql.FACETS, {"ids": [*texts]}):
                name, value = facet_from(row.facet)
                facets[name][value] = row.texts
        return facets
