"""Taking part: registering, asking, being invited, and what organisers see and do."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session
from werkzeug.test import TestResponse

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.authz import Role
from consult.discussion.models import Contribution
from consult.spaces import services
from consult.spaces.models import (
    Application,
    Author,
    AuthorMember,
    Consent,
    ConsentText,
    Forum,
    Invitation,
    Organisation,
    RoleGrant,
    Space,
)
from consult.spaces.services.invitations import invite
from consult.spaces.states import (
    ApplicationState,
    ConsentPurpose,
    OrganisationStanding,
    Registration,
)
from tests import factories as make
from tests.signing_in import sign_in

GOOD = "rain on the tin roof"
Scoped = scoped_session[Session]


@pytest.fixture
def forum(session: Scoped) -> Forum:
    return make.make_forum(session)


@pytest.fixture
def space(session: Scoped, forum: Forum) -> Space:
    return make.make_space(session, forum=forum)


@pytest.fixture
def organiser(session: Scoped, space: Space) -> User:
    user = make.make_user(session, name="Olga")
    make.grant(session, user=user, role=Role.ORGANISER, space=space)
    return user


@pytest.fixture
def desk(app: Flask, session: Scoped, organiser: User) -> FlaskClient:
    """The organiser's browser."""
    browser = app.test_client()
    sign_in(browser, session, organiser)
    return browser


def browser_of(app: Flask, session: Scoped, user: User) -> FlaskClient:
    browser = app.test_client()
    sign_in(browser, session, user)
    return browser


def send(client: FlaskClient, path: str, /, at: str | None = None, **fields: Any) -> TestResponse:
    page = client.get(at or path).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:400]
    return client.post(path, data=fields | {"csrf_token": found.group(1)})


def registration(**over: str) -> dict[str, str]:
    fields: dict[str, Any] = {
        "name": "Marisol Ortega",
        "email": "marisol@example.org",
        "password": GOOD,
        "organisation": "Port Watch",
        "category": "civil-society",
        "country": "PE",
        "display": "full",
    }
    return fields | over


def token_for(app: Flask, invitation: Invitation) -> str:
    key = app.extensions["consult.config"].secret_key
    return services.token_of_invitation(invitation, secret_key=key)


def invited(session: Scoped, forum: Forum, **over: Any) -> Invitation:
    values: dict[str, Any] = {"email": "Marisol@Example.org", "name": "Marisol", "locale": "en"}
    return invite(session(), forum=forum, invited_by=None, now=clock.now(), **values | over)


def ask(session: Scoped, *purposes: str, version: int = 1, required: bool = True) -> None:
    forum = session.scalars(select(Forum)).one()
    for purpose in purposes:
        session.add(
            ConsentText(
                forum_id=forum.id,
                purpose=ConsentPurpose(purpose),
                version=version,
                text=make.said(f"I agree to {purpose} {version}"),
                is_required=required,
            )
        )
    session.flush()


# By approval --------------------------------------------------------------------------------


def test_marisol_asks_and_takes_part_once_she_is_approved(
    app: Flask, client: FlaskClient, session: Scoped, forum: Forum, space: Space, desk: FlaskClient
) -> None:
    forum.registration = Registration.APPROVAL
    assert send(client, "/en/register", **registration()).status_code == 303
    user = session.scalars(select(User).where(User.email_key == "marisol@example.org")).one()
    assert session.scalars(select(Author)).all() == []
    application = session.scalars(select(Application)).one()

    page = desk.get("/en/people").text
    assert "has not confirmed the address yet" in page
    assert 'name="applications"' not in page
    user.confirmed_at = clock.now()
    session.flush()
    page = desk.get("/en/people").text
    assert "marisol@example.org" in page
    assert 'name="applications"' in page

    hers = browser_of(app, session, user)
    question = f"/en/spaces/{space.slug}/questions/1"
    assert "The organisers read your request" in hers.get(question).text
    page = hers.get("/en/account").text
    assert "once the organisers have approved your request" in page
    assert "answer a question" not in page
    assert "Your request is with the organisers" in hers.get("/en/account/affiliation").text
    answer = hers.post(question, data={"body": "Ports matter.", "action": "send"})
    assert answer.status_code in {400, 403}
    assert session.scalars(select(Contribution)).all() == []

    done = send(desk, "/en/people", act="approve", applications=str(application.id))
    assert done.status_code == 303
    author = session.scalars(select(Author)).one()
    assert (author.name, author.country) == ("Marisol Ortega", "PE")
    assert "The organisers read your request" not in hers.get(question).text
    assert session.scalars(select(Application.state)).one() == ApplicationState.APPROVED


