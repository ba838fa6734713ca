"""The search page: the query echoed, facets as links, excerpts, a shareable address; its feed."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    make_response,
    render_template,
    request,
    url_for,
)

from consult.core.atom import MAX_ENTRIES
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import NotVisible
from consult.core.i18n import format_day, language_label, pgettext
from consult.core.i18n import gettext as _
from consult.core.web import actor, needs, public_url
from consult.discussion import atom
from consult.discussion.queries import feeds
from consult.discussion.queries.discreet import FEWEST, pseudonymous_categories, told
from consult.search.documents import Backend, Filters
from consult.search.queries import PER_PAGE, Answer, Asked, filters_from, find
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum

blueprint = Blueprint("search", __name__)

FACETS = ("language", "space", "objective", "category")
SHOWN = 12
"""Values of a facet that a page lists."""
MAX_QUERY = 400
"""Characters of a query that an address may carry; the grammar reads the first 200."""
REBUILDING = 60
"""Seconds after which a feed may be asked for again that met an index being rebuilt."""


@blueprint.get("/<lang>/search")
@needs(Permission.READ)
def results() -> str:
    """Show what was found, with counts that lead to narrower searches."""
    asked = _asked(per_page=PER_PAGE)
    session = db.session()
    answer = find(session, backend=_backend(), actor=actor(), asked=asked)
    forum = space_queries.current_forum(session)
    g.forum = forum
    names = _names(forum.id) if forum else {}
    pages = max(1, -(-answer.total // PER_PAGE))
    is_narrowed = asked.filters != Filters()
    return render_template(
        "search/results.html",
        asked=asked,
        answer=answer,
        items=[_item(found) for found in answer.items],
        facets=_facets(answer, asked, names, careful=_careful(answer, forum))
        if answer.total
        else [],
        chips=_chips(asked, names),
        page=asked.page,
        pages=pages,
        next_url=_address(asked, page=asked.page + 1) if asked.page < pages else None,
        previous_url=_address(asked, page=asked.page - 1) if asked.page > 1 else None,
        sort_url=_address(asked, sort="relevance" if asked.sort == "newest" else "newest"),
        feed_url=url_for("search.feed", **_words(asked)) if asked.text or is_narrowed else None,
        hidden=[(k, v) for k, v in asdict(asked.filters).items() if v is not None],
        clear_url=url_for("search.results", q=asked.text or None),
    )


@blueprint.get("/<lang>/search/feed.atom")
@needs(Permission.READ)
def feed() -> Response:
    """Feed of the newest texts that a search finds; 503 while the index is being rebuilt.

    An empty feed instead would tell readers that everything they had seen is gone.
    """
    session = db.session()
    forum = g.forum = space_queries.current_forum(session)
    if forum is None:
        raise NotVisible
    asked = replace(_asked(per_page=MAX_ENTRIES), sort="newest", page=1)
    answer = find(session, backend=_backend(), actor=actor(), asked=asked, with_excerpts=False)
    if not answer.is_available:
        response = make_response(render_template("errors/503.html"), 503)
        response.headers["Retry-After"] = str(REBUILDING)
        return response
    entries = feeds.named(
        session, references=[found.reference for found in answer.items], actor=actor()
    )
    labels = [label for label, _url in _chips(asked, _names(forum.id))]
    title = _("Search: “%(words)s”", words=asked.text) if asked.text.strip() else ""
    found = atom.of_search(
        forum,
        entries,
        url=public_url("search.feed", **_words(asked)),
        page_url=public_url("search.results", **_words(asked), sort="newest"),
        title=" – ".join([title or pgettext("heading", "Search"), *labels]),
    )
    return atom.respond(found)


def _backend() -> Backend:
    return cast(Backend, current_app.extensions["consult.search"])


def _asked(*, per_page: int) -> Asked:
    """Read what the address looks for; unknown values are the defaults."""
    page = request.args.get("page", "")
    return Asked(
        text=request.args.get("q", "")[:MAX_QUERY],
        filters=filters_from(request.args),
        sort="newest" if request.args.get("sort") == "newest" else "relevance",
        page=max(1, int(page)) if page.isdecimal() and len(page) < 5 else 1,
        per_page=per_page,
    )


def _item(found: Any) -> dict[str, Any]:
    author = found.author
    return {
        "found": found,
        "language_label": language_label(found.language),
        "day": format_day(found.published_at) if found.published_at else None,
        "affiliation": " · ".join(
            str(part) for part in (author.organisation, author.category) if part
        ),
    }


def _names(forum_id: int) -> dict[str, dict[Any, str]]:
    """Return the words for values of facets."""
    session = db.session()
    views = space_queries.spaces_of_forum(session, forum_id=forum_id, actor=actor())
    return {
        "language": {code: language_label(code) for code in ("en", "fr", "es")},
        "space": {view.space.slug: str(view.space.kicker) for view in views},
        "objective": {
            o.number: o.label for o in space_queries.objectives_of_forum(session, forum_id=forum_id)
        },
        "category": {
            c.slug: str(c.name) for c in space_queries.categories(session, forum_id=forum_id)
        },
    }


def _words(asked: Asked) -> dict[str, Any]:
    """Return what of a search stands in every address of it: words and filters."""
    return {"q": asked.text or None, **asdict(asked.filters)}


def _address(asked: Asked, **changes: Any) -> str:
    values = _words(asked)
    values["sort"] = asked.sort if asked.sort != "relevance" else None
    values.update(changes)
    if values.get("sort") == "relevance":
        values["sort"] = None
    if values.get("page") == 1:
        values["page"] = None
    return url_for("search.results", **values)


def _careful(answer: Answer, forum: Forum | None) -> frozenset[str]:
    """Return the categories whose small figures might name somebody; asked only where some are."""
    counts = answer.facets.get("category", {})
    if forum is None or not any(count < FEWEST for count in counts.values()):
        return frozenset()
    return pseudonymous_categories(db.session(), forum_id=forum.id)


def _facets(
    answer: Answer,
    asked: Asked,
    names: dict[str, dict[Any, str]],
    *,
    careful: frozenset[str],
) -> list[dict[str, Any]]:
    """Return facets with their values by count, each with the address that narrows to it."""
    facets = []
    for name in FACETS:
        counts = answer.facets.get(name, {})
        known = names.get(name, {})
        chosen = getattr(asked.filters, name)
        values = [
            {
                "label": known[value],
                "count": told(count, might_name=name == "category" and value in careful),
                "url": _address(asked, **{name: value}),
                "is_chosen": value == chosen,
            }
            for value, count in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
            if value in known
        ]
        if values:
            facets.append({"name": name, "values": values[:SHOWN]})
    return facets


def _chips(asked: Asked, names: dict[str, dict[Any, str]]) -> list[tuple[str, str]]:
    """Return label and removing address of each filter that is set."""
    chips = []
    for name, value in asdict(asked.filters).items():
        if value is None:
            continue
        label = names.get(name, {}).get(value, str(value))
        chips.append((label, _address(asked, **{name: None})))
    return chips
