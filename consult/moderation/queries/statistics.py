"""What became of the texts that were sent in a space, in figures, as of a full hour."""

from __future__ import annotations

import datetime as dt
import statistics as arithmetic
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from consult.core.i18n import Translated
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import INSIDE_STATES, RevisionOrigin, RevisionState
from consult.moderation.models import Appeal, Decision
from consult.moderation.queries.pace import AT_ONCE, answering_ids, taken_by_somebody, undone_ids
from consult.moderation.states import ON_PENDING, AppealOutcome, Verdict
from consult.spaces.models import Author, Category, Reason

NEWEST = 2000
"""Newest decisions from which the median is taken."""


class Outcome(StrEnum):
    """What became of one text; together they make up all that were received."""

    APPROVED = "approved"
    AT_ONCE = "at-once"
    """Published by a policy, without having waited for a moderator."""
    RETURNED = "returned"
    REJECTED = "rejected"
    TAKEN_BACK = "taken-back"
    """By its author, before it was decided."""
    WAITING = "waiting"


OF_VERDICT = {
    Verdict.APPROVE: Outcome.APPROVED,
    Verdict.RETURN: Outcome.RETURNED,
    Verdict.REJECT: Outcome.REJECTED,
}


class AppealEnd(StrEnum):
    """What became of an appeal."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"
    OPEN = "open"
    """It waits, or something else ended it."""


@dataclass
class Group:
    """The figures of a language or category, or of all together."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    appeals: Counter[AppealEnd] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    """Seconds from waiting to the decision, of the newest decisions."""
    people: set[int] = field(default_factory=set)
    """Ids of the authors."""

    @property
    def received(self) -> int:
        """All texts."""
        return self.outcomes.total()

    @property
    def median(self) -> dt.timedelta | None:
        """Median time to the first decision; None without decisions."""
        return dt.timedelta(seconds=arithmetic.median(self.waits)) if self.waits else None


@dataclass
class Counted:
    """Everything that was counted, before anything is held back."""

    as_of: dt.datetime
    all: Group = field(default_factory=Group)
    by_language: dict[str, Group] = field(default_factory=dict)
    by_category: dict[int | None, Group] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    """By reason."""
    returned: Counter[str] = field(default_factory=Counter)
    policies: Counter[str] = field(default_factory=Counter)
    acts: Counter[Verdict] = field(default_factory=Counter)
    """Public texts that were hidden, redacted and moved."""
    categories: Sequence[tuple[int, str, Translated]] = ()
    """Id, slug and name, in the forum's order."""
    reasons: dict[str, Translated] = field(default_factory=dict)

    def groups(self, language: str, category_id: int | None) -> tuple[Group, Group, Group]:
        """Return the groups that a text belongs to."""
        return (
            self.all,
            self.by_language.setdefault(language, Group()),
            self.by_category.setdefault(category_id, Group()),
        )


def full_hour(now: dt.datetime) -> dt.datetime:
    """Return the last full hour: figures that change by the hour tell of no single text when it
    was sent.
    """
    return now.replace(minute=0, second=0, microsecond=0)


def counted(session: Session, *, space_id: int, forum_id: int, as_of: dt.datetime) -> Counted:
    """Count a space in six statements; what was undone and what nobody has confirmed is left out.

    Each text that was sent counts, also the newer one of a contribution that was returned.
    """
    found = Counted(as_of=as_of)
    found.categories = [
        (row.id, row.slug, row.name)
        for row in session.execute(
            select(Category.id, Category.slug, Category.name)
            .where(Category.forum_id == forum_id)
            .order_by(Category.position)
        )
    ]
    reasons = select(Reason.code, Reason.label).where(Reason.forum_id == forum_id)
    found.reasons = dict(session.execute(reasons.order_by(Reason.position)).tuples().all())
    for row in session.execute(_texts(space_id, as_of=as_of)):
        _add_text(found, row)
    for row in session.execute(_waits(space_id, as_of=as_of)):
        seconds = max((row.decided_at - row.waits_since).total_seconds(), 0)
        for group in found.groups(row.language, row.category_id):
            group.waits.append(seconds)
    for row in session.execute(_appeals(space_id, as_of=as_of)):
        for group in found.groups(row.language, row.category_id):
            group.appeals[AppealEnd(row.end)] += row.n
    for verdict, count in session.execute(_acts(space_id, as_of=as_of)):
        found.acts[Verdict(verdict)] = count
    return found


