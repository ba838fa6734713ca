"""Another address for an account: both addresses agree, or the operator decides."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.accounts import policy, queries, sessions
from consult.accounts.events import AddressChanged, AddressConfirmed
from consult.accounts.models import AddressChange, MailedLink, User
from consult.accounts.services.checks import raise_problems, spend
from consult.accounts.services.links import (
    VALID_FOR,
    live_link,
    make_link,
    use_link,
    void_links,
)
from consult.accounts.sessions import Client
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core import audit, limits, outbox
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal

SIDES = (LinkPurpose.CHANGE_OLD, LinkPurpose.CHANGE_NEW)


def ask_for_address(
    session: Session, *, user_id: int, email: str, client: Client, now: dt.datetime
) -> None:
    """Mail a link to a user's present address and one to the wished address, good for 24 hours.

    An earlier wish is dropped. Whether somebody else has the address makes no difference here: the
    mail to it is written when it is sent, and only its owner is told. Raises `Invalid` (email) and
    `TooMany`.
    """
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.status != UserStatus.ACTIVE:
        raise Forbidden(Refusal.SUSPENDED)
    email = email.strip()
    problem = policy.email_problem(email, missing="email-missing")
    raise_problems({"email": "email-same" if email == user.email else problem})
    key = policy.email_key(email)
    spend(
        session,
        (limits.MAIL_BY_ADDRESS, client.address),
        (limits.MAIL_BY_ACCOUNT, user.email_key or ""),
        (limits.MAIL_BY_ACCOUNT, key),
        client=client,
        now=now,
    )
    session.execute(delete(AddressChange).where(AddressChange.user_id == user_id))
    session.add(
        AddressChange(
            user_id=user_id,
            email=email,
            email_key=key,
            created_at=now,
            expires_at=now + VALID_FOR[LinkPurpose.CHANGE_NEW],
        )
    )
    make_link(session, user=user, purpose=LinkPurpose.CHANGE_OLD, now=now, address=user.email)
    make_link(session, user=user, purpose=LinkPurpose.CHANGE_NEW, now=now, address=email)
    audit.record(
        session,
        "account.ask-address",
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
        words={"email": email},
    )


def drop_wish(session: Session, *, user_id: int, now: dt.datetime) -> None:
    """Drop a user's wish for another address; its links are good no more."""
    session.execute(delete(AddressChange).where(AddressChange.user_id == user_id))
    for side in SIDES:
        void_links(session, user_id=user_id, purpose=side)
    audit.record(
        session, "account.drop-address", actor_id=user_id, now=now, subject=("user", user_id)
    )


def link_of_wish(
    session: Session, *, token: str, secret_key: str, now: dt.datetime
) -> tuple[LinkPurpose, AddressChange] | None:
    """Return which side a mailed link speaks for and the wish it is about; None for a dead one."""
    for side in SIDES:
        link = live_link(session, token=token, purpose=side, secret_key=secret_key, now=now)
        if link is None:
            continue
        wish = queries.wished_address(session, user_id=link.user_id, now=now)
        if wish is not None and (side is LinkPurpose.CHANGE_OLD or wish.email == link.address):
            return side, wish
    return None


def agree_to_address(
    session: Session, *, token: str, keep: str | None, secret_key: str, now: dt.datetime
) -> bool:
    """Agree to another address from one side; return whether it took effect, as both have agreed.

    Then every session ends but the one with the digest `keep`, other mailed links die, and the old
    address is told. Raises `Invalid` (link) for a dead link, and where somebody else has got the
    address meanwhile.
    """
    found = link_of_wish(session, token=token, secret_key=secret_key, now=now)
    if found is None:
        raise Invalid({"link": ["link-invalid"]})
    side, _wish = found
    user = use_link(session, token=token, purpose=side, secret_key=secret_key, now=now)
    wish = session.get_one(AddressChange, user.id, with_for_update=True, populate_existing=True)
    if side is LinkPurpose.CHANGE_OLD:
        wish.old_agreed_at = now
    else:
        wish.new_agreed_at = now
    audit.record(
        session,
        "account.agree-address",
        actor_id=user.id,
        now=now,
        subject=("user", user.id),
        side=side.value,
    )
    if wish.old_agreed_at is None or wish.new_agreed_at is None:
        return False
    if not _move(session, user, email=wish.email, keep=keep, by=user.id, now=now):
        raise Invalid({"link": ["link-invalid"]})
    return True


def change_address_now(
    session: Session, *, user_id: int, email: str, by: int | None, now: dt.datetime
) -> None:
    """Give an account another address without asking either; for the operator, `by` None.

    Every session ends, and the old address is told. Raises `Invalid` (email), also for an address
    that somebody else has: whoever runs commands may learn that; `NotVisible` for an erased user.
    """
    raise_problems({"email": policy.email_problem(email)})
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.status == UserStatus.ERASED:
        raise NotVisible
    if not _move(session, user, email=email.strip(), keep=None, by=by, now=now):
        raise Invalid({"email": ["email-known"]})


def _move(
    session: Session,
    user: User,
    *,
    email: str,
    keep: str | None,
    by: int | None,
    now: dt.datetime,
) -> bool:
    """Set the address; return False where somebody else has it."""
    old, key = user.email, policy.email_key(email)
    owner = queries.user_by_email_key(session, email_key=key)
    if owner is not None and owner.id != user.id:
        return False
    try:
        with session.begin_nested():
            user.email, user.email_key = email, key
            session.flush()
    except IntegrityError:
        return False
    user.confirmed_at = user.confirmed_at or now
    user.mail_failures, user.mail_failed_at, user.mail_problem = 0, None, None
    void_links(session, user_id=user.id)
    sessions.end_others(session, user_id=user.id, keep=keep)
    told = _used_link(session, user, old=old, now=now)
    audit.record(
        session,
        "account.change-address",
        actor_id=by,
        now=now,
        subject=("user", user.id),
        words={"old": old, "new": email},
    )
    outbox.emit(session, AddressChanged(link_id=told.id), now=now)
    outbox.emit(session, AddressConfirmed(user_id=user.id), now=now)
    return True


def _used_link(session: Session, user: User, *, old: str | None, now: dt.datetime) -> MailedLink:
    """Keep where the mail about the change goes; as a link it is used up."""
    link = MailedLink(
        id=secrets.token_hex(16),
        user_id=user.id,
        purpose=LinkPurpose.CHANGE_OLD,
        email_key=user.email_key or "",
        created_at=now,
        expires_at=now + VALID_FOR[LinkPurpose.CHANGE_OLD],
        used_at=now,
        address=old,
    )
    session.add(link)
    session.flush()
    return link
