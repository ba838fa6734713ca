"""What machines and first-time visitors ask: health, readiness, robots, sitemap, `/`."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from consult.discussion.states import ContributionKind, Removed
from consult.spaces.models import Space
from consult.spaces.states import QuestionKind, SpaceVisibility
from tests.factories import make_author, make_contribution, make_forum, make_question, make_space

NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "x": "http://www.w3.org/1999/xhtml",
}


def addresses(client: FlaskClient) -> list[str]:
    tree = ET.fromstring(client.get("/sitemap.xml").text)  # noqa: S314 - our own answer
    return [loc.text or "" for loc in tree.findall("s:url/s:loc", NAMES)]


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("es-AR,fr;q=0.8", "es"), ("de,fr;q=0.5", "fr"), ("de", "en"), ("", "en"), ("*;q", "en")],
)
def test_the_root_leads_to_a_language_the_browser_asks_for(
    client: FlaskClient, accepted: str, lang: str
) -> None:
    response = client.get("/", headers={"Accept-Language": accepted})
    assert response.status_code == 302
    assert response.headers["Location"] == f"/{lang}/"
    assert "Accept-Language" in response.headers["Vary"]


def test_the_process_answers_without_asking_the_database(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consult.operations.queries.schema_state", _away)
    assert client.get("/healthz").json == {"status": "ok"}


def _away(*_args: Any, **_kw: Any) -> None:
    raise AssertionError("nothing may be asked")


def test_it_is_ready_with_the_tables_of_this_code(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json == {"status": "ok", "database": True, "migrations": True}


def test_it_is_not_ready_with_other_tables(client: FlaskClient, session: Session) -> None:
    session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json == {"status": "unavailable", "database": True, "migrations": False}


def test_metrics_count_for_this_machine_and_are_not_there_for_others(client: FlaskClient) -> None:
    here = client.get("/metrics")
    assert "consult_revisions_pending 0.0" in here.text
    assert "process_cpu_seconds_total" in here.text
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404
    forwarded = client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert forwarded.status_code == 404


def test_security_txt_names_the_contact_and_an_expiry(
    client: FlaskClient, session: Session
) -> None:
    make_forum(session, contact="security@example.org")
    response = client.get("/.well-known/security.txt")
    assert response.content_type == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in response.text.splitlines())
    assert lines["Contact"] == "mailto:security@example.org"
    assert lines["Expires"].endswith("Z")
    assert lines["Canonical"] == "http://localhost/.well-known/security.txt"


def test_robots_are_kept_from_desks_and_led_to_the_sitemap(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert "Disallow: /fr/moderation" in lines
    assert "Sitemap: http://localhost/sitemap.xml" in lines
    assert not any(line in {"Disallow: /", "Disallow: /en/spaces"} for line in lines)


def test_the_sitemap_names_each_public_question_in_three_languages(
    client: FlaskClient, session: Session
) -> None:
    space = make_space(session)
    found = addresses(client)
    for lang in ("en", "fr", "es"):
        assert f"http://localhost/{lang}/spaces/{space.slug}/questions/1" in found
    tree = ET.fromstring(client.get("/sitemap.xml").text)  # noqa: S314 - our own answer
    for entry in tree.findall("s:url", NAMES):
        languages = {link.get("hreflang") for link in entry.findall("x:link", NAMES)}
        assert languages == {"en", "fr", "es", "x-default"}


@pytest.mark.parametrize("visibility", [SpaceVisibility.MEMBERS, SpaceVisibility.UNANNOUNCED])
def test_the_sitemap_says_nothing_of_spaces_that_are_not_public(
    client: FlaskClient, session: Session, visibility: SpaceVisibility
) -> None:
    space = make_space(session, visibility=visibility)
    assert space.slug not in "".join(addresses(client))


@pytest.mark.parametrize("removed", [Removed.NONE, Removed.HIDDEN])
def test_a_participants_question_is_in_the_sitemap_while_it_is_public(
    client: FlaskClient, session: Session, removed: Removed
) -> None:
    space = _space_with_own_question(session, removed)
    is_there = any(a.endswith(f"{space.slug}/questions/4") for a in addresses(client))
    assert is_there == (removed is Removed.NONE)


def _space_with_own_question(session: Session, removed: Removed) -> Space:
    forum = make_forum(session)
    space = make_space(session, forum=forum)
    own = make_question(
        session, space=space, number=4, kind=QuestionKind.PARTICIPANT, text=None, short_text=None
    )
    asked = make_contribution(
        session,
        space=space,
        author=make_author(session, forum=forum),
        removed=removed,
        kind=ContributionKind.QUESTION,
        question_id=None,
        own_question_id=own.id,
    )
    assert asked.reference
    return space
