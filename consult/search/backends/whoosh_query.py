"""From our query to Whoosh's query objects. Whoosh's own parser is never used.

``status:pending`` in it would reach other fields, and long or nested input hangs it.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, Final

from whoosh import query as wq
from whoosh.matching import ListMatcher, NullMatcher
from whoosh.query.spans import SpanNear2

from consult.search.analysis import LANGUAGES, Token, analyse, fold
from consult.search.backends.whoosh_schema import EXACT, TITLE, stem_field
from consult.search.grammar import Clause, Group, Phrase, Prefix, Query, Word

MAX_EXPANSION: Final = 200
"""How many words of the index a prefix stands for at most."""

_EXACT_BOOST: Final = 0.5
_TITLE_BOOST: Final = 0.3


class _SideBySide(SpanNear2):
    """Whoosh's ordered neighbourhood, whose estimate of its own size does not run."""

    def _and_query(self) -> Any:
        return wq.And(self.qs)


class _AnyWord(wq.Query):
    """Matches texts with any of many words, all alike; a union would score each of them."""

    def __init__(self, words: list[tuple[str, str]]) -> None:
        self.words = words
        self.boost = 1.0

    def estimate_size(self, reader: Any) -> int:
        return int(sum(reader.doc_frequency(name, text) for name, text in self.words))

    def matcher(self, searcher: Any, context: Any = None) -> Any:
        reader = searcher.reader()
        found: set[int] = set()
        for word in self.words:
            if word in reader:
                found.update(reader.postings(*word).all_ids())
        return ListMatcher(sorted(found), all_weights=1.0) if found else NullMatcher()


Expand = Callable[[str, str], Iterable[str]]
"""Field name and prefix to the index's words that begin so."""


def build(query: Query, *, expand: Expand) -> Any:
    """Return the Whoosh query of ``query``; an empty one matches every text."""
    wanted = [_any(_clause(clause, expand) for clause in group) for group in query.required]
    excluded = [wq.Not(_clause(clause, expand)) for clause in query.excluded]
    main = wq.And([*(wanted or [wq.Every()]), *excluded])
    bonuses = list(_bonuses(query.required))
    return wq.AndMaybe(main, _any(bonuses)) if bonuses else main


def _clause(clause: Clause, expand: Expand) -> Any:
    match clause:
        case Word():
            return _word(clause)
        case Phrase():
            return _phrase(clause)
        case Prefix():
            return _prefix(clause, expand)


def _word(word: Word) -> Any:
    tokens = analyse(word.text, language="")
    parts = [token for token in tokens if not token.is_whole]
    forms = [*_single(word), _all(wq.Term(TITLE, part.exact, boost=_TITLE_BOOST) for part in parts)]
    if len(parts) > 1:
        forms.extend(_sequences(word.text))
    return _any(forms)


def _single(word: Word) -> list[Any]:
    """Match the word as one token: itself, or a hyphenated one written together."""
    forms = [
        wq.Term(EXACT, token.exact, boost=_EXACT_BOOST)
        for token in _whole_or_only(analyse(word.text, language=""))
    ]
    for language in LANGUAGES:
        for token in _whole_or_only(analyse(word.text, language=language)):
            forms.extend(wq.Term(stem_field(language), stem) for stem in token.stems)
    return forms


def _whole_or_only(tokens: list[Token]) -> list[Token]:
    return [token for token in tokens if token.is_whole] or tokens


def _sequences(text: str) -> list[Any]:
    """Match the parts of ``text`` side by side, inflected, in each language."""
    return [
        _SideBySide(
            [
                _any(wq.Term(stem_field(language), stem) for stem in token.stems)
                for token in analyse(text, language=language)
                if not token.is_whole
            ]
        )
        for language in LANGUAGES
    ]


def _phrase(phrase: Phrase) -> Any:
    words = [fold(word) for word in phrase.words]
    if len(words) == 1:
        return _any([wq.Term(EXACT, words[0]), wq.Term(TITLE, words[0], boost=_TITLE_BOOST)])
    return _any([wq.Phrase(EXACT, words), wq.Phrase(TITLE, words, boost=_TITLE_BOOST)])


def _prefix(prefix: Prefix, expand: Expand) -> Any:
    start = fold(prefix.start)
    return _AnyWord([(name, text) for name in (EXACT, TITLE) for text in expand(name, start)])


def _bonuses(groups: tuple[Group, ...]) -> Iterable[Any]:
    """Rank "objectif 16" side by side before the two words anywhere in a text."""
    words = [group[0] if len(group) == 1 else None for group in groups]
    for left, right in pairwise(words):
        if isinstance(left, Word) and isinstance(right, Word) and right.text.isdigit():
            yield from _sequences(f"{left.text} {right.text}")


def _any(queries: Iterable[Any]) -> Any:
    alternatives = list(queries)
    if not alternatives:
        return wq.NullQuery
    if len(alternatives) == 1:
        return alternatives[0]
    union = wq.Or(alternatives)
    # The preloading matcher that Whoosh takes for small indexes knows no positions.
    union.matcher_type = wq.Or.DEFAULT_MATCHER
    return union


def _all(queries: Iterable[Any]) -> Any:
    parts = list(queries)
    return parts[0] if len(parts) == 1 else wq.And(parts)
