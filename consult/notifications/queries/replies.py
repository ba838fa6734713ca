"""Mails that answer a mail: why a reply was not taken, and to whom it cannot be put down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.errors import Gone, NotVisible
from consult.discussion.models import Contribution
from consult.discussion.queries import single
from consult.notifications.models import Delivery
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    active_user,
    to_address,
    to_user,
)
from consult.notifications.queries.followed_texts import actor_of
from consult.spaces import queries as spaces


def about_refusal(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read why a reply by mail was not taken, with the words of its writer."""
    user = active_user(session, delivery)
    if user is None:
        return None
    found = _answered(session, delivery, user)
    page = MailLink("discussion.contribution", {"name": found.canonical}) if found else None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=found.forum if found else spaces.current_forum(session),
        space=found.space if found else None,
        contribution=found.contribution if found else None,
        links={"contribution_url": page} if page else {},
        words={
            "problems": delivery.values.get("problems", []),
            "returned": delivery.values.get("words", ""),
        },
    )


def _answered(session: Session, delivery: Delivery, user: User) -> single.Found | None:
    """Return the text that was answered, while it is public and the person may read it."""
    answered = session.get(Contribution, delivery.values.get("contribution_id") or 0)
    if answered is None or answered.reference is None:
        return None
    try:
        found = single.find(session, name=answered.reference, actor=actor_of(session, user))
    except (NotVisible, Gone):
        return None
    return found if found.is_public else None


def about_stranger(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the answer to somebody who replied from another address than was written to."""
    return MailFacts(
        event=delivery.event,
        user=to_address(delivery, name=""),
        address=delivery.address or "",
        written_at=delivery.created_at,
        forum=spaces.current_forum(session),
    )


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "reply-refused": about_refusal,
        "reply-stranger": about_stranger,
    }
)
"""The mails of this module."""
