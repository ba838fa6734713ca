"""What several use cases of accounts check alike: fields, passwords and limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from consult.accounts import passwords, queries
from consult.accounts.events import SignInsFailed
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.sessions import Client
from consult.core import limits, outbox
from consult.core.errors import Invalid
from consult.core.limits import Limit

WARNED_AT = 10
"""Failures in a row after which the owner of an account is told."""


def raise_problems(problems: Mapping[str, str | None]) -> None:
    """Raise `Invalid` with every field that has a problem code; do nothing if none has."""
    found = {field: [code] for field, code in problems.items() if code is not None}
    if found:
        raise Invalid(found)


def password_problem(
    password: str,
    *,
    name: str,
    email: str,
    site_words: Sequence[str],
    min_length: int = passwords.MIN_LENGTH,
) -> str | None:
    """Return what is wrong with somebody's new password as a problem code, or None."""
    if not password:
        return "password-missing"
    return passwords.check(
        password, context_words=(name, email, *site_words), min_length=min_length
    )


def min_length(session: Session, *, user_id: int) -> int:
    """Return how many code points a user's password needs: fewer beside a second factor."""
    if queries.has_second_factor(session, user_id=user_id):
        return passwords.MIN_LENGTH_OF_TWO
    return passwords.MIN_LENGTH


def spend(
    session: Session,
    *spent: tuple[Limit, str],
    client: Client,
    now: dt.datetime,
) -> None:
    """Count one act against each limit; raises `TooMany` at the first that is reached.

    Known offices have ten times the limits that count by address.
    """
    if not client.is_limited:
        return
    for limit, whose in spent:
        taken = limit.at_office() if client.is_office else limit
        limits.spend(session, taken, whose=whose, now=now)


def wait_after_failures(session: Session, *, whose: str, client: Client, now: dt.datetime) -> None:
    """Raise `TooMany` while an account must rest after failures in a row, known or not."""
    if client.is_limited:
        limits.wait_after_failures(session, whose=whose, now=now)


def note_failure(
    session: Session, *, whose: str, user_id: int | None, client: Client, now: dt.datetime
) -> None:
    """Count a failed try for an account, known or not; every tenth in a row has its owner told."""
    if not client.is_limited:
        return
    count = limits.note_failure(session, whose=whose, now=now)
    if count % WARNED_AT == 0:
        day = now.date().isoformat()
        outbox.emit(session, SignInsFailed(user_id=user_id, day=day), now=now)


def check_own_password(
    session: Session,
    *,
    user: User,
    password: str,
    hasher: Hasher,
    client: Client,
    now: dt.datetime,
) -> bool:
    """Return whether somebody signed in gave their password; counted like a try to sign in.

    Raises `TooMany`.
    """
    whose = user.email_key or ""
    spend(
        session,
        (limits.SIGN_IN_BY_ADDRESS, client.address),
        (limits.SIGN_IN_BY_ACCOUNT, whose),
        client=client,
        now=now,
    )
    wait_after_failures(session, whose=whose, client=client, now=now)
    is_right = hasher.verify(user.password_hash, password)
    if not is_right:
        note_failure(session, whose=whose, user_id=user.id, client=client, now=now)
    return is_right
