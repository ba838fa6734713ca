"""Decisions as colleagues, authors' mails and the page of a conflict need them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.authz import Actor
from consult.core.errors import StaleState
from consult.core.i18n import Translated, gettext
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import INSIDE_STATES, Removed, RevisionState
from consult.moderation.models import Appeal, Decision
from consult.moderation.policy import UNDO, UNDO_REMOVAL
from consult.moderation.queries.appeals import heard, is_answer
from consult.moderation.states import ON_PENDING, Verdict
from consult.notifications.queries import DecisionFacts
from consult.spaces.models import Reason, Space


@dataclass(frozen=True)
class DecisionRow:
    """One decision as a colleague reads it."""

    id: int
    contribution_id: int
    revision: int
    """Number of the text that was decided."""
    verdict: Verdict
    reason: Translated | None
    message: str | None
    by: str | None
    """Name of the colleague, or of the policy where nobody decided."""
    by_id: int | None
    at: dt.datetime
    is_reversal: bool
    """It takes an earlier decision back."""
    is_undone: bool
    is_answer: bool
    """It answered an appeal."""


@dataclass(frozen=True)
class Undoable:
    """A decision of the actor's own that can still be taken back."""

    name: str
    """Receipt or reference of the item."""
    verdict: Verdict
    at: dt.datetime
    until: dt.datetime
    is_answer: bool
    """It answered an appeal."""


def _is_undone() -> ColumnElement[bool]:
    reversal = aliased(Decision)
    return exists().where(reversal.undoes == Decision.id)


def _select_rows() -> Select[Any]:
    return (
        select(
            Decision,
            Revision.contribution_id,
            Revision.number,
            Reason.label,
            User.name,
            _is_undone().label("is_undone"),
            is_answer(Decision).label("is_answer"),
        )
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .outerjoin(Reason, and_(Reason.forum_id == Space.forum_id, Reason.code == Decision.reason))
        .outerjoin(User, User.id == Decision.decided_by)
        .order_by(Decision.id.desc())
    )


def policy_label(policy: str | None) -> str | None:
    """Return the words for a policy that decided in nobody's name."""
    labels = {"demonstration": gettext("the demonstration"), "import": gettext("an import")}
    return labels.get(policy or "", policy)


def _row(raw: Any) -> DecisionRow:
    decision, contribution_id, number, reason, name, is_undone, answers = raw
    return DecisionRow(
        id=decision.id,
        contribution_id=contribution_id,
        revision=number,
        verdict=Verdict(decision.verdict),
        reason=reason,
        message=decision.message,
        by=name or policy_label(decision.policy),
        by_id=decision.decided_by,
        at=decision.decided_at,
        is_reversal=decision.undoes is not None,
        is_undone=is_undone,
        is_answer=answers,
    )


def decisions_on(session: Session, *, contribution_id: int) -> list[DecisionRow]:
    """Return every decision on a contribution's texts, newest first."""
    rows = session.execute(_select_rows().where(Revision.contribution_id == contribution_id))
    return [_row(raw) for raw in rows]


def latest_decision(session: Session, *, contribution_id: int) -> DecisionRow | None:
    """Return the newest decision on any text of a contribution."""
    raw = session.execute(
        _select_rows().where(Revision.contribution_id == contribution_id).limit(1)
    ).first()
    return _row(raw) if raw is not None else None


def decision_facts(session: Session, decision_id: int, /) -> DecisionFacts | None:
    """Return what the author is told of a decision, as it stands now; None for an unknown one.

    A reversal of a verdict on a waiting text tells nobody anything: the text waits again.
    """
    raw = session.execute(
        select(
            Decision,
            Reason.label,
            Reason.explanation,
            _is_undone(),
            Appeal.outcome,
            Appeal.submitted_by,
        )
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .outerjoin(Reason, and_(Reason.forum_id == Space.forum_id, Reason.code == Decision.reason))
        .outerjoin(Appeal, Appeal.settled_by_id == Decision.id)
        .where(Decision.id == decision_id)
        .execution_options(populate_existing=True)
    ).first()
    if raw is None:
        return None
    decision, label, explanation, is_undone, outcome, appealed_by = raw
    verdict = Verdict(decision.verdict)
    return DecisionFacts(
        verdict=verdict.value,
        reason_label=label,
        reason_explanation=explanation,
        message=decision.message,
        is_undone=is_undone or (decision.undoes is not None and verdict in ON_PENDING),
        decided_at=decision.decided_at,
        outcome=outcome,
        appealed_by=appealed_by,
    )


