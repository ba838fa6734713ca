"""Two consultations in three languages, ready to be searched, and how tests read the page."""

from __future__ import annotations

import datetime as dt
import html
import re
import uuid
from typing import Any, cast

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from consult.core.authz import Role
from consult.core.i18n import Translated
from consult.discussion.models import Contribution
from consult.search import sync
from consult.spaces.models import Author, Forum, GlossaryTerm, Objective, Region, Space
from tests import factories as make
from tests.factories import AnySession
from tests.signing_in import sign_in

DAY = dt.timedelta(days=1)
AUTUMN = dt.datetime(2026, 9, 15, 12, tzinfo=dt.UTC)


class Archive:
    """Two consultations with texts in three languages, and a glossary of one notion."""

    def __init__(self, app: Flask, session: AnySession) -> None:
        self.app, self.session = app, session
        self.forum: Forum = make.make_forum(session, glossary_edition=uuid.uuid4().hex[:16])
        session.add(
            GlossaryTerm(
                forum_id=self.forum.id,
                key="remittances",
                terms={"en": ["remittances"], "fr": ["envois de fonds"], "es": ["remesas"]},
                objectives=[20],
                provenance={},
            )
        )
        africa = Region(
            forum_id=self.forum.id,
            slug="africa",
            position=1,
            name=Translated({"en": "Africa", "fr": "Afrique", "es": "África"}),
        )
        session.add(africa)
        session.flush()
        self.first: Space = make.make_space(session, forum=self.forum, slug="first", code="A1")
        self.second: Space = make.make_space(session, forum=self.forum, slug="second", code="A2")
        self.city: Author = make.make_author(
            session, forum=self.forum, name="Amina", region_id=africa.id
        )
        self.group: Author = make.make_author(
            session, forum=self.forum, name="Bruno", category="civil-society"
        )
        twenty = session.query(Objective.id).where(
            Objective.forum_id == self.forum.id, Objective.number == 20
        )
        self.english = self.write(
            self.first, "Remittances cost families a lot of money.", objectives=[twenty.scalar()]
        )
        self.spanish = self.write(
            self.first,
            "Las remesas pagan la escuela.",
            author=self.group,
            language="es",
            parent=self.english,
        )
        self.french = self.write(
            self.second, "Les envois de fonds se font par téléphone.", language="fr"
        )
        self.other = self.write(self.second, "Families wait for years.", author=self.group)
        self.index()

    def write(self, space: Space, source: str, **over: Any) -> Contribution:
        values: dict[str, Any] = {"author": self.city, "first_published_at": AUTUMN} | over
        return make.make_contribution(self.session, space=space, source=source, **values)

    def index(self) -> None:
        self.session.commit()
        ports = self.app.extensions["consult.ports"]
        backend = self.app.extensions["consult.search"]
        sync.rebuild(cast(Session, self.session), backend=backend, sources=ports.documents.values())

    def somebody(self, role: Role | None = None, space: Space | None = None) -> FlaskClient:
        user = make.make_user(self.session)
        if role is not None:
            make.grant(self.session, user=user, role=role, space=space or self.first)
        browser = self.app.test_client()
        sign_in(browser, self.session, user)
        return browser


def search(browser: FlaskClient, lang: str = "en", **asked: Any) -> str:
    answer = browser.get(f"/{lang}/search", query_string=asked)
    assert answer.status_code == 200
    return answer.text


def named(page: str) -> list[str]:
    """Return the references of the hits in their order."""
    return re.findall(r'<article aria-labelledby="r-([^"]+)"', page)


def hit(page: str, contribution: Contribution) -> str:
    found = re.search(
        rf'aria-labelledby="r-{contribution.reference}".*?</article>', page, re.DOTALL
    )
    assert found
    return found.group()


def facets(page: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Return label, count and address of each value, by facet."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for name, body in re.findall(r'<section aria-labelledby="f-(\w+)">(.*?)</section>', page):
        found[name] = {
            label: (count, html.unescape(url))
            for url, label, count in re.findall(
                r'<a href="([^"]+)"[^>]*><span>([^<]+).*?<span class="count">([^<]+)</span></a>',
                body,
            )
        }
    return found


def link(page: str, words: str) -> str:
    found = re.search(rf'<a[^>]* href="([^"]+)"[^>]*>(?:<strong><bdi>)?{words}', page)
    assert found, words
    return html.unescape(found.group(1))
