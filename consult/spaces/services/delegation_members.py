"""Who belongs to a delegation: invited, joined, made a focal point, gone.

Its focal points look after it, and organisers can; one focal point always stays while others do.
Whoever leaves leaves the texts behind.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import audit
from consult.core.authz import SYSTEM, Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal
from consult.core.outbox import emit
from consult.spaces.events import DelegationJoined
from consult.spaces.models import Author, AuthorMember, Forum, Invitation
from consult.spaces.policy import Managing
from consult.spaces.queries.delegations import membership_of
from consult.spaces.services.invitations import invite, revoke_invitation
from consult.spaces.states import Membership

SHARED = frozenset({Membership.CONTRIBUTOR, Membership.FOCAL_POINT})
"""How somebody can belong to a delegation."""


def ask_to_join(
    session: Session,
    *,
    forum: Forum,
    author: Author,
    email: str,
    membership: Membership,
    locale: str,
    actor: Actor,
    now: dt.datetime,
) -> Invitation:
    """Invite an address into a delegation; for its focal points, and for organisers.

    Raises `Forbidden`, `Invalid` (email, membership), `TooMany`.
    """
    require_care(session, forum=forum, author=author, actor=actor, now=now)
    return invite(
        session,
        forum=forum,
        email=email,
        name="",
        locale=locale,
        invited_by=actor.user_id,
        now=now,
        author_id=author.id,
        membership=_shared(membership),
    )


def take_invitation_back(
    session: Session,
    *,
    forum: Forum,
    author: Author,
    invitation_id: str,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Take back an invitation into a delegation; raises `NotVisible`, `StaleState`, `Forbidden`."""
    require_care(session, forum=forum, author=author, actor=actor, now=now)
    invitation = session.get(Invitation, invitation_id)
    if invitation is None or invitation.author_id != author.id:
        raise NotVisible
    revoke_invitation(session, forum=forum, invitation_id=invitation_id, by=actor.user_id, now=now)


def join(
    session: Session, *, author: Author, user_id: int, membership: Membership, now: dt.datetime
) -> None:
    """Let a user speak through a delegation; who belongs to it already keeps the wider part.

    Nothing else is asked here: whoever calls it has an invitation, or founded it.
    """
    take_turns(session, author)
    belongs = session.get(AuthorMember, (author.id, user_id))
    if belongs is not None:
        if membership is Membership.FOCAL_POINT:
            belongs.membership = membership
            session.flush()
        return
    session.add(
        AuthorMember(
            author_id=author.id, user_id=user_id, membership=_shared(membership), joined_at=now
        )
    )
    session.flush()
    audit.record(
        session,
        "delegation.join",
        actor_id=user_id,
        now=now,
        subject=("author", author.id),
        membership=str(membership),
    )
    emit(session, DelegationJoined(author_id=author.id, user_id=user_id), now=now)


