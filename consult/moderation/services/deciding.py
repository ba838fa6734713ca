"""Deciding on exactly the text that was seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor
from consult.core.errors import Invalid, StaleState
from consult.core.i18n import LOCALES
from consult.core.outbox import emit
from consult.core.text import normalise
from consult.discussion.events import RevisionDecided
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.services import publishing, removing, threads
from consult.discussion.services.texts import correct_tags, objective_ids
from consult.moderation.models import Decision
from consult.moderation.queries.decisions import stale
from consult.moderation.services import claims
from consult.moderation.services.settling import settle_flags
from consult.moderation.states import (
    MAX_MESSAGE,
    MIN_OTHER,
    NEEDS_REASON,
    OF_THE_FORM,
    ON_PENDING,
    OTHER,
    Verdict,
)
from consult.spaces.models import Objective, Reason, Space


@dataclass(frozen=True)
class Grounds:
    """Why: a code of the forum's catalogue and a sentence for the author."""

    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Correction:
    """What the moderator puts right in the same act; None is left as it was."""

    language: str | None = None
    objective_ids: tuple[int, ...] | None = None
    objectives: tuple[int, ...] | None = None
    """Their numbers."""
    language_before: str | None = None
    objectives_before: tuple[int, ...] | None = None
    """What stood there, by number; None where it stays."""

    @property
    def facts(self) -> dict[str, Any] | None:
        """Return what undoing takes: the corrected things as they were."""
        found: dict[str, Any] = {}
        if self.language is not None:
            found["language"] = self.language_before
        if self.objectives is not None:
            found["objectives"] = list(self.objectives_before or ())
        return found or None


def decide(
    session: Session,
    *,
    actor: Actor,
    contribution_id: int,
    seen_revision: int,
    seen_published: int | None,
    verdict: Verdict,
    reason: str | None,
    message: str | None,
    language: str | None,
    objectives: Sequence[int] | None,
    now: dt.datetime,
) -> Decision:
    """Carry out a verdict on the text that was seen, and write down that it was.

    `seen_revision` is the number of the text that waited; hiding and restoring go by
    `seen_published`, or by `seen_revision` where only a published text was shown. Language and
    objectives are corrected with an approval only, None leaves them. Return, reject and hide
    take a reason of the forum's catalogue, `other` a message of 20 characters; other verdicts
    keep neither. Raises `NotVisible` for an item of another desk, `Forbidden` for an own text,
    `StaleState` with who decided what where somebody was faster and where an own claim is wanted
    but does not stand, `Invalid` by field.
    """
    if verdict not in OF_THE_FORM:
        raise Invalid({"verdict": ["verdict-missing"]})
    contribution = threads.locked(session, contribution_id)
    space = claims.require_decider(session, actor=actor, contribution=contribution, now=now)
    claims.respect_claim(
        session, actor=actor, contribution=contribution, seen=seen_revision, now=now
    )
    on_published = verdict not in ON_PENDING
    seen = seen_published if on_published and seen_published is not None else seen_revision
    try:
        revision = _seen_text(session, contribution, verdict=verdict, number=seen)
        claims.require_claim(
            session, actor=actor, contribution=contribution, space=space, seen=seen, now=now
        )
        grounds = grounds_of(session, space, verdict=verdict, reason=reason, message=message)
        correction = Correction()
        if verdict is Verdict.APPROVE:
            correction = correction_of(
                session, revision, space=space, language=language, objectives=objectives
            )
        before = (revision.state, contribution.removed)
        correct(session, revision, correction)
        _carry_out(session, contribution, revision, verdict=verdict, space=space, now=now)
    except StaleState as error:
        if error.seen.get("unclaimed"):
            raise
        raise stale(session, contribution, seen=seen) from error
    decision = decision_on(
        revision, verdict=verdict, grounds=grounds, correction=correction, actor=actor, now=now
    )
    write_down(session, decision, act=verdict.value, contribution=contribution, before=before)
    if verdict is Verdict.HIDE:
        settle_flags(session, contribution_id=contribution.id, decision=decision)
    claims.drop(session, contribution_id=contribution.id)
    tell(session, decision, contribution=contribution, now=now)
    return decision


def decision_on(
    revision: Revision,
    *,
    verdict: Verdict,
    grounds: Grounds,
    correction: Correction,
    actor: Actor,
    now: dt.datetime,
) -> Decision:
    """Return the row of a decision, to be written down."""
    return Decision(
        revision_id=revision.id,
        verdict=verdict,
        reason=grounds.reason,
        message=grounds.message,
        language=correction.language,
        objectives=list(correction.objectives) if correction.objectives is not None else None,
        facts=correction.facts,
        decided_by=actor.user_id,
        decided_at=now,
    )


def write_down(
    session: Session,
    decision: Decision,
    *,
    act: str,
    contribution: Contribution,
    before: tuple[str, str],
) -> None:
    """Keep a decision with its one entry in the audit log; words stay out of the log."""
    session.add(decision)
    session.flush()
    revision = session.get_one(Revision, decision.revision_id)
    audit.record(
        session,
        act,
        actor_id=decision.decided_by,
        now=decision.decided_at,
        subject=("contribution", contribution.id),
        **entry_of(decision, revision, before=before, removed=str(contribution.removed)),
    )


