"""Use cases of mail: queue one, send what is due, try again, give up.

A mail is queued in the transaction of what it tells of, and looked at again when it is sent.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from email.message import EmailMessage
from typing import Any, Protocol, cast

import structlog
from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.notifications import queries
from consult.notifications.mailer import Deferred, Mailer, MailError, Refused, Unreachable
from consult.notifications.models import Delivery
from consult.notifications.queries import DecisionReader, MailFacts
from consult.notifications.services import bouncing
from consult.notifications.services.telling import keep_told
from consult.notifications.states import DeliveryState

PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 780, 864))
"""Rest after the first failure, the second one and so on: two days in all, then it has failed."""
IN_FLIGHT = dt.timedelta(minutes=2)
"""How long a mail belongs to whoever is sending it; then it is due again."""
SERVER_AWAY = dt.timedelta(seconds=30)
"""How long nobody's mail is tried where the mail server does not answer."""

log = structlog.get_logger("consult.mail")


class Render(Protocol):
    """Makes the mail; its texts are templates, which nobody below the views may know."""

    def __call__(self, facts: MailFacts, /, *, message_id: str | None) -> EmailMessage:
        """Return the whole message; with a Message-ID of its own where None is given."""
        ...


def queue_delivery(
    session: Session,
    *,
    user_id: int | None = None,
    address: str | None = None,
    locale: str | None = None,
    event: str,
    key: str,
    values: Mapping[str, Any],
    now: dt.datetime,
    delay_seconds: float = 0,
) -> bool:
    """Queue a mail to one user, or to an address; return False where it was queued before.

    User or address, event and key (at most 64 characters) name it for ever; `values` are ids,
    never texts. `locale` is the language of a mail to an address. Raises ValueError unless
    exactly one of user and address is given.
    """
    if (user_id is None) == (address is None):
        raise ValueError("a mail goes to a user or to an address")
    recipient = Delivery.address == address if user_id is None else Delivery.user_id == user_id
    same = select(Delivery.id).where(recipient, Delivery.event == event, Delivery.key == key)
    if session.scalars(same).first() is not None:
        return False
    try:
        with session.begin_nested():
            session.add(
                Delivery(
                    user_id=user_id,
                    address=address,
                    locale=locale,
                    event=event,
                    key=key,
                    values=dict(values),
                    state=DeliveryState.WAITING,
                    not_before=now + dt.timedelta(seconds=delay_seconds),
                    created_at=now,
                )
            )
    except IntegrityError:
        # Somebody queued the same mail in between.
        if session.scalars(same).first() is None:
            raise
        return False
    return True


def send_due(
    session: Session,
    *,
    mailer: Mailer,
    render: Render,
    decision_facts: DecisionReader,
    now: dt.datetime,
    limit: int = 50,
    outside: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Send at most `limit` mails whose time has come; return how many were looked at.

    The mail server is asked inside `outside()`, in which the caller may end the transaction,
    so that nobody waits for the database while it hangs. A server that does not answer ends
    the round for everybody.
    """
    looked_at = 0
    for delivery_id in _due(session, now=now, limit=limit):
        looked_at += 1
        message = _prepare(
            session, delivery_id, render=render, decision_facts=decision_facts, now=now
        )
        if message is None:
            continue
        with outside():
            error = _hand_over(mailer, message)
        _record(session, delivery_id, error, now=now)
        if isinstance(error, Unreachable):
            _let_all_wait(session, now=now)
            break
    return looked_at


def pause(failures: int) -> dt.timedelta | None:
    """Return how long a mail rests after that many failures, with jitter; None to give up."""
    if failures > len(PAUSES):
        return None
    return PAUSES[failures - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load only


def _due(session: Session, *, now: dt.datetime, limit: int) -> list[int]:
    return list(
        session.scalars(
            select(Delivery.id)
            .where(Delivery.state == DeliveryState.WAITING, Delivery.not_before <= now)
            .order_by(Delivery.not_before, Delivery.id)
            .limit(limit)
        )
    )


def _prepare(
    session: Session,
    delivery_id: int,
    *,
    render: Render,
    decision_facts: DecisionReader,
    now: dt.datetime,
) -> EmailMessage | None:
    """Claim a delivery and make its mail; None where another worker has it or it is dropped."""
    if not _claim(session, delivery_id, now=now):
        return None
    delivery = session.get_one(Delivery, delivery_id, populate_existing=True)
    if bouncing.is_held_back(session, delivery):
        delivery.state, delivery.error = DeliveryState.FAILED, bouncing.HELD_BACK
        session.flush()
        return None
    event = delivery.event
    try:
        # The savepoint keeps the transaction alive where the database refuses a statement.
        with session.begin_nested():
            facts = queries.facts_of(session, delivery, decision_facts=decision_facts, now=now)
            message = render(facts, message_id=delivery.message_id) if facts else None
    except Exception as error:
        # One mail that cannot be read or made must not hold up the others.
        log.warning("mail cannot be made", mail=event, exc_info=True)
        _record(session, delivery_id, Deferred(repr(error)), now=now)
        return None
    if facts is None or message is None:
        delivery.state = DeliveryState.DROPPED
        session.flush()
        return None
    delivery.message_id = str(message["Message-ID"])
    if facts.tells:
        delivery.values = {**delivery.values, "tells": list(facts.tells)}
    session.flush()
    return message


def _claim(session: Session, delivery_id: int, *, now: dt.datetime) -> bool:
    """Take a delivery for `IN_FLIGHT`; whoever finds it due again may have lost a race."""
    result = session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.state == DeliveryState.WAITING,
            Delivery.not_before <= now,
        )
        .values(not_before=now + IN_FLIGHT)
        .execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], result).rowcount == 1


def _hand_over(mailer: Mailer, message: EmailMessage) -> MailError | None:
    try:
        mailer.send(message)
    except MailError as error:
        return error
    return None


def _record(
    session: Session, delivery_id: int, error: MailError | None, *, now: dt.datetime
) -> None:
    """Write down what became of a try; nothing where its recipient was erased meanwhile."""
    delivery = session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None:
        return
    if error is None:
        delivery.state, delivery.sent_at, delivery.error = DeliveryState.SENT, now, None
        bouncing.note_delivered(session, delivery, now=now)
        _forget_words(delivery)
        keep_told(session, delivery, now=now)
        session.flush()
        return
    failures = int(delivery.values.get("failures", 0)) + 1
    delivery.values = {**delivery.values, "failures": failures}
    delivery.error = str(error)[:2000]
    rest = None if isinstance(error, Refused) else pause(failures)
    if isinstance(error, Refused) and error.blames_address:
        bouncing.note_problem(session, delivery, words=str(error), now=now)
    if rest is None:
        delivery.state = DeliveryState.FAILED
        log.warning("mail failed for good", mail=delivery.event, failures=failures)
    else:
        delivery.not_before = now + rest
    session.flush()


def _forget_words(delivery: Delivery) -> None:
    """Drop what was kept only to go back to its writer."""
    if "words" in delivery.values:
        delivery.values = {k: v for k, v in delivery.values.items() if k != "words"}


def _let_all_wait(session: Session, *, now: dt.datetime) -> None:
    session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.WAITING, Delivery.not_before <= now)
        .values(not_before=now + SERVER_AWAY)
        .execution_options(synchronize_session=False)
    )
