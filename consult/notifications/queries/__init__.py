"""Reads for mails: what a delivery has to say now, and whether it may still be said.

Nothing is remembered from the moment a mail was queued: every fact is read again here. Each module
tells in its `READERS` which mails it reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlalchemy.orm import Session

from consult.notifications.models import Delivery
from consult.notifications.queries import (
    about_followed,
    about_spaces,
    accounts,
    contributions,
    delegations,
    desks,
    intake,
    own_data,
    people,
    replies,
    reports,
)
from consult.notifications.queries.contributions import mail_about, recipient_of, who_is_told
from consult.notifications.queries.facts import (
    APPEAL,
    DecisionFacts,
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    Recipient,
    thread_uid_of,
)

__all__ = [
    "APPEAL",
    "READERS",
    "DecisionFacts",
    "DecisionReader",
    "MailFacts",
    "MailLink",
    "Recipient",
    "facts_of",
    "mail_about",
    "recipient_of",
    "who_is_told",
]

READERS: Mapping[str, Reader] = MappingProxyType(
    {
        **accounts.READERS,
        **contributions.READERS,
        **delegations.READERS,
        **desks.READERS,
        **intake.READERS,
        **own_data.READERS,
        **people.READERS,
        **about_followed.READERS,
        **about_spaces.READERS,
        **replies.READERS,
        **reports.READERS,
    }
)
"""What reads which mail, by the name of the folder with its texts."""


def facts_of(
    session: Session, delivery: Delivery, *, decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Return what a delivery says now, or None where it must not be sent (any more).

    That is: an account that is not active, a used or expired link, a decision that was undone, a
    text that meanwhile stands elsewhere, or one that the person may not see.
    """
    facts = READERS[delivery.event](session, delivery, decision_facts, now)
    if facts is None:
        return None
    thread_uid = thread_uid_of(session, facts.contribution)
    return replace(facts, delivery_id=delivery.id, thread_uid=thread_uid)
