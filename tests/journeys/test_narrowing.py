"""Lena narrows what was found, by counts that lead where they say."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.discussion.states import ContributionKind
from consult.spaces.states import DisplayChoice, QuestionKind
from tests import factories as make
from tests.factories import AnySession
from tests.journeys.archive import AUTUMN, DAY, Archive, facets, link, named, search


@pytest.fixture
def archive(app: Flask, session: AnySession) -> Archive:
    return Archive(app, session)


def test_every_facet_is_counted_and_leads_to_what_it_counts(
    client: FlaskClient, archive: Archive
) -> None:
    archive.write(archive.first, "More on remittances.", first_published_at=AUTUMN + 60 * DAY)
    archive.index()
    found = facets(search(client, q="remittances OR families"))
    assert set(found) == {"language", "space", "objective", "category", "region", "month"}
    assert list(found["month"]) == ["November 2026", "September 2026"]
    for values in found.values():
        for label, (count, url) in values.items():
            page = client.get(url).text
            assert str(len(named(page))) == count, label
            assert f">{label} <span aria-hidden" in page


def test_questions_are_counted_within_one_consultation(
    client: FlaskClient, archive: Archive
) -> None:
    assert "question" not in facets(search(client, q="remittances"))
    kicker = str(archive.first.kicker)
    page = search(client, q="escuela")
    assert f"Question ({kicker})</h3>" in page
    ((_count, url),) = facets(page)["question"].values()
    assert "space=first" in url
    assert "question=1" in url
    narrowed = client.get(url).text
    assert named(narrowed) == [archive.spanish.reference]
    # The number means another question elsewhere.
    assert "question=" not in link(narrowed, kicker)


def test_filters_are_removed_one_by_one(client: FlaskClient, archive: Archive) -> None:
    page = search(
        client, q="remittances", space="first", language="es", month="2026-09", sort="thread"
    )
    assert named(page) == [archive.spanish.reference]
    chips = re.findall(r'<a href="([^"]+)">[^<]* <span aria-hidden="true">×', page)
    assert len(chips) == 3
    for gone, chip in zip(("space", "language", "month"), map(html.unescape, chips), strict=True):
        assert f"{gone}=" not in chip
        assert chip.count("=") == 4
        assert client.get(chip).status_code == 200
    assert link(page, "Remove all filters") == "/en/search?q=remittances&sort=thread"


def test_by_thread_replies_follow_what_they_answer(client: FlaskClient, archive: Archive) -> None:
    page = search(client, q="remittances", sort="thread")
    assert named(page) == [
        archive.english.reference,
        archive.spanish.reference,
        archive.french.reference,
    ]
    assert "<strong>By thread</strong>" in page


def test_texts_and_questions_are_told_apart(
    client: FlaskClient, session: AnySession, archive: Archive
) -> None:
    asked = make.make_question(
        session, space=archive.first, number=4, kind=QuestionKind.PARTICIPANT, text=None
    )
    posed = archive.write(
        archive.first,
        "Who lowers the price of remittances?",
        kind=ContributionKind.QUESTION,
        question_id=None,
        own_question_id=asked.id,
        reference="A1-Q4",
    )
    archive.index()
    found = facets(search(client, q="remittances"))["kind"]
    assert set(found) == {"Comments", "Questions by participants"}
    assert named(client.get(found["Questions by participants"][1]).text) == [posed.reference]


def test_small_figures_of_a_category_with_a_pseudonym_are_not_told(
    client: FlaskClient, session: AnySession, archive: Archive
) -> None:
    africa = archive.city.region_id
    veiled = make.make_author(
        session,
        forum=archive.forum,
        category="civil-society",
        display=DisplayChoice.PSEUDONYM,
        pseudonym_number=7,
        region_id=africa,
    )
    archive.write(archive.first, "I send remittances home.", author=veiled)
    archive.index()
    found = facets(search(client, q="remittances"))
    assert found["category"]["Civil-Society"][0] == "&lt; 5"
    assert found["category"]["Local-Authorities"][0] == "2"
    # Where a pseudonym lives is nobody's business, not even as a number.
    assert found["region"]["Africa"][0] == "2"
    inside = facets(search(client, q="remittances", category="civil-society"))
    for values in inside.values():
        assert {count for count, _url in values.values()} == {"&lt; 5"}


@pytest.mark.parametrize(
    "values",
    [
        {"space": "<b>", "language": "xx", "month": "0000-01", "kind": "draft"},
        {"category": "' OR 1=1", "region": "../etc", "objective": "-1", "question": "9e9"},
        {"month": "2026-13", "sort": "status", "page": "-3", "across": "maybe", "words": "none"},
    ],
)
def test_values_that_cannot_be_narrow_nothing(
    client: FlaskClient, archive: Archive, values: dict[str, str]
) -> None:
    plain, hostile = search(client, q="remittances"), search(client, q="remittances", **values)
    assert named(hostile) == named(plain)
    assert 'class="chips"' not in hostile


def test_what_could_be_a_value_and_is_none_finds_nothing(
    client: FlaskClient, archive: Archive
) -> None:
    """A saved search must not grow when the space that it was narrowed to is gone."""
    assert named(search(client, q="remittances", space="third")) == []
