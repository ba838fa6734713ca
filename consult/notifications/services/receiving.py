"""Taking replies by mail: whose it is, what it answers, and sending it as that person's text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.accounts import policy as accounts
from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import audit, languages, limits
from consult.core.authz import Actor
from consult.core.errors import Gone, NotVisible
from consult.discussion.models import Contribution
from consult.discussion.queries import single
from consult.discussion.services import sending
from consult.discussion.services.texts import Words
from consult.discussion.states import ContributionKind
from consult.notifications.models import Delivery, InboundMail
from consult.notifications.queries.followed_texts import actor_of
from consult.notifications.services.deliveries import queue_delivery

VALID_FOR = dt.timedelta(days=60)
"""How long replies to a mail are taken."""
OLDEST_ARRIVAL = dt.timedelta(days=1)
"""How long a mail may have waited at our mail server; an older stamp is not believed."""
MOST_ANSWERS = 5
"""Answers to one address within a day, so that two machines do not answer each other for ever."""
MAX_RETURNED = 100_000
"""Characters of words that go back to their writer: twice what a text may have."""


class Outcome(StrEnum):
    """What became of a mail that came in."""

    TAKEN = "taken"
    """It is a contribution now, which waits for a moderator."""
    REFUSED = "refused"
    """Its writer is told why, with their words."""
    STRANGER = "stranger"
    """It came from another address than the mail had gone to."""
    BOUNCED = "bounced"
    """It reports that a mail did not arrive."""
    AUTOMATIC = "automatic"
    """No person wrote it."""
    UNADDRESSED = "unaddressed"
    """It names no mail of ours, and nobody whom we know wrote it."""
    KNOWN = "known"
    """It was dealt with before."""


@dataclass(frozen=True)
class Answer:
    """Who answers what; plain values, so that it outlives its session."""

    user_id: int
    locale: str
    actor: Actor
    contribution_id: int | None
    is_late: bool
    """Whether the mail that is answered is too old."""


def is_known(session: Session, *, digest: str) -> bool:
    """Whether a mail was dealt with before."""
    return session.get(InboundMail, digest) is not None


def answer_by(
    session: Session, *, delivery_id: int, sender: str, now: dt.datetime
) -> Answer | None:
    """Return who answers a mail with which address; None for strangers to it."""
    delivery = session.get(Delivery, delivery_id)
    user = session.get(User, delivery.user_id or 0) if delivery is not None else None
    if delivery is None or user is None or not _is_address_of(user, sender):
        return None
    return Answer(
        user_id=user.id,
        locale=user.locale,
        actor=_actor(session, user),
        contribution_id=delivery.values.get("contribution_id"),
        is_late=now > delivery.created_at + VALID_FOR,
    )


def unaddressed_by(session: Session, *, sender: str) -> Answer | None:
    """Return who wrote to us without naming a mail of ours; None for somebody unknown."""
    key = accounts.email_key(sender)
    user = session.scalars(select(User).where(User.email_key == key)).first() if key else None
    if user is None or not _is_address_of(user, sender):
        return None
    return Answer(user.id, user.locale, _actor(session, user), None, is_late=False)


def is_shut_out(session: Session, *, sender: str) -> bool:
    """Whether an address belongs to an account that is suspended: it gets no mail from us."""
    key = accounts.email_key(sender)
    status = session.scalar(select(User.status).where(User.email_key == key)) if key else None
    return status is not None and status != UserStatus.ACTIVE


def _is_address_of(user: User, sender: str) -> bool:
    key = accounts.email_key(sender)
    return bool(key) and user.email_key == key and user.status == UserStatus.ACTIVE


def _actor(session: Session, user: User) -> Actor:
    is_confirmed = user.confirmed_at is not None
    return replace(actor_of(session, user), name=user.name, is_confirmed=is_confirmed)


def take(
    session: Session,
    *,
    digest: str,
    answer: Answer,
    body: str,
    tokens: Sequence[str],
    arrived_at: dt.datetime,
    now: dt.datetime,
    is_limited: bool,
) -> Contribution | None:
    """Send a reply to the moderators as its writer's; None where that was done before.

    By `arrived_at` the closing time is judged. `tokens` are those of its files. Raises what
    sending raises, `NotVisible` or `Gone` for a text that is no longer there, `TooMany`.
    """
    if not keep(session, digest=digest, outcome=Outcome.TAKEN, user_id=answer.user_id, now=now):
        return None
    answered = session.get(Contribution, answer.contribution_id or 0)
    if answered is None:
        raise NotVisible
    name = answered.reference or answered.receipt or ""
    found = single.find(session, name=name, actor=answer.actor)
    if not found.is_public or found.question is None:
        raise Gone
    # A participant's question is answered, anything else is replied to.
    is_question = answered.kind == ContributionKind.QUESTION
    contribution = sending.send(
        session,
        actor=answer.actor,
        space=found.space,
        question=found.question,
        parent=None if is_question else answered,
        draft=None,
        words=Words(source=body, language=_language(body, answer), attachments=tuple(tokens)),
        now=now,
        grace=now - arrived_at,
    )
    if is_limited:
        whose = str(answer.user_id)
        limits.spend(session, limits.POST_BY_ACCOUNT, whose=whose, now=now)
        limits.spend(session, limits.POST_BY_DAY, whose=whose, now=now)
    session.get_one(InboundMail, digest).contribution_id = contribution.id
    audit.record(
        session,
        "mail.taken",
        actor_id=answer.user_id,
        now=now,
        subject=("contribution", contribution.id),
    )
    return contribution


def refuse(
    session: Session,
    *,
    digest: str,
    answer: Answer,
    words: str,
    problems: Sequence[str],
    now: dt.datetime,
) -> bool:
    """Have the writer told why their reply was not taken, with their words; False where they had
    five such answers within a day and get none.

    The words are dropped once the mail is sent. `problems` are sentences in the writer's language.
    """
    if not keep(session, digest=digest, outcome=Outcome.REFUSED, user_id=answer.user_id, now=now):
        return True
    if _has_enough(session, Delivery.user_id == answer.user_id, event="reply-refused", now=now):
        return False
    return queue_delivery(
        session,
        user_id=answer.user_id,
        event="reply-refused",
        key=digest,
        values={
            "contribution_id": answer.contribution_id,
            "problems": list(problems),
            "words": words[:MAX_RETURNED],
        },
        now=now,
    )


def refuse_stranger(
    session: Session, *, digest: str, sender: str, locale: str, now: dt.datetime
) -> bool:
    """Have somebody told that their address is not the one that was written to; five times within
    a day at most. Return whether they are.
    """
    address = accounts.email_key(sender)
    if not keep(session, digest=digest, outcome=Outcome.STRANGER, user_id=None, now=now):
        return False
    if _has_enough(session, Delivery.address == address, event="reply-stranger", now=now):
        return False
    return queue_delivery(
        session,
        address=address,
        locale=locale,
        event="reply-stranger",
        key=digest,
        values={},
        now=now,
    )


def _has_enough(
    session: Session, recipient: ColumnElement[bool], *, event: str, now: dt.datetime
) -> bool:
    answered = select(func.count(Delivery.id)).where(
        recipient, Delivery.event == event, Delivery.created_at > now - dt.timedelta(days=1)
    )
    return (session.scalar(answered) or 0) >= MOST_ANSWERS


def keep(
    session: Session, *, digest: str, outcome: Outcome, user_id: int | None, now: dt.datetime
) -> bool:
    """Write down that a mail is dealt with; False where it was before."""
    try:
        with session.begin_nested():
            session.add(
                InboundMail(digest=digest, outcome=outcome, user_id=user_id, received_at=now)
            )
    except IntegrityError:
        if not is_known(session, digest=digest):
            raise
        return False
    return True


def instant_of_arrival(stamp: dt.datetime | None, *, now: dt.datetime) -> dt.datetime:
    """Return when our mail server took a mail, where its stamp can be true."""
    if stamp is None or not now - OLDEST_ARRIVAL <= stamp <= now:
        return now
    return stamp


def _language(body: str, answer: Answer) -> str:
    """Return the language of a text; one too short to tell is in its writer's."""
    seen = languages.recognise(body)
    return seen.language or ("" if seen.is_foreign else answer.locale)
