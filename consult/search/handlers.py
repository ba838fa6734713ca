"""Reactions of the search to what happens in the discussion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from consult.accounts.events import AccountErased
from consult.core.outbox import Handler, Later, OutboxEntry, Reactions
from consult.core.ports import DocumentSource
from consult.discussion.events import PublicTextChanged
from consult.search import sync
from consult.search.documents import Backend, IndexBusy, IndexUnavailable
from consult.search.queries import INDEXING

BATCH = 50
CHECK_EVERY = 20
"""Seconds between two looks whether the index is there and whole."""
VERIFY_EVERY = 3600
"""Seconds between two comparisons of the index with the database."""
BUSY_REST = 2
"""Seconds after which a row is tried again that met another writer."""
BROKEN_REST = 30
"""Seconds after which a row is tried again where no index can be written."""


def register(reactions: Reactions, *, backend: Backend, sources: Iterable[DocumentSource]) -> None:
    """Subscribe the index to public changes and look after it from time to time."""
    known = list(sources)

    def index(session: Session, payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        ids = [payload["contribution_id"] for payload in payloads]
        with _waits_for_an_index():
            sync.update(session, backend=backend, sources=known, ids=ids)

    def forget(session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        with _waits_for_an_index():
            sync.forget(session, backend=backend, sources=known)

    def check(session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        with _waits_for_its_turn():
            sync.heal(session, backend=backend, sources=known)

    def compare(
        session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime
    ) -> dt.datetime:
        with _waits_for_its_turn():
            sync.repair(session, backend=backend, sources=known)
        session.rollback()
        return now

    def tidy(
        session: Session,
        _payloads: Sequence[dict[str, Any]],
        *,
        now: dt.datetime,  # noqa: ARG001 - the worker hands it over
        prepared: dt.datetime,
    ) -> None:
        settle(session, before=prepared)

    reactions.subscribe(
        Handler(name=INDEXING, run=index, batch=BATCH, writes_database=False), PublicTextChanged
    )
    reactions.subscribe(
        Handler(name="search.forget", run=forget, batch=BATCH, writes_database=False),
        AccountErased,
    )
    reactions.schedule(
        Handler(name="search.check", run=check, every=CHECK_EVERY, writes_database=False)
    )
    reactions.schedule(Handler(name="search.verify", run=tidy, prepare=compare, every=VERIFY_EVERY))


def settle(session: Session, *, before: dt.datetime) -> None:
    """Drop rows that were put aside and whose texts a repair since then has brought up to date.

    Until then a search leaves these texts out, for fear of their former words.
    """
    put_aside = (OutboxEntry.handler == INDEXING, OutboxEntry.parked_at.is_not(None))
    session.execute(delete(OutboxEntry).where(*put_aside, OutboxEntry.created_at < before))


@contextmanager
def _waits_for_its_turn() -> Iterator[None]:
    """Have rows rest while another process writes the index, without counting it as a failure."""
    try:
        yield
    except IndexBusy as error:
        raise Later(str(error), seconds=BUSY_REST) from error


@contextmanager
def _waits_for_an_index() -> Iterator[None]:
    """Have rows rest as long as no index can be written, however long: it is none of their fault,
    and what is put aside would never be found.
    """
    try:
        with _waits_for_its_turn():
            yield
    except IndexUnavailable as error:
        raise Later(str(error), seconds=BROKEN_REST) from error
