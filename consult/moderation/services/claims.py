"""Claims: a lease on an item that keeps colleagues from deciding it meanwhile."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import audit
from consult.core.authz import Actor, Permission, refusal, require
from consult.core.errors import Forbidden, NotVisible, Refusal
from consult.discussion.models import Contribution
from consult.discussion.services import threads
from consult.moderation.models import Claim
from consult.moderation.policy import LEASE, Deciding
from consult.moderation.queries.appeals import heard
from consult.moderation.queries.decisions import stale, standing_text
from consult.moderation.queries.items import deciding
from consult.spaces.models import Space


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


def claim(session: Session, *, actor: Actor, contribution_id: int, now: dt.datetime) -> Claim:
    """Claim a waiting item for ten minutes, or renew an own claim.

    Raises `StaleState` where a colleague was faster or nothing waits any more.
    """
    contribution = threads.locked(session, contribution_id)
    act = _act_on(session, contribution)
    require_decider(session, actor=actor, contribution=contribution, now=now, act=act)
    text = standing_text(session, contribution)
    seen = text.number if text is not None else None
    respect_claim(session, actor=actor, contribution=contribution, seen=seen, now=now)
    if text is None:
        raise stale(session, contribution, seen=seen)
    held = session.get(Claim, contribution.id)
    if held is None:
        held = Claim(contribution_id=contribution.id)
        session.add(held)
    held.user_id, held.until = actor.user_id or 0, now + LEASE
    session.flush()
    _note(session, "claim", actor=actor, contribution=contribution, now=now)
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
    _note(session, "release", actor=actor, contribution=contribution, now=now)


def drop(session: Session, *, contribution_id: int) -> None:
    """End whatever claim there is: the item was decided."""
    session.execute(
        delete(Claim)
        .where(Claim.contribution_id == contribution_id)
        .execution_options(synchronize_session="fetch")
    )


def _note(
    session: Session, act: str, *, actor: Actor, contribution: Contribution, now: dt.datetime
) -> None:
    audit.record(
        session,
        act,
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
    )
