"""Who could decide a text, as SQL: somebody nearby who did not write it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, exists, select
from sqlalchemy.orm import aliased

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core.authz import Role
from consult.discussion.models import Contribution, Revision
from consult.moderation.models import Decision
from consult.moderation.states import Instance
from consult.spaces.models import AuthorMember, RoleGrant, Space

_Around = aliased(Space)
_Typed = aliased(Revision)


def is_orphan() -> ColumnElement[bool]:
    """Return the condition, on `Contribution`, that no moderator of its space may decide it."""
    nearby = RoleGrant.space_id == Contribution.space_id
    return ~_has_moderator(nearby, of=Contribution)


def instance(*, of: Any, rejection: Any) -> ColumnElement[str]:
    """Return who answers an appeal against a rejection, as the value of an `Instance`.

    `of` is `Contribution` or an alias of it, `rejection` one of `Decision`; both have to be in
    the statement.
    """
    forum_id = select(_Around.forum_id).where(_Around.id == of.space_id).correlate(of)
    # The rejection may be nobody's: the demonstration's, or of somebody erased since.
    is_another = RoleGrant.user_id.is_distinct_from(rejection.decided_by)
    here = _has_moderator(RoleGrant.space_id == of.space_id, is_another, of=of, beside=rejection)
    elsewhere = _has_moderator(
        RoleGrant.forum_id == forum_id.scalar_subquery(), is_another, of=of, beside=rejection
    )
    return case(
        (here, Instance.SPACE.value),
        (elsewhere, Instance.FORUM.value),
        else_=Instance.ORGANISER.value,
    )


def _has_moderator(
    *conditions: ColumnElement[bool], of: Any, beside: Any = Decision
) -> ColumnElement[bool]:
    """Return whether there is an active moderator who neither speaks for the author nor typed."""
    speaks_for_it = (
        exists()
        .where(AuthorMember.author_id == of.author_id, AuthorMember.user_id == RoleGrant.user_id)
        .correlate(of, RoleGrant)
    )
    typed_it = (
        exists()
        .where(_Typed.contribution_id == of.id, _Typed.submitted_by == RoleGrant.user_id)
        .correlate(of, RoleGrant)
    )
    return (
        exists()
        .where(
            RoleGrant.role == Role.MODERATOR,
            *conditions,
            User.id == RoleGrant.user_id,
            User.status == UserStatus.ACTIVE,
            User.confirmed_at.is_not(None),
            ~speaks_for_it,
            ~typed_it,
        )
        .correlate(of, beside)
    )
