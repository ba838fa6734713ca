"""Deciding several waiting texts in one act, and taking that back."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, refusal
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import threads, together
from consult.discussion.states import Removed
from consult.moderation.models import Decision
from consult.moderation.policy import UNDO
from consult.moderation.queries.bulk import (
    Chosen,
    LeftOut,
    claims_on,
    located,
    obstacles,
    subjects_of,
)
from consult.moderation.services import claims
from consult.moderation.services.deciding import (
    Correction,
    Grounds,
    decision_on,
    entry_of,
    grounds_of,
    tell,
)
from consult.moderation.states import ON_PENDING, Verdict
from consult.spaces.models import Space

MOST = 200
"""Texts that are decided in one act at most."""


@dataclass(frozen=True)
class Together:
    """What became of the chosen texts."""

    batch: str
    decided: tuple[str, ...]
    """Names of those that were decided, in the order in which they were."""
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class TakenBack:
    """What became of decisions that were to be taken back together."""

    undone: int
    left: int
    """How many stand: somebody did something else with the text since."""


def decide_together(
    session: Session,
    *,
    actor: Actor,
    chosen: Sequence[Chosen],
    verdict: Verdict | None,
    reason: str | None,
    message: str | None,
    now: dt.datetime,
) -> Together:
    """Decide exactly the texts that were seen in the same way, each with a decision of its own.

    Only what waits is decided so: approved, returned or rejected, at most 200. What moved, was
    decided, is kept by a colleague or is the actor's own is left out and told; nothing is left
    half done. Raises `NotVisible` where one of them is not on the actor's desk, and `Invalid`
    (items, verdict, reason, message).
    """
    found = check_together(
        session,
        actor=actor,
        chosen=chosen,
        verdict=verdict,
        reason=reason,
        message=message,
        now=now,
    )
    if verdict is None:
        raise Invalid({"verdict": ["verdict-missing"]})
    contributions = threads.locked_together(session, found.keys())
    spaces = _spaces(session, found)
    grounds = _grounds(session, spaces, verdict=verdict, reason=reason, message=message)
    in_the_way = obstacles(session, contributions, actor=actor, chosen=found, now=now)
    free = [row for row in contributions if row.id not in in_the_way]
    batch = secrets.token_hex(12)
    if free:
        texts = _open_texts(session, free)
        before = {row.id: (str(text.state), str(row.removed)) for row, text in texts}
        if verdict is Verdict.APPROVE:
            together.publish(session, texts, spaces=spaces, now=now)
        elif verdict is Verdict.RETURN:
            together.send_back(session, texts, now=now)
        else:
            together.reject(session, texts, now=now)
        decisions = [
            decision_on(
                text,
                verdict=verdict,
                grounds=grounds[spaces[row.space_id].forum_id],
                correction=Correction(),
                actor=actor,
                now=now,
            )
            for row, text in texts
        ]
        for decision in decisions:
            decision.batch = batch
        _write_down(session, decisions, texts, before=before, act=verdict.value, now=now)
        for (row, _text), decision in zip(texts, decisions, strict=True):
            tell(session, decision, contribution=row, now=now)
    claims.drop_together(session, contribution_ids=[row.id for row in free])
    return Together(
        batch=batch,
        decided=tuple(found[row.id].name for row in free),
        left_out=tuple(in_the_way.values()),
    )


def check_together(
    session: Session,
    *,
    actor: Actor,
    chosen: Sequence[Chosen],
    verdict: Verdict | None,
    reason: str | None,
    message: str | None,
    now: dt.datetime,
) -> dict[int, Chosen]:
    """Look whether texts may be decided together at all; return them by contribution.

    Raises as `decide_together` does.
    """
    problems = {}
    if not chosen or len(chosen) > MOST:
        problems["items"] = ["items-many" if chosen else "items-missing"]
    if verdict is None or verdict not in ON_PENDING:
        problems["verdict"] = ["verdict-missing"]
        verdict = None
    if "items" in problems:
        raise Invalid(problems)
    found = located(session, actor=actor, chosen=chosen, now=now)
    if verdict is None:
        raise Invalid(problems)
    spaces = _spaces(session, found)
    _grounds(session, spaces, verdict=verdict, reason=reason, message=message)
    return found


def undo_together(session: Session, *, actor: Actor, batch: str, now: dt.datetime) -> TakenBack:
    """Take back what the actor decided in one act, within a minute.

    What has moved on since stays decided and is counted. Raises `NotVisible` for an unknown act or
    one of somebody else's, `Forbidden` after the minute, `StaleState` where nothing of it can be
    taken back any more.
    """
    decisions = _own(session, actor=actor, batch=batch)
    if not decisions:
        raise NotVisible
    if now >= next(iter(decisions.values())).decided_at + UNDO:
        raise Forbidden(Refusal.TOO_LATE)
    contributions = threads.locked_together(session, decisions.keys())
    free = _undoable(session, contributions, decisions, actor=actor, now=now)
    if not free:
        raise StaleState
    texts = _texts(session, {row.id: decisions[row.id].revision_id for row in free}, free)
    before = {row.id: (str(text.state), str(row.removed)) for row, text in texts}
    together.take_back(session, texts, now=now)
    reversals = [
        Decision(
            revision_id=text.id,
            verdict=decisions[row.id].verdict,
            decided_by=actor.user_id,
            decided_at=now,
            undoes=decisions[row.id].id,
        )
        for row, text in texts
    ]
    _write_down(session, reversals, texts, before=before, act="undo", now=now)
    return TakenBack(undone=len(free), left=len(decisions) - len(free))


def _spaces(session: Session, ids: Collection[int]) -> dict[int, Space]:
    around = select(Contribution.space_id).where(Contribution.id.in_(ids))
    return {space.id: space for space in session.scalars(select(Space).where(Space.id.in_(around)))}


def _grounds(
    session: Session,
    spaces: dict[int, Space],
    *,
    verdict: Verdict,
    reason: str | None,
    message: str | None,
) -> dict[int, Grounds]:
    """Return why, by forum; raises `Invalid` where the reason is not in each one's catalogue."""
    by_forum = {space.forum_id: space for space in spaces.values()}
    return {
        forum_id: grounds_of(session, space, verdict=verdict, reason=reason, message=message)
        for forum_id, space in by_forum.items()
    }


