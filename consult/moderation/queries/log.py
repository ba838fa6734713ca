"""The log of decisions: to moderators what was decided in their spaces, to organisers and auditors
ids and codes only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.audit import AuditEntry, AuditSeal
from consult.core.authz import Actor, Role
from consult.core.i18n import Translated
from consult.core.paging import DEFAULT_PER_PAGE
from consult.discussion.models import Contribution, Revision
from consult.moderation.models import Decision
from consult.moderation.queries.appeals import is_answer
from consult.moderation.states import Verdict
from consult.spaces.models import Reason, Space

MOVED = ("moved_from", "moved_to")


@dataclass(frozen=True)
class LogFilter:
    """What of the log is wanted; None is everything."""

    space: str | None = None
    verdict: Verdict | None = None
    reason: str | None = None
    since: dt.datetime | None = None
    before: dt.datetime | None = None
    """Instants: from the first one on, up to the second one."""
    after: int | None = None
    """Number of the decision after which the page goes on, backwards in time."""
    per_page: int = DEFAULT_PER_PAGE


@dataclass(frozen=True)
class LogRow:
    """One decision. What only moderators of the space read is None for others."""

    id: int
    at: dt.datetime
    space: Translated
    verdict: Verdict
    reason: str | None
    """Code."""
    reason_label: Translated | None
    policy: str | None
    undoes: int | None
    """The decision that it took back."""
    is_undone: bool
    is_answer: bool
    """It answered an appeal."""
    is_full: bool
    """The actor moderates the space, and it is no answer to a report about their own text."""
    by: str | None = None
    name: str | None = None
    """Receipt or reference of the contribution."""
    number: int | None = None
    """Of the text that was decided."""
    message: str | None = None
    moved_from: str | None = None
    moved_to: str | None = None
    entry_id: int | None = None
    """Its entry in the audit log."""
    digest: str | None = None
    """The seal of that entry; None until it is sealed."""


@dataclass(frozen=True)
class Log:
    """One page of the log, the newest decision first."""

    rows: Sequence[LogRow]
    next_after: int | None
    spaces: Sequence[Space]
    """All whose log the actor reads."""
    reasons: Sequence[tuple[str, Translated]]


def log(session: Session, *, actor: Actor, wanted: LogFilter) -> Log:
    """Return one page of what the actor may read; four statements."""
    spaces = session.scalars(
        select(Space).where(_read_by(actor)).order_by(Space.forum_id, Space.position)
    ).all()
    forum_ids = sorted({space.forum_id for space in spaces})
    reasons = session.execute(
        select(Reason.code, Reason.label)
        .where(Reason.forum_id.in_(forum_ids))
        .order_by(Reason.forum_id, Reason.position)
    )
    raw = session.execute(_select_rows(actor, wanted)).all()
    has_more, raw = len(raw) > wanted.per_page, raw[: wanted.per_page]
    entries = _entries(session, {row.contribution_id for row in raw})
    moderated = actor.space_ids(Role.MODERATOR)
    return Log(
        rows=[
            _row(
                r,
                is_full=r.space_id in moderated and not _is_secret(r, actor),
                entries=entries,
            )
            for r in raw
        ],
        next_after=raw[-1].id if has_more else None,
        spaces=spaces,
        reasons=list(dict(reasons.tuples().all()).items()),
    )


def _is_secret(row: Any, actor: Actor) -> bool:
    """Whether a row would tell the actor that readers reported a text of their own."""
    return row.verdict == Verdict.KEEP and row.author_id in actor.author_ids


def _read_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition, on `Space`, that the actor reads its log."""
    forums = actor.forum_ids_as(Role.ORGANISER) | actor.forum_ids_as(Role.AUDITOR)
    return or_(
        Space.id.in_(sorted(actor.space_ids(Role.MODERATOR))), Space.forum_id.in_(sorted(forums))
    )


def _select_rows(actor: Actor, wanted: LogFilter) -> Select[Any]:
    reversal = aliased(Decision)
    conditions: list[ColumnElement[bool]] = [_read_by(actor)]
    if wanted.space is not None:
        conditions.append(Space.slug == wanted.space)
    if wanted.verdict is not None:
        conditions.append(Decision.verdict == wanted.verdict)
    if wanted.reason is not None:
        conditions.append(Decision.reason == wanted.reason)
    if wanted.since is not None:
        conditions.append(Decision.decided_at >= wanted.since)
    if wanted.before is not None:
        conditions.append(Decision.decided_at < wanted.before)
    if wanted.after is not None:
        conditions.append(Decision.id < wanted.after)
    return (
        select(
            Decision.id,
            Decision.decided_at,
            Decision.verdict,
            Decision.reason,
            Decision.message,
            Decision.policy,
            Decision.undoes,
            Decision.facts,
            exists().where(reversal.undoes == Decision.id).label("is_undone"),
            is_answer(Decision).label("is_answer"),
            Revision.contribution_id,
            Revision.number,
            Contribution.receipt,
            Contribution.reference,
            Contribution.space_id,
            Contribution.author_id,
            Space.kicker,
            Reason.label,
            User.name,
        )
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .outerjoin(Reason, and_(Reason.forum_id == Space.forum_id, Reason.code == Decision.reason))
        .outerjoin(User, User.id == Decision.decided_by)
        .where(*conditions)
        .order_by(Decision.id.desc())
        .limit(wanted.per_page + 1)
    )


def _entries(session: Session, contribution_ids: set[int]) -> Mapping[int, tuple[int, str | None]]:
    """Return audit entry and seal by decision, found by the subject of the entries."""
    rows = session.execute(
        select(AuditEntry.id, AuditEntry.facts, AuditSeal.digest)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(
            AuditEntry.subject_kind == "contribution",
            AuditEntry.subject_id.in_(sorted(contribution_ids)),
        )
        .order_by(AuditEntry.id.desc())
    )
    # An appeal names the rejection it is about, in an entry after that of the rejection.
    return {
        facts["decision"]: (entry_id, digest)
        for entry_id, facts, digest in rows
        if "decision" in facts
    }


def _row(r: Any, *, is_full: bool, entries: Mapping[int, tuple[int, str | None]]) -> LogRow:
    entry_id, digest = entries.get(r.id, (None, None))
    told: dict[str, Any] = {}
    if is_full:
        facts = r.facts or {}
        told = {
            "by": r.name,
            "name": r.reference or r.receipt,
            "number": r.number,
            "message": r.message,
            **{name: facts.get(name) for name in MOVED},
        }
    return LogRow(
        id=r.id,
        at=r.decided_at,
        space=r.kicker,
        verdict=Verdict(r.verdict),
        reason=r.reason,
        reason_label=r.label,
        policy=r.policy,
        undoes=r.undoes,
        is_undone=r.is_undone,
        is_answer=r.is_answer,
        is_full=is_full,
        entry_id=entry_id,
        digest=digest,
        **told,
    )
