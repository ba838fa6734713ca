"""The second factor: switching it on, signing in with it, recovery codes, off and reset."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from consult.accounts import authenticator, queries, services, sessions
from consult.accounts.events import (
    LinkRequested,
    PasswordChanged,
    RecoveryCodeUsed,
    SecondFactorChanged,
    SignInsFailed,
)
from consult.accounts.models import MailedLink, RecoveryCode, SecondFactor, UserSession
from consult.accounts.passwords import Hasher
from consult.accounts.services import Outcome, Proof
from consult.accounts.services.second_factor import is_right_code
from consult.accounts.sessions import Client, digest_of
from consult.accounts.states import SessionStage, UserStatus
from consult.core import outbox
from consult.core.audit import AuditEntry
from consult.core.errors import Invalid, NotVisible, StaleState, TooMany
from consult.core.outbox import OutboxEntry
from tests.factories import make_user

NOW = dt.datetime(2026, 3, 2, 9, 0, 7, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=1)
KEY = "secret " * 6
CLIENT = Client(address="192.0.2.77", agent="Browser")
FREE = Client(address="192.0.2.77", is_limited=False)
GOOD = "rain on the tin roof"
SHORT = "tin roof, rain"


@pytest.fixture(scope="module")
def hasher():
    return Hasher(time_cost=1, memory_cost=8)


@pytest.fixture(autouse=True)
def _listening(monkeypatch):
    events = (LinkRequested, PasswordChanged, RecoveryCodeUsed, SecondFactorChanged, SignInsFailed)
    for event in events:
        monkeypatch.setitem(outbox.reactions.by_event, event, ["listener"])


def emitted(session, event):
    rows = session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "listener").order_by(OutboxEntry.id)
    )
    return [row.payload for row in rows if row.payload["event"] == event.__name__]


def acts(session):
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def code_of(session, user, *, now):
    factor = session.get_one(SecondFactor, user.id)
    secret = authenticator.secret_of(factor.nonce, secret_key=KEY)
    return pyotp.TOTP(secret).at(now)


@pytest.fixture
def user(session, hasher):
    return make_user(session, email="desk@example.org", password_hash=hasher.hash(GOOD))


@pytest.fixture
def codes(session, user):
    """The recovery codes of the user, whose second factor is on since NOW."""
    services.offer(session(), user_id=user.id, now=NOW)
    _session_id, codes = switch_on(session, user, code_of(session, user, now=NOW))
    return codes


def switch_on(session, user, code, *, now=NOW):
    return services.switch_on(
        session(), user_id=user.id, code=code, client=CLIENT, secret_key=KEY, now=now
    )


def sign_in(session, hasher, *, password=GOOD, client=FREE, now=LATER):
    return services.sign_in(
        session(),
        email="desk@example.org",
        password=password,
        hasher=hasher,
        client=client,
        now=now,
    )


def enter(session, half, code, *, client=FREE, now=LATER):
    return services.enter_code(
        session(), session_id=half, code=code, secret_key=KEY, client=client, now=now
    )


def is_signed_in(session, session_id):
    return queries.signed_in_by(session(), digest=digest_of(session_id or "")) is not None


# Switching on ------------------------------------------------------------------------------


def test_only_a_right_first_code_switches_it_on(session, hasher, user):
    services.offer(session(), user_id=user.id, now=NOW)
    with pytest.raises(Invalid) as refused:
        switch_on(session, user, "000 000")
    assert refused.value.problems == {"code": ["code-wrong"]}
    assert not queries.has_second_factor(session(), user_id=user.id)
    assert sign_in(session, hasher).outcome is Outcome.SIGNED_IN

    old = sessions.start(session(), user_id=user.id, client=CLIENT, now=NOW)
    new, codes = switch_on(session, user, code_of(session, user, now=NOW))
    assert not is_signed_in(session, old)
    assert is_signed_in(session, new)
    signed_in = queries.signed_in_by(session(), digest=digest_of(new))
    assert signed_in is not None
    assert (signed_in.has_second_factor, signed_in.proved_at) == (True, NOW)
    assert len(codes) == 10
    assert [event["change"] for event in emitted(session, SecondFactorChanged)] == ["on"]
    assert acts(session)[-1] == "account.second-factor-on"


def test_neither_secret_nor_recovery_codes_are_kept(session, user, codes):
    factor = session.get_one(SecondFactor, user.id)
    secret = authenticator.secret_of(factor.nonce, secret_key=KEY)
    kept = {factor.nonce, *session.scalars(select(RecoveryCode.digest))}
    assert secret not in kept
    assert not any(code.replace("-", "") in value for code in codes for value in kept)


def test_a_secret_that_was_shown_and_not_taken_is_good_no_more(session, user):
    services.offer(session(), user_id=user.id, now=NOW)
    seen = code_of(session, user, now=LATER)
    services.offer(session(), user_id=user.id, now=LATER)
    with pytest.raises(Invalid):
        switch_on(session, user, seen, now=LATER)


def test_it_is_switched_on_once(session, user, codes):
    with pytest.raises(StaleState):
        services.offer(session(), user_id=user.id, now=LATER)
    with pytest.raises(StaleState):
        switch_on(session, user, code_of(session, user, now=LATER), now=LATER)
    assert services.secret_offered(session(), user_id=user.id, secret_key=KEY) is None


# Signing in --------------------------------------------------------------------------------


def test_a_right_password_alone_signs_nobody_in(session, hasher, user, codes):
    done = sign_in(session, hasher)
    assert done.outcome is Outcome.CODE_NEEDED
    assert not is_signed_in(session, done.session_id)
    row = session.get_one(UserSession, digest_of(done.session_id))
    assert (row.stage, row.proved_at) == (SessionStage.PASSWORD, None)
    assert row.digest[:16] not in {
        found.name
        for found in queries.sessions_of(session(), user_id=user.id, current=None, since=NOW)
    }


def test_the_code_finishes_signing_in_with_a_new_session(session, hasher, user, codes):
    half = sign_in(session, hasher).session_id
    done = enter(session, half, code_of(session, user, now=LATER))
    assert done.outcome is Outcome.SIGNED_IN
    assert done.session_id != half
    assert is_signed_in(session, done.session_id)
    assert session.get(UserSession, digest_of(half)) is None
    assert enter(session, half, codes[0]).outcome is Outcome.TOO_LATE


def test_no_code_is_good_twice(session, hasher, user, codes):
    first = code_of(session, user, now=NOW)
    half = sign_in(session, hasher, now=NOW).session_id
    assert enter(session, half, first, now=NOW).outcome is Outcome.WRONG
    code = code_of(session, user, now=LATER)
    assert enter(session, half, code).outcome is Outcome.SIGNED_IN
    again = sign_in(session, hasher).session_id
    assert enter(session, again, code).outcome is Outcome.WRONG
    # Nor is an earlier one within the window.
    before = code_of(session, user, now=LATER - dt.timedelta(seconds=30))
    assert enter(session, again, before).outcome is Outcome.WRONG


def test_a_recovery_code_stands_in_once_and_its_owner_is_told(session, hasher, user, codes):
    half = sign_in(session, hasher).session_id
    assert enter(session, half, codes[3].upper()).outcome is Outcome.SIGNED_IN
    again = sign_in(session, hasher).session_id
    assert enter(session, again, codes[3]).outcome is Outcome.WRONG
    assert queries.protection_of(session(), user_id=user.id).codes_left == 9
    assert len(emitted(session, RecoveryCodeUsed)) == 1


def test_codes_of_somebody_else_open_nothing(session, hasher, user, codes):
    other = make_user(session, email="other@example.org", password_hash=hasher.hash(GOOD))
    services.offer(session(), user_id=other.id, now=NOW)
    _id, theirs = switch_on(session, other, code_of(session, other, now=NOW))
    half = sign_in(session, hasher).session_id
    for code in (theirs[0], code_of(session, other, now=LATER)):
        assert enter(session, half, code).outcome is Outcome.WRONG


def test_a_right_password_waits_ten_minutes_for_its_code(session, hasher, user, codes):
    half = sign_in(session, hasher).session_id
    late = LATER + dt.timedelta(minutes=10)
    code = code_of(session, user, now=late)
    assert enter(session, half, code, now=late).outcome is Outcome.TOO_LATE
    sessions.forget_old(session(), now=late)
    assert session.get(UserSession, digest_of(half)) is None


def test_a_full_session_takes_no_code_and_a_suspended_person_none(session, hasher, user, codes):
    full = sessions.start(session(), user_id=user.id, client=CLIENT, now=LATER)
    assert enter(session, full, codes[0]).outcome is Outcome.TOO_LATE
    half = sign_in(session, hasher).session_id
    services.set_status(session(), user_id=user.id, status=UserStatus.SUSPENDED, now=LATER)
    assert enter(session, half, codes[0]).outcome is Outcome.TOO_LATE


def test_codes_are_limited_and_the_password_does_not_help(session, hasher, user, codes):
    half = sign_in(session, hasher, client=CLIENT).session_id
    after = [0, 2, 6, 14, 30]
    for seconds in after:
        now = LATER + dt.timedelta(seconds=seconds)
        assert enter(session, half, "000000", client=CLIENT, now=now).outcome is Outcome.WRONG
        with pytest.raises(TooMany):
            # The right password does not end the row of failures.
            sign_in(session, hasher, client=CLIENT, now=now)
    with pytest.raises(TooMany) as limit:
        enter(session, half, codes[0], client=CLIENT, now=LATER + dt.timedelta(seconds=65))
    assert limit.value.retry_after > 200
    done = enter(session, half, codes[0], client=CLIENT, now=LATER + dt.timedelta(minutes=6))
    assert done.outcome is Outcome.SIGNED_IN


def test_a_reset_by_mail_does_not_skip_it(session, hasher, user, codes):
    services.request_reset(session(), email="desk@example.org", now=LATER, client=FREE)
    link = session.get_one(MailedLink, emitted(session, LinkRequested)[-1]["link_id"])
    services.reset_password(
        session(),
        token=services.token_of(link, secret_key=KEY),
        new="snow on hills",
        secret_key=KEY,
        hasher=hasher,
        now=LATER,
    )
    assert sign_in(session, hasher, password="snow on hills").outcome is Outcome.CODE_NEEDED
    assert len(emitted(session, PasswordChanged)) == 1


# Proving -----------------------------------------------------------------------------------


def prove(session, hasher, user, digest, **over):
    values: Any = {"password": GOOD, "code": "", "client": FREE, "now": LATER}
    return services.prove(
        session(), user_id=user.id, digest=digest, hasher=hasher, secret_key=KEY, **values | over
    )


def test_a_proof_takes_the_password_and_where_it_is_on_the_code(session, hasher, user):
    digest = digest_of(sessions.start(session(), user_id=user.id, client=CLIENT, now=NOW))
    stale = NOW + dt.timedelta(minutes=11)
    assert not sessions.is_proved(NOW, now=stale)
    assert prove(session, hasher, user, digest, password="x", now=stale) is Proof.PASSWORD_WRONG
    assert prove(session, hasher, user, digest, now=stale) is Proof.GIVEN
    assert session.get_one(UserSession, digest).proved_at == stale

    services.offer(session(), user_id=user.id, now=stale)
    new, _codes = switch_on(session, user, code_of(session, user, now=stale), now=stale)
    digest, later = digest_of(new), stale + dt.timedelta(minutes=20)
    code = code_of(session, user, now=later)
    assert prove(session, hasher, user, digest, now=later) is Proof.CODE_WRONG
    wrong = prove(session, hasher, user, digest, password="x", code=code, now=later)
    assert wrong is Proof.PASSWORD_WRONG
    # The wrong password did not use the code up.
    assert prove(session, hasher, user, digest, code=code, now=later) is Proof.GIVEN
    assert session.get_one(UserSession, digest).proved_at == later
    assert acts(session)[-1] == "account.prove"


def test_proofs_are_limited_like_signing_in(session, hasher, user):
    digest = digest_of(sessions.start(session(), user_id=user.id, client=CLIENT, now=NOW))
    wrong = prove(session, hasher, user, digest, password="x", client=CLIENT)
    assert wrong is Proof.PASSWORD_WRONG
    with pytest.raises(TooMany):
        prove(session, hasher, user, digest, client=CLIENT)


# Off, new codes, reset ---------------------------------------------------------------------


def switch_off(session, hasher, user, password=GOOD):
    return services.switch_off(
        session(), user_id=user.id, password=password, hasher=hasher, client=FREE, now=LATER
    )


def test_switching_off_takes_the_password_and_ends_other_sessions(session, hasher, user, codes):
    other = sessions.start(session(), user_id=user.id, client=CLIENT, now=LATER)
    assert switch_off(session, hasher, user, "wrong") is None
    assert queries.has_second_factor(session(), user_id=user.id)
    new = switch_off(session, hasher, user)
    assert is_signed_in(session, new)
    assert not is_signed_in(session, other)
    assert session.scalars(select(RecoveryCode)).all() == []
    assert sign_in(session, hasher).outcome is Outcome.SIGNED_IN
    assert [e["change"] for e in emitted(session, SecondFactorChanged)] == ["on", "off"]


def test_a_short_password_cannot_be_left_alone(session, hasher, user, codes):
    assert services.min_length(session(), user_id=user.id) == 8
    services.change_password(
        session(),
        user_id=user.id,
        old=GOOD,
        new=SHORT,
        keep=None,
        hasher=hasher,
        client=FREE,
        now=LATER,
    )
    with pytest.raises(Invalid) as refused:
        switch_off(session, hasher, user, SHORT)
    assert refused.value.problems == {"password": ["password-short-alone"]}
    assert queries.has_second_factor(session(), user_id=user.id)


def test_new_recovery_codes_void_the_earlier_ones(session, user, codes):
    fresh = services.renew_codes(session(), user_id=user.id, secret_key=KEY, now=LATER)
    right = [
        is_right_code(session(), user_id=user.id, code=code, secret_key=KEY, now=LATER)
        for code in (codes[0], fresh[0])
    ]
    assert right == [False, True]
    offered = [fresh[1], "k7mwq-3hx9p", fresh[0], codes[2]]
    kept = services.unused_codes(session(), user_id=user.id, codes=offered, secret_key=KEY)
    assert kept == [fresh[1]]


def test_a_reset_takes_it_away_with_audit_and_a_mail(session, hasher, user, codes):
    organiser = make_user(session)
    open_ = sessions.start(session(), user_id=user.id, client=CLIENT, now=LATER)
    assert services.reset_second_factor(session(), user_id=user.id, by=organiser.id, now=LATER)
    assert not is_signed_in(session, open_)
    assert sign_in(session, hasher).outcome is Outcome.SIGNED_IN
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.act == "account.second-factor-reset")
    ).one()
    assert (entry.actor_id, entry.subject_id) == (organiser.id, user.id)
    assert emitted(session, SecondFactorChanged)[-1]["change"] == "reset"
    assert not sign_in(session, hasher).is_password_short
    user.password_hash = hasher.hash(SHORT)
    assert sign_in(session, hasher, password=SHORT).is_password_short
    assert not services.reset_second_factor(session(), user_id=user.id, by=None, now=LATER)
    with pytest.raises(NotVisible):
        services.reset_second_factor(session(), user_id=0, by=None, now=LATER)
