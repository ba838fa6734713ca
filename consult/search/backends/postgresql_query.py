"""From forms and filters to the text of a ``tsquery``, which is bound to statements like any value.

Nobody's query goes in here: only lexemes, each of them quoted. Pure.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from consult.search.backends.postgresql_rows import filter_lexemes, quoted
from consult.search.documents import Filters
from consult.search.plan import Form

MAX_WAYS: Final = 81
"""In how many ways the other words of one form may be spread in a ``tsquery``."""


def of_form(form: Form, *, filters: Filters) -> str | None:
    """Return the ``tsquery`` of a form within filters; None where no text can have it.

    The server knows exact distances only, so a form with slack is one query for each way in which
    other words may stand between. Where there would be more than `MAX_WAYS` of them, only each two
    neighbours are asked for, which may let a text pass that has them in other places.
    """
    if not form.words or not all(form.words):
        return None
    words = [_any(quoted(lexeme) for lexeme in sorted(word)) for word in form.words]
    if (form.slack + 1) ** (len(words) - 1) <= MAX_WAYS:
        said = _chain(words, slack=form.slack)
    else:
        said = _all(_chain(pair, slack=form.slack) for pair in pairwise(words))
    return _all([said, *map(quoted, filter_lexemes(filters))])


def of_filters(filters: Filters) -> str | None:
    """Return the ``tsquery`` of filters; None where they do not narrow."""
    narrowing = [quoted(lexeme) for lexeme in filter_lexemes(filters)]
    return _all(narrowing) if narrowing else None


def _chain(words: Sequence[str], *, slack: int) -> str:
    chain, *later = words
    for word in later:
        chain = _any(f"({chain} <{apart}> {word})" for apart in range(1, slack + 2))
    return chain


def _any(parts: Iterable[str]) -> str:
    return f"({' | '.join(parts)})"


def _all(parts: Iterable[str]) -> str:
    return f"({' & '.join(parts)})"
