"""The glossary: everybody reads it, organisers keep it on a page and with a spreadsheet."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import select

from consult.core.authz import Role
from consult.spaces.models import GlossaryTerm
from consult.spaces.notions import NotionKind
from consult.spaces.queries import notions_of
from tests import factories as make
from tests.signing_in import sign_in, token_of

NEW, ONE, TABLE = (f"/en/people/glossary/{page}" for page in ("new", "one", "table"))


@pytest.fixture
def space(session):
    return make.make_space(session)


@pytest.fixture
def olga(app, session, space):
    """The organiser's browser."""
    return browser_of(app, session, space, Role.ORGANISER)


def browser_of(app, session, space, role):
    user = make.make_user(session)
    if role is not None:
        make.grant(session, user=user, role=role, space=space)
    browser = app.test_client()
    sign_in(browser, session, user)
    return browser


def words_of(response):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def part(pattern, page):
    found = re.search(pattern, page, re.DOTALL)
    assert found is not None, pattern
    return found[1]


def send(browser, path, at=None, **fields):
    token = token_of(browser.get(at or path).text)
    return browser.post(path, data=fields | {"csrf_token": token})


def add(browser, **fields):
    values = {f"terms_{code}": fields.pop(code, "") for code in ("en", "fr", "es")}
    return send(browser, NEW, **values | fields)


def address_of(key):
    return f"{ONE}?key={key}"


def seen_on(page):
    return part(r'name="seen" value="(\d+)"', page)


def keys(session):
    return {n.key for n in notions_of(session) if n.kind is NotionKind.TERM}


def test_an_organiser_adds_a_notion_and_every_visitor_reads_it(olga, client, session):
    answer = add(
        olga, en="remittances\nmoney transfers", es="remesas", objectives=["20"], note="Official."
    )
    assert (answer.status_code, answer.location) == (303, address_of("remittances"))
    assert "stands in the glossary" in words_of(olga.get(answer.location))
    page = client.get("/en/glossary")
    assert "remittances · money transfers" in words_of(page)
    assert "Official." in page.text
    assert "1 entry" in words_of(page)
    assert "Set-Cookie" not in page.headers
    assert "/people/glossary" not in page.text
    assert '<span lang="es">remesas</span>' in client.get("/fr/glossary").text


def test_the_organisers_pages_lead_to_the_glossary(olga):
    assert 'href="/en/glossary"' in olga.get("/en/people").text
    page = olga.get("/en/glossary").text
    assert f'href="{NEW}"' in page
    assert f'href="{TABLE}"' in page


def test_mistakes_are_told_beside_the_field_and_nothing_is_lost(olga):
    answer = add(olga, en="x" * 121, fr="étranger\nétrangère", note="A note.", objectives=["16"])
    assert answer.status_code == 422
    assert "A term can have at most 120 characters." in words_of(answer)
    assert 'href="#terms_en"' in answer.text
    for kept in (
        "x" * 121,
        "étranger\nétrangère",
        "A note.",
        'value="16" id="objectives-16" checked',
    ):
        assert kept in answer.text


def test_an_organiser_changes_a_notion(olga, client):
    add(olga, en="return", fr="retour")
    page = olga.get(address_of("return")).text
    answer = send(
        olga,
        ONE,
        at=address_of("return"),
        key="return",
        seen=seen_on(page),
        act="save",
        terms_en="return\ngoing back",
        terms_fr="retour",
        terms_es="regreso",
    )
    assert answer.status_code == 303
    assert "going back" in client.get("/en/glossary?q=REGRESO").text


def test_a_stale_form_is_answered_with_both_texts(olga, session):
    add(olga, en="return")
    page = olga.get(address_of("return")).text
    mine = {"at": address_of("return"), "key": "return", "seen": seen_on(page), "act": "save"}
    assert send(olga, ONE, **mine, terms_en="return\ntheirs").status_code == 303
    answer = send(olga, ONE, **mine, terms_en="return\nmine")
    assert answer.status_code == 409
    assert "return · theirs" in words_of(answer)
    assert "return\nmine</textarea>" in answer.text
    again = mine | {"seen": seen_on(answer.text)}
    assert send(olga, ONE, **again, terms_en="return\nmine").status_code == 303
    row = session.scalars(select(GlossaryTerm)).one()
    assert row.terms["en"] == ["return", "mine"]


