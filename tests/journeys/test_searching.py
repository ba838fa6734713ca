"""Lena looks something up in her language, and nobody learns what they may not read."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.core.authz import Role
from consult.discussion.models import Revision
from consult.discussion.states import Removed, RevisionState
from consult.search import queries
from consult.search.queries import Answer
from consult.search.views import results
from consult.spaces.models import GlossaryTerm
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.factories import AnySession
from tests.integration.test_budgets import counted
from tests.journeys.archive import Archive, facets, hit, link, named, search


@pytest.fixture
def archive(app: Flask, session: AnySession) -> Archive:
    return Archive(app, session)


def test_lena_finds_what_was_said_in_three_languages_and_sees_why(
    client: FlaskClient, archive: Archive
) -> None:
    page = search(client, q="remittances")
    assert set(named(page)) == {
        archive.english.reference,
        archive.spanish.reference,
        archive.french.reference,
    }
    assert "Found through" not in hit(page, archive.english)
    assert "<mark>Remittances</mark>" in hit(page, archive.english)
    spanish = hit(page, archive.spanish)
    assert 'Found through the glossary: <i lang="es">remesas</i> (Spanish)' in spanish
    assert '<mark class="other">remesas</mark>' in spanish
    assert 'lang="es" dir="auto"' in spanish
    assert "envois de fonds</i> (French)" in hit(page, archive.french)


def test_the_glossary_is_switched_off_in_the_address_and_stays_off(
    client: FlaskClient, archive: Archive
) -> None:
    more = archive.write(archive.first, "Remittances again.")
    archive.index()
    off = link(search(client, q="remittances", category="local-authorities"), "Search without")
    page = client.get(off).text
    assert set(named(page)) == {archive.english.reference, more.reference}
    for words in ("Atom feed of", "Save this search", "Newest first", "Local-Authorities"):
        assert "across=off" in link(page, words), words
    assert '<input type="hidden" name="across" value="off">' in page
    on = link(page, "Use the glossary")
    assert "across" not in on
    assert "category=local-authorities" in on
    feed = client.get(link(page, "Atom feed of")).text
    assert str(archive.english.reference) in feed
    assert (archive.french.reference or "") not in feed


def test_texts_with_only_some_of_the_words_stand_behind_a_heading(
    client: FlaskClient, archive: Archive
) -> None:
    page = search(client, q="families remittances money")
    assert named(page)[0] == archive.english.reference
    assert archive.other.reference in named(page)
    assert "1 contribution has all your words." in page
    assert re.search(r"\d more ha(s|ve) some of them or ", page)
    behind = page[page.index("With all your words</h3>") :]
    assert behind.index(f'r-{archive.english.reference}"') < behind.index("of your words")
    assert f'<h4 id="r-{archive.english.reference}">' in page
    only = client.get(link(page, "Show only those")).text
    assert named(only) == [archive.english.reference]
    assert "With all your words</h3>" not in only
    assert "Local-Authorities" in facets(only)["category"]
    assert facets(only)["category"]["Local-Authorities"][0] == "1"
    assert "words=" not in link(only, "Show those with some")


def test_a_reply_says_whom_it_answers_until_that_text_is_gone(
    client: FlaskClient, session: AnySession, archive: Archive
) -> None:
    thread = f'<a href="/en/contributions/{archive.english.reference}">{archive.english.reference}'
    page = search(client, q="escuela")
    assert f"reply to <bdi>Amina</bdi> in thread {thread}" in page
    archive.english.removed = Removed.HIDDEN
    session.commit()
    page = search(client, q="escuela")
    assert f"reply in thread {thread}" in page
    assert "Amina" not in page


def test_a_passage_in_another_language_than_its_text_says_so(
    client: FlaskClient, session: AnySession, archive: Archive
) -> None:
    english, spanish = "We thank everybody. " * 40, "Los dentistas faltan en el campo. " * 20
    source = f"{english}\n\n{spanish.strip()}"
    mixed = archive.write(archive.first, source, text=source)
    revision = session.get_one(Revision, mixed.published_revision_id)
    revision.language_spans = [[source.index("Los"), len(source), "es"]]
    archive.index()
    shown = hit(search(client, q="dentista"), mixed)
    assert 'lang="es" dir="auto"' in shown
    assert "passage: Spanish" in shown
    begins = hit(search(client, q="thank"), mixed)
    assert 'lang="en" dir="auto"' in begins
    assert "passage:" not in begins


def test_a_name_that_was_found_is_marked_where_it_stands(
    client: FlaskClient, archive: Archive
) -> None:
    page = search(client, q="Bruno")
    assert "<mark>Bruno</mark>" in hit(page, archive.spanish)


def test_the_title_tells_the_words_the_number_and_the_page(
    client: FlaskClient, archive: Archive
) -> None:
    for _ in range(21):
        archive.write(archive.first, "A dentist for everybody.")
    archive.index()
    first = search(client, q="dentist")
    assert "<title>“dentist”, 21 contributions, page 1 of 2 – Search" in first
    second = client.get(link(first, "Next page")).text
    assert "page 2 of 2" in second
    assert len(named(first)) == 20
    assert len(named(second)) == 1
    assert '<ol class="results top" start="21">' in second
    beyond = search(client, q="dentist", page=9)
    assert "The result has fewer pages." in beyond
    assert named(client.get(link(beyond, "Go to its last page")).text) == named(second)


def test_what_was_meant_is_a_link_that_keeps_the_filters(
    client: FlaskClient, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(*args: Any, **kwargs: Any) -> Answer:
        return replace(queries.find(*args, **kwargs), suggestion="remittances")

    monkeypatch.setattr(results, "find", find)
    page = search(client, q="zzzzremit", space="first", across="off", sort="newest")
    meant = link(page, "remittances")
    assert meant == "/en/search?q=remittances&space=first&across=off&sort=newest"
    monkeypatch.undo()
    assert named(client.get(meant).text) == [archive.english.reference]


def test_where_nothing_is_found_the_page_says_what_to_try(
    client: FlaskClient, archive: Archive
) -> None:
    page = search(client, "fr", q="zzzzqqq", across="off", words="all")
    assert named(page) == []
    assert 'href="/fr/glossary"' in page
    assert 'href="/fr/search?q=zzzzqqq&amp;words=all"' in page
    assert 'href="/fr/search?q=zzzzqqq&amp;across=off"' in page
    narrowed = search(client, q="zzzzqqq", space="first", language="fr")
    assert "Nothing fits all of this." in narrowed
    assert 'href="/en/search?q=zzzzqqq&amp;language=fr"' in narrowed


def test_the_page_says_what_can_be_typed_in_each_language(client: FlaskClient) -> None:
    for lang in ("en", "fr", "es"):
        page = search(client, lang)
        assert "<kbd>port*</kbd>" in page
        assert f'href="/{lang}/glossary"' in page


def test_newest_first_is_kept_through_the_pages(client: FlaskClient, archive: Archive) -> None:
    newest = archive.write(archive.first, "New remittances.", first_published_at=clock.now())
    archive.index()
    page = search(client, q="remittances", sort="newest")
    assert named(page)[0] == newest.reference
    assert "<strong>Newest first</strong>" in page


# What nobody may learn --------------------------------------------------------------------------


def test_no_count_facet_or_link_tells_of_a_space_that_is_not_announced(
    client: FlaskClient, session: AnySession, archive: Archive
) -> None:
    before = search(client, q="remittances families")
    secret = make.make_space(
        session, forum=archive.forum, slug="secret", visibility=SpaceVisibility.UNANNOUNCED
    )
    hidden = archive.write(secret, "Secret remittances of families.")
    waits = archive.write(
        archive.first, "Waiting remittances of families.", state=RevisionState.PENDING
    )
    archive.index()
    assert search(client, q="remittances families") == before
    assert named(search(client, q="remittances", space="secret")) == []
    assert named(search(client, q="secret")) == []
    drafter = archive.somebody(Role.DRAFTER, secret)
    page = search(drafter, q="remittances families")
    assert hidden.reference in named(page)
    assert str(waits.receipt) not in page


def test_a_search_costs_the_same_statements_however_much_it_finds(
    app: Flask, archive: Archive
) -> None:
    few = _statements(app, "escuela")
    for number in range(30):
        archive.write(archive.first, f"School {number}.", parent=archive.english)
    archive.index()
    many = _statements(app, "school")
    assert len(many) <= len(few) <= 13, "\n".join(few)


def _statements(app: Flask, words: str) -> list[str]:
    path = f"/fr/search?q={words}"
    app.test_client().get(path)
    with counted() as statements:
        assert app.test_client().get(path).status_code == 200
    # What an index in the database asks of itself is measured with it.
    return [one for one in statements if "search_" not in one and "set_config" not in one]


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
@pytest.mark.parametrize(
    "words",
    [
        '"remittances',
        '"""" " "',
        "x" * 100_000,
        "(" * 5_000,
        "[" * 2_500 + "]" * 2_500,
        "*",
        "a*",
        "?*?*?",
        "(a+)+$" * 30,
        "\x00\x07\x1b[31m",
        "\ud800",
        "status:pending",
        "id:[1 TO 99999]",
        "'; DROP TABLE contribution; --",
        "' OR '1'='1",
        "%_\\",
        "-remittances",
        "OR OR OR",
        "\u202eremesas\u2066",
        "remittances " * 400,
    ],
)
def test_whatever_is_typed_gets_an_ordinary_answer(
    client: FlaskClient, archive: Archive, lang: str, words: str
) -> None:
    encoded = words.encode("utf-8", "surrogatepass")
    answer = client.get(f"/{lang}/search", query_string={"q": encoded})
    assert answer.status_code == 200
    assert "<h1>" in answer.text
    assert "\x07" not in answer.text


def test_beside_what_one_word_finds_stand_texts_on_related_subjects(
    client: FlaskClient, session: AnySession, archive: Archive
) -> None:
    terms = {"en": ["family"], "es": ["familia"]}
    session.add(
        GlossaryTerm(
            forum_id=archive.forum.id, key="family", terms=terms, objectives=[20], provenance={}
        )
    )
    archive.forum.glossary_edition = uuid.uuid4().hex[:16]
    for _ in range(5):
        archive.write(archive.second, "Ports close at night.")
    archive.index()
    assert "Search: “remittances”</h1>" in search(client, q="“remittances”")
    page = search(client, q="remittances")
    assert "Matching your search</h3>" in page
    assert "1 more is on a related subject." in page
    assert page.index("On related subjects</h3>") < page.index('"other">Families</mark>')
    brought = page[page.index("The glossary also brings") :].split("</p>")[0]
    assert "remesas" in brought
    assert "family" not in brought
    less = client.get(link(page, "Leave out related subjects")).text
    assert "Families wait" not in less
    assert "words=" not in link(less, "Show contributions on")
