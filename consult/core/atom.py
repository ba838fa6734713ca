"""Atom feeds (RFC 4287) with their threads (RFC 4685): from plain values to bytes; pure.

Every instant is written in UTC to the second. Characters that XML 1.0 does not know are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from consult.core import text

NAMESPACE = "http://www.w3.org/2005/Atom"
THREADS = "http://purl.org/syndication/thread/1.0"
MEDIA_TYPE = "application/atom+xml"
GENERATOR = "Consult"
MAX_ENTRIES = 50


@dataclass(frozen=True)
class Category:
    """What an entry is about; `term` names it for machines inside `scheme`, `label` for people."""

    term: str
    scheme: str
    label: str


@dataclass(frozen=True)
class InReplyTo:
    """The entry that another one replies to, by its id, and where it is read."""

    id: str
    url: str


@dataclass(frozen=True)
class Source:
    """The feed in which an entry is at home, where it is told in another one."""

    id: str
    title: str


@dataclass(frozen=True)
class Entry:
    """One text of a feed. `id` never changes, neither with the feed's language nor with an edit."""

    id: str
    title: str
    author: str
    url: str
    language: str
    """Of the text; title and labels are in the feed's."""
    html: str
    """Clean HTML without addresses that are relative."""
    published: dt.datetime
    updated: dt.datetime
    """Newest change that readers can see."""
    categories: Sequence[Category] = ()
    in_reply_to: InReplyTo | None = None
    source: Source | None = None
    rights: str = ""


@dataclass(frozen=True)
class Feed:
    """A feed in one language; its own address is its id."""

    url: str
    title: str
    subtitle: str
    page_url: str
    """The page that tells the same to people."""
    language: str
    author: str
    """Who publishes it; each entry names its own."""
    updated: dt.datetime
    rights: str
    icon: str
    entries: Sequence[Entry] = ()


def write(feed: Feed) -> bytes:
    """Return the document in UTF-8; the same values give the same bytes."""
    root = Element("feed", {"xmlns": NAMESPACE, "xmlns:thr": THREADS, "xml:lang": feed.language})
    _say(root, "id", feed.url)
    _say(root, "title", feed.title)
    if feed.subtitle:
        _say(root, "subtitle", feed.subtitle)
    _say(root, "updated", _instant(feed.updated))
    _person(root, feed.author)
    _link(root, "self", feed.url, MEDIA_TYPE)
    _link(root, "alternate", feed.page_url, "text/html", hreflang=feed.language)
    if feed.rights:
        _say(root, "rights", feed.rights)
    _say(root, "generator", GENERATOR)
    _say(root, "icon", feed.icon)
    for entry in feed.entries:
        _entry(root, entry, feed=feed)
    body: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def _entry(root: Element, entry: Entry, *, feed: Feed) -> None:
    item = SubElement(root, "entry", {"xml:lang": _clean(entry.language)})
    ours = {} if entry.language == feed.language else {"xml:lang": feed.language}
    _say(item, "id", entry.id)
    _say(item, "title", entry.title, ours)
    _say(item, "updated", _instant(entry.updated))
    _say(item, "published", _instant(entry.published))
    _person(item, entry.author)
    _link(item, "alternate", entry.url, "text/html", hreflang=feed.language)
    if (parent := entry.in_reply_to) is not None:
        attributes = {"ref": parent.id, "href": parent.url, "type": "text/html"}
        SubElement(item, "thr:in-reply-to", attributes)
    for category in entry.categories:
        attributes = {"term": category.term, "scheme": category.scheme, "label": category.label}
        SubElement(item, "category", ours | {k: _clean(v) for k, v in attributes.items()})
    if entry.rights:
        _say(item, "rights", entry.rights, ours)
    if entry.source is not None:
        source = SubElement(item, "source", ours)
        _say(source, "id", entry.source.id)
        _say(source, "title", entry.source.title)
        _link(source, "self", entry.source.id, MEDIA_TYPE)
    _say(item, "content", entry.html, {"type": "html"})


def _say(parent: Element, name: str, words: str, attributes: dict[str, str] | None = None) -> None:
    SubElement(parent, name, attributes or {}).text = _clean(words)


def _person(parent: Element, name: str) -> None:
    _say(SubElement(parent, "author"), "name", name)


def _link(parent: Element, rel: str, url: str, media_type: str, **more: str) -> None:
    SubElement(parent, "link", {"rel": rel, "type": media_type, **more, "href": url})


def _clean(words: str) -> str:
    return text.xml_safe(words)


def _instant(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
