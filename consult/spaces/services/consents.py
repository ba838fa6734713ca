"""Agreeing to what a forum asks for, each purpose apart, and withdrawing it as easily."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import audit
from consult.core.authz import Actor
from consult.core.errors import Forbidden, Invalid, Refusal
from consult.spaces.models import Consent, Forum
from consult.spaces.queries.consents import asked_consents, missing_consents
from consult.spaces.states import ConsentPurpose


def check_consents(session: Session, *, forum: Forum, given: Collection[ConsentPurpose]) -> None:
    """Raise `Invalid` (consents) where a required text of the forum was not agreed to."""
    asked = asked_consents(session, forum_id=forum.id)
    if any(text.is_required and text.purpose not in given for text in asked):
        raise Invalid({"consents": ["consent-missing"]})


def require_consents(session: Session, *, actor: Actor, forum_id: int) -> None:
    """Raise `Forbidden` (no consent) where the actor has not agreed to a required text, in its
    newest version; one statement.
    """
    if actor.user_id is not None and missing_consents(
        session, user_id=actor.user_id, forum_id=forum_id
    ):
        raise Forbidden(Refusal.NO_CONSENT)


def give_consents(
    session: Session,
    *,
    forum: Forum,
    user_id: int,
    given: Collection[ConsentPurpose],
    now: dt.datetime,
) -> None:
    """Note that a user agrees to the newest texts of these purposes; what was said stays.

    A purpose without a text is passed over, and so is one agreed to before.
    """
    # Locking the user lets a second form wait for the first.
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    for asked in asked_consents(session, forum_id=forum.id, user_id=user_id):
        if asked.purpose not in given or asked.given_at is not None:
            continue
        session.add(
            Consent(
                user_id=user_id,
                forum_id=forum.id,
                purpose=asked.purpose,
                version=asked.version,
                given_at=now,
            )
        )
        _note(session, "consent.give", user_id=user_id, forum=forum, now=now, asked=asked.purpose)
    session.flush()


def withdraw_consent(
    session: Session, *, forum: Forum, user_id: int, purpose: ConsentPurpose, now: dt.datetime
) -> bool:
    """Withdraw what a user agreed to for a purpose, in every version; return whether they had."""
    withdrawn = session.scalars(
        update(Consent)
        .where(
            Consent.user_id == user_id,
            Consent.forum_id == forum.id,
            Consent.purpose == purpose,
            Consent.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
        .returning(Consent.id)
    ).all()
    if withdrawn:
        _note(session, "consent.withdraw", user_id=user_id, forum=forum, now=now, asked=purpose)
    return bool(withdrawn)


def _note(
    session: Session,
    act: str,
    *,
    user_id: int,
    forum: Forum,
    now: dt.datetime,
    asked: ConsentPurpose,
) -> None:
    audit.record(
        session,
        act,
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
        forum=forum.id,
        purpose=asked.value,
    )
