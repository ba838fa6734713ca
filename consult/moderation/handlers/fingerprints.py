"""The worker's part of fingerprints: made when texts come in or change, and where they lack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.core.outbox import Handler, Reactions, emit, waiting
from consult.discussion.events import ContributionSent, PublicTextChanged
from consult.moderation.events import FingerprintLacks
from consult.moderation.services import fingerprinting

FINGERPRINT = "moderation.fingerprint"
BATCH = 20
LOOK_EVERY = 600
"""Seconds between two looks for texts without one: after an import, an upgrade, a collision."""
AT_ONCE = 2000
"""Most texts that one look hands to the worker."""

Payloads = Sequence[dict[str, Any]]


def register(reactions: Reactions) -> None:
    """Subscribe the fingerprints to what happens to texts, and look for those that lack."""
    reactions.subscribe(
        Handler(name=FINGERPRINT, prepare=make, run=keep, batch=BATCH),
        ContributionSent,
        PublicTextChanged,
        FingerprintLacks,
    )
    reactions.schedule(
        Handler(name="moderation.fingerprints-lacking", prepare=look, run=ask, every=LOOK_EVERY)
    )


def make(session: Session, payloads: Payloads, *, now: dt.datetime) -> dict[int, bytes]:  # noqa: ARG001 - the worker hands it over
    """Make the signatures that lack, without any lock."""
    made = fingerprinting.signatures(session, contribution_ids=_ids(payloads))
    session.rollback()
    return made


def keep(
    session: Session,
    payloads: Payloads,
    *,
    now: dt.datetime,  # noqa: ARG001 - the worker hands it over
    prepared: dict[int, bytes],
) -> None:
    """Keep them, and drop those of words that are gone."""
    fingerprinting.keep(session, contribution_ids=_ids(payloads), made=prepared)


def look(session: Session, payloads: Payloads, *, now: dt.datetime) -> list[int]:  # noqa: ARG001 - the worker hands it over
    """Return the contributions to be looked at; none while earlier ones wait their turn."""
    is_busy = waiting(session, handler=FINGERPRINT) > 0
    found = [] if is_busy else fingerprinting.missing(session, limit=AT_ONCE)
    session.rollback()
    return found


def ask(session: Session, payloads: Payloads, *, now: dt.datetime, prepared: list[int]) -> None:  # noqa: ARG001 - the worker hands it over
    """Put them into the outbox, where they are done in small batches."""
    for contribution_id in prepared:
        emit(session, FingerprintLacks(contribution_id=contribution_id), now=now)


def _ids(payloads: Payloads) -> set[int]:
    return {payload["contribution_id"] for payload in payloads}
