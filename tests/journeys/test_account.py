"""An account from registering to signing out, as a browser without scripts sees it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session, scoped_session
from werkzeug.test import TestResponse

from consult.accounts import services
from consult.accounts.models import MailedLink, User, UserSession
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core import clock
from consult.spaces.models import Author, Forum
from consult.spaces.states import Registration
from tests.factories import make_forum, make_user

GOOD = "rain on the tin roof"
BETTER = "snow on the far hills"
Scoped = scoped_session[Session]
Hash = Callable[[str], str]


@pytest.fixture
def forum(session: Scoped) -> Forum:
    return make_forum(session)


@pytest.fixture
def hashed(app: Flask) -> Hash:
    hash_: Hash = app.extensions["consult.hasher"].hash
    return hash_


@pytest.fixture
def member(session: Scoped, forum: Forum, hashed: Hash) -> User:
    """Somebody confirmed, with the password GOOD; a forum is there."""
    assert forum.id
    return make_user(session, email="desk@example.org", password_hash=hashed(GOOD), name="Desk")


@pytest.fixture
def limited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(app.extensions["consult.config"], rate_limits=True)
    monkeypatch.setitem(app.extensions, "consult.config", config)


def _csrf(client: FlaskClient, path: str) -> str:
    page = client.get(path).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:500]
    return found.group(1)


def _post(client: FlaskClient, path: str, /, at: str | None = None, **fields: str) -> TestResponse:
    fields["csrf_token"] = _csrf(client, at or path)
    return client.post(path, data=fields)


def _sign_in(client: FlaskClient, password: str = GOOD, **fields: str) -> TestResponse:
    return _post(
        client, "/en/sign-in", **{"email": "desk@example.org", "password": password, **fields}
    )


def _registration(**over: str) -> dict[str, str]:
    fields = {
        "name": "Marisol Ortega",
        "email": "marisol@example.org",
        "password": GOOD,
        "organisation": "Port Watch",
        "category": "civil-society",
        "country": "PE",
        "on_behalf_of": "",
        "display": "full",
    }
    return fields | over


def _token(app: Flask, session: Scoped, purpose: LinkPurpose) -> str:
    link = session.scalars(
        select(MailedLink)
        .where(MailedLink.purpose == purpose)
        .order_by(MailedLink.created_at.desc())
        .limit(1)
    ).one()
    return services.token_of(link, secret_key=app.extensions["consult.config"].secret_key)


def _is_signed_in(client: FlaskClient) -> bool:
    return client.get("/en/account/settings").status_code == 200


def _session_cookie(client: FlaskClient) -> str | None:
    cookie = client.get_cookie("session")
    return cookie.value if cookie else None


def _without_tokens(page: str) -> str:
    return re.sub(r'value="[^"]{60,}"', "", page)


# The whole way -----------------------------------------------------------------------------


def test_from_registering_to_signing_out(
    app: Flask, client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    answer = _post(client, "/es/register", **_registration())
    assert answer.status_code == 303
    assert answer.location == "/es/registered"
    assert client.get(answer.location).status_code == 200
    author = session.scalars(select(Author)).one()
    assert (author.forum_id, author.name, author.country) == (forum.id, "Marisol Ortega", "PE")

    link = f"/es/confirm/{_token(app, session, LinkPurpose.CONFIRM)}"
    assert client.get(link).status_code == 200
    confirmed_at = select(User.confirmed_at)
    assert session.scalars(confirmed_at).one() is None
    assert _post(client, link).status_code == 200
    assert session.scalars(confirmed_at).one() is not None
    assert client.get(link).status_code == 410

    first, second = client, app.test_client()
    for browser in (first, second):
        answer = _sign_in(browser, email="marisol@example.org")
        assert (answer.status_code, answer.location) == (303, "/en/")
        assert _is_signed_in(browser)

    answer = _post(
        first, "/en/account/security", act="password", old_password=GOOD, new_password=BETTER
    )
    assert answer.status_code == 303
    assert _is_signed_in(first)
    assert not _is_signed_in(second)

    answer = _post(first, "/en/sign-out")
    assert answer.status_code == 303
    assert not _is_signed_in(first)
    assert session.scalars(select(UserSession)).all() == []


def test_who_has_to_be_approved_is_not_told_that_the_account_is_ready(
    app: Flask, client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    forum.registration = Registration.APPROVAL
    _post(client, "/en/register", **_registration())

    page = _post(client, f"/en/confirm/{_token(app, session, LinkPurpose.CONFIRM)}").text

    assert "The organisers now read your request" in page
    assert "Your account is ready" not in page


def test_mistakes_are_counted_and_each_names_its_field(client: FlaskClient, forum: Forum) -> None:
    empty = _registration(name="", email="", password="")
    page = _post(client, "/en/register", **empty).text

    assert "3 points need your attention" in page
    for sentence in ("enter your name", "enter your e-mail address", "choose a password"):
        assert f"Please {sentence}." in page
    page = _post(client, "/en/register", **_registration(name="")).text
    assert "One point needs your attention" in page


def test_a_forgotten_password_is_replaced_by_mail(
    app: Flask, client: FlaskClient, session: Scoped, member: User
) -> None:
    assert _post(client, "/en/reset", email=member.email or "").status_code == 200
    link = f"/en/reset/{_token(app, session, LinkPurpose.RESET)}"
    assert _post(client, link, new_password="short").status_code == 422
    assert _post(client, link, new_password=BETTER).status_code == 303

    assert client.get(link).status_code == 410
    assert _sign_in(client).status_code == 422
    assert _sign_in(client, BETTER).status_code == 303


def test_two_sessions_are_listed_and_the_other_one_ended(
    app: Flask, client: FlaskClient, member: User
) -> None:
    other = app.test_client()
    assert member.id
    for browser in (client, other):
        _sign_in(browser)
    page = client.get("/en/account/security").get_data(as_text=True)
    assert page.count("This browser") == 1
    assert page.count('name="session"') == 2

    assert _post(client, "/en/account/security", act="sessions").status_code == 303
    assert _is_signed_in(client)
    assert not _is_signed_in(other)


# Sessions and cookies ----------------------------------------------------------------------


def test_the_cookie_changes_at_signing_in_and_the_old_one_is_dead_after_signing_out(
    client: FlaskClient, member: User
) -> None:
    assert member.id
    client.get("/en/sign-in")
    before = _session_cookie(client)
    _sign_in(client)
    during = _session_cookie(client)
    assert before
    assert during
    assert before != during
    _post(client, "/en/sign-out")

    client.set_cookie("session", during)
    assert not _is_signed_in(client)


def test_a_suspended_user_is_out_at_the_next_request(
    client: FlaskClient, session: Scoped, member: User
) -> None:
    _sign_in(client)
    assert _is_signed_in(client)
    services.set_status(session(), user_id=member.id, status=UserStatus.SUSPENDED, now=clock.now())

    assert not _is_signed_in(client)
    answer = _sign_in(client)
    assert answer.status_code == 422
    assert "suspended" in answer.get_data(as_text=True)


def test_a_session_ends_when_it_was_idle_for_eight_hours(
    client: FlaskClient, session: Scoped, member: User
) -> None:
    assert member.id
    _sign_in(client)
    row = session.scalars(select(UserSession)).one()
    row.last_seen_at = clock.now() - dt.timedelta(hours=7)
    assert _is_signed_in(client)
    session.refresh(row)
    assert clock.now() - row.last_seen_at < dt.timedelta(minutes=1)

    row.last_seen_at = clock.now() - dt.timedelta(hours=8)
    assert not _is_signed_in(client)


def test_signing_out_takes_a_button(client: FlaskClient, member: User) -> None:
    assert member.id
    _sign_in(client)

    assert client.get("/en/sign-out").status_code == 200
    assert _is_signed_in(client)


# The same answer for known and unknown addresses -------------------------------------------


def _count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    work: list[str] = []
    for name in ("hash", "verify"):
        original = getattr(PasswordHasher, name)

        def counted(
            self: PasswordHasher, *args: Any, _name: str = name, _original: Any = original
        ) -> Any:
            work.append(_name)
            return _original(self, *args)

        monkeypatch.setattr(PasswordHasher, name, counted)
    return work


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/en/sign-in", {"password": BETTER}),
        ("/en/reset", {}),
        ("/en/register", _registration(name="Desk", password=BETTER)),
    ],
)
def test_known_and_unknown_addresses_get_the_same_answer_for_the_same_work(
    app: Flask,
    client: FlaskClient,
    member: User,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    fields: dict[str, str],
) -> None:
    assert member.id
    client.get("/en/sign-in")
    work = _count_hashes(monkeypatch)
    seen = []
    for email in ("desk@example.org", "disk@example.org"):
        browser = app.test_client()
        token = _csrf(browser, path)
        work.clear()
        answer = browser.post(path, data={**fields, "email": email, "csrf_token": token})
        page = _without_tokens(answer.get_data(as_text=True)).replace(email, "")
        seen.append((answer.status_code, answer.location, page, list(work)))

    assert seen[0] == seen[1]


# Mistakes and attacks ----------------------------------------------------------------------


def test_a_registration_with_mistakes_keeps_everything_but_the_password(
    client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    assert forum.id
    fields = _registration(email="marisol", password="tin roof", category="", name="<b>Ma</b>")
    answer = _post(client, "/en/register", **fields)
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert "Please enter an e-mail address" in page
    assert "at least 15 characters" in page
    assert "Please choose a category from the list." in page
    assert "&lt;b&gt;Ma&lt;/b&gt;" in page
    assert "<b>Ma</b>" not in page
    assert 'value="Port Watch"' in page
    assert '<option value="PE" selected>' in page
    assert "tin roof" not in page
    assert session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.parametrize("path", ["/en/register", "/fr/sign-in", "/es/reset"])
def test_a_form_without_its_protection_is_refused_and_keeps_the_text(
    client: FlaskClient, session: Scoped, forum: Forum, path: str
) -> None:
    assert forum.id
    answer = client.post(path, data=_registration())
    page = answer.get_data(as_text=True)

    assert answer.status_code == 400
    assert 'value="marisol@example.org"' in page
    assert GOOD not in page
    assert session.scalar(select(func.count()).select_from(User)) == 0
    assert session.scalar(select(func.count()).select_from(MailedLink)) == 0


def test_nothing_changes_in_an_account_without_the_protection(
    client: FlaskClient, session: Scoped, member: User
) -> None:
    _sign_in(client)
    profile = {"act": "profile", "name": "Mallory", "locale": "es", "time_zone": ""}

    answer = client.post("/en/account/settings", data=profile)
    assert answer.status_code == 400
    assert 'value="Mallory"' in answer.get_data(as_text=True)
    assert client.post("/en/sign-out").status_code == 400
    assert _is_signed_in(client)
    session.refresh(member)
    assert member.name == "Desk"


def test_the_protection_of_somebody_else_is_refused(
    app: Flask, client: FlaskClient, member: User
) -> None:
    assert member.id
    stolen = _csrf(app.test_client(), "/en/sign-in")
    _sign_in(client)

    assert client.post("/en/sign-out", data={"csrf_token": stolen}).status_code == 400
    assert _is_signed_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "/ok\r\nLocation: https://evil.example",
    ],
)
def test_signing_in_leads_to_no_other_site(client: FlaskClient, member: User, target: str) -> None:
    assert member.id
    answer = _sign_in(client, next=target)

    assert (answer.status_code, answer.location) == (303, "/en/")


def test_signing_in_leads_back_to_where_somebody_was(client: FlaskClient, member: User) -> None:
    assert member.id

    assert _sign_in(client, next="/fr/search?q=remesas").location == "/fr/search?q=remesas"


def test_who_is_signed_in_already_is_sent_on(client: FlaskClient, member: User) -> None:
    assert member.id
    _sign_in(client)

    assert client.get("/fr/sign-in?next=/fr/search").location == "/fr/search"
    assert client.get("/fr/register").location == "/fr/"


def test_a_forged_host_reaches_no_page_and_no_address(client: FlaskClient, member: User) -> None:
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
        token = _csrf(client, "/en/reset")
        answer = client.post(
            "/en/reset", data={"email": member.email, "csrf_token": token}, headers=headers
        )

        assert "evil.example" not in answer.get_data(as_text=True)
        assert "evil.example" not in (answer.location or "")


def test_fields_of_the_account_that_are_on_no_form_cannot_be_set(
    client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    assert forum.id
    extra = {"confirmed_at": "2020-01-01", "status": "erased", "id": "77", "is_demonstration": "1"}
    _post(client, "/en/register", **_registration(**extra))
    user = session.scalars(select(User)).one()

    assert user.confirmed_at is None
    assert user.status == UserStatus.ACTIVE
    assert user.id != 77
    assert not user.is_demonstration


@pytest.mark.usefixtures("limited")
def test_too_many_tries_to_sign_in_have_to_wait(client: FlaskClient, member: User) -> None:
    assert member.id
    assert _sign_in(client, BETTER).status_code == 422
    answer = _sign_in(client)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3
    assert re.search(r"Please try again in (one second|\d seconds)", answer.text)
    assert 'value="desk@example.org"' in answer.get_data(as_text=True)
    forged = client.post(
        "/en/sign-in",
        data={
            "email": "desk@example.org",
            "password": GOOD,
            "csrf_token": _csrf(client, "/en/sign-in"),
        },
        headers={"X-Forwarded-For": "203.0.113.9"},
    )
    assert forged.status_code == 429


@pytest.mark.usefixtures("limited")
def test_too_many_resets_send_no_more_mails(
    client: FlaskClient, session: Scoped, member: User
) -> None:
    statuses = [_post(client, "/en/reset", email=member.email or "").status_code for _ in range(7)]

    assert statuses == [200] * 5 + [429] * 2
    assert session.scalar(select(func.count()).select_from(MailedLink)) == 1


# Settings and affiliation ------------------------------------------------------------------


def test_settings_are_saved_and_the_page_speaks_the_new_language(
    client: FlaskClient, session: Scoped, member: User
) -> None:
    _sign_in(client)
    answer = _post(
        client,
        "/en/account/settings",
        act="profile",
        name="Desk of the port",
        locale="fr",
        time_zone="Africa/Dakar",
    )
    session.refresh(member)

    assert answer.location == "/fr/account/settings"
    assert (member.name, member.locale, member.time_zone) == (
        "Desk of the port",
        "fr",
        "Africa/Dakar",
    )


def test_a_wrong_old_password_is_told_beside_its_field(client: FlaskClient, member: User) -> None:
    assert member.id
    _sign_in(client)
    answer = _post(
        client, "/en/account/security", act="password", old_password=BETTER, new_password=BETTER
    )

    assert answer.status_code == 422
    assert "This is not your current password." in answer.get_data(as_text=True)


def test_whoever_has_no_author_says_for_whom_they_speak(
    client: FlaskClient, session: Scoped, member: User
) -> None:
    assert member.id
    _sign_in(client)
    path = "/en/account/affiliation"
    fields = _registration(name="Desk", display="organisation", next="/en/search")
    assert _post(client, path, **fields | {"category": ""}).status_code == 422
    answer = _post(client, path, **fields)
    author = session.scalars(select(Author)).one()

    assert (answer.status_code, answer.location) == (303, "/en/search")
    assert author.display == "organisation"
    assert 'value="Port Watch"' in client.get(path).get_data(as_text=True)
    _post(client, path, **fields | {"display": "pseudonym"})
    session.refresh(author)
    assert (author.display, author.pseudonym_number, author.version) == ("pseudonym", 1, 2)


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
@pytest.mark.parametrize(
    "page",
    [
        "sign-in",
        "register",
        "registered",
        "reset",
        "account/settings",
        "account/security",
        "confirm/x.y",
    ],
)
def test_every_page_has_one_heading_and_its_language(
    client: FlaskClient, member: User, lang: str, page: str
) -> None:
    assert member.id
    if page.startswith("account"):
        _sign_in(client)
    answer = client.get(f"/{lang}/{page}")
    html = answer.get_data(as_text=True)

    assert answer.status_code in {200, 410}
    assert html.count("<h1") == 1
    assert f'<html lang="{lang}"' in html