def undoable(
    session: Session,
    *,
    actor: Actor,
    now: dt.datetime,
    contribution_id: int | None = None,
    limit: int = 5,
) -> Sequence[Undoable]:
    """Return the actor's own decisions that can still be taken back, newest first.

    For one contribution all of them, else only those of the last minute.
    """
    later, its_revision = aliased(Decision), aliased(Revision)
    has_later = (
        exists()
        .where(
            later.revision_id == its_revision.id,
            its_revision.contribution_id == Revision.contribution_id,
            later.id > Decision.id,
        )
        .correlate(Decision, Revision)
    )
    in_time: ColumnElement[bool] = Decision.decided_at > now - UNDO
    if contribution_id is not None:
        in_time = and_(
            Revision.contribution_id == contribution_id,
            or_(
                in_time,
                and_(
                    Decision.verdict.in_([Verdict.HIDE, Verdict.RESTORE]),
                    Decision.decided_at > now - UNDO_REMOVAL,
                ),
            ),
        )
    rows = session.execute(
        select(
            Contribution.receipt,
            Contribution.reference,
            Decision.verdict,
            Decision.decided_at,
            is_answer(Decision),
        )
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Decision.decided_by == actor.user_id,
            Decision.undoes.is_(None),
            in_time,
            ~has_later,
        )
        .order_by(Decision.id.desc())
        .limit(limit)
    )
    return [
        Undoable(
            name=receipt or reference or "",
            verdict=Verdict(verdict),
            at=at,
            until=at + (UNDO if verdict in ON_PENDING else UNDO_REMOVAL),
            is_answer=answers,
        )
        for receipt, reference, verdict, at, answers in rows
    ]


def last_own_decision(session: Session, *, actor: Actor, contribution_id: int) -> int | None:
    """Return the id of the newest decision on a contribution that the actor took."""
    return session.scalars(
        select(Decision.id)
        .join(Revision, Revision.id == Decision.revision_id)
        .where(
            Revision.contribution_id == contribution_id,
            Decision.decided_by == actor.user_id,
            Decision.undoes.is_(None),
        )
        .order_by(Decision.id.desc())
        .limit(1)
    ).first()


def stale(
    session: Session,
    contribution: Contribution,
    *,
    seen: int | None,
    claimed_by: str | None = None,
    until: dt.datetime | None = None,
) -> StaleState:
    """Return the conflict to raise: who decided what, and both texts where the text moved.

    `seen` is the number of the text on which the act was based. The texts are sources;
    `theirs` is the one that waits or is public now, None for an unsent one.
    """
    last = latest_decision(session, contribution_id=contribution.id)
    mine = session.scalars(
        select(Revision).where(
            Revision.contribution_id == contribution.id,
            Revision.number == seen,
            Revision.state.not_in(INSIDE_STATES),
        )
    ).first()
    theirs = standing_text(session, contribution)
    has_moved = mine is not None and theirs is not None and mine.id != theirs.id
    return StaleState(
        verdict=last.verdict if last else None,
        by=last.by if last else None,
        at=last.at if last else None,
        is_reversal=last.is_reversal if last else False,
        claimed_by=claimed_by,
        until=until,
        removed=Removed(contribution.removed),
        mine=mine.source if mine is not None and has_moved else None,
        theirs=theirs.source if theirs is not None and has_moved else None,
    )


def standing_text(session: Session, contribution: Contribution) -> Revision | None:
    """Return the text that waits for a moderator or whose appeal does, else the published one."""
    if contribution.open_revision_id is not None:
        waiting = session.get(Revision, contribution.open_revision_id, populate_existing=True)
        if waiting is not None and waiting.state == RevisionState.PENDING:
            return waiting
    found = heard(session, contribution)
    if found is not None and found.is_waiting:
        return found.revision
    if contribution.published_revision_id is None:
        return None
    return session.get(Revision, contribution.published_revision_id, populate_existing=True)
