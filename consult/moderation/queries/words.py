"""What the author of a text is told on their own pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from consult.core.i18n import Translated
from consult.core.ports import AppealState, DecisionWords
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionState
from consult.moderation.models import Appeal, Decision
from consult.moderation.policy import Rejection, is_live
from consult.moderation.queries.appeals import is_answer
from consult.moderation.states import NEEDS_REASON, AppealOutcome, Verdict
from consult.notifications.queries import APPEAL
from consult.spaces.models import Reason, Space


def decision_words(
    session: Session, *, revision_id: int, locale: str, now: dt.datetime
) -> DecisionWords | None:
    """Return reason and sentence of the newest standing decision on a text, and where an appeal
    against it stands.

    None where it was approved, undone, or nothing was decided. The answer to an appeal is no
    decision of its own here, but told with the rejection.
    """
    undoing, answer, second = aliased(Decision), aliased(Decision), aliased(Reason)
    decision = Rejection
    row = session.execute(
        select(
            decision,
            Revision,
            Reason.label,
            Contribution.removed,
            Appeal,
            answer,
            second.label.label("second"),
            is_live().label("is_live"),
        )
        .join(Revision, Revision.id == decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .outerjoin(Reason, (Reason.forum_id == Space.forum_id) & (Reason.code == decision.reason))
        .outerjoin(undoing, undoing.undoes == decision.id)
        .outerjoin(Appeal, Appeal.decision_id == decision.id)
        .outerjoin(answer, answer.id == Appeal.settled_by_id)
        .outerjoin(second, (second.forum_id == Space.forum_id) & (second.code == answer.reason))
        .where(
            decision.revision_id == revision_id,
            decision.undoes.is_(None),
            # Neither says anything about the text.
            decision.verdict.not_in([Verdict.KEEP, Verdict.MOVE]),
            undoing.id.is_(None),
            ~is_answer(decision),
        )
        .order_by(decision.id.desc())
        .limit(1)
    ).first()
    if row is None or row[0].verdict not in NEEDS_REASON:
        return None
    return _words(row, locale=locale, now=now)


def _words(row: Any, *, locale: str, now: dt.datetime) -> DecisionWords:
    decision, revision, label, removed, appeal, answer, second, is_live = row
    until = decision.decided_at + APPEAL if decision.verdict == Verdict.REJECT else None
    can_wait = (
        is_live
        and revision.state == RevisionState.REJECTED
        and removed in {Removed.NONE, Removed.HIDDEN}
    )
    return DecisionWords(
        reason=_said(label, decision.reason, locale) or "",
        message=decision.message,
        message_lang=revision.language if decision.message else None,
        decided_at=decision.decided_at,
        appeal_until=until,
        appeal_state=_state(appeal, until=until, can_wait=can_wait, now=now),
        appeal_words=appeal.words if appeal is not None else None,
        appealed_at=appeal.created_at if appeal is not None else None,
        answer=answer.message if answer is not None else None,
        answer_reason=_said(second, answer.reason, locale) if answer is not None else None,
        answered_at=answer.decided_at if answer is not None else None,
    )


def _said(label: Translated | None, code: str | None, locale: str) -> str | None:
    """Return a reason in words; its code where the catalogue has lost it."""
    return label.in_(locale) if label is not None else code


def _state(
    appeal: Appeal | None, *, until: dt.datetime | None, can_wait: bool, now: dt.datetime
) -> AppealState | None:
    if appeal is not None and appeal.outcome is not None:
        return "upheld" if appeal.outcome == AppealOutcome.UPHELD else "dismissed"
    if not can_wait or until is None:
        return None
    if appeal is not None:
        return "waiting"
    return "possible" if now <= until else None
