"""The safety of an account, as a browser without scripts sees it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pyotp
import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.engine import Engine

from consult.accounts import services
from consult.accounts.models import AddressChange, MailedLink, User, UserSession
from consult.accounts.states import LinkPurpose, SessionStage
from consult.core import clock
from consult.core.authz import Role
from consult.spaces.models import Author
from tests import factories as make
from tests.signing_in import sign_in, token_of

GOOD = "rain on the tin roof"
BETTER = "snow on the far hills"
EMAIL = "desk@example.org"
SECURITY = "/en/account/security"
SETUP = "/en/account/second-factor"


@pytest.fixture
def forum(session):
    return make.make_forum(session)


@pytest.fixture
def member(app, session, forum):
    """Somebody confirmed, with the password GOOD."""
    hash_ = app.extensions["consult.hasher"].hash(GOOD)
    return make.make_user(session, email=EMAIL, password_hash=hash_, name="Desk")


@pytest.fixture
def signed_in(client, session, member):
    """The browser of the member."""
    sign_in(client, session, member)
    return client


def post(client, path, /, at=None, **fields):
    fields["csrf_token"] = token_of(client.get(at or path).text)
    return client.post(path, data=fields)


def by_password(client, **fields):
    return post(client, "/en/sign-in", **{"email": EMAIL, "password": GOOD, **fields})


def is_signed_in(client):
    return client.get(SECURITY).status_code == 200


def shown_secret(client):
    (secret,) = re.findall(r'class="code" dir="ltr">([A-Z2-7 ]+)<', client.get(SETUP).text)
    return secret


def code_in(secret, *, step=0):
    totp = pyotp.TOTP(secret.replace(" ", ""))
    return totp.at(clock.now() + dt.timedelta(seconds=30 * step))


def switch_on(client):
    """Set the second step up; return secret and recovery codes."""
    assert post(client, f"{SETUP}/new", at=SECURITY).status_code == 303
    secret = shown_secret(client)
    page = post(client, SETUP, code=code_in(secret))
    assert page.status_code == 200
    codes = re.findall(r'name="code" value="([^"]+)"', page.text)
    assert len(codes) == 10
    return secret, codes, page


def let_proof_grow_old(session):
    then = clock.now() - dt.timedelta(minutes=11)
    session.execute(update(UserSession).values(proved_at=then))
    session.commit()


# Proving -----------------------------------------------------------------------------------


def test_a_grave_page_asks_for_the_password_and_leads_back(signed_in, session):
    assert signed_in.get("/en/account/address").status_code == 200
    let_proof_grow_old(session)
    answer = signed_in.get("/en/account/address")
    assert answer.status_code == 303
    assert answer.location == "/en/account/prove?next=/en/account/address"

    wrong = post(signed_in, answer.location, password=BETTER, next="/en/account/address")
    assert wrong.status_code == 422
    assert "This is not your current password." in wrong.text
    right = post(signed_in, answer.location, password=GOOD, next="/en/account/address")
    assert (right.status_code, right.location) == (303, "/en/account/address")
    assert signed_in.get("/en/account/address").status_code == 200


def test_a_grave_act_without_proof_does_nothing_and_says_so(signed_in, session):
    token = token_of(signed_in.get("/en/account/address").text)
    let_proof_grow_old(session)
    fields = {"email": "new@example.org", "csrf_token": token}
    answer = signed_in.post("/en/account/address", data=fields)
    assert answer.status_code == 403
    assert "Nothing was done yet" in answer.text
    assert 'name="next" value="/en/account/address"' in answer.text
    assert session.scalars(select(AddressChange)).all() == []
    answer = signed_in.post(f"{SETUP}/codes", data={"csrf_token": token})
    assert 'name="next" value="/en/account/security"' in answer.text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil", ""])
def test_after_a_proof_nobody_is_led_away(signed_in, session, target):
    let_proof_grow_old(session)
    answer = post(signed_in, "/en/account/prove", password=GOOD, next=target)
    assert answer.location == SECURITY


# The second step ---------------------------------------------------------------------------


def test_the_second_step_from_setting_it_up_to_signing_in_with_it(app, signed_in, session, member):
    other = app.test_client()
    sign_in(other, session, member)
    cookie = signed_in.get_cookie("session").value
    secret, codes, page = switch_on(signed_in)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert is_signed_in(signed_in)
    assert signed_in.get_cookie("session").value != cookie
    assert not is_signed_in(other)
    assert codes[0] not in signed_in.get(SECURITY).text

    answer = by_password(other, next=SECURITY)
    assert answer.status_code == 303
    assert urlsplit(answer.location).path == "/en/sign-in/code"
    assert not is_signed_in(other)
    asked = other.get(answer.location)
    assert "Desk" not in asked.text
    assert EMAIL not in asked.text

    wrong = post(other, answer.location, code="000000", next=SECURITY)
    assert wrong.status_code == 422
    assert not is_signed_in(other)
    right = post(other, answer.location, code=code_in(secret, step=1), next=SECURITY)
    assert (right.status_code, right.location) == (303, SECURITY)
    assert is_signed_in(other)

    third = app.test_client()
    post(third, by_password(third).location, code=codes[0])
    assert is_signed_in(third)
    assert "9 recovery codes" in third.get(SECURITY).text


def test_the_picture_is_for_its_owner_while_it_is_set_up(app, signed_in, session):
    assert signed_in.get(f"{SETUP}/picture").status_code == 404
    assert signed_in.get(SETUP).location == SECURITY
    post(signed_in, f"{SETUP}/new", at=SECURITY)
    picture = signed_in.get(f"{SETUP}/picture")
    assert picture.mimetype == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "private, no-store"
    assert app.test_client().get(f"{SETUP}/picture").status_code == 303
    stranger = app.test_client()
    sign_in(stranger, session, make.make_user(session))
    assert stranger.get(f"{SETUP}/picture").status_code == 404
    page = signed_in.get(SETUP).text
    assert "style=" not in page
    assert "data:" not in page


def test_recovery_codes_are_saved_as_a_text_of_ones_own_codes_only(signed_in):
    _secret, codes, page = switch_on(signed_in)
    fields = {"csrf_token": token_of(page.text), "code": [*codes, "k7mwq-3hx9p"]}
    answer = signed_in.post(f"{SETUP}/codes.txt", data=fields)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert answer.mimetype == "text/plain"
    assert all(code in answer.text for code in codes)
    fields["code"] = ["k7mwq-3hx9p", "<script>"]
    assert signed_in.post(f"{SETUP}/codes.txt", data=fields).status_code == 404
    fresh = re.findall(
        r'name="code" value="([^"]+)"', post(signed_in, f"{SETUP}/codes", at=SECURITY).text
    )
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)


def test_the_second_step_is_switched_off_with_the_password(signed_in, session, app):
    switch_on(signed_in)
    assert "At least 8 characters" in signed_in.get(SECURITY).text
    wrong = post(signed_in, f"{SETUP}/off", password=BETTER)
    assert wrong.status_code == 422
    right = post(signed_in, f"{SETUP}/off", password=GOOD)
    assert right.location == SECURITY
    assert is_signed_in(signed_in)
    fresh = app.test_client()
    assert by_password(fresh).location == "/en/"
    assert signed_in.get(f"{SETUP}/off").location == SECURITY


def test_half_signed_in_is_not_signed_in_anywhere(app, signed_in, session):
    switch_on(signed_in)
    half = app.test_client()
    by_password(half)
    row = session.scalars(
        select(UserSession).where(UserSession.stage == SessionStage.PASSWORD)
    ).one()
    with half.session_transaction() as cookie:
        # What a full session would hold, with the id of the half one.
        cookie["_user_id"] = cookie["half"]
        cookie["_fresh"] = True
    assert not is_signed_in(half)
    assert session.get(UserSession, row.digest) is not None
    nobody = app.test_client()
    assert nobody.get("/en/sign-in/code").location == "/en/sign-in"
    fields = {"code": "123456", "csrf_token": token_of(nobody.get("/en/sign-in").text)}
    answer = nobody.post("/en/sign-in/code", data=fields)
    assert answer.status_code == 422
    assert "Too much time has passed" in answer.text


def test_an_old_form_is_shown_again_and_nothing_done(signed_in, client):
    post(signed_in, f"{SETUP}/new", at=SECURITY)
    for path in (SECURITY, SETUP, f"{SETUP}/codes", "/en/account/address", "/en/account/prove"):
        answer = signed_in.post(path, data={"email": "new@example.org"})
        assert answer.status_code == 400, path
        assert "This page was open for too long" in answer.text, path
    assert (
        'value="new@example.org"'
        in signed_in.post("/en/account/address", data={"email": "new@example.org"}).text
    )


def test_whoever_has_lost_the_second_step_is_led_to_a_longer_password(app, client, session, member):
    member.password_hash = app.extensions["consult.hasher"].hash("tin roof")
    answer = by_password(client, password="tin roof", next="/en/account")
    assert answer.location == f"{SECURITY}#password"
    assert "too short to stand alone" in client.get(SECURITY).text


# Staff -------------------------------------------------------------------------------------


@pytest.fixture
def required(app, monkeypatch):
    config = replace(app.extensions["consult.config"], staff_second_factor="required")
    monkeypatch.setitem(app.extensions, "consult.config", config)


@pytest.mark.usefixtures("required")
def test_staff_have_no_role_until_their_second_step_is_on(signed_in, session, member, forum):
    space = make.make_space(session, forum=forum)
    make.grant(session, user=member, role=Role.MODERATOR, space=space)
    make.grant(session, user=member, role=Role.DRAFTER, space=space)
    home = signed_in.get("/en/")
    assert "Your role needs a second step at signing in" in home.text
    assert 'href="/en/account/security#second-factor"' in home.text
    assert 'href="/en/moderation"' not in home.text
    for path in ("/en/moderation", "/en/drafting"):
        refused = signed_in.get(path)
        assert refused.status_code == 403
        assert "Once you have switched it on" in refused.text
        assert "/en/account/security" in refused.text

    page = switch_on(signed_in)[2]
    assert "Your role needs" not in page.text
    assert signed_in.get("/en/moderation").status_code == 200
    assert "Your role needs" not in signed_in.get("/en/").text


@pytest.mark.usefixtures("required")
def test_others_are_not_asked_for_it(signed_in):
    assert "Your role needs" not in signed_in.get("/en/").text


def test_where_it_is_offered_staff_keep_their_roles(signed_in, session, member, forum):
    make.grant(
        session, user=member, role=Role.MODERATOR, space=make.make_space(session, forum=forum)
    )
    assert signed_in.get("/en/moderation").status_code == 200


# Sessions ----------------------------------------------------------------------------------


def test_sessions_are_named_and_ended_one_by_one(app, session, member):
    here, there, third = (app.test_client() for _ in range(3))
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0"
    by_password(here)
    for browser in (there, third):
        page = browser.get("/en/sign-in").text
        fields = {"email": EMAIL, "password": GOOD, "csrf_token": token_of(page)}
        browser.post("/en/sign-in", data=fields, headers={"User-Agent": agent})
    page = here.get(SECURITY).text
    assert page.count("Firefox on Linux") == 4
    digests = session.scalars(select(UserSession.digest)).all()
    assert not any(digest in page for digest in digests)
    names = re.findall(r'name="session" value="([0-9a-f]+)"', page)
    assert len(names) == 3

    answer = post(here, SECURITY, act="session", session=names[1])
    assert answer.status_code == 303
    assert [is_signed_in(browser) for browser in (there, third)].count(True) == 1
    assert is_signed_in(here)
    # Nobody ends the session of somebody else.
    stranger = app.test_client()
    sign_in(stranger, session, make.make_user(session))
    for name in (names[0], "%" * 16, "", "_" * 16):
        post(stranger, SECURITY, act="session", session=name)
    assert is_signed_in(here)

    answer = post(here, SECURITY, act="session", session=names[0])
    assert answer.location == "/en/"
    assert not is_signed_in(here)


# Another address ---------------------------------------------------------------------------


def change_links(app, session):
    key = app.extensions["consult.config"].secret_key
    links = session.scalars(
        select(MailedLink).where(
            MailedLink.purpose.in_([LinkPurpose.CHANGE_OLD, LinkPurpose.CHANGE_NEW]),
            MailedLink.used_at.is_(None),
        )
    )
    return {
        link.purpose: f"/en/change-address/{services.token_of(link, secret_key=key)}"
        for link in links
    }


def test_another_address_holds_once_both_have_agreed(app, signed_in, session, member):
    answer = post(signed_in, "/en/account/address", email="New@example.org")
    assert answer.location == SECURITY
    page = signed_in.get(SECURITY).text
    assert "New@example.org" in page
    assert "The present address has not agreed yet" in page
    links = change_links(app, session)
    visitor = app.test_client()
    old = links[LinkPurpose.CHANGE_OLD]
    assert "New@example.org" in visitor.get(old).text
    assert session.scalars(select(AddressChange.old_agreed_at)).one() is None
    assert "One more step" in post(visitor, old).text
    assert visitor.get(old).status_code == 410
    assert "The present address has agreed." in signed_in.get(SECURITY).text
    assert "The new address holds" in post(signed_in, links[LinkPurpose.CHANGE_NEW]).text
    assert is_signed_in(signed_in)
    assert by_password(app.test_client()).status_code == 422
    assert by_password(app.test_client(), email="new@example.org").status_code == 303


def test_a_wish_for_another_address_can_be_dropped(app, signed_in, session):
    post(signed_in, "/en/account/address", email="new@example.org")
    links = change_links(app, session)
    assert post(signed_in, SECURITY, act="keep-address").status_code == 303
    for link in links.values():
        assert signed_in.get(link).status_code == 410
    assert "new@example.org" not in signed_in.get(SECURITY).text


@pytest.mark.parametrize("end", ["x.y", "0" * 32 + "." + "0" * 32, "é", "%00"])
def test_edited_links_are_gone_or_unknown(client, forum, end):
    assert client.get(f"/en/change-address/{end}").status_code in {404, 410}


# Equal answers and equal work --------------------------------------------------------------


class Work:
    """What a request did: its answer, its statements and the passwords it hashed."""

    def __init__(self, app, monkeypatch):
        self.app, self.patch = app, monkeypatch

    def of(self, act):
        statements, hashed = [], []
        hasher = self.app.extensions["consult.hasher"]._argon2

        def note(_connection, _cursor, statement, *_rest):
            statements.append(statement)

        class Counting:
            def __getattr__(self, name):
                if name in {"hash", "verify"}:
                    hashed.append(name)
                return getattr(hasher, name)

        with self.patch.context() as patch:
            patch.setattr(self.app.extensions["consult.hasher"], "_argon2", Counting())
            event.listen(Engine, "before_cursor_execute", note)
            try:
                answer = act()
            finally:
                event.remove(Engine, "before_cursor_execute", note)
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in {"X-Request-Id", "Set-Cookie", "Content-Length"}
        }
        body = re.sub(r'value="[^"]{60,}"', "", answer.text)
        return (answer.status_code, headers, body), len(statements), len(hashed)


@pytest.fixture
def work(app, monkeypatch):
    config = replace(app.extensions["consult.config"], rate_limits=True)
    monkeypatch.setitem(app.extensions, "consult.config", config)
    return Work(app, monkeypatch)


def pairs(act, work, *, rest=lambda: None):
    """Return what the act does for a known and for an unknown address, and check all but bounds."""
    done = []
    for email in (EMAIL, "none@example.org"):
        answer, statements, hashed = work.of(lambda email=email: act(email))
        (status, headers, body) = answer
        done.append(((status, headers, body.replace(email, "ADDRESS")), statements, hashed))
        rest()
    return done


def ready(app, path, **fields):
    """Return a request that is prepared, so that only its own work is counted."""
    browser = app.test_client()
    token = token_of(browser.get(path).text)

    def send(**more):
        return browser.post(path, data={**fields, **more, "csrf_token": token})

    return send


def test_signing_in_tells_nothing_about_who_exists(app, member, work):
    send = ready(app, "/en/sign-in", password=BETTER)
    known, unknown = pairs(lambda email: send(email=email), work)
    assert known == unknown
    assert known[0][0] == 422
    assert known[2] == 1
    again, unknown_again = pairs(lambda email: send(email=email), work)
    assert again == unknown_again
    assert again[0][0] == 429


def test_asking_for_a_reset_tells_nothing_about_who_exists(app, member, work):
    send = ready(app, "/en/reset")
    known, unknown = pairs(lambda email: send(email=email), work)
    assert known == unknown
    assert known[0][0] == 200
    assert known[2] == 0


def test_registering_tells_nothing_about_who_exists(app, session, member, work):
    send = ready(
        app,
        "/en/register",
        name="Marisol Ortega",
        password=BETTER,
        organisation="Port Watch",
        category="civil-society",
        country="PE",
        on_behalf_of="",
        display="full",
    )
    known, unknown = pairs(lambda email: send(email=email), work)
    # What was done for nobody is gone again.
    assert session.scalars(select(User.email).order_by(User.id)).all() == [
        EMAIL,
        "none@example.org",
    ]
    assert session.scalars(select(func.count(Author.id))).one() == 1
    assert known[0] == unknown[0]
    assert known[0][0] == 303
    assert known[2] == unknown[2] == 1
    assert abs(known[1] - unknown[1]) <= 3, (known[1], unknown[1])


def test_asking_for_another_address_tells_nothing_about_who_exists(app, signed_in, session, work):
    make.make_user(session, email="taken@example.org")
    token = token_of(signed_in.get("/en/account/address").text)
    done = []
    for email in ("taken@example.org", "none@example.org"):
        fields = {"email": email, "csrf_token": token}
        done.append(
            work.of(lambda fields=fields: signed_in.post("/en/account/address", data=fields))
        )
        signed_in.get(SECURITY)
    (taken, first, hashed), (free, second, _hashed) = done
    assert (taken, hashed) == (free, 0)
    assert abs(first - second) <= 1
