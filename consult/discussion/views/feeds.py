"""Atom feeds (RFC 4287) of a space and of a question: public texts only, newest first."""

from __future__ import annotations

import datetime as dt
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Response, make_response

from consult.core import text
from consult.core.authz import VISITOR, Permission
from consult.core.db import db
from consult.core.errors import NotVisible
from consult.core.i18n import locale
from consult.core.web import config, needs, public_url
from consult.discussion.queries import feeds
from consult.discussion.views.blueprint import blueprint
from consult.discussion.views.frame import tag_of, unchanged
from consult.discussion.views.reading import heading_of, participant_question
from consult.spaces import queries as space_queries

ATOM = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@blueprint.get("/<lang>/spaces/<slug>/feed.atom")
@needs(Permission.READ)
def space_feed(slug: str) -> Response:
    """Feed of a space's newest public contributions."""
    view = space_queries.space_view(db.session(), slug=slug, actor=VISITOR)
    tag = tag_of("sf", view.space.id, view.space.public_version)
    if (kept := unchanged(tag)) is not None:
        return kept
    entries = feeds.newest(db.session(), space_ids=[view.space.id])
    home = public_url("discussion.space", slug=slug)
    own = public_url("discussion.space_feed", slug=slug)
    return _feed(f"{view.space.kicker}: {view.space.title}", home, own, view, entries, tag)


@blueprint.get("/<lang>/spaces/<slug>/questions/<int:number>/feed.atom")
@needs(Permission.READ)
def question_feed(slug: str, number: int) -> Response:
    """Feed of a question's newest public contributions."""
    view = space_queries.space_view(db.session(), slug=slug, actor=VISITOR)
    asked = view.question(number)
    tag = tag_of("qf", asked.id, asked.public_version, view.space.public_version)
    if (kept := unchanged(tag)) is not None:
        return kept
    posed = participant_question(view, asked)
    entries = feeds.newest(db.session(), space_ids=[view.space.id], question_id=asked.id)
    home = public_url("discussion.question", slug=slug, number=number)
    own = public_url("discussion.question_feed", slug=slug, number=number)
    title = heading_of(asked, posed)
    return _feed(title, home, own, view, entries, tag)


@blueprint.get("/<lang>/feed.atom")
@needs(Permission.READ)
def forum_feed() -> Response:
    """Feed of the newest public contributions of all announced spaces."""
    forum = space_queries.current_forum(db.session())
    if forum is None:
        raise NotVisible
    views = space_queries.spaces_of_forum(db.session(), forum_id=forum.id, actor=VISITOR)
    if not views:
        raise NotVisible
    tag = tag_of("ff", *(f"{v.space.id}.{v.space.public_version}" for v in views))
    if (kept := unchanged(tag)) is not None:
        return kept
    entries = feeds.newest(db.session(), space_ids=[v.space.id for v in views])
    newest = max(views, key=lambda v: v.space.last_change_at or v.forum.created_at)
    own = public_url("discussion.forum_feed")
    return _feed(str(forum.title), public_url("spaces.home"), own, newest, entries, tag)


def _feed(
    title: str,
    home: str,
    own: str,
    view: space_queries.SpaceView,
    entries: list[feeds.Entry],
    tag: str,
) -> Response:
    feed = Element("feed", {"xmlns": ATOM, XML_LANG: locale()})
    _say(feed, "id", own)
    _say(feed, "title", title)
    changed = view.space.last_change_at or view.forum.created_at
    _say(feed, "updated", _instant(changed))
    SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": own})
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": home})
    _say(feed, "rights", str(view.forum.licence))
    for entry in entries:
        item = SubElement(feed, "entry", {XML_LANG: entry.language})
        address = public_url("discussion.contribution", name=entry.reference)
        _say(item, "id", f"{config().base_url}/contributions/{entry.reference}")
        _say(item, "title", f"{entry.author}, {entry.reference}")
        _say(item, "updated", _instant(entry.updated_at))
        _say(item, "published", _instant(entry.published_at))
        SubElement(item, "link", {"rel": "alternate", "type": "text/html", "href": address})
        _say(SubElement(item, "author"), "name", entry.author)
        content = SubElement(item, "content", {"type": "html"})
        content.text = text.xml_safe(entry.html)
    body = b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(feed, encoding="utf-8")
    response = make_response(body)
    response.headers["Content-Type"] = "application/atom+xml; charset=utf-8"
    response.set_etag(tag)
    return response


def _say(parent: Element, name: str, words: str) -> None:
    SubElement(parent, name).text = text.xml_safe(words)


def _instant(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