def test_what_is_taken_out_can_be_put_back(olga, client, session):
    add(olga, en="return")
    seen = seen_on(olga.get(address_of("return")).text)
    out = {"at": address_of("return"), "key": "return", "seen": seen}
    answer = send(olga, ONE, **out, act="remove")
    assert "out of the glossary" in words_of(olga.get(answer.location))
    assert keys(session) == set()
    assert "0 entries" in words_of(client.get("/en/glossary"))
    assert "return" in words_of(olga.get("/en/glossary?removed=yes"))
    assert send(olga, ONE, **out, act="restore").status_code == 303
    assert keys(session) == {"return"}


def test_saving_what_somebody_took_out_keeps_what_was_typed(olga):
    add(olga, en="return")
    seen = seen_on(olga.get(address_of("return")).text)
    sent = {"at": address_of("return"), "key": "return", "seen": seen}
    token = token_of(olga.get(address_of("return")).text)
    send(olga, ONE, **sent, act="remove")
    mine = {"key": "return", "seen": seen, "act": "save", "terms_en": "return\nmine"}
    answer = olga.post(ONE, data=mine | {"csrf_token": token})
    assert answer.status_code == 409
    assert "took this entry out" in words_of(answer)
    assert "return\nmine</textarea>" in answer.text


def test_the_list_is_searched_and_narrowed(olga, client):
    add(olga, en="remittances", es="remesas", objectives=["20"])
    add(olga, en="foreigner", fr="étranger", es="extranjero", objectives=["16"])
    page = words_of(client.get("/en/glossary?q=etranger"))
    assert "1 entry of 2" in page
    assert "remittances" not in page
    page = words_of(client.get("/en/glossary?objective=20"))
    assert "1 entry of 2" in page
    assert "extranjero" not in page
    assert "1 entry of 2" in words_of(olga.get("/en/glossary?missing=fr"))
    assert "2 entries" in words_of(client.get("/en/glossary?missing=fr&objective=999&page=77"))


@pytest.mark.parametrize("role", [None, Role.MODERATOR, Role.DRAFTER, Role.AUDITOR])
def test_nobody_but_organisers_keeps_the_glossary(app, session, space, olga, role):
    add(olga, en="return")
    other = browser_of(app, session, space, role)
    assert other.get("/en/glossary").status_code == 200
    assert "/people/glossary" not in other.get("/en/glossary").text
    token = token_of(other.get("/en/account/settings").text)
    for path in (NEW, TABLE, address_of("return")):
        assert other.get(path).status_code in {403, 404}
    for path in (NEW, TABLE, ONE):
        sent = {"csrf_token": token, "key": "return", "act": "remove", "seen": "1", "terms_en": "x"}
        assert other.post(path, data=sent).status_code in {403, 404}
    assert keys(session) == {"return"}


def test_an_organiser_of_another_forum_changes_nothing_here(app, session, olga):
    elsewhere = browser_of(app, session, make.make_space(session), Role.ORGANISER)
    assert elsewhere.get(NEW).status_code == 200
    newest = olga.get(NEW)
    assert newest.status_code == 404


def test_a_form_that_came_too_late_keeps_what_was_typed(olga):
    answer = olga.post(NEW, data={"terms_en": "return\ngoing back", "csrf_token": "old"})
    assert answer.status_code == 400
    assert "return\ngoing back</textarea>" in answer.text


def test_unknown_notions_and_buttons_are_answered_in_words(olga):
    assert olga.get(address_of("nothing")).status_code == 404
    add(olga, en="return")
    answer = send(olga, ONE, at=address_of("return"), key="return", act="explode", terms_en="mine")
    assert answer.status_code == 422
    assert "mine</textarea>" in answer.text


def test_a_forum_without_words_says_so(client, space):
    assert "The glossary is empty." in words_of(client.get("/en/glossary"))
