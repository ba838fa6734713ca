"""Reads about users and the address that they wish for."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import AddressChange, User


def user_by_email_key(session: Session, *, email_key: str) -> User | None:
    """Return the user with an address, given in the form that `policy.email_key` makes."""
    return session.scalars(select(User).where(User.email_key == email_key)).first()


def wished_address(session: Session, *, user_id: int, now: dt.datetime) -> AddressChange | None:
    """Return a user's wish for another address that is not too old, or None."""
    return session.scalars(
        select(AddressChange).where(
            AddressChange.user_id == user_id, AddressChange.expires_at > now
        )
    ).first()
