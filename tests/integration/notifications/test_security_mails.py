"""Mails about the safety of an account: who gets them, where they go, what they never say."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from consult.accounts import services as accounts
from consult.accounts.events import (
    AddressChanged,
    LinkRequested,
    PasswordChanged,
    RecoveryCodeUsed,
    SecondFactorChanged,
    SignInsFailed,
)
from consult.accounts.models import MailedLink, RecoveryCode, SecondFactor
from consult.accounts.sessions import Client
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core.i18n import LOCALES
from tests import factories
from tests.integration.notifications.post import MINUTE, NOW, plain

FREE = Client(is_limited=False)
OLD, NEW = LinkPurpose.CHANGE_OLD, LinkPurpose.CHANGE_NEW


@pytest.fixture
def user(session):
    return factories.make_user(session, email="old@example.org", locale="en", name="Rosa")


def ask(session, post, user, email="new@example.org"):
    accounts.ask_for_address(session(), user_id=user.id, email=email, client=FREE, now=NOW)
    links = session.scalars(select(MailedLink).where(MailedLink.used_at.is_(None)))
    by_side = {link.purpose: link for link in links}
    for link in by_side.values():
        post.tell(LinkRequested(link.id))
    return by_side


def by_recipient(mails):
    return {mail["To"]: mail for mail in mails}


def test_both_addresses_are_asked_each_with_a_link_of_its_own(session, post, user):
    links = ask(session, post, user)
    mails = by_recipient(post.send(at=NOW))
    assert set(mails) == {"old@example.org", "new@example.org"}
    assert links[OLD].id in plain(mails["old@example.org"])
    assert links[NEW].id not in plain(mails["old@example.org"])
    assert "new@example.org" in plain(mails["old@example.org"])
    assert links[NEW].id in plain(mails["new@example.org"])
    # Whoever reads there learns nothing of the account.
    assert "old@example.org" not in plain(mails["new@example.org"])
    assert "Rosa" not in plain(mails["new@example.org"])


def test_the_owner_of_a_known_address_is_told_and_gets_no_link(session, post, user):
    owner = factories.make_user(session, email="Owner@example.org", locale="fr")
    links = ask(session, post, user, "OWNER@example.org")
    mails = by_recipient(post.send(at=NOW))
    assert set(mails) == {"old@example.org", "Owner@example.org"}
    told = mails["Owner@example.org"]
    assert told["Content-Language"] == "fr"
    assert all(link.id not in plain(told) for link in links.values())
    assert "old@example.org" not in told.as_string()
    assert owner.email == "Owner@example.org"


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.ERASED])
def test_a_known_address_without_an_active_owner_gets_nothing(session, post, user, status):
    factories.make_user(session, email="owner@example.org", status=status)
    ask(session, post, user, "owner@example.org")
    assert set(by_recipient(post.send(at=NOW))) == {"old@example.org"}


def test_a_wish_that_was_dropped_or_is_too_old_is_not_mailed(session, post, user):
    ask(session, post, user)
    accounts.drop_wish(session(), user_id=user.id, now=NOW)
    assert post.send(at=NOW + MINUTE) == []
    ask(session, post, user, "newer@example.org")
    assert post.send(at=NOW + dt.timedelta(hours=25)) == []


def test_the_old_address_is_told_of_the_change_and_not_the_new_one(session, post, user):
    accounts.change_address_now(
        session(), user_id=user.id, email="new@example.org", by=None, now=NOW
    )
    link = session.scalars(select(MailedLink)).one()
    post.tell(AddressChanged(link.id))
    (mail,) = post.send(at=NOW)
    assert mail["To"] == "old@example.org"
    assert "new@example.org" not in mail.as_string()


def test_the_owner_is_warned_once_a_day_and_nobody_for_an_unknown_address(session, post, user):
    post.tell(SignInsFailed(None, "2026-01-31"))
    assert post.deliveries() == []
    for day in ("2026-01-31", "2026-01-31", "2026-02-01"):
        post.tell(SignInsFailed(user.id, day))
    mails = post.send(at=NOW)
    assert [mail["To"] for mail in mails] == ["old@example.org"] * 2


@pytest.mark.parametrize("locale", LOCALES)
def test_every_change_is_told_in_the_owners_language(session, post, locale):
    user = factories.make_user(session, email="owner@example.org", locale=locale)
    session.add(SecondFactor(user_id=user.id, nonce="0" * 32, confirmed_at=NOW, created_at=NOW))
    session.add_all(RecoveryCode(user_id=user.id, digest=str(n)) for n in range(3))
    session.flush()
    post.tell(PasswordChanged(user.id, 1))
    for number, change in enumerate(("on", "off", "reset", "codes"), 2):
        post.tell(SecondFactorChanged(user.id, change, number))
    post.tell(RecoveryCodeUsed(user.id, 9))
    mails = post.send(at=NOW)
    assert len(mails) == 6
    assert {mail["Content-Language"] for mail in mails} == {locale}
    assert len({mail["Subject"] for mail in mails}) == 6
    assert "3" in plain(mails[-1])
    assert all("%(" not in mail.as_string() for mail in mails)


def test_somebody_suspended_is_told_nothing(session, post):
    user = factories.make_user(session, status=UserStatus.SUSPENDED)
    post.tell(PasswordChanged(user.id, 1))
    assert post.send(at=NOW) == []