def entry_of(
    decision: Decision, revision: Revision, *, before: tuple[str, str], removed: str
) -> dict[str, Any]:
    """Return what the audit log keeps of a decision that was flushed: ids and codes."""
    facts = {
        "decision": decision.id,
        "undoes": decision.undoes,
        "revision": revision.id,
        "number": revision.number,
        "reason": decision.reason,
        "language": decision.language,
        "objectives": decision.objectives,
        "state_before": str(before[0]),
        "state": str(revision.state),
        "removed_before": str(before[1]),
        "removed": removed,
    }
    return facts | ({"batch": decision.batch} if decision.batch else {})


def tell(
    session: Session, decision: Decision, *, contribution: Contribution, now: dt.datetime
) -> None:
    """Have the author told; mail waits by itself until the decision can no longer be undone."""
    emit(
        session,
        RevisionDecided(
            contribution_id=contribution.id,
            revision_id=decision.revision_id,
            decision_id=decision.id,
        ),
        now=now,
    )


def _seen_text(
    session: Session, contribution: Contribution, *, verdict: Verdict, number: int
) -> Revision:
    """Return the text that was seen; raises `StaleState` where it is not the one that stands."""
    if verdict in ON_PENDING:
        return publishing.waiting_revision(session, contribution=contribution, number=number)
    if contribution.published_revision_id is None:
        raise StaleState
    published = session.get_one(
        Revision, contribution.published_revision_id, populate_existing=True
    )
    if published.number != number:
        raise StaleState
    return published


def grounds_of(
    session: Session, space: Space, *, verdict: Verdict, reason: str | None, message: str | None
) -> Grounds:
    """Return why a text is decided so; none where the verdict takes none. Raises `Invalid`."""
    words = normalise(message or "").strip()
    problems: dict[str, list[str]] = {}
    if len(words) > MAX_MESSAGE:
        problems["message"] = ["message-long"]
    needs_reason = verdict in NEEDS_REASON
    if needs_reason and not _is_in_catalogue(session, space, reason):
        problems["reason"] = ["reason-missing"]
    if needs_reason and reason == OTHER and len(words) < MIN_OTHER:
        problems["message"] = ["message-short"]
    if problems:
        raise Invalid(problems)
    return Grounds(reason, words or None) if needs_reason else Grounds()


def _is_in_catalogue(session: Session, space: Space, code: str | None) -> bool:
    if not code:
        return False
    known = select(Reason.id).where(Reason.forum_id == space.forum_id, Reason.code == code)
    return session.scalars(known).first() is not None


def correction_of(
    session: Session,
    revision: Revision,
    *,
    space: Space,
    language: str | None,
    objectives: Sequence[int] | None,
) -> Correction:
    """Return what is to be changed; what was left as it stands is no correction.

    Raises `Invalid` for an unknown language or objective.
    """
    new_language = language if language != revision.language else None
    if new_language is not None and new_language not in LOCALES:
        raise Invalid({"language": ["language-unknown"]})
    spoken = Correction(language=new_language, language_before=revision.language)
    if objectives is None:
        return spoken
    current = _public_objectives(session, revision)
    wanted = set(objectives)
    added = objective_ids(session, space_id=space.id, numbers=wanted - current.keys())
    if wanted == current.keys():
        return spoken
    kept = [current[number] for number in sorted(wanted & current.keys())]
    return replace(
        spoken,
        objective_ids=(*kept, *added),
        objectives=tuple(sorted(wanted)),
        objectives_before=tuple(sorted(current)),
    )


def _public_objectives(session: Session, revision: Revision) -> dict[int, int]:
    rows = session.execute(
        select(Objective.number, Objective.id)
        .join(RevisionTag, RevisionTag.objective_id == Objective.id)
        .where(RevisionTag.revision_id == revision.id, RevisionTag.is_public)
    )
    return {row.number: row.id for row in rows}


def correct(session: Session, revision: Revision, correction: Correction) -> None:
    """Put language and objectives of a text right."""
    if correction.language is not None:
        revision.language = correction.language
        session.flush()
    if correction.objective_ids is not None:
        correct_tags(session, revision=revision, objective_ids=correction.objective_ids)


def take_back_correction(
    session: Session, decision: Decision, *, revision: Revision, space: Space
) -> None:
    """Give a text the language and objectives that it had before a decision corrected them."""
    before = decision.facts or {}
    if before.get("language"):
        revision.language = before["language"]
        session.flush()
    if "objectives" in before:
        ids = session.scalars(
            select(Objective.id).where(
                Objective.forum_id == space.forum_id, Objective.number.in_(before["objectives"])
            )
        ).all()
        correct_tags(session, revision=revision, objective_ids=ids)


def _carry_out(
    session: Session,
    contribution: Contribution,
    revision: Revision,
    *,
    verdict: Verdict,
    space: Space,
    now: dt.datetime,
) -> None:
    if verdict is Verdict.APPROVE:
        publishing.publish(
            session, contribution=contribution, revision=revision, space=space, now=now
        )
    elif verdict is Verdict.RETURN:
        publishing.send_back(session, contribution=contribution, revision=revision, now=now)
    elif verdict is Verdict.REJECT:
        publishing.reject(session, contribution=contribution, revision=revision, now=now)
    elif verdict is Verdict.HIDE:
        removing.hide(session, contribution=contribution, seen=revision.id, now=now)
    else:
        removing.restore(session, contribution=contribution, seen=revision.id, now=now)
