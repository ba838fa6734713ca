"""Taking a decision back."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Permission
from consult.core.errors import Forbidden, NotVisible, Refusal, StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing, redacting, removing, threads
from consult.discussion.states import Removed
from consult.moderation.models import Decision
from consult.moderation.policy import UNDO, undo_window
from consult.moderation.queries.appeals import answered_by, heard
from consult.moderation.queries.decisions import latest_decision, stale
from consult.moderation.services import appeals, claims
from consult.moderation.services.deciding import take_back_correction, tell, write_down
from consult.moderation.services.settling import reopen_flags, settle_flags
from consult.moderation.states import ON_PENDING, REMOVALS, Verdict
from consult.spaces.models import Space


def undo(session: Session, *, actor: Actor, decision_id: int, now: dt.datetime) -> Decision:
    """Take an own decision back with a reversing one: a decided text waits again.

    The reversal of an approval, return or rejection carries the same verdict and `undoes`;
    that of hiding is restoring and the other way round, which the author is told where mail
    about the first may have left. An answered appeal waits again, with its text rejected. A
    language or objectives that were corrected in the same act are as their author left them.
    Possible for 60 seconds, for hiding and restoring for 30 days; a move is not taken back but
    moved again. Raises `NotVisible`, `Forbidden`, and `StaleState` where a later decision or a
    newer text stands.
    """
    undone = session.get(Decision, decision_id)
    if undone is None:
        raise NotVisible
    revision = session.get_one(Revision, undone.revision_id)
    contribution = threads.locked(session, revision.contribution_id)
    session.refresh(revision)
    answered = answered_by(session, undone.id)
    act = Permission.SETTLE if answered is not None else Permission.DECIDE
    if answered is not None and heard(session, contribution) is None:
        # Its author sent another text, or withdrew it: there is nothing left to answer.
        raise stale(session, contribution, seen=revision.number)
    claims.require_decider(session, actor=actor, contribution=contribution, now=now, act=act)
    verdict = Verdict(undone.verdict)
    _check(undone, actor=actor, verdict=verdict, now=now)
    claims.respect_claim(
        session, actor=actor, contribution=contribution, seen=revision.number, now=now
    )
    before = (revision.state, contribution.removed)
    try:
        _refuse_if_later(session, undone, contribution=contribution)
        if verdict in ON_PENDING:
            space = session.get_one(Space, contribution.space_id)
            take_back_correction(session, undone, revision=revision, space=space)
        if answered is not None:
            appeals.reopen(session, answered, contribution=contribution, now=now)
        else:
            _carry_out(session, contribution, revision, verdict=verdict, now=now)
    except StaleState as error:
        raise stale(session, contribution, seen=revision.number) from error
    reversal = _reversal(session, undone, verdict=verdict, actor=actor, now=now)
    write_down(session, reversal, act="undo", contribution=contribution, before=before)
    reopen_flags(session, decision=undone)
    if reversal.verdict == Verdict.HIDE:
        settle_flags(session, contribution_id=contribution.id, decision=reversal)
    if verdict in REMOVALS and now >= undone.decided_at + UNDO:
        tell(session, reversal, contribution=contribution, now=now)
    return reversal


def _check(undone: Decision, *, actor: Actor, verdict: Verdict, now: dt.datetime) -> None:
    if undone.decided_by is None or undone.decided_by != actor.user_id:
        raise Forbidden(Refusal.NO_ROLE)
    if undone.undoes is not None or verdict is Verdict.MOVE:
        raise Forbidden(Refusal.WRONG_STATE)
    if now >= undone.decided_at + undo_window(verdict):
        raise Forbidden(Refusal.TOO_LATE)


def _refuse_if_later(session: Session, undone: Decision, *, contribution: Contribution) -> None:
    """Raise `StaleState` where anybody decided since, or its author took the text away."""
    last = latest_decision(session, contribution_id=contribution.id)
    if last is None or last.id != undone.id:
        raise StaleState
    if contribution.removed in {Removed.WITHDRAWN, Removed.ERASED}:
        raise StaleState


def _carry_out(
    session: Session,
    contribution: Contribution,
    revision: Revision,
    *,
    verdict: Verdict,
    now: dt.datetime,
) -> None:
    if verdict in ON_PENDING:
        publishing.take_back_decision(
            session, contribution=contribution, revision=revision, now=now
        )
    elif verdict is Verdict.HIDE:
        removing.restore(session, contribution=contribution, seen=revision.id, now=now)
    elif verdict is Verdict.RESTORE:
        removing.hide(session, contribution=contribution, seen=revision.id, now=now)
    elif verdict is Verdict.REDACT:
        redacting.take_back_redaction(
            session, contribution=contribution, revision=revision, now=now
        )


def _reversal(
    session: Session, undone: Decision, *, verdict: Verdict, actor: Actor, now: dt.datetime
) -> Decision:
    reversal = Decision(
        revision_id=undone.revision_id,
        verdict=verdict,
        decided_by=actor.user_id,
        decided_at=now,
        undoes=undone.id,
    )
    if verdict is Verdict.HIDE:
        reversal.verdict = Verdict.RESTORE
    if verdict is Verdict.RESTORE:
        reversal.verdict = Verdict.HIDE
        earlier = _hiding_before(session, undone)
        if earlier is not None:
            reversal.reason, reversal.message = earlier.reason, earlier.message
    return reversal


def _hiding_before(session: Session, restored: Decision) -> Decision | None:
    """Return the hiding that a restoring had ended; its reason holds again."""
    return session.scalars(
        select(Decision)
        .where(
            Decision.revision_id == restored.revision_id,
            Decision.verdict == Verdict.HIDE,
            Decision.id < restored.id,
        )
        .order_by(Decision.id.desc())
        .limit(1)
    ).first()
