"""Reactions of the discussion to what happens below it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.accounts.events import AddressConfirmed
from consult.core.outbox import Handler, Reactions, emit
from consult.core.storage import BlobStorage
from consult.discussion.events import (
    AUTHOR_SHOWN_ANEW,
    ContentForgotten,
    FileKept,
    PublicTextChanged,
)
from consult.discussion.models import Contribution
from consult.discussion.policy import public_contributions
from consult.discussion.services import erasing, files, intake_answers, paper_reading, threads
from consult.discussion.services.paper_reading import READ_PAPER, Known, Scanner
from consult.spaces.events import AuthorChanged, AuthorMade

HOUR, DAY = 3600, 86_400

Payloads = Sequence[dict[str, Any]]


def register(
    reactions: Reactions, *, storage: BlobStorage, scanner: Scanner | None, holds: bool
) -> None:
    """Subscribe the discussion's reactions; `holds` keeps unscanned files from everybody."""
    reactions.subscribe(Handler(name=AUTHOR_SHOWN_ANEW, run=show_author_anew), AuthorChanged)
    reactions.subscribe(
        Handler(name="discussion.filed-texts", run=join_filed_texts), AddressConfirmed, AuthorMade
    )
    reactions.subscribe(reader_of_papers(storage=storage, scanner=scanner, holds=holds), FileKept)

    def sweep(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
        files.sweep(session, storage=storage, now=now)

    def ask_again(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
        paper_reading.ask_again(session, scans=scanner is not None, holds=holds, now=now)

    def drop(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:  # noqa: ARG001 - the worker hands it over
        for payload in payloads:
            erasing.drop_content(session, sha256=payload["sha256"], storage=storage)

    reactions.subscribe(Handler(name="discussion.drop-content", run=drop), ContentForgotten)
    reactions.schedule(Handler(name="discussion.sweep-files", run=sweep, every=DAY))
    reactions.schedule(Handler(name="discussion.ask-again", run=ask_again, every=HOUR))


def reader_of_papers(*, storage: BlobStorage, scanner: Scanner | None, holds: bool) -> Handler:
    """Return the handler that scans a file and takes its text out; tried again while the scanner
    is away.
    """

    def look(session: Session, payloads: Payloads, *, now: dt.datetime) -> list[Known]:  # noqa: ARG001 - the worker hands it over
        contents = sorted({payload["sha256"] for payload in payloads})
        waiting = [paper_reading.known(session, sha256=sha256) for sha256 in contents]
        session.rollback()
        return [
            paper_reading.find_out(one, storage=storage, scanner=scanner, holds=holds)
            for one in waiting
            if one is not None and not one.is_finished
        ]

    def keep(
        session: Session,
        _payloads: Payloads,
        *,
        now: dt.datetime,
        prepared: Sequence[Known],
    ) -> None:
        for found in prepared:
            paper_reading.record(session, found=found, now=now)

    return Handler(name=READ_PAPER, run=keep, prepare=look, is_slow=True)


def join_filed_texts(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Give somebody the texts that staff filed for the address which they have confirmed."""
    for payload in payloads:
        intake_answers.join(session, user_id=payload["user_id"], now=now)


def show_author_anew(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Raise the public version of an author's texts, so that the index takes the new name."""
    author_ids = {payload["author_id"] for payload in payloads}
    ids = session.scalars(
        select(Contribution.id).where(
            Contribution.author_id.in_(sorted(author_ids)), public_contributions()
        )
    ).all()
    threads.locked_together(session, ids)
    session.execute(
        update(Contribution)
        .where(Contribution.id.in_(ids))
        .values(public_version=Contribution.public_version + 1, version=Contribution.version + 1)
        .execution_options(synchronize_session=False)
    )
    for contribution_id in ids:
        emit(session, PublicTextChanged(contribution_id=contribution_id), now=now)
