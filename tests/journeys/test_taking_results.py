"""Lena saves a search, Kofi takes all that one finds home as files."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consult.core.audit import AuditDetail, AuditEntry
from consult.core.authz import Role
from consult.discussion.states import Removed
from consult.search.documents import IndexUnavailable
from tests.factories import AnySession
from tests.journeys.archive import Archive, link, named, search

TYPES = ("docx", "xlsx", "csv", "jsonl", "md")


@pytest.fixture
def archive(app: Flask, session: AnySession) -> Archive:
    return Archive(app, session)


def test_a_saved_search_keeps_everything_that_stands_in_the_address(
    archive: Archive, session: AnySession
) -> None:
    lena = archive.somebody()
    asked = {
        "q": "remittances",
        "region": "africa",
        "kind": "comment",
        "month": "2026-09",
        "across": "off",
        "sort": "newest",
    }
    path = link(search(lena, **asked), "Save this search")
    page = lena.get(path).text
    for words in ("Africa", "Comments", "September 2026", "Without the glossary"):
        assert words in page or words in lena.get("/en/account/following").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    saved = lena.post(path, data={"csrf_token": token.group(1), "rhythm": "daily"})
    assert saved.status_code == 303
    following = lena.get("/en/account/following").text
    for words in ("“remittances”", "Africa", "Comments", "September 2026", "Without the glossary"):
        assert words in following
    back = link(following, "“remittances”")
    assert named(lena.get(back).text) == [archive.english.reference]
    for part in ("region=africa", "kind=comment", "month=2026-09", "across=off"):
        assert part in back


def test_kofi_takes_the_whole_result_home_in_every_format(archive: Archive) -> None:
    kofi = archive.somebody(Role.DRAFTER)
    page = search(kofi, q="remesas", language="es")
    assert "Export the whole result" in page
    offered = re.findall(r'href="(/en/drafting/first/export[^"]+)"', page)
    assert [re.findall(r"format=(\w+)", url)[0] for url in offered] == list(TYPES)
    for url in map(html.unescape, offered):
        answer = kofi.get(url)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "first-search-remesas" in answer.headers["Content-Disposition"]
    header, *lines = [
        json.loads(line) for line in kofi.get(html.unescape(offered[3])).text.split("\n") if line
    ]
    assert header["filter"] == {"search": "remesas", "language": "es"}
    assert [(line["reference"], line["context"]) for line in lines] == [
        (archive.english.reference, True),
        (archive.spanish.reference, False),
    ]
    document = kofi.get(html.unescape(offered[0]))
    with zipfile.ZipFile(io.BytesIO(document.data)) as parts:
        cover = parts.read("word/document.xml").decode()
    assert "remesas" in cover.split("Las remesas")[0]


def test_an_export_of_a_search_holds_exactly_what_its_page_counts(archive: Archive) -> None:
    kofi = archive.somebody(Role.DRAFTER)
    for asked, needed in (
        ({"q": "remittances"}, None),
        ({"q": "remittances", "across": "off"}, None),
        ({"q": "families remittances money"}, "some"),
        ({"q": "families remittances money", "words": "all"}, "all"),
        ({"q": "remittances", "month": "2026-09", "region": "africa", "kind": "comment"}, None),
        ({"region": "africa"}, None),
    ):
        page = search(kofi, **asked)
        url = re.findall(r'href="(/en/drafting/first/export[^"]+format=jsonl)"', page)[0]
        header, *lines = [
            json.loads(line) for line in kofi.get(html.unescape(url)).text.split("\n") if line
        ]
        here = {name for name in named(page) if name.startswith("A1-")}
        assert {line["reference"] for line in lines if not line["context"]} == here, asked
        assert header["filter"]["search" if "q" in asked else "region"]
        assert header["filter"].get("words") == needed


def test_readers_and_drafters_of_other_spaces_are_offered_no_file(
    client: FlaskClient, archive: Archive
) -> None:
    for browser in (client, archive.somebody(), archive.somebody(Role.MODERATOR)):
        assert "/export" not in search(browser, q="remittances")
    elsewhere = archive.somebody(Role.DRAFTER, archive.second)
    page = search(elsewhere, q="remittances")
    assert "/drafting/second/export" in page
    assert "/drafting/first/export" not in page
    answer = elsewhere.get("/en/drafting/first/export?q=remittances&format=csv")
    assert answer.status_code == 404
    assert client.get("/en/drafting/first/export?q=remittances&format=csv").status_code == 303


def test_no_file_is_made_while_the_index_is_away(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    kofi = archive.somebody(Role.DRAFTER)

    def unavailable(*_args: Any, **_kwargs: Any) -> None:
        raise IndexUnavailable

    monkeypatch.setattr(archive.app.extensions["consult.search"], "search", unavailable)
    answer = kofi.get("/en/drafting/first/export?q=remittances&format=csv")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert kofi.get("/en/drafting/first/export?format=csv").status_code == 200
    assert "The search is being rebuilt." in search(kofi, q="remittances")


def test_an_export_holds_nothing_that_was_hidden_since_it_was_indexed(
    session: AnySession, archive: Archive
) -> None:
    kofi = archive.somebody(Role.DRAFTER)
    archive.spanish.removed = Removed.HIDDEN
    session.commit()
    answer = kofi.get("/en/drafting/first/export?q=remesas&format=md")
    assert "pagan la escuela" not in answer.text


@pytest.mark.parametrize(
    "words", ["\x07\x1b[31m remesas", "=remesas+1", "<b>&remesas", "x" * 5_000]
)
def test_whatever_was_searched_for_stands_harmless_in_every_file(
    archive: Archive, words: str
) -> None:
    kofi = archive.somebody(Role.DRAFTER)
    for format in TYPES:
        answer = kofi.get("/en/drafting/first/export", query_string={"q": words, "format": format})
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].isascii()
        assert b"\x07" not in answer.data or format in {"docx", "xlsx"}
        if format in {"docx", "xlsx"}:
            with zipfile.ZipFile(io.BytesIO(answer.data)) as parts:
                for name in parts.namelist():
                    if name.endswith(".xml"):
                        ElementTree.fromstring(parts.read(name))  # noqa: S314 - our own file


def test_the_audit_log_keeps_the_words_of_a_search_where_they_can_be_blanked(
    archive: Archive, session: AnySession
) -> None:
    """The entry itself is sealed for ever, and somebody may search for a name."""
    kofi = archive.somebody(Role.DRAFTER)
    asked = {"q": "Quillondra", "language": "es", "format": "csv"}
    assert kofi.get("/en/drafting/first/export", query_string=asked).status_code == 200
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "export")).one()
    assert entry.facts["filter"] == {"language": "es"}
    detail = session.get_one(AuditDetail, entry.id)
    assert json.loads(detail.words or "{}") == {"search": "Quillondra"}
