"""Reads of what somebody agreed to, and of the texts that ask for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from consult.core.i18n import Translated
from consult.spaces.models import Consent, ConsentText
from consult.spaces.states import ConsentPurpose

ORDER = tuple(ConsentPurpose)


@dataclass(frozen=True)
class AskedConsent:
    """A text in its newest version, and whether somebody has agreed to that version."""

    purpose: ConsentPurpose
    version: int
    text: Translated
    is_required: bool
    given_at: dt.datetime | None = None
    """None where nobody was asked about, or where it was not given or withdrawn."""


@dataclass(frozen=True)
class ConsentRow:
    """One thing that somebody agreed to, with the exact text of that version."""

    purpose: ConsentPurpose
    version: int
    text: Translated | None
    given_at: dt.datetime
    withdrawn_at: dt.datetime | None


def asked_consents(
    session: Session, *, forum_id: int, user_id: int | None = None
) -> Sequence[AskedConsent]:
    """Return the newest text of each purpose in a forum, and when the user agreed to it."""
    newer = aliased(ConsentText)
    is_newest = ~(
        select(newer.id)
        .where(
            newer.forum_id == ConsentText.forum_id,
            newer.purpose == ConsentText.purpose,
            newer.version > ConsentText.version,
        )
        .exists()
    )
    given = (
        select(func.max(Consent.id))
        .where(
            Consent.user_id == (user_id or 0),
            Consent.forum_id == ConsentText.forum_id,
            Consent.purpose == ConsentText.purpose,
            Consent.version == ConsentText.version,
            Consent.withdrawn_at.is_(None),
        )
        .correlate(ConsentText)
        .scalar_subquery()
    )
    rows = session.execute(
        select(ConsentText, Consent.given_at)
        .outerjoin(Consent, Consent.id == given)
        .where(ConsentText.forum_id == forum_id, is_newest)
    )
    found = [
        AskedConsent(
            purpose=ConsentPurpose(text.purpose),
            version=text.version,
            text=text.text,
            is_required=text.is_required,
            given_at=given_at,
        )
        for text, given_at in rows
    ]
    return sorted(found, key=lambda asked: ORDER.index(asked.purpose))


def missing_consents(session: Session, *, user_id: int, forum_id: int) -> Sequence[AskedConsent]:
    """Return the required texts that a user has not agreed to in their newest version."""
    asked = asked_consents(session, forum_id=forum_id, user_id=user_id)
    return [text for text in asked if text.is_required and text.given_at is None]


def has_consent(session: Session, *, user_id: int, forum_id: int, purpose: ConsentPurpose) -> bool:
    """Whether a user agreed to a purpose in its newest version and did not withdraw it.

    Where a forum has no text for the purpose, it is not needed.
    """
    asked = asked_consents(session, forum_id=forum_id, user_id=user_id)
    return all(text.given_at is not None for text in asked if text.purpose == purpose)


def consents_of(session: Session, *, user_id: int, forum_id: int) -> Sequence[ConsentRow]:
    """Return everything that a user ever agreed to in a forum, the newest first."""
    rows = session.execute(
        select(Consent, ConsentText.text)
        .outerjoin(
            ConsentText,
            and_(
                ConsentText.forum_id == Consent.forum_id,
                ConsentText.purpose == Consent.purpose,
                ConsentText.version == Consent.version,
            ),
        )
        .where(Consent.user_id == user_id, Consent.forum_id == forum_id)
        .order_by(Consent.given_at.desc(), Consent.id.desc())
    )
    return [
        ConsentRow(
            purpose=ConsentPurpose(consent.purpose),
            version=consent.version,
            text=text,
            given_at=consent.given_at,
            withdrawn_at=consent.withdrawn_at,
        )
        for consent, text in rows
    ]
