"""Taking an invitation: once, by whoever has the address it was sent to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import cast

from sqlalchemy import CursorResult, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.accounts import queries as accounts
from consult.accounts.models import User
from consult.accounts.passwords import Hasher
from consult.accounts.services.administration import add_user
from consult.accounts.states import UserStatus
from consult.core import audit
from consult.core.authz import Role
from consult.core.errors import Invalid
from consult.spaces.models import Application, Author, Forum, Invitation
from consult.spaces.services.affiliation import (
    Affiliation,
    author_of,
    check_affiliation,
    create_author,
)
from consult.spaces.services.consents import check_consents, give_consents
from consult.spaces.services.delegation_members import join
from consult.spaces.services.invitations import live_invitation
from consult.spaces.services.roles import grant_role
from consult.spaces.states import ApplicationState, ConsentPurpose, Membership


def asks_affiliation(invitation: Invitation) -> bool:
    """Whether whoever takes it has to say for whom they speak: not for a role or a delegation."""
    return invitation.role is None and invitation.author_id is None


def user_invited(session: Session, invitation: Invitation) -> User | None:
    """Return the active user who has the address of an invitation, None where nobody has."""
    found = accounts.user_by_email_key(session, email_key=invitation.email_key or "")
    return found if found is not None and found.status == UserStatus.ACTIVE else None


def register_invited(
    session: Session,
    *,
    token: str,
    secret_key: str,
    said: Affiliation,
    given: Collection[ConsentPurpose],
    password: str,
    locale: str,
    hasher: Hasher,
    now: dt.datetime,
    site_words: Sequence[str] = (),
) -> User:
    """Make an account with the address of an invitation, confirmed, and take the invitation.

    The mail proves the address, so no other is asked for. Raises `Invalid` (link) for a dead token
    or an address that has an account by now, and `Invalid` with the fields that cannot be taken.
    """
    invitation, forum = _live(session, token=token, secret_key=secret_key, now=now)
    if accounts.user_by_email_key(session, email_key=invitation.email_key or "") is not None:
        raise Invalid({"link": ["link-invalid"]})
    problems = _problems(session, forum=forum, invitation=invitation, said=said, given=given)
    try:
        with session.begin_nested():
            user = add_user(
                session,
                email=invitation.email or "",
                name=said.name,
                password=password,
                locale=locale,
                hasher=hasher,
                now=now,
                site_words=site_words,
            )
    except IntegrityError:
        # Somebody registered the address at the same moment.
        raise Invalid({"link": ["link-invalid"]}) from None
    except Invalid as found:
        raise Invalid(found.problems | problems) from None
    if problems:
        raise Invalid(problems)
    _take(session, forum, invitation, user_id=user.id, said=said, given=given, now=now)
    return user


def accept_invitation(
    session: Session,
    *,
    token: str,
    secret_key: str,
    user_id: int,
    said: Affiliation,
    given: Collection[ConsentPurpose],
    now: dt.datetime,
) -> Invitation:
    """Take an invitation with the account that has its address.

    Who speaks in the forum already keeps what was said before. Raises `Invalid` (link) for a dead
    token and for an account with another address, and `Invalid` with the fields that are wrong.
    """
    invitation, forum = _live(session, token=token, secret_key=secret_key, now=now)
    user = user_invited(session, invitation)
    if user is None or user.id != user_id:
        raise Invalid({"link": ["link-invalid"]})
    problems = _problems(
        session, forum=forum, invitation=invitation, said=said, given=given, user_id=user_id
    )
    if problems:
        raise Invalid(problems)
    _take(session, forum, invitation, user_id=user_id, said=said, given=given, now=now)
    return invitation


def _live(
    session: Session, *, token: str, secret_key: str, now: dt.datetime
) -> tuple[Invitation, Forum]:
    invitation = live_invitation(session, token=token, secret_key=secret_key, now=now)
    if invitation is None:
        raise Invalid({"link": ["link-invalid"]})
    # Whoever takes it at the same moment waits here, and finds it used.
    session.refresh(invitation, with_for_update=True)
    delegation = session.get(Author, invitation.author_id) if invitation.author_id else None
    if invitation.author_id and (delegation is None or not delegation.is_delegation):
        raise Invalid({"link": ["link-invalid"]})
    return invitation, session.get_one(Forum, invitation.forum_id)


def _problems(
    session: Session,
    *,
    forum: Forum,
    invitation: Invitation,
    said: Affiliation,
    given: Collection[ConsentPurpose],
    user_id: int | None = None,
) -> dict[str, list[str]]:
    """Return what is wrong with an affiliation and consents, where these are asked for."""
    found: dict[str, list[str]] = {}
    is_known = user_id is not None and author_of(session, forum_id=forum.id, user_id=user_id)
    checks: list[Callable[[], None]] = []
    if asks_affiliation(invitation) and not is_known:
        checks.append(lambda: check_affiliation(session, forum=forum, said=said))
    if invitation.role is None and not is_known:
        checks.append(lambda: check_consents(session, forum=forum, given=given))
    for check in checks:
        try:
            check()
        except Invalid as problem:
            found |= problem.problems
    return found


def _take(
    session: Session,
    forum: Forum,
    invitation: Invitation,
    *,
    user_id: int,
    said: Affiliation,
    given: Collection[ConsentPurpose],
    now: dt.datetime,
) -> None:
    """Use the invitation up and give what its row says; of two at once one wins, by the condition
    of the update.
    """
    result = session.execute(
        update(Invitation)
        .where(
            Invitation.id == invitation.id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
        .values(used_at=now, used_by=user_id)
    )
    if cast("CursorResult[object]", result).rowcount != 1:
        raise Invalid({"link": ["link-invalid"]})
    give_consents(session, forum=forum, user_id=user_id, given=given, now=now)
    if asks_affiliation(invitation):
        if author_of(session, forum_id=forum.id, user_id=user_id) is None:
            create_author(session, forum=forum, user_id=user_id, now=now, **asdict(said))
        _settle_application(session, forum=forum, user_id=user_id, now=now)
    if invitation.author_id is not None:
        join(
            session,
            author=session.get_one(Author, invitation.author_id),
            user_id=user_id,
            membership=Membership(invitation.membership or Membership.CONTRIBUTOR),
            now=now,
        )
    if invitation.role is not None:
        grant_role(
            session,
            user_id=user_id,
            role=Role(invitation.role),
            forum_id=forum.id,
            space_id=invitation.space_id,
            now=now,
            actor_id=invitation.invited_by,
        )
    audit.record(
        session,
        "invitation.use",
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
        invitation=invitation.id,
    )


def _settle_application(session: Session, *, forum: Forum, user_id: int, now: dt.datetime) -> None:
    """Whoever was invited meanwhile need not be approved any more."""
    session.execute(
        update(Application)
        .where(
            Application.forum_id == forum.id,
            Application.user_id == user_id,
            Application.state == ApplicationState.WAITING,
        )
        .values(state=ApplicationState.APPROVED, decided_at=now)
    )
