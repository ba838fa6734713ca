"""Kofi drafts the note: he sees who has spoken on what, and takes the threads of one objective."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core.authz import Role
from consult.spaces.models import Forum, Objective, Space
from tests import factories as make
from tests.factories import AnySession
from tests.signing_in import sign_in


@pytest.fixture
def space(session: AnySession) -> Space:
    space = make.make_space(session, slug="desk-space", code="D1")
    forum = session.get_one(Forum, space.forum_id)
    author = make.make_author(session, forum=forum, organisation="City of Example")
    twenty = session.query(Objective.id).where(
        Objective.forum_id == forum.id, Objective.number == 20
    )
    root = make.make_contribution(session, space=space, author=author, source="About something.")
    make.make_contribution(
        session,
        space=space,
        author=author,
        parent=root,
        source="Sobre las remesas.",
        objectives=[twenty.scalar()],
    )
    return space


def somebody(app: Flask, session: AnySession, space: Space, *roles: Role) -> FlaskClient:
    user = make.make_user(session)
    for role in roles:
        make.grant(session, user=user, role=role, space=space)
    browser = app.test_client()
    sign_in(browser, session, user)
    return browser


def test_a_drafter_sees_the_silent_objectives_first(
    app: Flask, session: AnySession, space: Space
) -> None:
    kofi = somebody(app, session, space, Role.DRAFTER)
    assert f"/en/drafting/{space.slug}" in kofi.get("/en/drafting").text
    page = kofi.get(f"/en/drafting/{space.slug}").text
    places = [page.index(f'<span class="count">{number}</span>') for number in (15, 16, 20)]
    assert places == sorted(places)
    assert "Nobody has spoken on 2 objectives yet." in page
    assert page.count('class="gap"') == 2


def test_a_drafter_takes_the_threads_of_an_objective(
    app: Flask, session: AnySession, space: Space
) -> None:
    kofi = somebody(app, session, space, Role.DRAFTER)
    address = f"/en/drafting/{space.slug}/export?objective=20&question=&language=&category="
    answer = kofi.get(f"{address}&format=jsonl")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=desk-space-objective-20.jsonl"
    )
    assert answer.headers["Cache-Control"] == "private, no-store"
    header, *lines = [json.loads(line) for line in answer.text.split("\n") if line]
    assert header["filter"] == {"objective": [20]}
    assert [(line["body"], line["context"]) for line in lines] == [
        ("About something.", True),
        ("Sobre las remesas.", False),
    ]
    document = kofi.get(f"{address}&format=docx")
    with zipfile.ZipFile(io.BytesIO(document.data)) as parts:
        assert b"remesas" in parts.read("word/document.xml")


@pytest.mark.parametrize("query", ["objective=99", "objective=x", "question=77", "format=exe"])
def test_a_wrong_choice_comes_back_with_the_form(
    app: Flask, session: AnySession, space: Space, query: str
) -> None:
    kofi = somebody(app, session, space, Role.DRAFTER)
    answer = kofi.get(f"/en/drafting/{space.slug}/export?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("path", ["", "/desk-space", "/desk-space/export?format=jsonl"])
def test_the_desk_is_there_for_drafters_and_organisers_only(
    app: Flask, session: AnySession, client: FlaskClient, space: Space, path: str
) -> None:
    address = f"/en/drafting{path}"

    def status(*roles: Role, of: Space = space) -> int:
        return somebody(app, session, of, *roles).get(address).status_code

    assert status(Role.DRAFTER) == status(Role.ORGANISER) == 200
    assert status() == status(Role.MODERATOR) == 404
    elsewhere: Any = make.make_space(session)
    assert status(Role.DRAFTER, of=elsewhere) == (404 if path else 200)
    visitor = client.get(address)
    assert visitor.status_code == 303
    assert "/en/sign-in" in visitor.headers["Location"]
