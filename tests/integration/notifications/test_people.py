"""Mails about taking part: to whom, in which language, and when they are not sent."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core.authz import Role
from consult.core.i18n import LOCALES
from consult.spaces import services
from consult.spaces.events import (
    ApplicationDecided,
    ApplicationMade,
    InvitationMade,
    RoleGranted,
)
from consult.spaces.models import Application, Forum, Invitation, Space
from consult.spaces.services import Affiliation
from consult.spaces.services.roles import grant_role, revoke_role
from consult.spaces.states import ApplicationState, Registration
from tests import factories as make
from tests.integration.notifications.post import MINUTE, NOW, AnySession, Post, plain

SAID = Affiliation(name="Desk officer", category="civil-society")


def _invite(session: AnySession, space: Space, **over: Any) -> Invitation:
    values: dict[str, Any] = {
        "email": "Ana@example.org",
        "name": "Ana Ruiz",
        "locale": "es",
        "invited_by": None,
    }
    forum = session.get_one(Forum, space.forum_id)
    return services.invite(session(), forum=forum, now=NOW, **values | over)


@pytest.mark.parametrize("role", [None, Role.MODERATOR])
@pytest.mark.parametrize("locale", LOCALES)
def test_an_invitation_goes_to_an_address_in_the_chosen_language(
    session: AnySession, post: Post, space: Space, locale: str, role: Role | None
) -> None:
    inviter = make.make_user(session, name="Olga Inviter")
    found = _invite(
        session,
        space,
        locale=locale,
        role=role,
        space_id=space.id if role else None,
        invited_by=inviter.id,
    )
    post.tell(InvitationMade(found.id))
    (mail,) = post.send(at=NOW)
    assert (mail["To"], mail["Content-Language"]) == ("Ana@example.org", locale)
    words = plain(mail)
    assert "Ana Ruiz" in words
    assert "Olga Inviter" in words
    assert f"spaces.invitation/{found.id}." in words
    assert (space.title.in_(locale) in words) is (role is not None)


def test_an_invitation_to_an_account_goes_to_the_address_it_keeps(
    session: AnySession, post: Post, space: Space
) -> None:
    make.make_user(session, email="ana@example.org", locale="fr")
    post.tell(InvitationMade(_invite(session, space, email="ANA@EXAMPLE.org").id))
    (mail,) = post.send(at=NOW)
    assert (mail["To"], mail["Content-Language"]) == ("ana@example.org", "fr")


def test_no_invitation_is_mailed_once_it_was_taken_back(
    session: AnySession, post: Post, space: Space
) -> None:
    found = _invite(session, space)
    post.tell(InvitationMade(found.id))
    found.revoked_at = NOW
    assert post.send(at=NOW) == []


def test_an_invitation_sent_again_is_another_mail(
    session: AnySession, post: Post, space: Space
) -> None:
    found = _invite(session, space)
    for hours in (0, 0, 5):
        found.expires_at = NOW + dt.timedelta(days=14, hours=hours)
        post.tell(InvitationMade(found.id))
    assert len(post.send(at=NOW)) == 2


def _apply(session: AnySession, space: Space, **over: Any) -> Application:
    forum = session.get_one(Forum, space.forum_id)
    forum.registration = Registration.APPROVAL
    user = make.make_user(session, **over)
    found = services.take_part(session(), forum=forum, user_id=user.id, said=SAID, now=NOW)
    assert isinstance(found, Application)
    return found


@pytest.mark.parametrize("state", [ApplicationState.APPROVED, ApplicationState.REFUSED])
@pytest.mark.parametrize("locale", LOCALES)
def test_whoever_asked_gets_a_receipt_and_the_answer(
    session: AnySession, post: Post, space: Space, locale: str, state: ApplicationState
) -> None:
    found = _apply(session, space, locale=locale)
    post.tell(ApplicationMade(found.id))
    assert len(post.send(at=NOW)) == 1
    found.state, found.decided_at, found.words = state, NOW, "We do not know\nyour organisation."
    post.tell(ApplicationDecided(found.id))
    mail = post.send()[1]
    assert mail["Content-Language"] == locale
    is_refused = state is ApplicationState.REFUSED
    assert ("> your organisation." in plain(mail)) is is_refused


def test_a_receipt_waits_until_the_address_is_confirmed_and_organisers_hear_once_a_day(
    session: AnySession, post: Post, space: Space
) -> None:
    found = _apply(session, space, confirmed_at=None, email="ana@example.org")
    organiser = make.make_user(session, email="olga@example.org")
    make.grant(session, user=organiser, role=Role.ORGANISER, space=space)
    post.tell(ApplicationMade(found.id))
    look = post.reactions.handlers["notifications.applications"]
    look.run(session(), [], now=NOW)
    assert post.send(at=NOW) == []

    session.get_one(User, found.user_id).confirmed_at = NOW
    for minutes in (0, 5, 10):
        look.run(session(), [], now=NOW + minutes * MINUTE)
    mails = post.send(at=NOW + 11 * MINUTE)
    assert sorted(mail["To"] for mail in mails) == ["ana@example.org", "olga@example.org"]
    told = next(mail for mail in mails if mail["To"] == "olga@example.org")
    assert "1 person asks to take part" in told["Subject"]
    assert "ana@example.org" not in plain(told)
    look.run(session(), [], now=NOW + dt.timedelta(days=1))
    assert len(post.send(at=NOW + dt.timedelta(days=1))) == 3


@pytest.mark.parametrize("change", ["revoked", "suspended", None])
def test_a_role_is_told_while_it_is_held(
    session: AnySession, post: Post, space: Space, change: str | None
) -> None:
    user = make.make_user(session)
    held: dict[str, Any] = {
        "user_id": user.id,
        "role": Role.DRAFTER,
        "forum_id": space.forum_id,
        "now": NOW,
    }
    grant = grant_role(session(), space_id=space.id, **held)
    post.tell(RoleGranted(grant.id))
    if change == "revoked":
        revoke_role(session(), space_id=space.id, **held)
    if change == "suspended":
        user.status = UserStatus.SUSPENDED
    mails = post.send(at=NOW)
    assert len(mails) == (0 if change else 1)
    assert all("Drafter" in plain(mail) for mail in mails)
