"""Readers' reports as the desk and their reporters need them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core.authz import Actor, Role
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import public_contributions
from consult.moderation.models import Decision, Flag
from consult.moderation.policy.flagging import NOT_FOR_READERS
from consult.spaces import queries as space_queries
from consult.spaces.models import (
    Author,
    AuthorMember,
    Organisation,
    Reason,
    RoleGrant,
    Space,
)
from consult.spaces.queries import shown_in

_Other = aliased(Flag)
_Elsewhere = aliased(Contribution)


@dataclass(frozen=True)
class Report:
    """A report that waits, as a moderator reads it."""

    reason: Translated | None
    """None where the forum has dropped the reason since."""
    words: str | None
    by: str
    """As the reader appears in the forum, else the name of the account."""
    is_mine: bool
    at: dt.datetime
    is_older: bool
    """Another text has become public since: the report was about the one before."""
    others: int
    """How many more texts of the space the same reader has reported."""


@dataclass(frozen=True)
class OwnReport:
    """What somebody reported before, as they are told."""

    at: dt.datetime
    answered_at: dt.datetime | None
    """None while it waits for a moderator."""
    can_repeat: bool
    """It was answered, and another text is public now."""


def is_reported() -> ColumnElement[bool]:
    """Return the condition that a public `Contribution` has reports that wait."""
    return and_(public_contributions(), has_unsettled())


def has_unsettled() -> ColumnElement[bool]:
    """Return the condition that a `Contribution` has reports nobody answered, public or not."""
    return exists().where(Flag.contribution_id == Contribution.id, Flag.settled_at.is_(None))


def unsettled(session: Session, *, contribution_id: int) -> Sequence[Flag]:
    """Return the reports nobody answered, the oldest first."""
    return session.scalars(
        select(Flag)
        .where(Flag.contribution_id == contribution_id, Flag.settled_at.is_(None))
        .order_by(Flag.created_at, Flag.id)
        .execution_options(populate_existing=True)
    ).all()


def reports(session: Session, contribution: Contribution, *, actor: Actor) -> list[Report]:
    """Return the reports that wait on a public text, the oldest first; for its moderators only."""
    others = (
        select(func.count())
        .select_from(_Other)
        .join(_Elsewhere, _Elsewhere.id == _Other.contribution_id)
        .where(
            _Other.user_id == Flag.user_id,
            _Other.id != Flag.id,
            _Elsewhere.space_id == contribution.space_id,
        )
        .correlate(Flag)
        .scalar_subquery()
    )
    public_since = (
        select(Revision.decided_at)
        .where(Revision.id == Contribution.published_revision_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Flag,
            Reason.label,
            User.name.label("account"),
            public_since.label("public_since"),
            others.label("others"),
        )
        .join(Contribution, Contribution.id == Flag.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(User, User.id == Flag.user_id)
        .outerjoin(Reason, and_(Reason.forum_id == Space.forum_id, Reason.code == Flag.reason))
        .where(
            Flag.contribution_id == contribution.id,
            Flag.settled_at.is_(None),
            public_contributions(),
        )
        .order_by(Flag.created_at, Flag.id)
    ).all()
    names = _names(session, contribution, user_ids=[row.Flag.user_id for row in rows])
    return [
        Report(
            reason=row.label,
            words=row.Flag.words,
            by=names.get(row.Flag.user_id, row.account),
            is_mine=row.Flag.user_id == actor.user_id,
            at=row.Flag.created_at,
            is_older=row.public_since is not None and row.public_since > row.Flag.created_at,
            others=row.others,
        )
        for row in rows
    ]


def _names(
    session: Session, contribution: Contribution, *, user_ids: Sequence[int]
) -> dict[int, str]:
    """Return under which names people appear in the forum, of those who speak for themselves."""
    if not user_ids:
        return {}
    rows: Sequence[Any] = session.execute(
        select(
            AuthorMember.user_id,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
        )
        .join(Author, Author.id == AuthorMember.author_id)
        .join(Space, Space.forum_id == Author.forum_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(
            Space.id == contribution.space_id,
            AuthorMember.user_id.in_(user_ids),
            Author.is_delegation.is_(False),
        )
        .order_by(Author.id.desc())
    ).all()
    return {row.user_id: shown_in(row).name for row in rows}


def own_report(
    session: Session, contribution: Contribution, *, actor: Actor
) -> tuple[Flag, OwnReport] | None:
    """Return the one report of the actor about a contribution; None where there is none."""
    row = session.execute(
        select(Flag, Decision.revision_id)
        .outerjoin(Decision, Decision.id == Flag.settled_by_id)
        .where(Flag.contribution_id == contribution.id, Flag.user_id == actor.user_id)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    found, answered_id = row
    has_changed = answered_id != contribution.published_revision_id
    told = OwnReport(
        at=found.created_at,
        answered_at=found.settled_at,
        can_repeat=found.settled_at is not None and has_changed,
    )
    return found, told


def reasons_for_readers(session: Session, *, forum_id: int) -> list[Reason]:
    """Return the reasons for which readers report a text, in the order of the catalogue."""
    catalogue = space_queries.reasons(session, forum_id=forum_id)
    return [reason for reason in catalogue if reason.code not in NOT_FOR_READERS]


def can_answer(
    session: Session, waiting: Sequence[Report | Flag], *, actor: Actor, space_id: int
) -> bool:
    """Whether somebody who may decide the text may say that nothing is wrong with it.

    There is a report, and not only an own one, unless nobody else moderates the space. Hiding
    asks for no report at all, so an own one keeps nobody from it.
    """
    mine = [_is_of(one, actor) for one in waiting]
    if not all(mine):
        return True
    return bool(mine) and not _has_colleague(session, space_id=space_id, user_id=actor.user_id)


def _is_of(one: Report | Flag, actor: Actor) -> bool:
    return one.is_mine if isinstance(one, Report) else one.user_id == actor.user_id


def _has_colleague(session: Session, *, space_id: int, user_id: int | None) -> bool:
    """Whether somebody else moderates a space."""
    colleague = (
        select(RoleGrant.id)
        .join(User, User.id == RoleGrant.user_id)
        .where(
            RoleGrant.space_id == space_id,
            RoleGrant.role == Role.MODERATOR,
            RoleGrant.user_id != user_id,
            User.status == UserStatus.ACTIVE,
            User.confirmed_at.is_not(None),
        )
        .limit(1)
    )
    return session.scalar(colleague) is not None
