"""Signing in, in one step or two, proving anew who one is, and signing out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from consult.accounts import passwords, policy, queries, sessions
from consult.accounts.events import SessionsEnded
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.services.checks import (
    check_own_password,
    note_failure,
    spend,
    wait_after_failures,
)
from consult.accounts.services.links import make_link
from consult.accounts.services.second_factor import is_right_code
from consult.accounts.sessions import Client
from consult.accounts.states import LinkPurpose, SessionStage, UserStatus
from consult.core import audit, limits, outbox
from consult.core.errors import TooMany


class Outcome(StrEnum):
    """How a try to sign in ended; a refused one is no error, because it must be kept."""

    SIGNED_IN = "signed-in"
    """A session has begun."""
    CODE_NEEDED = "code-needed"
    """The password is right; nobody is signed in until the code is."""
    WRONG = "wrong"
    """Address and password do not go together, or the code is wrong; no more is ever told."""
    TOO_LATE = "too-late"
    """The password was given too long ago for a code."""
    UNCONFIRMED = "unconfirmed"
    """The password is right, the address not confirmed; a new link was mailed."""
    SUSPENDED = "suspended"
    """The password is right, the account suspended."""


class Proof(StrEnum):
    """What came of proving anew who one is."""

    GIVEN = "given"
    PASSWORD_WRONG = "password-wrong"  # noqa: S105 - an outcome, no secret
    CODE_WRONG = "code-wrong"


@dataclass(frozen=True)
class SignIn:
    """The end of a try; `session_id` and `locale` only where it went on."""

    outcome: Outcome
    session_id: str | None = None
    locale: str | None = None
    is_password_short: bool = False
    """Whether the password alone opens the account and is too short for that, as it was chosen
    beside a second factor that is gone.
    """


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

    Where a second factor is on, the session is good for nothing but `enter_code`. One password is
    verified whether or not the address is known. Raises `TooMany`.
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
    wait_after_failures(session, whose=key, client=client, now=now)
    user = queries.user_by_email_key(session, email_key=key)
    fits = hasher.verify(user.password_hash if user else None, password)
    outcome = _outcome(session, user, fits=fits)
    audit.record(
        session,
        _act_of(outcome),
        actor_id=user.id if user and fits else None,
        now=now,
        subject=("user", user.id if user else None),
        words={"email": key, "network": sessions.cut(client.address)},
        outcome=outcome.value,
    )
    if outcome is Outcome.WRONG:
        user_id = user.id if user else None
        note_failure(session, whose=key, user_id=user_id, client=client, now=now)
    if user is None or outcome in {Outcome.WRONG, Outcome.SUSPENDED}:
        return SignIn(outcome)
    if outcome is Outcome.UNCONFIRMED:
        _mail_again(session, user, client=client, now=now)
        return SignIn(outcome)
    if user.password_hash and hasher.is_outdated(user.password_hash):
        user.password_hash = hasher.hash(password)
    is_alone = outcome is Outcome.SIGNED_IN
    if is_alone:
        limits.forget_failures(session, whose=key)
    stage = SessionStage.FULL if is_alone else SessionStage.PASSWORD
    session_id = sessions.start(session, user_id=user.id, client=client, now=now, stage=stage)
    is_short = is_alone and len(passwords.prepared(password)) < passwords.MIN_LENGTH
    return SignIn(outcome, session_id=session_id, locale=user.locale, is_password_short=is_short)


def _outcome(session: Session, user: User | None, *, fits: bool) -> Outcome:
    if user is None or not fits or user.status == UserStatus.ERASED:
        return Outcome.WRONG
    if user.status == UserStatus.SUSPENDED:
        return Outcome.SUSPENDED
    if user.confirmed_at is None:
        return Outcome.UNCONFIRMED
    has_two = queries.has_second_factor(session, user_id=user.id)
    return Outcome.CODE_NEEDED if has_two else Outcome.SIGNED_IN


def _act_of(outcome: Outcome) -> str:
    acts = {
        Outcome.SIGNED_IN: "account.sign-in",
        Outcome.CODE_NEEDED: "account.sign-in-half",
    }
    return acts.get(outcome, "account.sign-in-refused")


def enter_code(
    session: Session,
    *,
    session_id: str,
    code: str,
    secret_key: str,
    client: Client,
    now: dt.datetime,
) -> SignIn:
    """Finish signing in with a code of the second factor; the session gets a new id.

    Every try is counted and audited. Raises `TooMany`.
    """
    half = queries.half_signed_in_by(session, digest=sessions.digest_of(session_id))
    if half is None or now - half.began_at >= sessions.HALF_WAY:
        return SignIn(Outcome.TOO_LATE)
    spend(
        session,
        (limits.SECOND_FACTOR_BY_ACCOUNT, str(half.user_id)),
        (limits.SIGN_IN_BY_ADDRESS, client.address),
        (limits.SIGN_IN_BY_ACCOUNT, half.email_key),
        client=client,
        now=now,
    )
    wait_after_failures(session, whose=half.email_key, client=client, now=now)
    user = session.get_one(User, half.user_id)
    is_right = is_right_code(session, user_id=user.id, code=code, secret_key=secret_key, now=now)
    audit.record(
        session,
        "account.sign-in" if is_right else "account.sign-in-refused",
        actor_id=user.id,
        now=now,
        subject=("user", user.id),
        words={"email": half.email_key, "network": sessions.cut(client.address)},
        outcome="signed-in" if is_right else "code-wrong",
    )
    if not is_right:
        note_failure(session, whose=half.email_key, user_id=user.id, client=client, now=now)
        return SignIn(Outcome.WRONG)
    limits.forget_failures(session, whose=half.email_key)
    sessions.end(session, session_id=session_id)
    full_id = sessions.start(session, user_id=user.id, client=client, now=now)
    return SignIn(Outcome.SIGNED_IN, session_id=full_id, locale=user.locale)


def prove(
    session: Session,
    *,
    user_id: int,
    digest: str,
    password: str,
    code: str,
    hasher: Hasher,
    client: Client,
    secret_key: str,
    now: dt.datetime,
) -> Proof:
    """Note that whoever has a session gave the password, and the code where one is asked for.

    A code is not used up by a wrong password. Every try is counted and audited like one to sign in.
    Raises `TooMany`.
    """
    user = session.get_one(User, user_id)
    proof = Proof.GIVEN
    if not check_own_password(
        session, user=user, password=password, hasher=hasher, client=client, now=now
    ):
        proof = Proof.PASSWORD_WRONG
    elif queries.has_second_factor(session, user_id=user_id):
        spend(session, (limits.SECOND_FACTOR_BY_ACCOUNT, str(user_id)), client=client, now=now)
        if not is_right_code(session, user_id=user_id, code=code, secret_key=secret_key, now=now):
            proof = Proof.CODE_WRONG
            note_failure(
                session, whose=user.email_key or "", user_id=user_id, client=client, now=now
            )
    audit.record(
        session,
        "account.prove" if proof is Proof.GIVEN else "account.prove-refused",
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
        outcome=proof.value,
    )
    if proof is Proof.GIVEN:
        limits.forget_failures(session, whose=user.email_key or "")
        sessions.note_proof(session, digest=digest, now=now)
    return proof


def _mail_again(session: Session, user: User, *, client: Client, now: dt.datetime) -> None:
    """Mail a new link, unless this address got too many; the earlier one stays usable then."""
    try:
        spend(
            session,
            (limits.MAIL_BY_ACCOUNT, user.email_key or ""),
            (limits.MAIL_BY_ADDRESS, client.address),
            client=client,
            now=now,
        )
    except TooMany:
        return
    make_link(session, user=user, purpose=LinkPurpose.CONFIRM, now=now)


def sign_out(session: Session, *, session_id: str, user_id: int | None, now: dt.datetime) -> None:
    """End a session; nothing happens to one that has ended already."""
    if sessions.end(session, session_id=session_id):
        audit.record(
            session, "account.sign-out", actor_id=user_id, now=now, subject=("user", user_id)
        )
        if user_id is not None:
            outbox.emit(session, SessionsEnded(user_id=user_id), now=now)
