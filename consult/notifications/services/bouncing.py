"""Addresses whose mails come back: noticing it, holding mails back, trying again."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import CursorResult, exists, select, update
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import audit
from consult.core.authz import Actor
from consult.core.errors import NotVisible
from consult.notifications.models import Delivery
from consult.notifications.policy import MOST_FAILURES
from consult.notifications.states import DeliveryState

ACCOUNT_MAILS = frozenset({"confirm", "reset", "change-old", "change-new"})
"""Links that somebody asked for just now; they go to every address."""
ELSEWHERE = frozenset({"change-new", "address-changed"})
"""Mails to another address than the one the account has: they say nothing of that one."""
HELD_BACK = "the address sends mails back"
"""What stands in a delivery that was not tried at all."""
DOUBT = dt.timedelta(days=30)
"""For which a handed over mail proves nothing after one that came back later: only a click on a
link in a mail does, or the organisers' word."""
RENEWED = dt.timedelta(days=14)
"""How old a failed mail may be to be sent once more."""
MAX_PROBLEM = 500


def is_held_back(session: Session, delivery: Delivery) -> bool:
    """Whether a mail goes to an address that has sent three back; links that were asked for still
    go there, and what goes to another address is not concerned.
    """
    if delivery.user_id is None or delivery.event in ACCOUNT_MAILS | ELSEWHERE:
        return False
    failures = session.scalar(select(User.mail_failures).where(User.id == delivery.user_id))
    return (failures or 0) >= MOST_FAILURES


def note_problem(session: Session, delivery: Delivery, *, words: str, now: dt.datetime) -> None:
    """Count a mail that the address refused for good, with what the mail server said of it; not
    one that went to another address than the account's.
    """
    if delivery.event in ELSEWHERE:
        return
    user = _locked(session, delivery.user_id)
    if user is None:
        return
    user.mail_failures += 1
    user.mail_failed_at = now
    user.mail_problem = words[:MAX_PROBLEM]
    session.flush()
    if user.mail_failures == MOST_FAILURES:
        audit.record(session, "mail.held-back", actor_id=None, now=now, subject=("user", user.id))


def note_delivered(session: Session, delivery: Delivery, *, now: dt.datetime) -> None:
    """Set the count back; where mails came back after they were taken, being taken is no proof."""
    clear = (
        update(User)
        .where(User.id == delivery.user_id, User.mail_failures > 0)
        .where(
            ~exists().where(
                Delivery.user_id == delivery.user_id,
                Delivery.bounced_at == User.mail_failed_at,
                Delivery.bounced_at > now - DOUBT,
            )
        )
        .values(mail_failures=0, mail_failed_at=None, mail_problem=None)
        .execution_options(synchronize_session=False)
    )
    if delivery.user_id is not None and delivery.event not in ELSEWHERE:
        session.execute(clear)


def note_bounce(session: Session, *, delivery_id: int, words: str, now: dt.datetime) -> bool:
    """Mark a mail that came back and count it; return False where that was done before."""
    marked = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.bounced_at.is_(None))
        .values(bounced_at=now, error=words[:MAX_PROBLEM])
        .execution_options(synchronize_session=False)
    )
    if cast(CursorResult[Any], marked).rowcount != 1:
        return False
    delivery = session.get_one(Delivery, delivery_id, populate_existing=True)
    note_problem(session, delivery, words=words, now=now)
    return True


def try_again(session: Session, *, user_id: int, actor: Actor, now: dt.datetime) -> int:
    """Send mails to an address again, those of two weeks that failed among them; return how many.

    Whether each may still be said is looked at when it is sent. Raises `NotVisible` where there is
    no such problem (any more).
    """
    user = _locked(session, user_id)
    if user is None or not user.mail_failures:
        raise NotVisible
    user.mail_failures, user.mail_failed_at, user.mail_problem = 0, None, None
    session.flush()
    renewed = session.execute(
        update(Delivery)
        .where(
            Delivery.user_id == user_id,
            Delivery.state == DeliveryState.FAILED,
            Delivery.created_at > now - RENEWED,
        )
        .values(state=DeliveryState.WAITING, not_before=now, error=None)
        .execution_options(synchronize_session=False)
    )
    count = int(cast(CursorResult[Any], renewed).rowcount)
    audit.record(
        session,
        "mail.try-again",
        actor_id=actor.user_id,
        now=now,
        subject=("user", user_id),
        mails=count,
    )
    return count


def _locked(session: Session, user_id: int | None) -> User | None:
    if user_id is None:
        return None
    return session.get(User, user_id, populate_existing=True, with_for_update=True)
