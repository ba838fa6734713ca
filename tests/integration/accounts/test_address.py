"""Another address: both sides agree, nothing tells who exists, the old one is told."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from consult.accounts import queries, services, sessions
from consult.accounts.events import AddressChanged, LinkRequested
from consult.accounts.models import AddressChange, MailedLink
from consult.accounts.passwords import Hasher
from consult.accounts.sessions import Client, digest_of
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core import outbox
from consult.core.audit import AuditDetail, AuditEntry
from consult.core.errors import Forbidden, Invalid, TooMany
from consult.core.outbox import OutboxEntry
from tests.factories import make_user

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=5)
KEY = "secret " * 6
CLIENT = Client(address="192.0.2.77", agent="Browser")
OLD, NEW = LinkPurpose.CHANGE_OLD, LinkPurpose.CHANGE_NEW


@pytest.fixture(autouse=True)
def _listening(monkeypatch):
    for event in (LinkRequested, AddressChanged):
        monkeypatch.setitem(outbox.reactions.by_event, event, ["listener"])


@pytest.fixture
def user(session):
    return make_user(session, email="Old@example.org")


def ask(session, user, email="New@example.org", *, now=NOW, client=CLIENT):
    services.ask_for_address(session(), user_id=user.id, email=email, client=client, now=now)


def token(session, side):
    link = session.scalars(
        select(MailedLink).where(MailedLink.purpose == side, MailedLink.used_at.is_(None))
    ).one()
    return services.token_of(link, secret_key=KEY)


def agree(session, given, *, keep=None, now=LATER):
    return services.agree_to_address(session(), token=given, keep=keep, secret_key=KEY, now=now)


def acts(session):
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_the_address_changes_once_both_have_agreed(session, user, order):
    mine, other = (
        sessions.start(session(), user_id=user.id, client=CLIENT, now=NOW) for _ in range(2)
    )
    ask(session, user)
    tokens = [token(session, side) for side in order]
    reset = services.make_link(session(), user=user, purpose=LinkPurpose.RESET, now=NOW)
    assert agree(session, tokens[0], keep=digest_of(mine)) is False
    assert user.email == "Old@example.org"
    with pytest.raises(Invalid):
        agree(session, tokens[0])

    assert agree(session, tokens[1], keep=digest_of(mine)) is True
    assert (user.email, user.email_key) == ("New@example.org", "new@example.org")
    assert queries.wished_address(session(), user_id=user.id, now=LATER) is None
    assert queries.signed_in_by(session(), digest=digest_of(mine)) is not None
    assert queries.signed_in_by(session(), digest=digest_of(other)) is None
    session.expire_all()
    assert session.get(MailedLink, reset.id) is None
    assert acts(session)[-1] == "account.change-address"


def test_the_old_address_is_told_whatever_becomes_of_links(session, user):
    ask(session, user)
    for side in (OLD, NEW):
        agree(session, token(session, side))
    event = session.scalars(
        select(OutboxEntry.payload).where(OutboxEntry.handler == "listener")
    ).all()[-1]
    assert event["event"] == "AddressChanged"
    services.request_reset(session(), email="new@example.org", now=LATER, client=CLIENT)
    services.set_status(session(), user_id=user.id, status=UserStatus.SUSPENDED, now=LATER)
    link = session.get_one(MailedLink, event["link_id"])
    assert link.address == "Old@example.org"
    assert agree_is_refused(session, services.token_of(link, secret_key=KEY))


def agree_is_refused(session, given, **values):
    try:
        agree(session, given, **values)
    except Invalid as refused:
        return refused.problems == {"link": ["link-invalid"]}
    return False


def test_links_die_after_a_day_by_a_newer_wish_and_by_keeping_the_address(session, user):
    ask(session, user)
    first = token(session, OLD)
    assert agree_is_refused(session, first, now=NOW + dt.timedelta(hours=24))
    ask(session, user, "newer@example.org", now=LATER)
    assert agree_is_refused(session, first)
    second = token(session, NEW)
    services.drop_wish(session(), user_id=user.id, now=LATER)
    assert agree_is_refused(session, second)
    assert session.scalars(select(AddressChange)).all() == []


def test_edited_and_foreign_links_agree_to_nothing(session, user):
    other = make_user(session)
    ask(session, user)
    ask(session, other, "else@example.org")
    mine = session.scalars(
        select(MailedLink).where(MailedLink.user_id == user.id, MailedLink.purpose == OLD)
    ).one()
    good = services.token_of(mine, secret_key=KEY)
    confirm = services.make_link(session(), user=user, purpose=LinkPurpose.CONFIRM, now=NOW)
    for bad in (
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good.partition(".")[0],
        services.token_of(mine, secret_key="another key"),
        services.token_of(confirm, secret_key=KEY),
        "",
        "\x00",
        "é.è",
    ):
        assert agree_is_refused(session, bad), bad
    assert agree(session, good) is False


def test_a_password_reset_takes_the_wish_with_it(session, user):
    ask(session, user)
    before = token(session, NEW)
    reset = services.make_link(session(), user=user, purpose=LinkPurpose.RESET, now=NOW)
    services.reset_password(
        session(),
        token=services.token_of(reset, secret_key=KEY),
        new="snow on the far hills",
        secret_key=KEY,
        hasher=Hasher(time_cost=1, memory_cost=8),
        now=LATER,
    )
    assert agree_is_refused(session, before)
    assert session.scalars(select(AddressChange)).all() == []


def test_asking_for_the_address_of_somebody_else_is_the_same_act(session, user):
    owner = make_user(session, email="owner@example.org")
    ask(session, user, "OWNER@example.org")
    rows = session.scalars(select(MailedLink).where(MailedLink.user_id == user.id)).all()
    assert {(row.purpose, row.address) for row in rows} == {
        (OLD, "Old@example.org"),
        (NEW, "OWNER@example.org"),
    }
    assert acts(session) == ["account.ask-address"]
    # Even if both links were followed, nothing would change.
    assert agree(session, token(session, OLD)) is False
    with pytest.raises(Invalid):
        agree(session, token(session, NEW))
    assert (user.email, owner.email) == ("Old@example.org", "owner@example.org")


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "Old@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org, b@example.org",
        "<a@example.org>",
        "a@exam\x00ple.org",
        "x" * 250 + "@example.org",
    ],
)
def test_what_is_no_other_address_is_refused(session, user, email):
    with pytest.raises(Invalid) as refused:
        ask(session, user, email)
    assert set(refused.value.problems) == {"email"}
    assert session.scalars(select(AddressChange)).all() == []


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("DESK@Example.ORG", "desk@example.org"),
        ("ＤＥＳＫ@example.org", "desk@example.org"),
        ("straße@example.org", "strasse@example.org"),
    ],
)
def test_an_address_is_one_however_it_is_written(session, user, typed, key):
    make_user(session, email=key)
    ask(session, user, typed)
    agree(session, token(session, OLD))
    with pytest.raises(Invalid):
        agree(session, token(session, NEW))


def test_dots_and_cyrillic_look_alikes_make_other_addresses(session, user):
    make_user(session, email="desk@example.org")
    ask(session, user, "d.esk@example.org")
    for side in (OLD, NEW):
        agree(session, token(session, side))
    assert user.email_key == "d.esk@example.org"


def test_wishes_are_limited_by_address_and_account(session, user):
    for number in range(5):
        client = Client(address=f"192.0.2.{number}")
        ask(session, user, f"new{number}@example.org", client=client)
    with pytest.raises(TooMany):
        ask(session, user, "new9@example.org", client=Client(address="192.0.2.99"))


def test_a_suspended_person_asks_for_nothing(session, user):
    services.set_status(session(), user_id=user.id, status=UserStatus.SUSPENDED, now=NOW)
    with pytest.raises(Forbidden):
        ask(session, user)


def test_the_operator_changes_it_for_somebody_who_lost_the_old_one(session, user):
    make_user(session, email="taken@example.org")
    open_ = sessions.start(session(), user_id=user.id, client=CLIENT, now=NOW)
    with pytest.raises(Invalid) as refused:
        services.change_address_now(
            session(), user_id=user.id, email="taken@example.org", by=None, now=NOW
        )
    assert refused.value.problems == {"email": ["email-known"]}
    services.change_address_now(
        session(), user_id=user.id, email="new@example.org", by=None, now=NOW
    )
    assert user.email == "new@example.org"
    assert queries.signed_in_by(session(), digest=digest_of(open_)) is None
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.act == "account.change-address")
    ).one()
    assert "example.org" not in str(entry.facts)
    assert "new@example.org" in session.get_one(AuditDetail, entry.id).words
