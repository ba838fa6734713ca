"""Who is told of texts that staff file for somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Role
from consult.discussion.models import Contribution, Intake
from consult.notifications import services
from consult.spaces.models import RoleGrant, Space

Payloads = Sequence[dict[str, Any]]


def queue_asked(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Ask the person whether a text is theirs; tell whoever filed it once that it was taken."""
    for payload in payloads:
        intake = session.get(Intake, payload["intake_id"])
        if intake is None or intake.email is None:
            continue
        services.queue_delivery(
            session,
            address=intake.email,
            locale=intake.locale,
            event="intake-confirm",
            key=f"{intake.id}:{payload['number']}",
            values={"intake_id": intake.id},
            now=now,
        )
        if payload["number"] == 1 and intake.filed_by is not None:
            _tell_staff(session, "intake-filed", intake, user_id=intake.filed_by, now=now)


def queue_disowned(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell whoever filed a text, else the organisers, that it is not the person's."""
    for payload in payloads:
        intake = session.get(Intake, payload["intake_id"])
        if intake is None:
            continue
        told = [intake.filed_by] if intake.filed_by is not None else _organisers(session, intake)
        for user_id in told:
            _tell_staff(session, "intake-disowned", intake, user_id=user_id, now=now)


def _tell_staff(
    session: Session, event: str, intake: Intake, *, user_id: int, now: dt.datetime
) -> None:
    services.queue_delivery(
        session,
        user_id=user_id,
        event=event,
        key=intake.id,
        values={"intake_id": intake.id},
        now=now,
    )


def _organisers(session: Session, intake: Intake) -> list[int]:
    return list(
        session.scalars(
            select(RoleGrant.user_id)
            .join(Space, Space.forum_id == RoleGrant.forum_id)
            .join(Contribution, Contribution.space_id == Space.id)
            .where(Contribution.id == intake.contribution_id, RoleGrant.role == Role.ORGANISER)
            .order_by(RoleGrant.user_id)
        )
    )
