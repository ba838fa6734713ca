"""The forum's list of reasons as its organisers keep it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Role
from consult.core.errors import NotVisible
from consult.core.i18n import LOCALES, Translated
from consult.discussion.models import Contribution, Revision
from consult.moderation.models import Decision, Flag
from consult.moderation.queries.settings import mark_of
from consult.moderation.states import OTHER
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum, Reason, Space

FIXED = frozenset(
    "off-topic personal-attack personal-data advertising duplicate illegal unreadable"
    " wrong-consultation other".split()
)
"""Codes of the public contract: they stay, and their words come from the definition file."""


@dataclass(frozen=True)
class ReasonRow:
    """One reason of the list."""

    code: str
    label: Translated
    explanation: Translated
    is_fixed: bool
    is_used: bool
    """Something was decided or reported with it."""
    missing: tuple[str, ...]
    """Languages in which its name or its explanation is missing."""

    @property
    def mark(self) -> str:
        """Return what differs as soon as anybody changes its words."""
        return mark_of({"label": dict(self.label.texts), "why": dict(self.explanation.texts)})


def organised_forum(session: Session, *, actor: Actor) -> Forum:
    """Return the forum that the actor organises, the site's own first; raises `NotVisible`."""
    ids = actor.forum_ids_as(Role.ORGANISER)
    current = space_queries.current_forum(session)
    if current is not None and current.id in ids:
        return current
    found = session.get(Forum, max(ids, default=0))
    if found is None:
        raise NotVisible
    return found


def reason_rows(session: Session, *, forum_id: int) -> Sequence[ReasonRow]:
    """Return every reason in the order in which moderators choose, `other` last."""
    found = session.execute(
        select(Reason, is_used())
        .where(Reason.forum_id == forum_id)
        .order_by(Reason.code == OTHER, Reason.position, Reason.id)
    )
    return [_row(reason, is_in_use) for reason, is_in_use in found]


def reason_row(session: Session, *, forum_id: int, code: str) -> ReasonRow:
    """Return one reason by its code; raises `NotVisible`."""
    found = session.execute(
        select(Reason, is_used()).where(Reason.forum_id == forum_id, Reason.code == code)
    ).first()
    if found is None:
        raise NotVisible
    return _row(*found)


def is_used() -> ColumnElement[bool]:
    """Return the condition, on `Reason`, that something was decided or reported with it."""
    decided = (
        exists()
        .where(
            Decision.reason == Reason.code,
            Revision.id == Decision.revision_id,
            Contribution.id == Revision.contribution_id,
            Space.id == Contribution.space_id,
            Space.forum_id == Reason.forum_id,
        )
        .correlate(Reason)
    )
    reported = (
        exists()
        .where(
            Flag.reason == Reason.code,
            Contribution.id == Flag.contribution_id,
            Space.id == Contribution.space_id,
            Space.forum_id == Reason.forum_id,
        )
        .correlate(Reason)
    )
    return or_(decided, reported)


def _row(reason: Reason, is_in_use: bool) -> ReasonRow:
    texts = (reason.label, reason.explanation)
    return ReasonRow(
        code=reason.code,
        label=reason.label,
        explanation=reason.explanation,
        is_fixed=reason.code in FIXED,
        is_used=is_in_use,
        missing=tuple(code for code in LOCALES if not all(text.texts.get(code) for text in texts)),
    )
