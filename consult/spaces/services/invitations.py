"""Inviting somebody by mail: made, sent again, taken back.

What an invitation gives (taking part, a role, a delegation) is read from its row alone, and it is
bound to one address. The token in the mail is the row's id and a signature made with the secret
key, so the database alone opens nothing.
"""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.accounts import policy as accounts
from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import audit, limits, tokens
from consult.core.authz import Role
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.outbox import emit
from consult.core.text import single_line
from consult.spaces.events import InvitationMade
from consult.spaces.models import Author, AuthorMember, Forum, Invitation, RoleGrant
from consult.spaces.services.roles import check_scope
from consult.spaces.states import InvitationState, Membership, invitation_state

VALID_FOR = dt.timedelta(days=14)
PURPOSE = "invitation"
"""What the signature of the token is made for."""


def invite(
    session: Session,
    *,
    forum: Forum,
    email: str,
    name: str,
    locale: str,
    invited_by: int | None,
    now: dt.datetime,
    role: Role | None = None,
    space_id: int | None = None,
    author_id: int | None = None,
    membership: Membership | None = None,
) -> Invitation:
    """Invite an address and have the mail sent; an open invitation to the same ends with it.

    `role` (with its space, where it is one per space) appoints whoever takes it, `author_id` and
    `membership` lead into a delegation. `invited_by` is None for commands. Raises `Invalid` (email,
    name, locale, role), `NotVisible` for a delegation of another forum, and `TooMany` for the
    fifty-first of a person in a day.
    """
    problems = {
        "email": accounts.email_problem(email),
        "name": accounts.name_problem(name) if name.strip() else None,
        "locale": None if accounts.is_locale(locale) else "language-unknown",
    }
    found = {field: [code] for field, code in problems.items() if code is not None}
    if found:
        raise Invalid(found)
    _check_target(session, forum=forum, role=role, space_id=space_id, author_id=author_id)
    if invited_by is not None:
        limits.spend(session, limits.INVITE_BY_ACCOUNT, whose=str(invited_by), now=now)
    invitation = Invitation(
        id=secrets.token_hex(16),
        forum_id=forum.id,
        space_id=space_id,
        role=role,
        author_id=author_id,
        membership=(membership or Membership.CONTRIBUTOR) if author_id is not None else None,
        email=email.strip(),
        email_key=accounts.email_key(email),
        name=single_line(name),
        locale=locale,
        invited_by=invited_by,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    _replace_older(session, invitation, now=now)
    session.add(invitation)
    session.flush()
    _note(session, "invitation.make", invitation, by=invited_by, now=now)
    emit(session, InvitationMade(invitation_id=invitation.id), now=now)
    return invitation


def resend_invitation(
    session: Session, *, forum: Forum, invitation_id: str, by: int | None, now: dt.datetime
) -> Invitation:
    """Send the mail of an open or expired invitation again; it is good for fourteen days anew.

    Raises `NotVisible` for one of another forum, `StaleState` for a used or revoked one, `TooMany`
    as `invite` does.
    """
    invitation = locked_invitation(session, invitation_id, forum_id=forum.id)
    if state_of(invitation, now=now) in {InvitationState.USED, InvitationState.REVOKED}:
        raise StaleState("the invitation was used or revoked meanwhile")
    if by is not None:
        limits.spend(session, limits.INVITE_BY_ACCOUNT, whose=str(by), now=now)
    invitation.expires_at = now + VALID_FOR
    session.flush()
    _note(session, "invitation.resend", invitation, by=by, now=now)
    emit(session, InvitationMade(invitation_id=invitation.id), now=now)
    return invitation


def revoke_invitation(
    session: Session, *, forum: Forum, invitation_id: str, by: int | None, now: dt.datetime
) -> Invitation:
    """Take an invitation back; its link opens nothing from now on.

    Raises `NotVisible` for one of another forum, `StaleState` where it was used already.
    """
    invitation = locked_invitation(session, invitation_id, forum_id=forum.id)
    if invitation.used_at is not None:
        raise StaleState("the invitation was used meanwhile")
    if invitation.revoked_at is None:
        invitation.revoked_at = now
        session.flush()
        _note(session, "invitation.revoke", invitation, by=by, now=now)
    return invitation


def token_of_invitation(invitation: Invitation, *, secret_key: str) -> str:
    """Return what stands in the mailed address: the invitation's id and its signature."""
    bound = invitation.email_key or ""
    return tokens.token(PURPOSE, invitation.id, bound=bound, secret_key=secret_key)


def live_invitation(
    session: Session, *, token: str, secret_key: str, now: dt.datetime
) -> Invitation | None:
    """Return the invitation of a token that can still be taken, or None."""
    id_ = tokens.id_in(token)
    invitation = session.get(Invitation, id_) if len(id_) == 32 else None
    if invitation is None or not invitation.email_key:
        return None
    bound = invitation.email_key
    if not tokens.is_genuine(token, PURPOSE, bound=bound, secret_key=secret_key):
        return None
    if state_of(invitation, now=now) is not InvitationState.OPEN:
        return None
    return invitation if _still_stands_behind(session, invitation) else None


def _still_stands_behind(session: Session, invitation: Invitation) -> bool:
    """Whether whoever invited could do so today: an invitation does not outlive their authority."""
    inviter_id = invitation.invited_by
    if inviter_id is None:
        return True
    inviter = session.get(User, inviter_id, populate_existing=True)
    if inviter is None or inviter.status != UserStatus.ACTIVE:
        return False
    organises = select(RoleGrant.id).where(
        RoleGrant.user_id == inviter_id,
        RoleGrant.role == Role.ORGANISER,
        RoleGrant.forum_id == invitation.forum_id,
    )
    if session.scalars(organises.limit(1)).first() is not None:
        return True
    cares = select(AuthorMember.author_id).where(
        AuthorMember.author_id == (invitation.author_id or 0),
        AuthorMember.user_id == inviter_id,
        AuthorMember.membership == Membership.FOCAL_POINT,
    )
    return session.scalars(cares).first() is not None


def state_of(invitation: Invitation, *, now: dt.datetime) -> InvitationState:
    """Return what became of an invitation."""
    return invitation_state(
        now,
        used_at=invitation.used_at,
        revoked_at=invitation.revoked_at,
        expires_at=invitation.expires_at,
    )


def locked_invitation(session: Session, invitation_id: str, *, forum_id: int) -> Invitation:
    """Return an invitation of a forum for writing; raises `NotVisible`."""
    invitation = session.get(
        Invitation, invitation_id, with_for_update=True, populate_existing=True
    )
    if invitation is None or invitation.forum_id != forum_id:
        raise NotVisible
    return invitation


def _check_target(
    session: Session,
    *,
    forum: Forum,
    role: Role | None,
    space_id: int | None,
    author_id: int | None,
) -> None:
    if role is not None:
        check_scope(session, role=role, forum_id=forum.id, space_id=space_id)
    elif space_id is not None:
        raise Invalid({"role": ["role-scope"]})
    if author_id is not None:
        author = session.get(Author, author_id)
        if author is None or author.forum_id != forum.id or not author.is_delegation:
            raise NotVisible


def _replace_older(session: Session, invitation: Invitation, *, now: dt.datetime) -> None:
    """End open invitations of the same address to the same: only the newest mail is good."""
    same = [
        getattr(Invitation, name).is_not_distinct_from(getattr(invitation, name))
        for name in ("forum_id", "space_id", "role", "author_id", "email_key")
    ]
    older = session.scalars(
        select(Invitation.id).where(
            *same, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None)
        )
    ).all()
    session.execute(
        update(Invitation)
        .where(Invitation.id.in_(older), Invitation.used_at.is_(None))
        .values(revoked_at=now)
    )


def _note(
    session: Session, act: str, invitation: Invitation, *, by: int | None, now: dt.datetime
) -> None:
    audit.record(
        session,
        act,
        actor_id=by,
        now=now,
        subject=("forum", invitation.forum_id),
        invitation=invitation.id,
        role=str(invitation.role) if invitation.role else None,
        space=invitation.space_id,
        author=invitation.author_id,
        words={"email": invitation.email, "name": invitation.name},
    )
