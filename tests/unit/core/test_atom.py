"""The writer of Atom: valid by the grammar of RFC 4287 whatever people wrote."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from consult.core.atom import Category, Entry, Feed, InReplyTo, Source, write
from tests import atom

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
BASE = "https://consult.example"
ENTRY = Entry(
    id=f"{BASE}/contributions/RT3-Q1-0002",
    title="Harbour Cities Compact, RT3-Q1-0002",
    author="Harbour Cities Compact",
    url=f"{BASE}/fr/contributions/RT3-Q1-0002",
    language="en",
    html="<p>Make the <em>first</em> week count.</p>",
    published=NOON,
    updated=NOON + dt.timedelta(hours=1),
    categories=[Category("16", f"{BASE}/objectives", "16 – Inclusion")],
    in_reply_to=InReplyTo(
        f"{BASE}/contributions/RT3-Q1-0001", f"{BASE}/fr/contributions/RT3-Q1-0001"
    ),
    source=Source(f"{BASE}/fr/spaces/round-table-3/feed.atom", "Table ronde 3"),
    rights="CC BY 4.0",
)
FEED = Feed(
    url=f"{BASE}/fr/feed.atom",
    title="Forum d’examen",
    subtitle="Les contributions les plus récentes",
    page_url=f"{BASE}/fr/",
    language="fr",
    author="Secrétariat",
    updated=NOON + dt.timedelta(hours=1),
    rights="CC BY 4.0",
    icon=f"{BASE}/static/mark.svg",
    entries=[ENTRY],
)
HOSTILE = [
    "]]>",
    "<![CDATA[",
    "</content></entry></feed>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "bell\x07, escape\x1b, NUL\x00",
    "\ufffe\uffff",
    "\ud800 alone",
    "👩\u200d👧\u200d👦🏽",
    "\u202edesrever",
    "a\r\nb\rc",
    "quotes \" and ' inside",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
    "",
]


def test_a_feed_with_everything_is_valid() -> None:
    assert atom.problems(write(FEED)) == []


def test_a_feed_without_entries_is_valid() -> None:
    assert atom.problems(write(replace(FEED, entries=[], subtitle="", rights=""))) == []


@pytest.mark.parametrize("words", HOSTILE)
def test_no_text_breaks_a_feed(words: str) -> None:
    entry = replace(
        ENTRY,
        title=words,
        author=words,
        html=f"<p>{words}</p>",
        rights=words,
        categories=[Category(words, BASE, words)],
        source=Source(f"{BASE}/en/feed.atom", words),
    )
    body = write(replace(FEED, title=words, subtitle=words, author=words, entries=[entry]))
    assert atom.problems(body) == []


def test_markup_arrives_as_it_was_written() -> None:
    html = '<p>A &amp; B ]]&gt; <a href="https://example.org/?a=1&amp;b=2">link</a></p>'
    (entry,) = atom.entries(write(replace(FEED, entries=[replace(ENTRY, html=html)])))
    content = entry.find(f"{atom.ATOM}content")
    assert content.get("type") == "html"
    assert content.text == html


def test_an_entry_is_in_the_language_of_its_text_and_its_title_in_that_of_the_feed() -> None:
    (entry,) = atom.entries(write(FEED))
    assert entry.get(atom.XML_LANG) == "en"
    assert entry.find(f"{atom.ATOM}title").get(atom.XML_LANG) == "fr"
    assert entry.find(f"{atom.ATOM}content").get(atom.XML_LANG) is None


def test_a_reply_names_what_it_replies_to() -> None:
    (entry,) = atom.entries(write(FEED))
    reply = entry.find(f"{atom.THREADS}in-reply-to")
    assert reply.get("ref") == f"{BASE}/contributions/RT3-Q1-0001"
    assert reply.get("href") == f"{BASE}/fr/contributions/RT3-Q1-0001"


def test_instants_are_written_in_utc() -> None:
    there = dt.timezone(dt.timedelta(hours=-5))
    late = dt.datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=there)
    body = write(replace(FEED, updated=late, entries=[]))
    assert atom.said(atom.parse(body), "updated") == "2026-02-01T04:59:59Z"


def test_the_same_values_give_the_same_bytes() -> None:
    assert write(FEED) == write(replace(FEED))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<id>", b"<id>x</id><id>"),
        (b"<updated>2026", b"<updated>26"),
        (b"<title>", b"<titel>"),
        (b'type="text/html"', b'type="html"'),
        (b"<name>", b"<nom>"),
    ],
)
def test_the_grammar_finds_what_is_wrong(old: bytes, new: bytes) -> None:
    end = old.replace(b"<", b"</"), new.replace(b"<", b"</")
    body = write(FEED).replace(old, new, 1)
    if new.startswith((b"<t", b"<n")):
        body = body.replace(end[0], end[1], 1)
    assert atom.problems(body)
