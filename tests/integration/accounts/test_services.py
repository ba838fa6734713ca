"""Use cases of accounts: registering, confirming, signing in, resetting, changing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select
from sqlalchemy.orm import Session, scoped_session

from consult.accounts import queries, services, sessions
from consult.accounts.events import KnownAddressRegistered, LinkRequested
from consult.accounts.models import MailedLink, User, UserSession
from consult.accounts.passwords import Hasher
from consult.accounts.services import Outcome, SignIn
from consult.accounts.sessions import Client, digest_of
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core import outbox
from consult.core.audit import AuditEntry
from consult.core.errors import Forbidden, Invalid, NotVisible, TooMany
from consult.core.outbox import OutboxEntry
from tests.factories import make_user

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
KEY = "secret " * 6
CLIENT = Client(address="192.0.2.77", agent="Browser")
FREE = Client(address="192.0.2.77", is_limited=False)
GOOD = "rain on the tin roof"
BETTER = "snow on the far hills"
Scoped = scoped_session[Session]


@pytest.fixture(scope="module")
def hasher() -> Hasher:
    return Hasher(time_cost=1, memory_cost=8)


@pytest.fixture(autouse=True)
def _listening(monkeypatch: pytest.MonkeyPatch) -> None:
    for event in (LinkRequested, KnownAddressRegistered):
        monkeypatch.setitem(outbox.reactions.by_event, event, ["listener"])


def _emitted(session: Scoped, event: type[Any]) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "listener").order_by(OutboxEntry.id)
    )
    return [row.payload for row in rows if row.payload["event"] == event.__name__]


def _acts(session: Scoped) -> list[str]:
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def _register(session: Scoped, hasher: Hasher, **over: Any) -> User | None:
    values: dict[str, Any] = {
        "name": "Desk officer",
        "email": "desk@example.org",
        "password": GOOD,
        "locale": "fr",
        "client": FREE,
        "now": NOW,
    }
    return services.register(session(), hasher=hasher, **values | over)


def _sign_in(session: Scoped, hasher: Hasher, **over: Any) -> SignIn:
    values: dict[str, Any] = {
        "email": "desk@example.org",
        "password": GOOD,
        "client": FREE,
        "now": NOW,
    }
    return services.sign_in(session(), hasher=hasher, **values | over)


def _member(session: Scoped, hasher: Hasher, **over: Any) -> User:
    values: dict[str, Any] = {"email": "desk@example.org", "password_hash": hasher.hash(GOOD)}
    return make_user(session, **values | over)


def _newest_token(session: Scoped, purpose: LinkPurpose) -> str:
    link = session.scalars(
        select(MailedLink)
        .where(MailedLink.purpose == purpose)
        .order_by(MailedLink.created_at.desc())
        .limit(1)
    ).one()
    return services.token_of(link, secret_key=KEY)


def _reset_token(session: Scoped, *, now: dt.datetime = NOW) -> str:
    services.request_reset(session(), email="desk@example.org", now=now, client=FREE)
    return _newest_token(session, LinkPurpose.RESET)


def _reset(session: Scoped, hasher: Hasher, token: str, **over: Any) -> User:
    values: dict[str, Any] = {"new": BETTER, "secret_key": KEY, "now": NOW}
    return services.reset_password(session(), token=token, hasher=hasher, **values | over)


# Registering and confirming ----------------------------------------------------------------


def test_registering_makes_an_unconfirmed_user_and_asks_for_a_mail(
    session: Scoped, hasher: Hasher
) -> None:
    user = _register(session, hasher, email=" Desk@Example.ORG ")
    link = session.scalars(select(MailedLink)).one()

    assert user is not None
    assert (user.email, user.email_key) == ("Desk@Example.ORG", "desk@example.org")
    assert user.confirmed_at is None
    assert user.locale == "fr"
    assert GOOD not in (user.password_hash or "")
    assert (link.user_id, link.purpose) == (user.id, LinkPurpose.CONFIRM)
    assert link.expires_at == NOW + dt.timedelta(hours=24)
    assert [event["link_id"] for event in _emitted(session, LinkRequested)] == [link.id]
    assert _acts(session) == ["account.register"]


def test_registering_a_known_address_tells_its_owner_and_changes_nothing(
    session: Scoped, hasher: Hasher
) -> None:
    owner = _member(session, hasher)
    before = owner.password_hash

    assert _register(session, hasher, email="ＤESK@example.org", password=BETTER) is None
    assert owner.password_hash == before
    assert session.scalar(select(func.count()).select_from(User)) == 1
    assert _emitted(session, LinkRequested) == []
    assert _emitted(session, KnownAddressRegistered) == [
        {"event": "KnownAddressRegistered", "user_id": owner.id, "day": "2026-03-02"}
    ]
    assert _acts(session) == ["account.register-known"]


def test_registering_hashes_once_whether_or_not_the_address_is_known(
    session: Scoped, hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    work: list[str] = []
    original = PasswordHasher.hash

    def counted(self: PasswordHasher, *args: Any, **kwargs: Any) -> str:
        work.append("hash")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(PasswordHasher, "hash", counted)
    _register(session, hasher)
    for_unknown = len(work)
    _register(session, hasher)

    assert for_unknown == 1
    assert len(work) == 2


def test_what_is_wrong_with_a_registration_is_told_for_every_field(
    session: Scoped, hasher: Hasher
) -> None:
    with pytest.raises(Invalid) as refused:
        _register(session, hasher, name="Ad\u202emin", email="desk", password="short")

    assert refused.value.problems == {
        "name": ["name-characters"],
        "email": ["email-invalid"],
        "password": ["password-short"],
    }


@pytest.mark.parametrize("email", ["a@b.org\nBcc: c@d.org", "x" * 255 + "@example.org", "@", "a@b"])
def test_what_is_no_address_is_refused(session: Scoped, hasher: Hasher, email: str) -> None:
    with pytest.raises(Invalid) as refused:
        _register(session, hasher, email=email)

    assert refused.value.problems == {"email": ["email-invalid"]}


def test_registering_is_limited_by_address(session: Scoped, hasher: Hasher) -> None:
    for number in range(5):
        _register(session, hasher, email=f"desk{number}@example.org", client=CLIENT)

    with pytest.raises(TooMany) as refused:
        _register(session, hasher, email="desk6@example.org", client=CLIENT)
    assert 0 < refused.value.retry_after <= 1801


def test_the_link_confirms_the_address_once(session: Scoped, hasher: Hasher) -> None:
    _register(session, hasher)
    token = _newest_token(session, LinkPurpose.CONFIRM)
    user = services.confirm(session(), token=token, secret_key=KEY, now=NOW)

    assert user.confirmed_at == NOW
    with pytest.raises(Invalid) as refused:
        services.confirm(session(), token=token, secret_key=KEY, now=NOW)
    assert refused.value.problems == {"link": ["link-invalid"]}


def test_a_link_to_confirm_dies_after_a_day(session: Scoped, hasher: Hasher) -> None:
    _register(session, hasher)
    token = _newest_token(session, LinkPurpose.CONFIRM)

    with pytest.raises(Invalid):
        services.confirm(session(), token=token, secret_key=KEY, now=NOW + dt.timedelta(hours=24))


# Signing in --------------------------------------------------------------------------------


def test_address_and_password_begin_a_session(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher, locale="es")
    done = _sign_in(session, hasher, email="DESK@example.org ")
    assert done.session_id is not None
    found = queries.signed_in_by(session(), digest=digest_of(done.session_id))

    assert (done.outcome, done.locale) == (Outcome.SIGNED_IN, "es")
    assert found is not None
    assert found.user_id == user.id
    assert _acts(session) == ["account.sign-in"]


@pytest.mark.parametrize(
    "typed", [{"password": BETTER}, {"email": "nobody@example.org"}, {"password": GOOD + "\0"}]
)
def test_a_wrong_pair_is_refused_alike_and_kept_in_the_log(
    session: Scoped, hasher: Hasher, typed: dict[str, str]
) -> None:
    _member(session, hasher)

    assert _sign_in(session, hasher, **typed) == SignIn(Outcome.WRONG)
    assert _acts(session) == ["account.sign-in-refused"]
    assert session.scalars(select(UserSession)).all() == []


def test_signing_in_verifies_once_whether_or_not_the_address_is_known(
    session: Scoped, hasher: Hasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    _member(session, hasher)
    make_user(session, email="no-password@example.org")
    work: list[str] = []
    original = PasswordHasher.verify

    def counted(self: PasswordHasher, *args: Any, **kwargs: Any) -> bool:
        work.append("verify")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for email in ("desk@example.org", "nobody@example.org", "no-password@example.org"):
        _sign_in(session, hasher, email=email, password=BETTER)

    assert work == ["verify"] * 3


def test_an_unconfirmed_account_that_signs_in_gets_a_new_link(
    session: Scoped, hasher: Hasher
) -> None:
    _register(session, hasher)
    old = _newest_token(session, LinkPurpose.CONFIRM)
    done = _sign_in(session, hasher)

    assert done == SignIn(Outcome.UNCONFIRMED)
    assert len(_emitted(session, LinkRequested)) == 2
    with pytest.raises(Invalid):
        services.confirm(session(), token=old, secret_key=KEY, now=NOW)
    services.confirm(
        session(), token=_newest_token(session, LinkPurpose.CONFIRM), secret_key=KEY, now=NOW
    )
    assert _sign_in(session, hasher).outcome is Outcome.SIGNED_IN


def test_an_unconfirmed_account_with_a_wrong_password_gets_no_mail(
    session: Scoped, hasher: Hasher
) -> None:
    _register(session, hasher)

    assert _sign_in(session, hasher, password=BETTER).outcome is Outcome.WRONG
    assert len(_emitted(session, LinkRequested)) == 1


def test_a_suspended_account_is_told_so_only_with_the_right_password(
    session: Scoped, hasher: Hasher
) -> None:
    _member(session, hasher, status=UserStatus.SUSPENDED)

    assert _sign_in(session, hasher).outcome is Outcome.SUSPENDED
    assert _sign_in(session, hasher, password=BETTER).outcome is Outcome.WRONG


def test_a_hash_of_lower_costs_is_renewed_at_signing_in(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher)
    dearer = Hasher(time_cost=2, memory_cost=8)

    assert _sign_in(session, dearer).outcome is Outcome.SIGNED_IN
    assert user.password_hash is not None
    assert not dearer.is_outdated(user.password_hash)
    assert _sign_in(session, dearer).outcome is Outcome.SIGNED_IN


def test_signing_in_is_limited_for_each_address_and_account(
    session: Scoped, hasher: Hasher
) -> None:
    # As soon as the rest after each failure allows.
    after = [0, 2, 6, 14, 30, 60, 90, 120, 150, 180]
    for seconds in after:
        now = NOW + dt.timedelta(seconds=seconds)
        _sign_in(session, hasher, client=CLIENT, password=BETTER, now=now)

    now = NOW + dt.timedelta(seconds=after[-1] + 30)
    with pytest.raises(TooMany) as limit:
        _sign_in(session, hasher, client=CLIENT, now=now)
    assert limit.value.retry_after == 91
    elsewhere = Client(address="198.51.100.9")
    assert _sign_in(session, hasher, client=elsewhere, now=now).outcome is Outcome.WRONG
    later = NOW + dt.timedelta(minutes=6)
    assert _sign_in(session, hasher, client=CLIENT, now=later).outcome is Outcome.WRONG


def test_signing_out_ends_the_session(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher)
    session_id = _sign_in(session, hasher).session_id
    assert session_id is not None
    services.sign_out(session(), session_id=session_id, user_id=user.id, now=NOW)

    assert queries.signed_in_by(session(), digest=digest_of(session_id)) is None
    assert _acts(session)[-1] == "account.sign-out"


# Resetting ---------------------------------------------------------------------------------


def test_a_reset_sets_the_password_ends_sessions_and_confirms(
    session: Scoped, hasher: Hasher
) -> None:
    user = _member(session, hasher, confirmed_at=None)
    session_id = sessions.start(session(), user_id=user.id, client=CLIENT, now=NOW)
    _reset(session, hasher, _reset_token(session))

    assert user.confirmed_at == NOW
    assert queries.signed_in_by(session(), digest=digest_of(session_id)) is None
    assert _sign_in(session, hasher).outcome is Outcome.WRONG
    assert _sign_in(session, hasher, password=BETTER).outcome is Outcome.SIGNED_IN


def test_a_reset_token_works_once(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher)
    token = _reset_token(session)
    _reset(session, hasher, token)

    with pytest.raises(Invalid) as refused:
        _reset(session, hasher, token, new="another rainy evening")
    assert refused.value.problems == {"link": ["link-invalid"]}


def test_a_reset_token_dies_after_an_hour(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher)
    token = _reset_token(session)

    with pytest.raises(Invalid):
        _reset(session, hasher, token, now=NOW + dt.timedelta(hours=1))
    _reset(session, hasher, token, now=NOW + dt.timedelta(minutes=59))


def test_a_newer_reset_link_kills_the_older_one(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher)
    old = _reset_token(session)
    new = _reset_token(session, now=NOW + dt.timedelta(minutes=1))

    with pytest.raises(Invalid):
        _reset(session, hasher, old)
    _reset(session, hasher, new)


def test_an_edited_token_is_refused(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher)
    token = _reset_token(session)
    link_id, _, signature = token.partition(".")
    other = "0" if signature[-1] != "0" else "1"

    for wrong in (link_id, f"{link_id}.", f"{link_id}.{signature[:-1]}{other}", f"{token}0", "é.é"):
        with pytest.raises(Invalid):
            _reset(session, hasher, wrong)


def test_a_token_signed_with_another_key_is_refused(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher)
    _reset_token(session)
    link = session.scalars(select(MailedLink)).one()

    with pytest.raises(Invalid):
        _reset(session, hasher, services.token_of(link, secret_key="other " * 6))


def test_a_token_is_bound_to_its_purpose(session: Scoped, hasher: Hasher) -> None:
    _register(session, hasher)
    token = _newest_token(session, LinkPurpose.CONFIRM)

    with pytest.raises(Invalid):
        _reset(session, hasher, token)
    link = session.scalars(select(MailedLink)).one()
    link.purpose = LinkPurpose.RESET
    session.flush()
    with pytest.raises(Invalid):
        _reset(session, hasher, token)


def test_a_token_dies_with_the_address_it_was_sent_to(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher)
    token = _reset_token(session)
    user.email_key = user.email = "other@example.org"
    session.flush()

    with pytest.raises(Invalid):
        _reset(session, hasher, token)


def test_a_refused_password_leaves_the_link_usable(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher)
    token = _reset_token(session)

    with pytest.raises(Invalid) as refused:
        _reset(session, hasher, token, new="short")
    assert refused.value.problems == {"new_password": ["password-short"]}
    _reset(session, hasher, token)


def test_no_mail_is_sent_to_unknown_or_suspended_addresses(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher, status=UserStatus.SUSPENDED)
    for email in ("desk@example.org", "nobody@example.org"):
        services.request_reset(session(), email=email, now=NOW, client=FREE)

    assert session.scalars(select(MailedLink)).all() == []
    assert [payload["link_id"] for payload in _emitted(session, LinkRequested)] == ["", ""]
    assert _acts(session) == ["account.ask-reset"] * 2


@pytest.mark.parametrize("email", ["desk@example.org", "nobody@example.org"])
def test_resets_are_limited_alike_for_known_and_unknown_addresses(
    session: Scoped, hasher: Hasher, email: str
) -> None:
    _member(session, hasher)
    for number in range(5):
        elsewhere = Client(address=f"192.0.2.{number}")
        services.request_reset(session(), email=email, now=NOW, client=elsewhere)

    with pytest.raises(TooMany):
        services.request_reset(session(), email=email, now=NOW, client=CLIENT)
    assert len(_emitted(session, LinkRequested)) == 5


# Changing ----------------------------------------------------------------------------------


def _change(session: Scoped, hasher: Hasher, user: User, **over: Any) -> bool:
    values: dict[str, Any] = {
        "old": GOOD,
        "new": BETTER,
        "keep": None,
        "client": FREE,
        "now": NOW,
    }
    return services.change_password(session(), user_id=user.id, hasher=hasher, **values | over)


def test_changing_the_password_ends_other_sessions_and_mailed_links(
    session: Scoped, hasher: Hasher
) -> None:
    user = _member(session, hasher)
    token = _reset_token(session)
    mine = _sign_in(session, hasher).session_id or ""
    other = _sign_in(session, hasher).session_id or ""

    assert _change(session, hasher, user, keep=digest_of(mine))
    assert queries.signed_in_by(session(), digest=digest_of(mine)) is not None
    assert queries.signed_in_by(session(), digest=digest_of(other)) is None
    with pytest.raises(Invalid):
        _reset(session, hasher, token)
    assert _sign_in(session, hasher, password=BETTER).outcome is Outcome.SIGNED_IN


def test_a_wrong_old_password_changes_nothing_and_is_logged(
    session: Scoped, hasher: Hasher
) -> None:
    user = _member(session, hasher)

    assert not _change(session, hasher, user, old=BETTER)
    assert _acts(session) == ["account.change-password-refused"]
    assert _sign_in(session, hasher).outcome is Outcome.SIGNED_IN


def test_a_new_password_of_the_own_name_is_refused(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher, name="Marisol Ortega")

    with pytest.raises(Invalid) as refused:
        _change(session, hasher, user, new="marisol ortega 1984")
    assert refused.value.problems == {"new_password": ["password-common"]}


def test_tries_of_the_old_password_are_limited(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher)
    for number in range(25):
        now = NOW + dt.timedelta(seconds=31 * number)
        _change(session, hasher, user, old=BETTER, client=CLIENT, now=now)

    with pytest.raises(TooMany):
        _change(session, hasher, user, client=CLIENT, now=now + dt.timedelta(seconds=31))


def test_name_language_and_time_zone_are_set(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher)
    services.change_profile(
        session(),
        user_id=user.id,
        name=" Marisol   Ortega ",
        locale="es",
        time_zone="America/Lima",
        now=NOW,
    )

    assert (user.name, user.locale, user.time_zone) == ("Marisol Ortega", "es", "America/Lima")
    assert _acts(session) == ["account.change-profile"]


def test_unknown_language_and_time_zone_are_refused(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher)

    with pytest.raises(Invalid) as refused:
        services.change_profile(
            session(), user_id=user.id, name="", locale="de", time_zone="../etc", now=NOW
        )
    assert refused.value.problems == {
        "name": ["name-missing"],
        "locale": ["language-unknown"],
        "time_zone": ["time-zone-unknown"],
    }


# Administration ----------------------------------------------------------------------------


def test_an_added_user_is_confirmed_and_signs_in(session: Scoped, hasher: Hasher) -> None:
    services.add_user(
        session(), email="desk@example.org", name="Desk", password=GOOD, hasher=hasher, now=NOW
    )

    assert _sign_in(session, hasher).outcome is Outcome.SIGNED_IN


def test_an_added_user_without_a_password_cannot_sign_in(session: Scoped, hasher: Hasher) -> None:
    services.add_user(session(), email="desk@example.org", name="Desk", hasher=hasher, now=NOW)

    assert _sign_in(session, hasher, password="").outcome is Outcome.WRONG


def test_adding_a_known_address_is_refused(session: Scoped, hasher: Hasher) -> None:
    _member(session, hasher)

    with pytest.raises(Invalid) as refused:
        services.add_user(session(), email="Desk@example.org", name="Desk", hasher=hasher, now=NOW)
    assert refused.value.problems == {"email": ["email-known"]}


def test_suspending_ends_sessions_and_links_at_once(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher)
    token = _reset_token(session)
    session_id = _sign_in(session, hasher).session_id or ""
    services.set_status(session(), user_id=user.id, status=UserStatus.SUSPENDED, now=NOW)

    assert session.scalars(select(UserSession)).all() == []
    assert queries.signed_in_by(session(), digest=digest_of(session_id)) is None
    with pytest.raises(Invalid):
        _reset(session, hasher, token)
    with pytest.raises(Forbidden):
        _change(session, hasher, user)


def test_a_suspended_user_may_be_let_in_again(session: Scoped, hasher: Hasher) -> None:
    user = _member(session, hasher, status=UserStatus.SUSPENDED)
    services.set_status(session(), user_id=user.id, status=UserStatus.ACTIVE, now=NOW)

    assert _sign_in(session, hasher).outcome is Outcome.SIGNED_IN
    with pytest.raises(NotVisible):
        services.set_status(session(), user_id=0, status=UserStatus.ACTIVE, now=NOW)