def _open_texts(
    session: Session, contributions: Sequence[Contribution]
) -> list[tuple[Contribution, Revision]]:
    return _texts(
        session, {row.id: row.open_revision_id or 0 for row in contributions}, contributions
    )


def _texts(
    session: Session, wanted: Mapping[int, int], contributions: Sequence[Contribution]
) -> list[tuple[Contribution, Revision]]:
    """Return each contribution with the text of that id, read anew."""
    rows = session.scalars(
        select(Revision)
        .where(Revision.id.in_(wanted.values()))
        .execution_options(populate_existing=True)
    )
    by_id = {row.id: row for row in rows}
    return [(row, by_id[wanted[row.id]]) for row in contributions]


def _write_down(
    session: Session,
    decisions: Sequence[Decision],
    texts: Sequence[tuple[Contribution, Revision]],
    *,
    before: Mapping[int, tuple[str, str]],
    act: str,
    now: dt.datetime,
) -> None:
    """Keep each decision with its one entry in the audit log, as `deciding.write_down` does."""
    session.add_all(decisions)
    session.flush()
    facts = [
        audit.Fact(
            row.id,
            entry_of(decision, text, before=before[row.id], removed=str(row.removed)),
        )
        for decision, (row, text) in zip(decisions, texts, strict=True)
    ]
    audit.record_together(
        session,
        act,
        actor_id=decisions[0].decided_by,
        now=now,
        kind="contribution",
        each=facts,
    )


def _undoable(
    session: Session,
    contributions: Sequence[Contribution],
    decisions: Mapping[int, Decision],
    *,
    actor: Actor,
    now: dt.datetime,
) -> list[Contribution]:
    """Return those with which nobody did anything since; the conditions are those of `undo`."""
    ids = [row.id for row in contributions]
    newest = dict(
        session.execute(
            select(Revision.contribution_id, func.max(Decision.id))
            .join(Decision, Decision.revision_id == Revision.id)
            .where(Revision.contribution_id.in_(ids))
            .group_by(Revision.contribution_id)
        )
        .tuples()
        .all()
    )
    subjects = subjects_of(session, contributions, actor=actor)
    held = claims_on(session, contributions, now=now)
    return [
        row
        for row in contributions
        if newest[row.id] == decisions[row.id].id
        and row.removed not in {Removed.WITHDRAWN, Removed.ERASED}
        and row.open_revision_id in {None, decisions[row.id].revision_id}
        and held.get(row.id, (actor.user_id,))[0] == actor.user_id
        and refusal(Permission.DECIDE, actor=actor, subject=subjects[row.id], now=now) is None
    ]


def _own(session: Session, *, actor: Actor, batch: str) -> dict[int, Decision]:
    """Return the decisions of one act of the actor's by contribution."""
    rows = session.execute(
        select(Revision.contribution_id, Decision)
        .join(Decision, Decision.revision_id == Revision.id)
        .where(
            Decision.batch == batch,
            Decision.decided_by == actor.user_id,
            Decision.undoes.is_(None),
        )
    )
    return {row.contribution_id: row.Decision for row in rows}
