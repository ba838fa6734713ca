"""The feed of a search: the newest of what it finds."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, g, make_response, render_template

from consult.core.atom import MAX_ENTRIES
from consult.core.authz import Permission
from consult.core.db import db
from consult.core.errors import NotVisible
from consult.core.i18n import gettext as _
from consult.core.i18n import pgettext
from consult.core.web import actor, needs, public_url, searching_limit
from consult.discussion import atom
from consult.discussion.queries import feeds
from consult.search.queries import find
from consult.search.views.addresses import asked_here, words_of
from consult.search.views.blueprint import blueprint
from consult.search.views.facets import chips, names_in
from consult.search.views.results import backend
from consult.spaces import queries as space_queries

REBUILDING = 60
"""Seconds after which a feed may be asked for again that met an index being rebuilt."""


@blueprint.get("/<lang>/search/feed.atom")
@needs(Permission.READ)
@searching_limit
def feed() -> Response:
    """Feed of the newest texts with all that a search asks for; 503 while the index is rebuilt.

    An empty feed instead would tell readers that everything they had seen is gone.
    """
    session = db.session()
    forum = g.forum = space_queries.current_forum(session)
    if forum is None:
        raise NotVisible
    # What has only some of the words stands behind on the page, and would be noise among news.
    asked = replace(asked_here(per_page=MAX_ENTRIES), sort="newest", page=1)
    strictly = replace(asked, relaxes=False)
    answer = find(session, backend=backend(), actor=actor(), asked=strictly, with_excerpts=False)
    if not answer.is_available:
        response = make_response(render_template("errors/503.html"), 503)
        response.headers["Retry-After"] = str(REBUILDING)
        return response
    references = [found.reference for found in answer.items]
    entries = feeds.named(session, references=references, actor=actor())
    labels = [label for label, _url in chips(asked, names_in(session, forum=forum, actor=actor()))]
    title = _("Search: “%(words)s”", words=asked.text) if asked.text.strip() else ""
    found = atom.of_search(
        forum,
        entries,
        url=public_url("search.feed", **words_of(replace(asked, relaxes=True))),
        page_url=public_url("search.results", **words_of(asked), sort="newest"),
        title=" – ".join([title or pgettext("heading", "Search"), *labels]),
    )
    return atom.respond(found)
