"""Becoming a user, confirming the address, choosing a new password by mail."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.accounts import policy, queries, sessions
from consult.accounts.events import AddressConfirmed, KnownAddressRegistered, PasswordChanged
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.services.checks import (
    min_length,
    password_problem,
    raise_problems,
    spend,
)
from consult.accounts.services.links import (
    live_link,
    make_link,
    make_no_link,
    use_link,
    void_links,
)
from consult.accounts.sessions import Client
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core import audit, limits, outbox
from consult.core.errors import Invalid
from consult.core.text import single_line


def register(
    session: Session,
    *,
    name: str,
    email: str,
    password: str,
    locale: str,
    hasher: Hasher,
    now: dt.datetime,
    client: Client,
    site_words: Sequence[str] = (),
) -> User | None:
    """Make an unconfirmed user and mail a link; for a known address tell its owner instead.

    Returns the new user, or None for a known address: whoever asked must get the same answer.
    Both ways hash once. Raises `Invalid` (name, email, password) and `TooMany`.
    """
    raise_problems(
        {
            "name": policy.name_problem(name, missing="name-missing"),
            "email": policy.email_problem(email, missing="email-missing"),
            "password": password_problem(password, name=name, email=email, site_words=site_words),
        }
    )
    key = policy.email_key(email)
    spend(
        session,
        (limits.REGISTER_BY_ADDRESS, client.address),
        (limits.MAIL_BY_ACCOUNT, key),
        client=client,
        now=now,
    )
    password_hash = hasher.hash(password)
    known = queries.user_by_email_key(session, email_key=key)
    user = None
    if known is None:
        user = _insert(
            session,
            User(
                email=email.strip(),
                email_key=key,
                name=single_line(name),
                password_hash=password_hash,
                status=UserStatus.ACTIVE,
                locale=locale,
                created_at=now,
            ),
        )
    if user is None:
        _tell_owner(session, known or queries.user_by_email_key(session, email_key=key), now=now)
        return None
    make_link(session, user=user, purpose=LinkPurpose.CONFIRM, now=now)
    audit.record(session, "account.register", actor_id=user.id, now=now, subject=("user", user.id))
    return user


def _insert(session: Session, user: User) -> User | None:
    """Insert a user; None where somebody registered the address at the same moment."""
    try:
        with session.begin_nested():
            session.add(user)
            session.flush()
    except IntegrityError:
        return None
    return user


@contextmanager
def newcomer(session: Session, *, user: User | None, now: dt.datetime) -> Iterator[User]:
    """Give what `register` returned, or for a known address somebody who is gone again at the end.

    So what follows a registration takes no less work where nothing comes of it; what is done inside
    for nobody is taken back.
    """
    if user is not None:
        yield user
        return
    trial = session.begin_nested()
    try:
        key = f"{secrets.token_hex(16)}@invalid"
        nobody = User(email=key, email_key=key, name="-", created_at=now)
        session.add(nobody)
        session.flush()
        make_link(session, user=nobody, purpose=LinkPurpose.CONFIRM, now=now)
        yield nobody
        session.flush()
    finally:
        trial.rollback()


def _tell_owner(session: Session, owner: User | None, *, now: dt.datetime) -> None:
    user_id = owner.id if owner else None
    if owner is not None and owner.status == UserStatus.ACTIVE:
        day = now.date().isoformat()
        outbox.emit(session, KnownAddressRegistered(user_id=owner.id, day=day), now=now)
    audit.record(
        session, "account.register-known", actor_id=None, now=now, subject=("user", user_id)
    )


def confirm(session: Session, *, token: str, secret_key: str, now: dt.datetime) -> User:
    """Confirm the address that a link was mailed to; raises `Invalid` for a dead link."""
    user = use_link(
        session, token=token, purpose=LinkPurpose.CONFIRM, secret_key=secret_key, now=now
    )
    if user.confirmed_at is None:
        user.confirmed_at = now
        outbox.emit(session, AddressConfirmed(user_id=user.id), now=now)
    audit.record(session, "account.confirm", actor_id=user.id, now=now, subject=("user", user.id))
    return user


def request_reset(session: Session, *, email: str, now: dt.datetime, client: Client) -> None:
    """Mail a link for a new password to a known address; an unknown one gets the same answer.

    Raises `Invalid` for what is no address, and `TooMany`, both alike for known and unknown.
    """
    raise_problems({"email": policy.email_problem(email, missing="email-missing")})
    key = policy.email_key(email)
    spend(
        session,
        (limits.MAIL_BY_ADDRESS, client.address),
        (limits.MAIL_BY_ACCOUNT, key),
        client=client,
        now=now,
    )
    user = queries.user_by_email_key(session, email_key=key)
    if user is not None and user.status == UserStatus.ACTIVE:
        make_link(session, user=user, purpose=LinkPurpose.RESET, now=now)
    else:
        make_no_link(session, purpose=LinkPurpose.RESET, now=now)
    user_id = user.id if user else None
    audit.record(session, "account.ask-reset", actor_id=None, now=now, subject=("user", user_id))


def reset_password(
    session: Session,
    *,
    token: str,
    new: str,
    secret_key: str,
    hasher: Hasher,
    now: dt.datetime,
    site_words: Sequence[str] = (),
) -> User:
    """Set a new password by a mailed link; every session ends, every other link dies.

    Whoever got the mail owns the address, so it is confirmed too. Raises `Invalid` (link,
    new_password); a refused password leaves the link usable.
    """
    link = live_link(
        session, token=token, purpose=LinkPurpose.RESET, secret_key=secret_key, now=now
    )
    if link is None:
        raise Invalid({"link": ["link-invalid"]})
    owner = session.get_one(User, link.user_id)
    problem = password_problem(
        new,
        name=owner.name,
        email=link.email_key,
        site_words=site_words,
        min_length=min_length(session, user_id=owner.id),
    )
    raise_problems({"new_password": problem})
    user = use_link(session, token=token, purpose=LinkPurpose.RESET, secret_key=secret_key, now=now)
    user.password_hash = hasher.hash(new)
    if user.confirmed_at is None:
        user.confirmed_at = now
        outbox.emit(session, AddressConfirmed(user_id=user.id), now=now)
    void_links(session, user_id=user.id)
    sessions.end_all(session, user_id=user.id)
    entry = audit.record(
        session, "account.reset-password", actor_id=user.id, now=now, subject=("user", user.id)
    )
    outbox.emit(session, PasswordChanged(user_id=user.id, entry_id=entry.id), now=now)
    return user
