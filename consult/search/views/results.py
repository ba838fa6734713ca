"""The search page: the query echoed, facets as links, excerpts, a shareable address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, cast

from flask import current_app, g, render_template, url_for

from consult.core.authz import Permission
from consult.core.db import db
from consult.core.i18n import gettext as _
from consult.core.ports import ExportOffer, Ports
from consult.core.web import actor, needs, searching_limit
from consult.discussion.queries.reply_places import reply_places
from consult.search.documents import Backend, Filters
from consult.search.queries import ALL_WORDS, MAX_PAGE, OFF, PER_PAGE, Answer, Asked, find
from consult.search.views.addresses import address, asked_here, hidden_fields, words_of
from consult.search.views.blueprint import blueprint
from consult.search.views.facets import careful_categories, chips, facets, names_in
from consult.search.views.showing import counts_of, groups_of, is_single, terms_of
from consult.spaces import queries as space_queries

QUOTATION_MARKS: Final = '"“”„«»'


@blueprint.get("/<lang>/search")
@needs(Permission.READ)
@searching_limit
def results() -> str:
    """Show what was found, with counts that lead to narrower searches."""
    asked = asked_here(per_page=PER_PAGE)
    session, who = db.session(), actor()
    answer = find(session, backend=backend(), actor=who, asked=asked)
    forum = g.forum = space_queries.current_forum(session)
    names = names_in(session, forum=forum, actor=who)
    careful = careful_categories(session, answer=answer, asked=asked, forum=forum)
    references = [found.reference for found in answer.items]
    places = reply_places(session, references=references, actor=who)
    groups = groups_of(answer, asked, places=places)
    return render_template(
        "search/results.html",
        asked=asked,
        answer=answer,
        looked=_looked(asked.text),
        is_single=is_single(answer.query),
        groups=groups,
        terms=terms_of(groups),
        counts=counts_of(answer),
        facets=facets(answer, asked, names, careful=careful) if answer.total else [],
        chips=chips(asked, names),
        exports=_exports(answer, asked),
        **_addresses(asked, answer),
    )


def _looked(text: str) -> str:
    """Return a query as headings echo it between quotation marks: a phrase without its own."""
    words = text.strip()
    inside = words.strip(f"{QUOTATION_MARKS} \u00a0\u202f")
    is_phrase = bool(inside) and not any(mark in inside for mark in QUOTATION_MARKS)
    return inside if is_phrase else words


def backend() -> Backend:
    """Return the index of this application."""
    return cast(Backend, current_app.extensions["consult.search"])


def _exports(answer: Answer, asked: Asked) -> list[ExportOffer]:
    """Return the files of what was found that the actor may take, by consultation."""
    if not answer.total:
        return []
    ports = cast(Ports, current_app.extensions["consult.ports"])
    spaces = answer.facets.get("space", {})
    offers = ports.search_exports(db.session(), actor(), words_of(asked))
    return [offer for offer in offers if offer.space in spaces]


def _addresses(asked: Asked, answer: Answer) -> dict[str, Any]:
    """Return where the links of the page lead."""
    pages = min(MAX_PAGE, max(1, -(-answer.total // PER_PAGE)))
    is_asked = bool(asked.text) or asked.filters != Filters()
    # News are only what has all of the words, whether the page shows more or not.
    words = words_of(replace(asked, relaxes=True))
    sorts = {
        "relevance": _("Most relevant first"),
        "newest": _("Newest first"),
        "thread": _("By thread"),
    }
    return {
        "page": asked.page,
        "pages": pages,
        "next_url": address(asked, page=asked.page + 1) if asked.page < pages else None,
        "previous_url": address(asked, page=min(asked.page - 1, pages)) if asked.page > 1 else None,
        "sorts": [
            (label, None if sort == asked.sort else address(asked, sort=sort))
            for sort, label in sorts.items()
        ],
        "feed_url": url_for("search.feed", **words) if is_asked else None,
        "save_url": url_for("notifications.follow_search", **words) if is_asked else None,
        "clear_url": address(replace(asked, filters=Filters())),
        "across_url": address(asked, across=OFF if asked.across else None),
        "relax_url": address(asked, words=ALL_WORDS if asked.relaxes else None),
        "suggestion_url": address(asked, q=answer.suggestion) if answer.suggestion else None,
        "hidden": hidden_fields(asked),
    }