def test_a_refusal_needs_words_and_may_be_followed_by_another_request(
    app: Flask, session: Scoped, forum: Forum, desk: FlaskClient
) -> None:
    forum.registration = Registration.APPROVAL
    people = [make.make_user(session) for _ in range(2)]
    for user in people:
        hers = browser_of(app, session, user)
        fields = registration(email="", password="")
        assert send(hers, "/en/account/affiliation", **fields).status_code == 303
    ids = [str(id_) for id_ in session.scalars(select(Application.id))]

    answer = send(desk, "/en/people", act="refuse", applications=ids, words="No.")
    assert answer.status_code == 422
    assert "at least 10 characters" in answer.text
    assert answer.text.count("checked") == 2
    words = "Please name your organisation."
    assert send(desk, "/en/people", act="refuse", applications=ids, words=words).status_code == 303

    hers = browser_of(app, session, people[0])
    assert words in hers.get("/en/account/affiliation").text
    assert send(hers, "/en/account/affiliation", **registration()).status_code == 303
    states = session.scalars(select(Application.state).order_by(Application.id)).all()
    assert states == [ApplicationState.WAITING, ApplicationState.REFUSED]


def test_looking_at_requests_is_noted_and_only_for_organisers_of_the_forum(
    app: Flask, session: Scoped, desk: FlaskClient, space: Space
) -> None:
    assert desk.get("/en/people").status_code == 200
    assert "applications.view" in session.scalars(select(AuditEntry.act)).all()
    moderator = make.make_user(session)
    make.grant(session, user=moderator, role=Role.MODERATOR, space=space)
    theirs = browser_of(app, session, moderator)
    for page in ("", "/invitations", "/roles", "/organisations"):
        assert theirs.get(f"/en/people{page}").status_code == 404
        assert desk.get(f"/en/people{page}").status_code == 200


@pytest.mark.parametrize("registration_", list(Registration))
def test_registering_tells_nothing_about_who_exists(
    client: FlaskClient, session: Scoped, forum: Forum, registration_: Registration
) -> None:
    forum.registration = registration_
    make.make_user(session, email="known@example.org")
    answers = []
    for email in ("known@example.org", "unknown@example.org"):
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/en/sign-in").text)
        assert token
        sent = registration(email=email) | {"csrf_token": token.group(1)}
        answer = client.post("/en/register", data=sent)
        page = re.sub(r'value="[^"]{60,}"', "", answer.text).replace(email, "")
        answers.append((answer.status_code, answer.location, page))
    assert answers[0] == answers[1]
    assert answers[0][0] == (403 if registration_ is Registration.INVITATION else 303)


# By invitation ------------------------------------------------------------------------------


def test_no_page_offers_an_account_where_only_the_invited_take_part(
    client: FlaskClient, forum: Forum
) -> None:
    assert "Create an account" in client.get("/en/sign-in").text
    forum.registration = Registration.INVITATION
    assert "Create an account" not in client.get("/en/sign-in").text
    page = client.get("/en/register").text
    assert "<h1>Taking part is by invitation</h1>" in page
    assert "Create an account" not in page


