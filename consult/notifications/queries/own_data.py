"""Mails about one's own data: the copy is ready; the account is erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.orm import Session

from consult.accounts.models import DataExport
from consult.accounts.states import DataExportState
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
from consult.spaces import queries as spaces


def about_copy(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read the mail that a copy of somebody's data is ready; None once the copy is gone."""
    user = active_user(session, delivery)
    export = session.get(DataExport, delivery.values["export_id"], populate_existing=True)
    if user is None or export is None or export.state != DataExportState.READY:
        return None
    if export.expires_at is None or export.expires_at <= now:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=spaces.current_forum(session),
        links={"data_url": MailLink("accounts.own_data")},
        words={"until": export.expires_at},
    )


def farewell(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the last mail to somebody who was erased; it names nobody."""
    if not delivery.address:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_address(delivery, name=""),
        address=delivery.address,
        written_at=delivery.created_at,
        forum=spaces.current_forum(session),
    )


READERS: Mapping[str, Reader] = MappingProxyType({"data-ready": about_copy, "erased": farewell})
"""The mails of this module."""
