"""Mailed links: a row that is used once, and a token that the row alone cannot make."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import cast

from sqlalchemy import CursorResult, delete, false, insert, or_, select, update
from sqlalchemy.orm import Session

from consult.accounts.events import LinkRequested
from consult.accounts.models import AddressChange, MailedLink, User
from consult.accounts.states import LinkPurpose, UserStatus
from consult.core import outbox, tokens
from consult.core.errors import Invalid

NOBODY = -1
"""Id of no user."""
VALID_FOR = {
    LinkPurpose.CONFIRM: dt.timedelta(hours=24),
    LinkPurpose.RESET: dt.timedelta(hours=1),
    LinkPurpose.CHANGE_OLD: dt.timedelta(hours=24),
    LinkPurpose.CHANGE_NEW: dt.timedelta(hours=24),
}


def make_link(
    session: Session,
    *,
    user: User,
    purpose: LinkPurpose,
    now: dt.datetime,
    address: str | None = None,
) -> MailedLink:
    """Make a link, void older ones of its purpose and have it mailed, to `address` if given.

    The user must have an address: erased users get no mail.
    """
    if user.email_key is None:
        raise ValueError("an erased user has no address to send a link to")
    void_links(session, user_id=user.id, purpose=purpose)
    link = MailedLink(
        id=secrets.token_hex(16),
        user_id=user.id,
        purpose=purpose,
        email_key=user.email_key,
        created_at=now,
        expires_at=now + VALID_FOR[purpose],
        address=address,
    )
    session.add(link)
    session.flush()
    outbox.emit(session, LinkRequested(link_id=link.id), now=now)
    return link


def make_no_link(session: Session, *, purpose: LinkPurpose, now: dt.datetime) -> None:
    """Do the work of `make_link` for nobody, so that an unknown address takes no less of it."""
    void_links(session, user_id=NOBODY, purpose=purpose)
    columns = ("id", "user_id", "purpose", "email_key", "created_at", "expires_at")
    nothing = select(*(MailedLink.__table__.c[name] for name in columns)).where(false())
    session.execute(insert(MailedLink).from_select(columns, nothing))
    outbox.emit(session, LinkRequested(link_id=""), now=now)


def void_links(session: Session, *, user_id: int, purpose: LinkPurpose | None = None) -> None:
    """Drop a user's links, of one purpose or of all, and then a wish for another address too.

    What names an old address stays, as it is used up and the mail about the change needs it.
    """
    conditions = [
        MailedLink.user_id == user_id,
        or_(MailedLink.used_at.is_(None), MailedLink.purpose != LinkPurpose.CHANGE_OLD),
    ]
    if purpose is not None:
        conditions.append(MailedLink.purpose == purpose)
    else:
        session.execute(delete(AddressChange).where(AddressChange.user_id == user_id))
    session.execute(delete(MailedLink).where(*conditions))


def token_of(link: MailedLink, *, secret_key: str) -> str:
    """Return what stands in the mailed address: the link's id and its signature."""
    purpose = LinkPurpose(link.purpose)
    return tokens.token(purpose.value, link.id, bound=link.email_key, secret_key=secret_key)


def live_link(
    session: Session, *, token: str, purpose: LinkPurpose, secret_key: str, now: dt.datetime
) -> MailedLink | None:
    """Return the link of a token that can still be used for the purpose, or None."""
    link_id = tokens.id_in(token)
    link = session.get(MailedLink, link_id) if len(link_id) == 32 else None
    if link is None or link.purpose != purpose:
        return None
    if not tokens.is_genuine(token, purpose.value, bound=link.email_key, secret_key=secret_key):
        return None
    if link.used_at is not None or link.expires_at <= now:
        return None
    user = session.get(User, link.user_id)
    if user is None or user.status != UserStatus.ACTIVE or user.email_key != link.email_key:
        return None
    return link


def use_link(
    session: Session, *, token: str, purpose: LinkPurpose, secret_key: str, now: dt.datetime
) -> User:
    """Use a token up and return whose it is; raises `Invalid` where it can be used no more.

    Of two uses at once one wins, by the condition of the update.
    """
    link = live_link(session, token=token, purpose=purpose, secret_key=secret_key, now=now)
    if link is None:
        raise Invalid({"link": ["link-invalid"]})
    result = session.execute(
        update(MailedLink)
        .where(MailedLink.id == link.id, MailedLink.used_at.is_(None))
        .values(used_at=now)
    )
    if cast("CursorResult[object]", result).rowcount != 1:
        raise Invalid({"link": ["link-invalid"]})
    user = session.get_one(User, link.user_id, with_for_update=True)
    # Whoever clicks has got the mail.
    user.mail_failures, user.mail_failed_at, user.mail_problem = 0, None, None
    return user
