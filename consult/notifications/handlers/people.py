"""Reactions of mail to people taking part: invited, waiting, approved, refused, appointed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.queries import user_by_email_key
from consult.accounts.states import UserStatus
from consult.core.outbox import Handler
from consult.notifications.queries.people import organisers_of
from consult.notifications.services import queue_delivery
from consult.spaces.events import (
    ApplicationDecided,
    ApplicationMade,
    InvitationMade,
    RoleGranted,
)
from consult.spaces.models import Application, Invitation, RoleGrant
from consult.spaces.states import ApplicationState

ROUND = 300
"""Seconds between two looks at requests whose addresses were confirmed meanwhile."""
LATELY = dt.timedelta(days=3)
"""How long after a request its receipt may still be due; an address is confirmed in a day."""

Payloads = Sequence[dict[str, Any]]


def queue_invitation(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Queue the mail of an invitation, to the account with its address or to the address."""
    for payload in payloads:
        found = session.get(Invitation, payload["invitation_id"])
        if found is None or not found.email:
            continue
        owner = user_by_email_key(session, email_key=found.email_key or "")
        is_theirs = owner is not None and owner.status == UserStatus.ACTIVE
        queue_delivery(
            session,
            user_id=owner.id if owner is not None and is_theirs else None,
            address=None if is_theirs else found.email,
            locale=None if is_theirs else found.locale,
            event="invitation",
            # Sent again, it is good until later, and is another mail.
            key=f"{found.id}:{int(found.expires_at.timestamp())}",
            values={"invitation_id": found.id},
            now=now,
        )


def queue_application(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell somebody with a confirmed address that their request is there."""
    for payload in payloads:
        found = session.get(Application, payload["application_id"])
        if found is not None:
            _receipt(session, found, now=now)


def queue_answer(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell somebody what the organisers said."""
    for payload in payloads:
        found = session.get(Application, payload["application_id"])
        if found is None or found.decided_at is None:
            continue
        is_good = found.state == ApplicationState.APPROVED
        queue_delivery(
            session,
            user_id=found.user_id,
            event="application-approved" if is_good else "application-refused",
            key=f"{found.id}:{int(found.decided_at.timestamp())}",
            values={"application_id": found.id},
            now=now,
        )


def queue_role(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell somebody of the role they were given."""
    for payload in payloads:
        grant = session.get(RoleGrant, payload["grant_id"])
        if grant is None:
            continue
        queue_delivery(
            session,
            user_id=grant.user_id,
            event="role-granted",
            key=f"grant:{grant.id}",
            values={"grant_id": grant.id},
            now=now,
        )


def look_at_queues(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
    """Send receipts for requests whose address was confirmed since, and tell organisers once a day
    that people wait.
    """
    ready = session.scalars(
        select(Application)
        .join(User, User.id == Application.user_id)
        .where(
            Application.state == ApplicationState.WAITING,
            User.status == UserStatus.ACTIVE,
            User.confirmed_at.is_not(None),
        )
        .order_by(Application.id)
    ).all()
    for found in ready:
        if found.created_at > now - LATELY:
            _receipt(session, found, now=now)
    for forum_id in sorted({found.forum_id for found in ready}):
        for user_id in organisers_of(session, forum_id=forum_id):
            queue_delivery(
                session,
                user_id=user_id,
                event="applications-waiting",
                key=f"{forum_id}:{now.date().isoformat()}",
                values={"forum_id": forum_id},
                now=now,
            )


def _receipt(session: Session, found: Application, *, now: dt.datetime) -> None:
    user = session.get(User, found.user_id)
    if user is None or user.confirmed_at is None or found.state != ApplicationState.WAITING:
        return
    queue_delivery(
        session,
        user_id=found.user_id,
        event="application-received",
        key=f"{found.id}:{int(found.created_at.timestamp())}",
        values={"application_id": found.id},
        now=now,
    )


HANDLERS: tuple[tuple[Handler, tuple[type[Any], ...]], ...] = (
    (Handler("notifications.invitation", queue_invitation, batch=50), (InvitationMade,)),
    (Handler("notifications.application", queue_application, batch=50), (ApplicationMade,)),
    (Handler("notifications.application-answer", queue_answer, batch=50), (ApplicationDecided,)),
    (Handler("notifications.role", queue_role, batch=50), (RoleGranted,)),
    (Handler("notifications.applications", look_at_queues, every=ROUND), ()),
)
"""Each handler with its events; the one without belongs on the timetable."""