def test_an_invitation_makes_a_confirmed_account_with_its_own_address(
    app: Flask, client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    forum.registration = Registration.INVITATION
    assert "You would like to be invited?" in client.get("/en/register").text
    path = f"/en/invitations/{token_for(app, invited(session, forum))}"
    page = client.get(path).text
    assert "Marisol@Example.org" in page
    assert 'name="email"' not in page

    answer = send(client, path, **registration(email="else@example.org", password="short"))
    assert answer.status_code == 422
    answer = send(client, path, **registration(email="else@example.org", role="organiser"))
    assert (answer.status_code, answer.location) == (303, "/en/sign-in")
    user = session.scalars(select(User)).one()
    assert user.email == "Marisol@Example.org"
    assert user.confirmed_at is not None
    assert session.scalars(select(AuthorMember.user_id)).all() == [user.id]
    assert session.scalars(select(RoleGrant)).all() == []
    gone = client.get(path)
    assert gone.status_code == 410
    assert "can no longer be used" in gone.text


def test_whoever_has_an_account_takes_the_invitation_with_one_button(
    app: Flask, client: FlaskClient, session: Scoped, space: Space
) -> None:
    forum = session.get_one(Forum, space.forum_id)
    user = make.make_user(session, email="marisol@example.org")
    invitation = invited(session, forum, role=Role.MODERATOR, space_id=space.id)
    path = f"/en/invitations/{token_for(app, invitation)}"
    assert "There is an account with your address already" in client.get(path).text

    stranger = browser_of(app, session, make.make_user(session))
    refused = stranger.get(path)
    assert refused.status_code == 403
    assert "sent to another address" in refused.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get("/en/sign-out").text)
    assert token
    assert stranger.post(path, data={"csrf_token": token.group(1)}).status_code in {403, 410}
    assert session.scalars(select(RoleGrant)).all() == []

    hers = browser_of(app, session, user)
    assert send(hers, path).status_code == 303
    grant = session.scalars(select(RoleGrant)).one()
    assert (grant.user_id, grant.role, grant.space_id) == (user.id, Role.MODERATOR, space.id)


@pytest.mark.parametrize("fault", ["edited", "foreign", "revoked", "expired", "reset"])
def test_a_link_that_cannot_be_used_says_what_to_do(
    app: Flask, client: FlaskClient, session: Scoped, forum: Forum, fault: str
) -> None:
    invitation = invited(session, forum)
    token = token_for(app, invitation)
    if fault == "edited":
        token = token[:-1] + ("0" if token[-1] != "0" else "1")
    if fault == "foreign":
        token = token_for(app, invited(session, forum, email="other@example.org"))[:33] + token[33:]
    if fault == "revoked":
        invitation.revoked_at = clock.now()
    if fault == "expired":
        invitation.expires_at = clock.now() - dt.timedelta(seconds=1)
    session.flush()
    path = f"/en/reset/{token}" if fault == "reset" else f"/en/invitations/{token}"
    answer = client.get(path)
    assert answer.status_code == 410
    if fault != "reset":
        assert "ask whoever invited you" in answer.text
        page = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/en/sign-in").text)
        assert page
        sent = registration() | {"csrf_token": page.group(1)}
        assert client.post(path, data=sent).status_code == 410
    assert session.scalars(select(User)).all() == []


def test_many_are_invited_at_once_or_nobody(
    session: Scoped, forum: Forum, desk: FlaskClient
) -> None:
    path = "/en/people/invitations"
    lines = "one@example.org, One\nno address\n\nthree@example.org"
    answer = send(desk, path, people=lines, locale="fr")
    assert answer.status_code == 422
    assert "Line 2 (no address)" in answer.text
    assert "three@example.org" in answer.text
    assert session.scalars(select(Invitation)).all() == []

    answer = send(desk, path, people=lines.replace("no address", "two@example.org"), locale="fr")
    assert answer.status_code == 303
    rows = session.scalars(select(Invitation).order_by(Invitation.email)).all()
    assert [(row.email, row.name, row.locale) for row in rows] == [
        ("one@example.org", "One", "fr"),
        ("three@example.org", "", "fr"),
        ("two@example.org", "", "fr"),
    ]
    for act in ("revoke", "resend"):
        send(desk, f"{path}/one", at=path, act=act, invitation=rows[0].id)
    assert session.get_one(Invitation, rows[0].id).revoked_at is not None
    assert "taken back" in desk.get(path).text


def test_fifty_invitations_a_day_go_out(session: Scoped, forum: Forum, desk: FlaskClient) -> None:
    path = "/en/people/invitations"
    lines = "\n".join(f"p{number}@example.org" for number in range(50))
    assert send(desk, path, people=lines, locale="en").status_code == 303
    answer = send(desk, path, people="late@example.org", locale="en")
    assert answer.status_code == 429
    assert "late@example.org" in answer.text
    assert int(answer.headers["Retry-After"]) > 0


# Consents -----------------------------------------------------------------------------------


