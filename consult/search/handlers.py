"""Reactions of the search to what happens in the discussion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts.events import AccountErased
from consult.core.outbox import Handler, Reactions
from consult.core.ports import DocumentSource
from consult.discussion.events import PublicTextChanged
from consult.search import sync
from consult.search.documents import Backend
from consult.search.queries import INDEXING

BATCH = 50
CHECK_EVERY = 60
"""Seconds between two looks whether the index is there at all."""


def register(reactions: Reactions, *, backend: Backend, sources: Iterable[DocumentSource]) -> None:
    """Subscribe the index to public changes and look after it from time to time."""
    known = list(sources)

    def index(session: Session, payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        ids = [payload["contribution_id"] for payload in payloads]
        sync.update(session, backend=backend, sources=known, ids=ids)

    def check(session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        if not backend.is_available:
            sync.rebuild(session, backend=backend, sources=known)

    reactions.subscribe(
        Handler(name=INDEXING, run=index, batch=BATCH, writes_database=False), PublicTextChanged
    )

    def forget(session: Session, _payloads: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        sync.forget(session, backend=backend, sources=known)

    reactions.subscribe(
        Handler(name="search.forget", run=forget, batch=BATCH, writes_database=False),
        AccountErased,
    )
    reactions.schedule(
        Handler(name="search.check", run=check, every=CHECK_EVERY, writes_database=False)
    )
