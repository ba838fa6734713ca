"""Rests after failures, the warning to the owner, offices and networks."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from consult.accounts import services
from consult.accounts.events import SignInsFailed
from consult.accounts.passwords import Hasher
from consult.accounts.services import Outcome
from consult.accounts.sessions import Client
from consult.core import limits, outbox
from consult.core.errors import TooMany
from consult.core.limits import Attempt
from consult.core.outbox import OutboxEntry
from tests.factories import make_user

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
GOOD = "rain on the tin roof"
BAD = "snow on the far hills"
KNOWN, UNKNOWN = "desk@example.org", "nobody@example.org"


@pytest.fixture(scope="module")
def hasher():
    return Hasher(time_cost=1, memory_cost=8)


@pytest.fixture
def user(session, hasher):
    return make_user(session, email=KNOWN, password_hash=hasher.hash(GOOD))


def sign_in(session, hasher, *, seconds, email=KNOWN, password=BAD, number=1, **client):
    values = {"address": f"192.0.2.{number}", **client}
    return services.sign_in(
        session(),
        email=email,
        password=password,
        hasher=hasher,
        client=Client(**values),
        now=NOW + dt.timedelta(seconds=seconds),
    ).outcome


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_an_account_rests_longer_after_each_failure_known_or_not(session, hasher, user, email):
    seconds = 0
    for rest in (2, 4, 8, 16, 30, 30):
        assert sign_in(session, hasher, seconds=seconds, email=email) is Outcome.WRONG
        with pytest.raises(TooMany) as limit:
            sign_in(session, hasher, seconds=seconds + rest - 1, email=email, number=2)
        assert limit.value.retry_after == 2
        seconds += rest


def test_a_success_ends_the_row(session, hasher, user):
    for seconds in (0, 2, 6):
        sign_in(session, hasher, seconds=seconds)
    assert sign_in(session, hasher, seconds=14, password=GOOD) is Outcome.SIGNED_IN
    sign_in(session, hasher, seconds=15)
    assert sign_in(session, hasher, seconds=17, password=GOOD) is Outcome.SIGNED_IN


def test_a_row_ends_after_a_day(session, hasher, user):
    sign_in(session, hasher, seconds=0)
    limits.forget_old(session(), now=NOW + dt.timedelta(days=3))
    assert session.scalars(select(Attempt)).all() == []


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_the_tenth_failure_in_a_row_warns_the_owner(session, hasher, user, email, monkeypatch):
    monkeypatch.setitem(outbox.reactions.by_event, SignInsFailed, ["listener"])
    for number in range(10):
        assert session.scalars(select(OutboxEntry)).all() == []
        sign_in(session, hasher, seconds=31 * number, email=email, number=number)
    payload = session.scalars(select(OutboxEntry.payload)).one()
    assert payload["user_id"] == (user.id if email == KNOWN else None)
    assert payload["day"] == "2026-03-02"


def test_an_office_tries_ten_times_as_often_by_address_but_not_by_account(session, hasher, user):
    for number in range(25):
        sign_in(session, hasher, seconds=0, email=f"a{number}@example.org")
    with pytest.raises(TooMany):
        sign_in(session, hasher, seconds=0, email="b@example.org")
    assert sign_in(session, hasher, seconds=0, email="b@example.org", is_office=True)
    assert limits.SIGN_IN_BY_ADDRESS.at_office().count == 250
    assert limits.SIGN_IN_BY_ACCOUNT.at_office() == limits.SIGN_IN_BY_ACCOUNT
    assert limits.SIGN_IN_BY_PAIR.at_office() == limits.SIGN_IN_BY_PAIR


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
    ],
)
def test_a_client_is_an_address_or_a_network_of_64_bits(address, network):
    assert limits.network(address) == network
