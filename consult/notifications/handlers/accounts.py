"""Reactions of mail to what happens to an account: its owner is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts.models import MailedLink
from consult.notifications import services

Payloads = Sequence[dict[str, Any]]


def queue_warning(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell the owner of an account that many tries to sign in failed; once a day."""
    for payload in payloads:
        if payload["user_id"] is None:
            continue
        services.queue_delivery(
            session,
            user_id=payload["user_id"],
            event="sign-in-warning",
            key=payload["day"],
            values={},
            now=now,
        )


def queue_password_changed(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell somebody that they have a new password."""
    for payload in payloads:
        _queue(session, payload, event="password-changed", now=now)


def queue_second_factor_changed(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell somebody what became of their second factor."""
    for payload in payloads:
        _queue(session, payload, event=f"second-factor-{payload['change']}", now=now)


def queue_recovery_code_used(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell somebody that a recovery code stood in for their authenticator."""
    for payload in payloads:
        _queue(session, payload, event="second-factor-recovery", now=now)


def _queue(session: Session, payload: dict[str, Any], *, event: str, now: dt.datetime) -> None:
    services.queue_delivery(
        session,
        user_id=payload["user_id"],
        event=event,
        key=f"entry:{payload['entry_id']}",
        values={},
        now=now,
    )


def queue_address_changed(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell an account's old address that it is the account's no more."""
    for payload in payloads:
        link = session.get(MailedLink, payload["link_id"])
        if link is None or link.address is None:
            continue
        services.queue_delivery(
            session,
            user_id=link.user_id,
            event="address-changed",
            key=link.id,
            values={"link_id": link.id},
            now=now,
        )
