"""The one appeal against a rejection, and its answer by somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.core.outbox import emit
from consult.core.text import normalise
from consult.discussion.events import RejectionAppealed
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing, threads
from consult.moderation.models import Appeal, Decision
from consult.moderation.queries.appeals import Heard, appealing, heard, rejected_text
from consult.moderation.queries.decisions import stale
from consult.moderation.services import claims
from consult.moderation.services.deciding import (
    Correction,
    Grounds,
    correct,
    correction_of,
    decision_on,
    grounds_of,
    tell,
    write_down,
)
from consult.moderation.states import (
    MAX_APPEAL,
    MAX_MESSAGE,
    MIN_APPEAL,
    AppealOutcome,
    Verdict,
)
from consult.spaces.models import Space

_ACTS = {AppealOutcome.UPHELD: "uphold", AppealOutcome.DISMISSED: "dismiss"}
"""How the audit log names the answers."""


def appeal(
    session: Session, *, actor: Actor, contribution_id: int, words: str, now: dt.datetime
) -> Appeal:
    """Ask once for a second reading of an own rejected text, whether or not its space is open.

    Possible as soon as it is rejected; undoing the rejection ends the appeal with it. `words`
    are 20 to 2,000 characters. Raises `Invalid` for others, `Forbidden` for whoever does not
    speak for the author, where no rejected text stands, for a second appeal and after 14 days.
    """
    contribution = threads.locked(session, contribution_id)
    rejected = rejected_text(session, contribution)
    subject = appealing(contribution, rejected)
    require(Permission.APPEAL, actor=actor, subject=subject, now=now)
    if rejected is None:
        raise Forbidden(Refusal.NOT_REJECTED)
    made = Appeal(
        decision_id=rejected.decision.id,
        contribution_id=contribution.id,
        submitted_by=actor.user_id,
        words=_checked(words),
        created_at=now,
    )
    session.add(made)
    contribution.version += 1
    session.flush()
    audit.record(
        session,
        "appeal",
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        appeal=made.id,
        decision=rejected.decision.id,
        revision=rejected.revision.id,
        number=rejected.revision.number,
    )
    _tell_of(session, made, revision=rejected.revision, now=now)
    return made


def _checked(words: str) -> str:
    text = normalise(words).strip()
    if len(text) < MIN_APPEAL:
        raise Invalid({"words": ["appeal-short"]})
    if len(text) > MAX_APPEAL:
        raise Invalid({"words": ["appeal-long"]})
    return text


def _tell_of(session: Session, made: Appeal, *, revision: Revision, now: dt.datetime) -> None:
    if made.submitted_by is None:
        return
    event = RejectionAppealed(
        contribution_id=made.contribution_id,
        revision_id=revision.id,
        appeal_id=made.id,
        user_id=made.submitted_by,
    )
    emit(session, event, now=now)


def settle(
    session: Session,
    *,
    actor: Actor,
    contribution_id: int,
    seen_revision: int,
    verdict: Verdict,
    reason: str | None,
    message: str | None,
    language: str | None,
    objectives: Sequence[int] | None,
    now: dt.datetime,
) -> Decision:
    """Answer an appeal: approving publishes the rejected text after all, rejecting confirms it.

    `seen_revision` is the number of the text that was read. A rejection takes a reason as every
    one does, an approval corrections; both take a message for the author. Raises `NotVisible`
    for an item of another desk, `Forbidden` for an own text, for whoever rejected it and for
    those to whom the appeal does not fall, `StaleState` with who answered it where somebody was
    faster or the author has done something else since, `Invalid` by field.
    """
    contribution = threads.locked(session, contribution_id)
    subject = claims.require_desk(session, actor=actor, contribution=contribution, now=now)
    space = subject.space
    found = heard(session, contribution)
    if found is None or not found.is_waiting or found.revision.number != seen_revision:
        raise stale(session, contribution, seen=seen_revision)
    require(Permission.SETTLE, actor=actor, subject=subject, now=now)
    claims.respect_claim(
        session, actor=actor, contribution=contribution, seen=seen_revision, now=now
    )
    claims.require_claim(
        session, actor=actor, contribution=contribution, space=space, seen=seen_revision, now=now
    )
    outcome = _outcome(verdict)
    grounds = _grounds(session, space, verdict=verdict, reason=reason, message=message)
    correction = Correction()
    if outcome is AppealOutcome.UPHELD:
        correction = correction_of(
            session, found.revision, space=space, language=language, objectives=objectives
        )
    before = (found.revision.state, contribution.removed)
    try:
        _carry_out(session, contribution, found, outcome, correction, space=space, now=now)
    except StaleState as error:
        raise stale(session, contribution, seen=seen_revision) from error
    decision = decision_on(
        found.revision,
        verdict=verdict,
        grounds=grounds,
        correction=correction,
        actor=actor,
        now=now,
    )
    write_down(session, decision, act=_ACTS[outcome], contribution=contribution, before=before)
    _close(session, found.appeal, outcome=outcome, decision=decision)
    claims.drop(session, contribution_id=contribution.id)
    tell(session, decision, contribution=contribution, now=now)
    return decision


def _outcome(verdict: Verdict) -> AppealOutcome:
    if verdict is Verdict.APPROVE:
        return AppealOutcome.UPHELD
    if verdict is Verdict.REJECT:
        return AppealOutcome.DISMISSED
    raise Invalid({"verdict": ["appeal-verdict"]})


def _grounds(
    session: Session, space: Space, *, verdict: Verdict, reason: str | None, message: str | None
) -> Grounds:
    if verdict is Verdict.REJECT:
        return grounds_of(session, space, verdict=verdict, reason=reason, message=message)
    words = normalise(message or "").strip()
    if len(words) > MAX_MESSAGE:
        raise Invalid({"message": ["message-long"]})
    return Grounds(message=words or None)


def _carry_out(
    session: Session,
    contribution: Contribution,
    found: Heard,
    outcome: AppealOutcome,
    correction: Correction,
    *,
    space: Space,
    now: dt.datetime,
) -> None:
    if outcome is AppealOutcome.DISMISSED:
        contribution.version += 1
        session.flush()
        return
    correct(session, found.revision, correction)
    publishing.publish_after_all(
        session, contribution=contribution, revision=found.revision, space=space, now=now
    )


def _close(session: Session, made: Appeal, *, outcome: AppealOutcome, decision: Decision) -> None:
    """Write the answer down, compare and set; raises `StaleState` where there is one already."""
    result = session.execute(
        update(Appeal)
        .where(Appeal.id == made.id, Appeal.outcome.is_(None))
        .values(
            outcome=outcome,
            settled_by_id=decision.id,
            decided_at=decision.decided_at,
            decided_by=decision.decided_by,
        )
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleState
    session.refresh(made)


def reopen(session: Session, made: Appeal, *, contribution: Contribution, now: dt.datetime) -> None:
    """Take the answer to an appeal back: it waits again, and its text is a rejected one.

    Raises `StaleState` where a newer text is open.
    """
    rejection = session.get_one(Decision, made.decision_id)
    if contribution.open_revision_id is not None:
        raise StaleState
    if made.outcome == AppealOutcome.UPHELD:
        publishing.reject_again(
            session,
            contribution=contribution,
            revision=session.get_one(Revision, rejection.revision_id),
            decided_at=rejection.decided_at,
            now=now,
        )
    made.outcome = made.settled_by_id = made.decided_at = made.decided_by = None
    contribution.version += 1
    session.flush()
