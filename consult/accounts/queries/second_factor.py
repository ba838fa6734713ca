"""Reads about second factors."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.accounts.models import RecoveryCode, SecondFactor


@dataclass(frozen=True)
class Protection:
    """What protects an account beside its password."""

    since: dt.datetime | None
    """When the second factor was switched on; None while it is off."""
    codes_left: int
    """Recovery codes that were not used."""

    @property
    def is_on(self) -> bool:
        """Whether a code is asked for at signing in."""
        return self.since is not None


def has_second_factor(session: Session, *, user_id: int) -> bool:
    """Whether a user's second factor is switched on."""
    statement = select(SecondFactor.user_id).where(
        SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
    )
    return session.scalars(statement).first() is not None


def protection_of(session: Session, *, user_id: int) -> Protection:
    """Return how an account is protected beside its password."""
    since = session.scalars(
        select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
    ).first()
    left = session.scalars(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    ).one()
    return Protection(since=since, codes_left=left if since else 0)
