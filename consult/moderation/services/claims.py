"""Claims: a lease on an item that keeps colleagues from deciding it meanwhile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import audit
from consult.core.authz import Actor, Permission, refusal, require
from consult.core.errors import Forbidden, NotVisible, Refusal
from consult.discussion.models import Contribution
from consult.discussion.services import threads
from consult.discussion.states import Removed
from consult.moderation.models import Claim
from consult.moderation.policy import LEASE, Deciding
from consult.moderation.queries.appeals import heard
from consult.moderation.queries.decisions import stale, standing_text
from consult.moderation.queries.finding import deciding
from consult.spaces.models import Space
from consult.spaces.states import ClaimRule

KEPT = dt.timedelta(hours=1)
"""How long a lapsed claim is kept, so that whoever had it is told that it lapsed."""
AT_A_TIME = 500
"""Claims that one statement ends."""
_GONE = frozenset({Removed.WITHDRAWN, Removed.ERASED})


def require_decider(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    now: dt.datetime,
    act: Permission = Permission.DECIDE,
) -> Space:
    """Return the space where the actor may decide the contribution, or settle its appeal.

    Raises `NotVisible` where the item is not on the actor's desk, `Forbidden` for an own text.
    """
    subject = require_desk(session, actor=actor, contribution=contribution, now=now)
    require(act, actor=actor, subject=subject, now=now)
    return subject.space


def require_desk(
    session: Session, *, actor: Actor, contribution: Contribution, now: dt.datetime
) -> Deciding:
    """Return what the actor is to decide; raises `NotVisible` where it is not on their desk."""
    space = session.get_one(Space, contribution.space_id)
    subject = deciding(session, contribution, space=space)
    if refusal(Permission.MODERATE, actor=actor, subject=subject, now=now) is not None:
        raise NotVisible
    return subject


def _act_on(session: Session, contribution: Contribution) -> Permission:
    """Return what there is to do with an item: an appeal that waits goes before all else."""
    found = heard(session, contribution)
    is_appeal = found is not None and found.is_waiting
    return Permission.SETTLE if is_appeal else Permission.DECIDE


def respect_claim(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    seen: int | None,
    now: dt.datetime,
) -> None:
    """Raise `StaleState` with the colleague's name where somebody else's claim stands."""
    held = session.get(Claim, contribution.id, populate_existing=True)
    if held is None or held.until <= now or held.user_id == actor.user_id:
        return
    colleague = session.get(User, held.user_id)
    raise stale(
        session,
        contribution,
        seen=seen,
        claimed_by=colleague.name if colleague is not None else "",
        until=held.until,
    )


def require_claim(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    space: Space,
    seen: int | None,
    now: dt.datetime,
) -> None:
    """Raise `StaleState` where the space wants items claimed and the actor has no claim that
    stands; `seen["unclaimed"]` says so, `seen["lapsed"]` when an own one ended.
    """
    if space.claims != ClaimRule.REQUIRED:
        return
    held = session.get(Claim, contribution.id, populate_existing=True)
    is_own = held is not None and held.user_id == actor.user_id
    if held is not None and is_own and held.until > now:
        return
    conflict = stale(session, contribution, seen=seen)
    conflict.seen["unclaimed"] = True
    conflict.seen["lapsed"] = held.until if held is not None and is_own else None
    raise conflict


def claim(session: Session, *, actor: Actor, contribution_id: int, now: dt.datetime) -> Claim:
    """Claim an item for ten minutes, or renew an own claim; only the first leaves an audit entry.

    A claim is on the item, not on one text: it stands where the author sends another one
    meanwhile. Raises `StaleState` where a colleague was faster or nothing is there to decide.
    """
    contribution = threads.locked(session, contribution_id)
    act = _act_on(session, contribution)
    require_decider(session, actor=actor, contribution=contribution, now=now, act=act)
    text = standing_text(session, contribution)
    seen = text.number if text is not None else None
    respect_claim(session, actor=actor, contribution=contribution, seen=seen, now=now)
    if text is None or contribution.removed in _GONE:
        raise stale(session, contribution, seen=seen)
    held = session.get(Claim, contribution.id)
    is_renewal = held is not None and held.user_id == actor.user_id and held.until > now
    if held is None:
        held = Claim(contribution_id=contribution.id)
        session.add(held)
    held.user_id, held.until = actor.user_id or 0, now + LEASE
    session.flush()
    if not is_renewal:
        _note(session, "claim", user_id=actor.user_id, contribution_id=contribution.id, now=now)
    return held


def release(session: Session, *, actor: Actor, contribution_id: int, now: dt.datetime) -> None:
    """Give an own claim back; raises `Forbidden` where the actor has none."""
    contribution = threads.locked(session, contribution_id)
    act = _act_on(session, contribution)
    require_decider(session, actor=actor, contribution=contribution, now=now, act=act)
    held = session.get(Claim, contribution.id, populate_existing=True)
    if held is None or held.user_id != actor.user_id:
        raise Forbidden(Refusal.WRONG_STATE)
    drop(session, contribution_id=contribution.id)
    if held.until > now:
        _note(session, "release", user_id=actor.user_id, contribution_id=contribution.id, now=now)


def release_all(session: Session, *, user_id: int, now: dt.datetime) -> int:
    """End every claim of somebody who is not at their desk any more; return how many.

    Each one that still stood leaves its audit entry.
    """
    # In the order in which a bulk decision locks its items, so that the two never wait in a ring.
    held = session.scalars(
        select(Claim)
        .where(Claim.user_id == user_id)
        .order_by(Claim.contribution_id.desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for one in held:
        if one.until > now:
            _note(session, "release", user_id=user_id, contribution_id=one.contribution_id, now=now)
        session.delete(one)
    session.flush()
    return len(held)


def forget_lapsed(session: Session, *, now: dt.datetime) -> int:
    """Drop claims that ended an hour ago; return how many. They have kept nobody since."""
    lapsed = session.scalars(
        select(Claim.contribution_id)
        .where(Claim.until <= now - KEPT)
        .with_for_update(skip_locked=True)
    ).all()
    drop_together(session, contribution_ids=lapsed)
    return len(lapsed)


def drop_together(session: Session, *, contribution_ids: Sequence[int]) -> None:
    """End whatever claims there are on several items: they were decided, or lie elsewhere now."""
    # In the order of `release_all`.
    ids = sorted(contribution_ids, reverse=True)
    for start in range(0, len(ids), AT_A_TIME):
        on_them = Claim.contribution_id.in_(ids[start : start + AT_A_TIME])
        held = session.scalars(
            select(Claim.contribution_id)
            .where(on_them)
            .order_by(Claim.contribution_id.desc())
            .with_for_update()
        ).all()
        if held:
            session.execute(
                delete(Claim).where(on_them).execution_options(synchronize_session="fetch")
            )


def drop(session: Session, *, contribution_id: int) -> None:
    """End whatever claim there is: the item was decided."""
    session.execute(
        delete(Claim)
        .where(Claim.contribution_id == contribution_id)
        .execution_options(synchronize_session="fetch")
    )


def _note(
    session: Session, act: str, *, user_id: int | None, contribution_id: int, now: dt.datetime
) -> None:
    audit.record(session, act, actor_id=user_id, now=now, subject=("contribution", contribution_id))