def change_membership(
    session: Session,
    *,
    forum: Forum,
    author: Author,
    member: str,
    membership: Membership,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Make a member, named by their public id, a contributor or a focal point.

    Raises `Forbidden` where the last focal point would go, `NotVisible` for a stranger.
    """
    require_care(session, forum=forum, author=author, actor=actor, now=now)
    belongs = _member(session, author=author, uid=member)
    before, after = belongs.membership, _shared(membership)
    if before == after:
        return
    if before == Membership.FOCAL_POINT:
        _keep_a_focal_point(session, author=author, without=belongs.user_id)
    belongs.membership = after
    session.flush()
    note(
        session,
        "delegation.membership",
        author,
        by=actor,
        now=now,
        user=belongs.user_id,
        before=str(before),
        after=str(after),
    )


def remove_member(
    session: Session, *, forum: Forum, author: Author, member: str, actor: Actor, now: dt.datetime
) -> None:
    """Let a member speak through the delegation no longer; the texts stay.

    Members may always remove themselves. Raises `Forbidden` for the last focal point while others
    remain, `NotVisible` for a stranger.
    """
    belongs = _member(session, author=author, uid=member)
    if belongs.user_id != actor.user_id:
        require_care(session, forum=forum, author=author, actor=actor, now=now)
    if belongs.membership == Membership.FOCAL_POINT:
        _keep_a_focal_point(session, author=author, without=belongs.user_id)
    act = "delegation.leave" if belongs.user_id == actor.user_id else "delegation.remove"
    note(session, act, author, by=actor, now=now, user=belongs.user_id)
    session.delete(belongs)
    session.flush()


def hand_over(session: Session, *, user_id: int, now: dt.datetime) -> None:
    """Make the longest-standing active member a focal point wherever a user who is erased is the
    last active one, so that what waits there can be released.
    """
    looked_after = session.scalars(
        select(Author)
        .join(AuthorMember, AuthorMember.author_id == Author.id)
        .where(
            AuthorMember.user_id == user_id,
            AuthorMember.membership == Membership.FOCAL_POINT,
            Author.is_delegation.is_(True),
        )
        .order_by(Author.id)
    ).all()
    for author in looked_after:
        take_turns(session, author)
        others = session.scalars(
            select(AuthorMember)
            .join(User, User.id == AuthorMember.user_id)
            .where(
                AuthorMember.author_id == author.id,
                AuthorMember.user_id != user_id,
                User.status == UserStatus.ACTIVE,
            )
            .order_by(AuthorMember.joined_at.nulls_first(), AuthorMember.user_id)
            .execution_options(populate_existing=True)
        ).all()
        if not others or any(one.membership == Membership.FOCAL_POINT for one in others):
            continue
        next_one = others[0]
        before, next_one.membership = str(next_one.membership), Membership.FOCAL_POINT
        session.flush()
        note(
            session,
            "delegation.membership",
            author,
            by=SYSTEM,
            now=now,
            user=next_one.user_id,
            before=before,
            after=str(Membership.FOCAL_POINT),
        )


def require_care(
    session: Session, *, forum: Forum, author: Author, actor: Actor, now: dt.datetime
) -> None:
    """Take the delegation's turn; raise `Forbidden` unless the actor looks after it."""
    take_turns(session, author)
    membership, _is_active = membership_of(session, author_id=author.id, user_id=actor.user_id)
    subject = Managing(forum=forum, membership=membership)
    require(Permission.MANAGE_DELEGATION, actor=actor, subject=subject, now=now)


def take_turns(session: Session, author: Author) -> None:
    """Let two who change the members take turns, so that one focal point always stays."""
    session.execute(select(Author.id).where(Author.id == author.id).with_for_update())


def _member(session: Session, *, author: Author, uid: str) -> AuthorMember:
    take_turns(session, author)
    found = session.scalars(
        select(AuthorMember)
        .join(User, User.id == AuthorMember.user_id)
        .where(AuthorMember.author_id == author.id, User.uid == uid)
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise NotVisible
    return found


def _keep_a_focal_point(session: Session, *, author: Author, without: int) -> None:
    """Raise `Forbidden` where others would stay behind with nobody to look after them."""
    others = session.scalars(
        select(AuthorMember.membership).where(
            AuthorMember.author_id == author.id, AuthorMember.user_id != without
        )
    ).all()
    if others and Membership.FOCAL_POINT not in others:
        raise Forbidden(Refusal.LAST_FOCAL_POINT)


def _shared(membership: Membership) -> Membership:
    if membership not in SHARED:
        raise Invalid({"membership": ["membership-unknown"]})
    return Membership(membership)


def note(
    session: Session, act: str, author: Author, *, by: Actor, now: dt.datetime, **facts: Any
) -> None:
    """Write down what was done with a delegation, and by whom."""
    audit.record(session, act, actor_id=by.user_id, now=now, subject=("author", author.id), **facts)
