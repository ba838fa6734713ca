"""Reactions of mail to what somebody does with their own data: it is ready, or they were erased."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts.events import DataReady
from consult.accounts.models import DataExport
from consult.core.outbox import Handler, Reactions
from consult.notifications.events import MailFilesForgotten
from consult.notifications.services import erasing, queue_delivery

MINUTE = 60

Payloads = Sequence[dict[str, Any]]


def register(reactions: Reactions, *, folders: Sequence[Path]) -> None:
    """Subscribe what follows in mail from a copy of one's data and from an erasure; `folders` are
    those in which mails lie as files.
    """

    def drop_files(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        for payload in payloads:
            erasing.drop_files(folders, names=payload["names"], message_ids=payload["message_ids"])

    def forget(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
        erasing.forget_farewells(session, now=now)

    reactions.subscribe(Handler("notifications.data-ready", queue_ready, batch=50), DataReady)
    reactions.subscribe(
        Handler("notifications.drop-files", drop_files, writes_database=False), MailFilesForgotten
    )
    reactions.schedule(Handler("notifications.forget-farewells", forget, every=MINUTE))


def queue_ready(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell somebody that the copy of their data lies there."""
    for payload in payloads:
        export = session.get(DataExport, payload["export_id"])
        if export is None:
            continue
        queue_delivery(
            session,
            user_id=export.user_id,
            event="data-ready",
            key=f"export:{export.id}",
            values={"export_id": export.id},
            now=now,
        )