def _add_text(found: Counted, row: Any) -> None:
    outcome = Outcome(row.outcome)
    for group in found.groups(row.language, row.category_id):
        group.outcomes[outcome] += row.n
        group.people.add(row.author_id)
    if outcome is Outcome.REJECTED:
        found.rejected[row.reason or ""] += row.n
    elif outcome is Outcome.RETURNED:
        found.returned[row.reason or ""] += row.n
    elif outcome is Outcome.AT_ONCE:
        found.policies[row.policy or ""] += row.n


def _first_decision() -> ColumnElement[bool]:
    """Return the condition that a decision is the standing one on a text that waited; answers to
    appeals are counted apart.
    """
    return and_(
        Decision.verdict.in_(sorted(ON_PENDING)),
        Decision.undoes.is_(None),
        Decision.id.not_in(undone_ids()),
        Decision.id.not_in(answering_ids()),
    )


def _was_received(space_id: int, *, as_of: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Contribution.space_id == space_id,
        Contribution.is_unconfirmed.is_(False),
        Revision.origin == RevisionOrigin.AUTHOR,
        Revision.state.not_in(INSIDE_STATES),
        Revision.waits_since <= as_of,
    )


def _texts(space_id: int, *, as_of: dt.datetime) -> Select[Any]:
    """Count texts by what became of them; authors are told apart, because so few may name one."""
    states = {
        RevisionState.PENDING: Outcome.WAITING,
        RevisionState.CANCELLED: Outcome.TAKEN_BACK,
        RevisionState.RETURNED: Outcome.RETURNED,
        RevisionState.REJECTED: Outcome.REJECTED,
    }
    outcome = case(
        (Decision.decided_at > as_of, Outcome.WAITING.value),
        (Decision.policy.in_(AT_ONCE), Outcome.AT_ONCE.value),
        *((Decision.verdict == verdict, end.value) for verdict, end in OF_VERDICT.items()),
        *((Revision.state == state, end.value) for state, end in states.items()),
        else_=Outcome.AT_ONCE.value,
    ).label("outcome")
    groups = (
        Revision.language,
        Author.category_id,
        Contribution.author_id,
        outcome,
        Decision.reason,
        Decision.policy,
    )
    return (
        select(*groups, func.count().label("n"))
        .select_from(Contribution)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Decision, and_(Decision.revision_id == Revision.id, _first_decision()))
        .where(*_was_received(space_id, as_of=as_of))
        .group_by(*groups)
    )


def _waits(space_id: int, *, as_of: dt.datetime) -> Select[Any]:
    """Return the times of the newest decisions that somebody took."""
    return (
        select(Revision.language, Author.category_id, Revision.waits_since, Decision.decided_at)
        .select_from(Decision)
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Author, Author.id == Contribution.author_id)
        .where(
            _first_decision(),
            taken_by_somebody(),
            Decision.decided_at <= as_of,
            *_was_received(space_id, as_of=as_of),
        )
        .order_by(Decision.decided_at.desc())
        .limit(NEWEST)
    )


def _appeals(space_id: int, *, as_of: dt.datetime) -> Select[Any]:
    is_answered = and_(Appeal.outcome.is_not(None), Appeal.decided_at <= as_of)
    end = case(
        (and_(is_answered, Appeal.outcome == AppealOutcome.UPHELD), AppealEnd.UPHELD.value),
        (is_answered, AppealEnd.DISMISSED.value),
        else_=AppealEnd.OPEN.value,
    ).label("end")
    groups = (Revision.language, Author.category_id, end)
    return (
        select(*groups, func.count().label("n"))
        .select_from(Appeal)
        .join(Decision, Decision.id == Appeal.decision_id)
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Appeal.contribution_id)
        .join(Author, Author.id == Contribution.author_id)
        .where(
            Contribution.space_id == space_id,
            Appeal.created_at <= as_of,
            Decision.id.not_in(undone_ids()),
        )
        .group_by(*groups)
    )


def _acts(space_id: int, *, as_of: dt.datetime) -> Select[tuple[Verdict, int]]:
    return (
        select(Decision.verdict, func.count())
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            Contribution.space_id == space_id,
            Decision.verdict.in_([Verdict.HIDE, Verdict.REDACT, Verdict.MOVE]),
            Decision.undoes.is_(None),
            Decision.id.not_in(undone_ids()),
            Decision.decided_at <= as_of,
        )
        .group_by(Decision.verdict)
    )


def ordered(counts: Counter[str], *, known: Iterable[str]) -> list[str]:
    """Return the codes that were counted, known ones first in their order."""
    order = {code: place for place, code in enumerate(known)}
    return sorted(counts, key=lambda code: (order.get(code, len(order)), code))
