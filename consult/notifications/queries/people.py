"""Mails about taking part: invitations, requests and the organisers' answers, roles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core.authz import Role
from consult.notifications.models import Delivery
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    active_user,
    to_address,
    to_user,
)
from consult.spaces.models import Application, Author, Forum, Invitation, RoleGrant, Space
from consult.spaces.queries.joining import applications_ready
from consult.spaces.services import token_of_invitation
from consult.spaces.services.invitations import state_of
from consult.spaces.states import ApplicationState, InvitationState

_TRUE_IN = {
    "application-received": ApplicationState.WAITING,
    "application-approved": ApplicationState.APPROVED,
    "application-refused": ApplicationState.REFUSED,
}
"""In which state a mail about a request is still true."""


def about_invitation(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read an invitation; none once it was used, taken back or has run out."""
    found = session.get(Invitation, delivery.values["invitation_id"], populate_existing=True)
    if found is None or state_of(found, now=now) is not InvitationState.OPEN:
        return None
    user = active_user(session, delivery) if delivery.user_id else None
    address = (user.email if user else delivery.address) or ""
    if (delivery.user_id and user is None) or not address:
        return None
    inviter = session.get(User, found.invited_by) if found.invited_by else None
    delegation = session.get(Author, found.author_id) if found.author_id else None
    forum = session.get_one(Forum, found.forum_id)
    return MailFacts(
        event=delivery.event,
        user=to_user(user) if user else to_address(delivery, name=found.name),
        address=address,
        written_at=delivery.created_at,
        forum=forum,
        space=session.get(Space, found.space_id) if found.space_id else None,
        links={
            "link_url": MailLink(
                "spaces.invitation", token=lambda key: token_of_invitation(found, secret_key=key)
            )
        },
        words={
            "expires_at": found.expires_at,
            "forum_title": forum.title,
            "inviter": inviter.name if inviter and inviter.status == UserStatus.ACTIVE else None,
            "role": str(found.role) if found.role else None,
            "delegation": delegation.name if delegation else None,
        },
    )


def about_application(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read a mail about a request to take part, to whoever asked."""
    user = active_user(session, delivery)
    found = session.get(Application, delivery.values["application_id"], populate_existing=True)
    if user is None or found is None or found.state != _TRUE_IN[delivery.event]:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=session.get(Forum, found.forum_id),
        links={"standing_url": MailLink("spaces.affiliation")},
        words={"words": found.words},
    )


def about_queue(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the mail that tells an organiser how many wait; no name stands in it."""
    user = active_user(session, delivery)
    forum_id = delivery.values["forum_id"]
    if user is None or user.id not in organisers_of(session, forum_id=forum_id):
        return None
    waiting = applications_ready(session, forum_id=forum_id)
    if not waiting:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=session.get(Forum, forum_id),
        links={"queue_url": MailLink("spaces.applications")},
        words={"waiting": waiting},
    )


def about_role(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read a mail that tells somebody of a role they hold; none once it was taken away."""
    user = active_user(session, delivery)
    grant = session.get(RoleGrant, delivery.values["grant_id"], populate_existing=True)
    if user is None or grant is None or grant.user_id != user.id:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=session.get(Forum, grant.forum_id),
        space=session.get(Space, grant.space_id) if grant.space_id else None,
        words={"role": str(grant.role)},
    )


def organisers_of(session: Session, *, forum_id: int) -> Sequence[int]:
    """Return the active users who organise a forum."""
    return session.scalars(
        select(RoleGrant.user_id)
        .join(User, User.id == RoleGrant.user_id)
        .where(
            RoleGrant.forum_id == forum_id,
            RoleGrant.role == Role.ORGANISER,
            User.status == UserStatus.ACTIVE,
        )
        .order_by(RoleGrant.user_id)
    ).all()


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "invitation": about_invitation,
        **dict.fromkeys(_TRUE_IN, about_application),
        "applications-waiting": about_queue,
        "role-granted": about_role,
    }
)
"""The mails of this module."""