def test_required_texts_are_agreed_to_and_each_is_kept_apart(
    client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    ask(session, "publish")
    ask(session, "notify", "archive", required=False)
    answer = send(client, "/en/register", **registration())
    assert answer.status_code == 422
    assert "Nobody can take part without agreeing" in answer.text
    assert 'value="Marisol Ortega"' in answer.text
    ticked = ["publish", "archive", "nonsense"]
    answer = send(client, "/en/register", consents=ticked, **registration())
    assert answer.status_code == 303
    kept = session.scalars(select(Consent.purpose).order_by(Consent.purpose)).all()
    assert kept == ["archive", "publish"]


def test_a_newer_required_text_is_asked_for_before_the_next_writing(
    app: Flask, session: Scoped, forum: Forum, space: Space
) -> None:
    ask(session, "publish")
    user = make.make_user(session)
    make.make_author(session, forum=forum, user=user)
    hers = browser_of(app, session, user)
    question, page = f"/en/spaces/{space.slug}/questions/1", "/en/account/consents"
    fields: dict[str, Any] = {"language": "en", "action": "send"}

    def write(word: str) -> TestResponse:
        found = re.search(r'name="idempotency_key" value="([^"]+)"', hers.get(question).text)
        assert found
        body = f"Ports matter to all of us, {word}."
        return send(hers, question, body=body, idempotency_key=found.group(1), **fields)

    refused = write("one")
    assert refused.status_code == 403
    assert "Before you write" in refused.text
    assert "Ports matter to all of us, one." in refused.text
    assert f"{page}?next=" in refused.text
    agreed = send(hers, page, act="give", purpose="publish", next=question)
    assert (agreed.status_code, agreed.location) == (303, question)
    assert write("two").status_code == 303

    ask(session, "publish", version=2)
    assert write("three").status_code == 403
    assert "I agree to publish 1" in hers.get(page).text
    send(hers, page, act="give", purpose="publish")
    assert write("four").status_code == 303
    send(hers, page, act="withdraw", purpose="publish")
    assert write("five").status_code == 403
    assert session.scalars(select(Consent.withdrawn_at)).all().count(None) == 0


@pytest.mark.parametrize("place", ["answer", "ask", "edit"])
def test_nothing_of_a_text_is_lost_where_a_consent_is_missing(
    app: Flask, session: Scoped, forum: Forum, space: Space, place: str
) -> None:
    user = make.make_user(session)
    author = make.make_author(session, forum=forum, user=user)
    said = make.make_contribution(session, space=space, author=author)
    ask(session, "publish")
    hers = browser_of(app, session, user)
    at = {
        "answer": f"/en/spaces/{space.slug}/questions/1",
        "ask": f"/en/spaces/{space.slug}/ask",
        "edit": f"/en/contributions/{said.reference}/edit",
    }[place]
    page = hers.get(at).text
    body = "First line <of it>.\n\n" + "A long way round. " * 200 + "The end."
    hidden = re.findall(r'name="(idempotency_key|seen)" value="([^"]*)"', page)
    sent = {"body": body, "language": "en", "action": "send"} | dict(hidden)
    refused = send(hers, at, **sent)
    assert refused.status_code == 403
    assert body in html.unescape(refused.text)
    # It can be kept without agreeing, too.
    assert send(hers, at, **sent | {"action": "save"}).status_code == 303
    assert "The end." in hers.get(at).text


# Organisations ------------------------------------------------------------------------------


def test_names_of_the_registry_are_proposed_and_no_others(
    client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    known = services.find_or_make_organisation(session(), forum=forum, name="Réseau des ports")
    hidden = services.find_or_make_organisation(session(), forum=forum, name="Réseau secret")
    assert known
    assert hidden
    known.standing = OrganisationStanding.REGISTERED
    session.add(
        Organisation(forum_id=forum.id, name="RdP", name_key="rdp", merged_into_id=known.id)
    )
    session.flush()
    for words in ("reseau", "PORTS", "R.d.P."):
        answer = client.get(
            "/en/organisations", query_string={"q": words}, headers={"Accept": "application/json"}
        )
        assert answer.json == {"names": ["Réseau des ports"]}
        assert "Accept" in answer.headers["Vary"]
    page = client.get("/en/organisations?q=reseau").text
    assert "Réseau des ports" in page
    assert "Réseau secret" not in page


def test_a_similar_name_is_asked_about_once(
    client: FlaskClient, session: Scoped, forum: Forum
) -> None:
    session.add(Organisation(forum_id=forum.id, name="Port Watch", name_key="port watch"))
    session.flush()
    fields = registration(organisation="Port Wacth")
    answer = send(client, "/en/register", **fields)
    assert answer.status_code == 422
    assert "Did you mean one of these?" in answer.text
    assert 'value="Port Wacth"' in answer.text
    fields["organisation_choice"] = "Port Watch"
    assert send(client, "/en/register", **fields).status_code == 303
    author = session.scalars(select(Author)).one()
    assert session.get_one(Organisation, author.organisation_id).name == "Port Watch"

    fields = registration(organisation="Port Wacth", email="two@example.org")
    assert send(client, "/en/register", **fields, organisation_choice="new").status_code == 303
    assert len(session.scalars(select(Organisation)).all()) == 2


def test_an_organiser_takes_renames_and_merges_organisations(
    session: Scoped, forum: Forum, desk: FlaskClient
) -> None:
    make.make_author(session, forum=forum, organisation="Unctad")
    proposed = services.find_or_make_organisation(session(), forum=forum, name="UN Trade")
    assert proposed
    author = make.make_author(session, forum=forum, organisation_id=proposed.id)
    page, one = "/en/people/organisations", "/en/people/organisations/one"
    assert "UN Trade" in desk.get(page).text

    sent: dict[str, Any] = {
        "organisation": "UN Trade",
        "act": "save",
        "name": "UN Trade and Development",
    }
    assert send(desk, one, at=f"{one}?name=UN+Trade", **sent).status_code == 303
    assert desk.get(f"{one}?name=UN+Trade").text.count("UN Trade and Development") > 1
    sent = {"organisation": "UN Trade", "act": "merge", "into": "Nobody"}
    assert send(desk, one, at=f"{one}?name=UN+Trade", **sent).status_code == 422
    sent["into"] = "U.N.C.T.A.D."
    asked = send(desk, one, at=f"{one}?name=UN+Trade", **sent)
    assert asked.status_code == 200
    assert "Merge “UN Trade and Development” into “Unctad”?" in asked.text
    assert "1 person or delegation moves." in asked.text
    assert "0 published texts move with them." in asked.text
    session.refresh(author)
    assert author.organisation_id == proposed.id
    done = send(desk, one, at=f"{one}?name=UN+Trade", **sent | {"act": "merge-now"})
    assert done.status_code == 303
    told = "“UN Trade and Development” is now part of “Unctad”; 1 person or delegation moved."
    assert told in desk.get(done.location).text
    session.refresh(author)
    assert session.get_one(Organisation, author.organisation_id).name == "Unctad"
    assert "Unctad" in desk.get(f"{page}?q=trade").text


# Roles --------------------------------------------------------------------------------------


def test_an_organiser_appoints_suspends_and_takes_roles_away(
    app: Flask, session: Scoped, space: Space, organiser: User, desk: FlaskClient
) -> None:
    path = "/en/people/roles"
    user = make.make_user(session, email="mod@example.org", name="Mo Derator")
    sent: dict[str, Any] = {
        "email": "MOD@example.org",
        "role": "moderator",
        "space": space.slug,
        "locale": "en",
    }
    assert send(desk, path, **sent).status_code == 303
    grant = session.scalars(select(RoleGrant).where(RoleGrant.user_id == user.id)).one()
    page = desk.get(path).text
    assert "Mo Derator" in page
    assert "mod@example.org" not in page
    where = f"“{space.title}”"
    assert f"Mo Derator loses the role “Moderator” in {where} at once." in page
    assert "Mo Derator is signed out everywhere" in page
    assert send(desk, path, **sent | {"space": ""}).status_code == 422
    assert send(desk, path, **sent | {"email": "new@example.org"}).status_code == 303
    assert session.scalars(select(Invitation.role)).one() == Role.MODERATOR

    for act, status in (("suspend", UserStatus.SUSPENDED), ("reinstate", UserStatus.ACTIVE)):
        send(desk, f"{path}/one", at=path, act=act, id=str(user.id))
        assert session.get_one(User, user.id).status == status
    send(desk, f"{path}/one", at=path, act="dismiss", id=str(grant.id))
    left = session.scalars(select(RoleGrant)).all()
    assert [row.user_id for row in left] == [organiser.id]
    own = send(desk, f"{path}/one", at=path, act="dismiss", id=str(left[0].id))
    assert own.status_code == 422
    assert "Another organiser has to" in own.text
    own = send(desk, f"{path}/one", at=path, act="suspend", id=str(organiser.id))
    assert own.status_code == 422
    stakeholder = make.make_user(session)
    other = send(desk, f"{path}/one", at=path, act="suspend", id=str(stakeholder.id))
    assert other.status_code == 404
