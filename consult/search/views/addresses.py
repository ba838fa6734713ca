"""A search in an address: reading it, and writing the addresses of other searches like it.

Whatever is switched, narrowed or sorted stands in the address, so that it can be shared, saved,
fed to a reader of news and exported.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, get_args

from flask import request, url_for

from consult.core.text import normalise
from consult.search.documents import Sort
from consult.search.queries import ALL_WORDS, OFF, Asked, does_relax, filters_from, is_across

MAX_QUERY: Final = 400
"""Characters of a query that an address may carry; the grammar reads the first 200."""
FIRST_SORT: Final[Sort] = "relevance"


def asked_here(*, per_page: int) -> Asked:
    """Read what the address looks for; unknown values are the defaults."""
    args = request.args
    page = args.get("page", "")
    return Asked(
        text=normalise(args.get("q", "")[:MAX_QUERY]),
        filters=filters_from(args),
        sort=_sort(args.get("sort")),
        page=max(1, int(page)) if page.isdecimal() and len(page) < 5 else 1,
        per_page=per_page,
        across=is_across(args),
        relaxes=does_relax(args),
    )


def _sort(name: str | None) -> Sort:
    known: dict[str, Sort] = {sort: sort for sort in get_args(Sort)}
    return known.get(name or "", FIRST_SORT)


def words_of(asked: Asked) -> dict[str, Any]:
    """Return what of a search stands in every address of it; None for what does not."""
    return {
        "q": asked.text or None,
        **asdict(asked.filters),
        "across": None if asked.across else OFF,
        "words": None if asked.relaxes else ALL_WORDS,
    }


def address(asked: Asked, **changes: Any) -> str:
    """Return the address of a search like this one; it begins at its first page."""
    values = words_of(asked) | {"sort": asked.sort} | changes
    if values["sort"] == FIRST_SORT:
        values["sort"] = None
    if values.get("page") == 1:
        values["page"] = None
    return url_for("search.results", **values)


def hidden_fields(asked: Asked) -> list[tuple[str, Any]]:
    """Return what the form of a search carries beside its words."""
    values = words_of(asked) | {"q": None}
    values["sort"] = None if asked.sort == FIRST_SORT else asked.sort
    return [(name, value) for name, value in values.items() if value is not None]
