"""Decisions as colleagues, authors' mails and the page of a conflict need them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.authz import Actor
from consult.core.errors import StaleState
from consult.core.i18n import Translated, gettext
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import INSIDE_STATES, Removed, RevisionOrigin, RevisionState
from consult.moderation.models import Appeal, Decision
from consult.moderation.policy import UNDO, UNDO_REMOVAL, undo_window
from consult.moderation.queries.appeals import heard, is_answer
from consult.moderation.states import ON_PENDING, REMOVALS, Policy, Verdict
from consult.notifications.queries import DecisionFacts
from consult.spaces.models import Reason, Space

_Reversal = aliased(Decision)
_Same = aliased(Decision)
_Later = aliased(Decision)
_ItsRevision = aliased(Revision)


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
    together: int = 1
    """How many texts were decided in the same act."""


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
    batch: str | None = None
    """The act in which it was taken together with others, where they are offered as one."""
    count: int = 1
    """How many texts were decided in that act."""


def _is_undone() -> ColumnElement[bool]:
    return exists().where(_Reversal.undoes == Decision.id)


def _together() -> ColumnElement[int]:
    return (
        select(func.count())
        .select_from(_Same)
        .where(_Same.batch == Decision.batch, _Same.undoes.is_(None))
        .correlate(Decision)
        .scalar_subquery()
    )


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
            _together().label("together"),
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
    labels: dict[str, str] = {
        Policy.DEMONSTRATION: gettext("the demonstration"),
        Policy.IMPORT: gettext("an import"),
        Policy.TRUSTED_DELEGATION: gettext("the rule for trusted delegations"),
        Policy.KNOWN_AUTHOR: gettext("the rule for authors who are known here"),
        Policy.NOTHING_MATCHED: gettext("the rule for texts without watched words"),
    }
    return labels.get(policy or "", policy)


def _row(raw: Any) -> DecisionRow:
    decision, contribution_id, number, reason, name, is_undone, answers, together = raw
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
        together=max(1, together),
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

    For one contribution all of them; else only those of the last minute, and those that were
    taken in one act as one.
    """
    has_later = (
        exists()
        .where(
            _Later.revision_id == _ItsRevision.id,
            _ItsRevision.contribution_id == Revision.contribution_id,
            _Later.id > Decision.id,
        )
        .correlate(Decision, Revision)
    )
    one = cast(Decision.id, String)
    in_time: ColumnElement[bool] = Decision.decided_at > now - UNDO
    act: ColumnElement[str] = func.coalesce(Decision.batch, one)
    if contribution_id is not None:
        act = one
        in_time = and_(
            Revision.contribution_id == contribution_id,
            or_(
                in_time,
                and_(
                    Decision.verdict.in_(REMOVALS),
                    Decision.decided_at > now - UNDO_REMOVAL,
                ),
            ),
        )
    rows = session.execute(
        select(
            func.max(func.coalesce(Contribution.receipt, Contribution.reference)).label("name"),
            func.max(Decision.verdict).label("verdict"),
            func.max(Decision.decided_at).label("at"),
            func.max(case((is_answer(Decision), 1), else_=0)).label("answers"),
            func.max(Decision.batch).label("batch"),
            func.count().label("n"),
        )
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Decision.decided_by == actor.user_id,
            Decision.undoes.is_(None),
            Decision.verdict != Verdict.MOVE,
            in_time,
            ~has_later,
        )
        .group_by(act)
        .order_by(func.max(Decision.id).desc())
        .limit(limit)
    )
    return [
        Undoable(
            name=row.name or "",
            verdict=Verdict(row.verdict),
            at=row.at,
            until=row.at + undo_window(Verdict(row.verdict)),
            is_answer=bool(row.answers),
            batch=row.batch if row.n > 1 else None,
            count=row.n,
        )
        for row in rows
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
    `theirs` is the one that waits or is public now, None for an unsent one. `by_author` says that
    its author took the text back or sent a newer one since, whoever decided what before.
    """
    last = latest_decision(session, contribution_id=contribution.id)
    mine = session.scalars(
        select(Revision)
        .where(
            Revision.contribution_id == contribution.id,
            Revision.number == seen,
            Revision.state.not_in(INSIDE_STATES),
        )
        .execution_options(populate_existing=True)
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
        by_author=mine is not None and _is_left_behind(mine, theirs),
        mine=mine.source if mine is not None and has_moved else None,
        theirs=theirs.source if theirs is not None and has_moved else None,
    )


def _is_left_behind(mine: Revision, theirs: Revision | None) -> bool:
    """Whether its author took a text back or sent a newer one, which waits."""
    if mine.origin != RevisionOrigin.REDACTION and mine.state == RevisionState.CANCELLED:
        return True
    is_newer = theirs is not None and theirs.number > mine.number
    return theirs is not None and is_newer and theirs.state == RevisionState.PENDING


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
