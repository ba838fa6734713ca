"""Carrying out one verdict on many waiting texts, with few more statements for two hundred than
for one. The rows are locked by `threads.locked_together` and were read since.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from consult.core.errors import StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import is_public
from consult.discussion.services import publishing, threads
from consult.discussion.states import Act, RevisionState, after
from consult.spaces.models import Space

Texts = Sequence[tuple[Contribution, Revision]]


def publish(
    session: Session, texts: Texts, *, spaces: Mapping[int, Space], now: dt.datetime
) -> None:
    """Do with each what `publishing.publish` does with one; `spaces` by id."""
    changed = [(contribution, is_public(contribution)) for contribution, _text in texts]
    _move(session, [text for _contribution, text in texts], act=Act.APPROVE, decided_at=now)
    older_ids = [one.published_revision_id for one, _text in texts if one.published_revision_id]
    if older_ids:
        older = session.scalars(
            select(Revision)
            .where(Revision.id.in_(older_ids))
            .execution_options(populate_existing=True)
        ).all()
        _move(session, older, act=Act.SUPERSEDE)
    for contribution, text in texts:
        if contribution.published_revision_id is not None:
            contribution.edited_at = now
        contribution.published_revision_id, contribution.open_revision_id = text.id, None
        contribution.first_published_at = contribution.first_published_at or now
    threads.give_references(session, [one for one, _text in texts], spaces=spaces)
    threads.public_changes(session, changed, now=now)


def send_back(session: Session, texts: Texts, *, now: dt.datetime) -> None:
    """Do with each what `publishing.send_back` does with one."""
    _move(session, [text for _contribution, text in texts], act=Act.RETURN, decided_at=now)
    for contribution, _text in texts:
        contribution.version += 1
    session.flush()


def reject(session: Session, texts: Texts, *, now: dt.datetime) -> None:
    """Do with each what `publishing.reject` does with one."""
    _move(session, [text for _contribution, text in texts], act=Act.REJECT, decided_at=now)
    for contribution, _text in texts:
        contribution.open_revision_id = None
        contribution.version += 1
    session.flush()


def take_back(session: Session, texts: Texts, *, now: dt.datetime) -> None:
    """Do with each what `publishing.take_back_decision` does with one.

    Raises `StaleState` where another text is open beside one of them.
    """
    if any(one.open_revision_id not in {None, text.id} for one, text in texts):
        raise StaleState
    replaced = _with_an_older_text(session, texts)
    for contribution, text in texts:
        if contribution.id in replaced:
            publishing.take_back_decision(
                session, contribution=contribution, revision=text, now=now
            )
    others = [(one, text) for one, text in texts if one.id not in replaced]
    changed = [
        (one, is_public(one)) for one, text in others if one.published_revision_id == text.id
    ]
    for act_of in {RevisionState(text.state) for _one, text in others}:
        same = [text for _one, text in others if text.state == act_of]
        _move(session, same, act=Act.UNDO, decided_at=None)
    for contribution, text in others:
        if contribution.published_revision_id == text.id:
            contribution.published_revision_id = contribution.edited_at = None
        contribution.open_revision_id = text.id
        contribution.version += 1
    session.flush()
    threads.public_changes(session, changed, now=now)


def _with_an_older_text(session: Session, texts: Texts) -> set[int]:
    """Return which of the contributions had been public with an earlier text."""
    published = [one.id for one, text in texts if one.published_revision_id == text.id]
    return set(
        session.scalars(
            select(Revision.contribution_id).where(
                Revision.contribution_id.in_(published),
                Revision.state == RevisionState.SUPERSEDED,
            )
        )
    )


def _move(session: Session, texts: Sequence[Revision], *, act: Act, **values: object) -> None:
    """Carry texts of one state through the transition table, compare and set.

    Raises `StaleState` where one of them may not go or is not in that state any more.
    """
    if not texts:
        return
    state = RevisionState(texts[0].state)
    target = after(act, state)
    if target is None or any(text.state != state for text in texts):
        raise StaleState
    result = session.execute(
        update(Revision)
        .where(Revision.id.in_([text.id for text in texts]), Revision.state == state)
        .values(state=target, **values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != len(texts):  # type: ignore[attr-defined]
        raise StaleState
    for text in texts:
        for name, value in {"state": target, **values}.items():
            set_committed_value(text, name, value)
