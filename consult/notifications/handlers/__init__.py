"""Reactions of mail: who is told of what, and the round that sends what is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts.events import (
    AddressChanged,
    KnownAddressRegistered,
    LinkRequested,
    PasswordChanged,
    RecoveryCodeUsed,
    SecondFactorChanged,
    SignInsFailed,
)
from consult.accounts.models import MailedLink
from consult.core import clock
from consult.core.outbox import Handler, Reactions
from consult.discussion.events import (
    ContributionSent,
    IntakeAsked,
    IntakeDisowned,
    RejectionAppealed,
    RevisionDecided,
)
from consult.discussion.models import Revision
from consult.notifications import services
from consult.notifications.handlers import delegations, people
from consult.notifications.handlers.accounts import (
    queue_address_changed,
    queue_password_changed,
    queue_recovery_code_used,
    queue_second_factor_changed,
    queue_warning,
)
from consult.notifications.handlers.intake import queue_asked, queue_disowned
from consult.notifications.mailer import Mailer, kept_open
from consult.notifications.queries import DecisionReader, intake, recipient_of
from consult.notifications.services import Render

UNDO = dt.timedelta(seconds=60)
"""How long a decision may be taken back before anybody is told."""
ROUND = dt.timedelta(seconds=10)
"""How long one round sends mail before other work of the worker gets its turn."""

Payloads = Sequence[dict[str, Any]]
Subscribed = tuple[Handler, tuple[type[Any], ...]]


def register(
    reactions: Reactions, *, mailer: Mailer, render: Render, decision_facts: DecisionReader
) -> None:
    """Subscribe every handler of mail and put the sending round on the timetable."""
    made = make_handlers(mailer=mailer, render=render, decision_facts=decision_facts)
    for handler, events in made:
        if events:
            reactions.subscribe(handler, *events)
        else:
            reactions.schedule(handler)


def make_handlers(
    *, mailer: Mailer, render: Render, decision_facts: DecisionReader
) -> tuple[Subscribed, ...]:
    """Return each handler with its events; the one without events belongs on the timetable."""

    def queue_decision(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
        for payload in payloads:
            _queue_decision(session, payload, decision_facts=decision_facts, now=now)

    def deliver(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
        moment = now
        with kept_open(mailer) as line:
            while moment - now < ROUND and services.send_due(
                session,
                mailer=line,
                render=render,
                decision_facts=decision_facts,
                now=moment,
                limit=1,
                outside=partial(_without_transaction, session),
            ):
                moment = clock.now()

    return (
        (Handler("notifications.link", queue_link, batch=50), (LinkRequested,)),
        (
            Handler("notifications.known-address", queue_known_address, batch=50),
            (KnownAddressRegistered,),
        ),
        (Handler("notifications.sign-ins-failed", queue_warning, batch=50), (SignInsFailed,)),
        (
            Handler("notifications.password-changed", queue_password_changed, batch=50),
            (PasswordChanged,),
        ),
        (
            Handler("notifications.second-factor", queue_second_factor_changed, batch=50),
            (SecondFactorChanged,),
        ),
        (
            Handler("notifications.recovery-code", queue_recovery_code_used, batch=50),
            (RecoveryCodeUsed,),
        ),
        (
            Handler("notifications.address-changed", queue_address_changed, batch=50),
            (AddressChanged,),
        ),
        (Handler("notifications.received", queue_received, batch=50), (ContributionSent,)),
        (Handler("notifications.intake-asked", queue_asked, batch=50), (IntakeAsked,)),
        (Handler("notifications.intake-disowned", queue_disowned, batch=50), (IntakeDisowned,)),
        (Handler("notifications.appealed", queue_appealed, batch=50), (RejectionAppealed,)),
        (Handler("notifications.decision", queue_decision, batch=50), (RevisionDecided,)),
        *delegations.HANDLERS,
        *people.HANDLERS,
        (Handler("notifications.deliver", deliver, every=2), ()),
    )


def queue_link(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Queue the mail with a link, to be sent at once."""
    for payload in payloads:
        link = session.get(MailedLink, payload["link_id"])
        if link is None:
            continue
        services.queue_delivery(
            session,
            user_id=link.user_id,
            event=str(link.purpose),
            key=link.id,
            values={"link_id": link.id},
            now=now,
        )


def queue_known_address(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell the owner of an address that somebody registered with it; once a day."""
    for payload in payloads:
        services.queue_delivery(
            session,
            user_id=payload["user_id"],
            event="known-address",
            key=payload["day"],
            values={},
            now=now,
        )


def queue_received(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Queue the receipt for a text that was sent."""
    for payload in payloads:
        revision = session.get(Revision, payload["revision_id"])
        if revision is None or revision.submitted_by is None:
            continue
        if revision.number == 1 and intake.of(session, revision.contribution_id) is not None:
            # Whoever typed it is told apart, and the person is asked.
            continue
        services.queue_delivery(
            session,
            user_id=revision.submitted_by,
            event="released" if revision.released_by else "received",
            key=f"revision:{revision.id}",
            values={"contribution_id": revision.contribution_id, "revision_id": revision.id},
            now=now,
        )


def queue_appealed(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Queue the receipt for an appeal, to whoever made it."""
    for payload in payloads:
        services.queue_delivery(
            session,
            user_id=payload["user_id"],
            event="appealed",
            key=f"appeal:{payload['appeal_id']}",
            values={
                "contribution_id": payload["contribution_id"],
                "revision_id": payload["revision_id"],
            },
            now=now,
        )


def _queue_decision(
    session: Session,
    payload: dict[str, Any],
    *,
    decision_facts: DecisionReader,
    now: dt.datetime,
) -> None:
    facts = decision_facts(session, payload["decision_id"])
    revision = session.get(Revision, payload["revision_id"])
    if facts is None or facts.is_undone or revision is None:
        return
    # An answer goes to whoever asked, who may be another of the delegation than the one who typed.
    user_id = facts.appealed_by or recipient_of(
        session, contribution_id=revision.contribution_id, revision_number=revision.number
    )
    asked = None if user_id else intake.asked_person(session, revision.contribution_id)
    if facts.event is None or (user_id is None and asked is None):
        return
    services.queue_delivery(
        session,
        user_id=user_id,
        address=asked.email if asked else None,
        locale=asked.locale if asked else None,
        event=facts.event,
        key=f"decision:{payload['decision_id']}",
        values={
            "contribution_id": revision.contribution_id,
            "revision_id": revision.id,
            "decision_id": payload["decision_id"],
        },
        now=now,
        delay_seconds=max(0.0, (facts.decided_at + UNDO - now).total_seconds()),
    )


@contextmanager
def _without_transaction(session: Session) -> Iterator[None]:
    """Commit what stands, so that no writer waits while the mail server is asked.

    Afterwards a new transaction begins that waits for its turn to write, as every unit of
    work does; the worker commits it.
    """
    session.commit()
    try:
        yield
    finally:
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
