"""Appeals: what may be appealed, what waits for an answer, and how it stands on a text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Subquery, exists, select
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor, Role
from consult.core.db import unindexed
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionState
from consult.moderation.models import Appeal, Decision
from consult.moderation.policy import (
    Appealing,
    Hearing,
    Rejection,
    falls_to,
    instance,
    is_live,
)
from consult.moderation.states import AppealOutcome, Instance, Verdict
from consult.notifications.queries import APPEAL

_Settled = aliased(Appeal)

_STANDS = (Removed.NONE, Removed.HIDDEN)


@dataclass(frozen=True)
class Rejected:
    """The newest text of a contribution, which was rejected."""

    revision: Revision
    decision: Decision
    appeal: Appeal | None

    @property
    def until(self) -> dt.datetime:
        """Until when it may be appealed."""
        return self.decision.decided_at + APPEAL


@dataclass(frozen=True)
class Heard:
    """An appeal with the text it is about and whoever is to answer it."""

    appeal: Appeal
    revision: Revision
    hearing: Hearing

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has answered it yet."""
        return self.appeal.outcome is None and self.revision.state == RevisionState.REJECTED

    @property
    def outcome(self) -> AppealOutcome | None:
        """How it was answered."""
        return AppealOutcome(self.appeal.outcome) if self.appeal.outcome is not None else None


def rejected_text(session: Session, contribution: Contribution) -> Rejected | None:
    """Return the rejection that may be appealed or was, None where the newest text is no
    rejected one or its author has withdrawn it.
    """
    if contribution.removed not in _STANDS:
        return None
    row = session.execute(
        select(Revision, Rejection, Appeal)
        .join(Rejection, Rejection.revision_id == Revision.id)
        .outerjoin(Appeal, Appeal.decision_id == Rejection.id)
        .where(
            Revision.contribution_id == contribution.id,
            Revision.state == RevisionState.REJECTED,
            Rejection.verdict == Verdict.REJECT,
            Rejection.undoes.is_(None),
            ~is_answer(Rejection),
            is_live(),
        )
        .order_by(Rejection.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
    return Rejected(*row) if row is not None else None


def is_answer(decision: Any) -> Any:
    """Return the condition that a decision answered an appeal."""
    return exists().where(_Settled.settled_by_id == decision.id).correlate(decision)


def appealing(contribution: Contribution, rejected: Rejected | None) -> Appealing:
    """Return what the predicates of an appeal must know."""
    return Appealing(
        author_id=contribution.author_id,
        rejected_at=rejected.decision.decided_at if rejected is not None else None,
        is_appealed=rejected is not None and rejected.appeal is not None,
    )


def heard(session: Session, contribution: Contribution) -> Heard | None:
    """Return the newest appeal on a contribution that is still about something."""
    if contribution.removed not in _STANDS:
        return None
    row = session.execute(
        select(
            Appeal,
            Revision,
            Rejection.decided_by,
            instance(of=Contribution, rejection=Rejection).label("instance"),
        )
        .join(Rejection, Rejection.id == Appeal.decision_id)
        .join(Revision, Revision.id == Rejection.revision_id)
        .join(Contribution, Contribution.id == Appeal.contribution_id)
        .where(Contribution.id == contribution.id, is_live())
        .order_by(Appeal.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    appeal, revision, rejected_by, who = row
    return Heard(appeal, revision, Hearing(Instance(who), rejected_by, appeal.decided_at))


def answered_by(session: Session, decision_id: int) -> Appeal | None:
    """Return the appeal that a decision answered."""
    return session.scalars(
        select(Appeal)
        .where(Appeal.settled_by_id == decision_id)
        .execution_options(populate_existing=True)
    ).first()


def waiting_appeals() -> Subquery:
    """Return the appeals that nobody has answered, with their text and who rejected it."""
    answering: Select[Any] = (
        select(
            Appeal.id,
            Appeal.created_at,
            Rejection.revision_id,
            Rejection.decided_by.label("rejected_by"),
        )
        # From the few open appeals on: what was ever rejected is much.
        .join(Rejection, Rejection.id == unindexed(Appeal.decision_id))
        .join(Revision, Revision.id == Rejection.revision_id)
        .where(
            Appeal.outcome.is_(None),
            unindexed(Revision.state) == RevisionState.REJECTED,
            is_live(),
        )
    )
    return answering.subquery("asked")


def opened_to(session: Session, *, actor: Actor, now: dt.datetime) -> frozenset[int]:
    """Return the contributions of other desks that were opened to the actor for their appeals.

    One statement for moderators and organisers, none for anybody else.
    """
    if not (actor.has(Role.MODERATOR) or actor.has(Role.ORGANISER)):
        return frozenset()
    statement, parameters = falls_to(actor, now=now)
    return frozenset(session.scalars(statement, parameters))
