"""Signing in and out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from consult.accounts import policy, queries, sessions
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.services.checks import spend
from consult.accounts.services.links import make_link
from consult.accounts.sessions import Client
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core import audit, limits
from consult.core.errors import TooMany


class Outcome(StrEnum):
    """How a try to sign in ended; a refused one is no error, because it must be kept."""

    SIGNED_IN = "signed-in"
    """A session has begun."""
    WRONG = "wrong"
    """Address and password do not go together; which of the two is never told."""
    UNCONFIRMED = "unconfirmed"
    """The password is right, the address not confirmed; a new link was mailed."""
    SUSPENDED = "suspended"
    """The password is right, the account suspended."""


@dataclass(frozen=True)
class SignIn:
    """The end of a try; `session_id` and `locale` only where it succeeded."""

    outcome: Outcome
    session_id: str | None = None
    locale: str | None = None


def sign_in(
    session: Session,
    *,
    email: str,
    password: str,
    hasher: Hasher,
    client: Client,
    now: dt.datetime,
) -> SignIn:
    """Begin a session where address and password go together; every try is counted and audited.

    One password is verified whether or not the address is known. Raises `TooMany`.
    """
    key = policy.email_key(email)
    spend(
        session,
        (limits.SIGN_IN_BY_ADDRESS, client.address),
        (limits.SIGN_IN_BY_PAIR, f"{client.address}|{key}"),
        (limits.SIGN_IN_BY_ACCOUNT, key),
        client=client,
        now=now,
    )
    user = queries.user_by_email_key(session, email_key=key)
    fits = hasher.verify(user.password_hash if user else None, password)
    outcome = _outcome(user, fits=fits)
    audit.record(
        session,
        "account.sign-in" if outcome is Outcome.SIGNED_IN else "account.sign-in-refused",
        actor_id=user.id if user and fits else None,
        now=now,
        subject=("user", user.id if user else None),
        words={"email": key, "network": sessions.cut(client.address)},
        outcome=outcome.value,
    )
    if user is None or outcome in {Outcome.WRONG, Outcome.SUSPENDED}:
        return SignIn(outcome)
    if outcome is Outcome.UNCONFIRMED:
        _mail_again(session, user, client=client, now=now)
        return SignIn(outcome)
    if user.password_hash and hasher.is_outdated(user.password_hash):
        user.password_hash = hasher.hash(password)
    session_id = sessions.start(session, user_id=user.id, client=client, now=now)
    return SignIn(outcome, session_id=session_id, locale=user.locale)


def _outcome(user: User | None, *, fits: bool) -> Outcome:
    if user is None or not fits or user.status == UserStatus.ERASED:
        return Outcome.WRONG
    if user.status == UserStatus.SUSPENDED:
        return Outcome.SUSPENDED
    return Outcome.UNCONFIRMED if user.confirmed_at is None else Outcome.SIGNED_IN


def _mail_again(session: Session, user: User, *, client: Client, now: dt.datetime) -> None:
    """Mail a new link, unless this address got too many; the earlier one stays usable then."""
    try:
        spend(session, (limits.MAIL_BY_ACCOUNT, user.email_key or ""), client=client, now=now)
    except TooMany:
        return
    make_link(session, user=user, purpose=LinkPurpose.CONFIRM, now=now)


def sign_out(session: Session, *, session_id: str, user_id: int | None, now: dt.datetime) -> None:
    """End a session; nothing happens to one that has ended already."""
    if sessions.end(session, session_id=session_id):
        audit.record(
            session, "account.sign-out", actor_id=user_id, now=now, subject=("user", user_id)
        )
