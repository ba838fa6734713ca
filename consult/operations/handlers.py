"""Housekeeping on the timetable: sealing the audit chain, forgetting what has had its day, copies
of people's own data, and what follows from an erasure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts import sessions
from consult.accounts.events import AccountErased, DataAsked
from consult.accounts.services import data_export
from consult.accounts.services.data_export import MadeCopy
from consult.core import audit, db, idempotency, limits
from consult.core.outbox import Handler, Reactions
from consult.core.ports import Ports
from consult.core.storage import BlobStorage
from consult.notifications.services import erasing
from consult.operations import services

MINUTE, HOUR = 60, 3600
DAY = 24 * HOUR

Payloads = Sequence[dict[str, Any]]


def register(
    reactions: Reactions,
    *,
    ports: Ports,
    storage: BlobStorage,
    ledger: Path,
    export_dir: Path,
    mail_folders: Sequence[Path],
) -> None:
    """Put the housekeeping on the timetable, and subscribe what is done with people's own data."""
    reactions.schedule(Handler(name="operations.seal", run=seal, every=MINUTE))
    reactions.schedule(Handler(name="operations.forget", run=forget, every=HOUR))

    def forget_files(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
        data_export.forget_old(session, folder=export_dir, now=now)

    def forget_mails(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
        erasing.forget_old(session, folders=mail_folders, now=now)

    def replay(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
        services.write_ledger(session, path=ledger)
        services.replay_erasures(session, path=ledger, ports=ports, now=now)

    def follow(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        services.write_ledger(session, path=ledger)
        data_export.drop_unnamed(session, folder=export_dir)

    def empty_log(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        db.empty_log(session)

    reactions.schedule(Handler(name="operations.forget-copies", run=forget_files, every=HOUR))
    reactions.schedule(Handler(name="operations.forget-mails", run=forget_mails, every=DAY))
    reactions.schedule(Handler(name="operations.replay-erasures", run=replay, every=MINUTE))
    reactions.subscribe(
        Handler(name="operations.erased", run=follow, batch=50, writes_database=False),
        AccountErased,
    )
    reactions.subscribe(
        Handler(name="operations.empty-log", run=empty_log, batch=50, writes_database=False),
        AccountErased,
    )
    reactions.subscribe(copier(ports=ports, storage=storage, export_dir=export_dir), DataAsked)


def copier(*, ports: Ports, storage: BlobStorage, export_dir: Path) -> Handler:
    """Return the handler that makes a copy of somebody's own data, without the write lock."""

    def make(session: Session, payloads: Payloads, *, now: dt.datetime) -> list[MadeCopy]:
        made = [
            data_export.make(
                session,
                export_id=payload["export_id"],
                sources=ports.exports,
                storage=storage,
                folder=export_dir,
                now=now,
            )
            for payload in payloads
        ]
        session.rollback()
        return [one for one in made if one is not None]

    def record(
        session: Session, _payloads: Payloads, *, now: dt.datetime, prepared: Sequence[MadeCopy]
    ) -> None:
        for made in prepared:
            data_export.record(session, made=made, folder=export_dir, now=now)

    return Handler(name="operations.copy-own-data", run=record, prepare=make, is_slow=True)


def seal(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
    """Extend the audit chain over what has settled."""
    audit.seal(session, now=now)


def forget(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
    """Drop old idempotency keys, attempts and sessions."""
    idempotency.forget_old(session, now=now)
    limits.forget_old(session, now=now)
    sessions.forget_old(session, now=now)
