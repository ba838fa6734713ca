"""Asking to take part in a forum whose organisers approve, and what they say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import asdict
from typing import cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import audit
from consult.core.errors import Forbidden, Invalid, Refusal
from consult.core.outbox import emit
from consult.spaces.events import ApplicationDecided, ApplicationMade
from consult.spaces.models import Application, Author, Forum, RoleGrant
from consult.spaces.services.affiliation import (
    Affiliation,
    author_of,
    change_affiliation,
    check_affiliation,
    create_author,
)
from consult.spaces.states import ApplicationState, Registration

SHORTEST_WORDS, LONGEST_WORDS = 10, 2000
"""Characters that a refusal says to the person."""


def take_part(
    session: Session, *, forum: Forum, user_id: int, said: Affiliation, now: dt.datetime
) -> Author | Application:
    """Let a user speak in a forum in the way that the forum has: at once, or once it is approved.

    Who speaks there already changes what is said of them; who holds a role in the forum needs no
    approval. Raises `Invalid`, and `Forbidden` (not invited) where only invitations lead in.
    """
    author = author_of(session, forum_id=forum.id, user_id=user_id)
    if author is not None:
        return change_affiliation(
            session, forum=forum, author=author, user_id=user_id, said=said, now=now
        )
    if forum.registration == Registration.OPEN or holds_role(session, forum, user_id):
        return create_author(session, forum=forum, user_id=user_id, now=now, **asdict(said))
    if forum.registration == Registration.INVITATION:
        raise Forbidden(Refusal.NOT_INVITED)
    return _apply(session, forum=forum, user_id=user_id, said=said, now=now)


def holds_role(session: Session, forum: Forum, user_id: int) -> bool:
    """Whether a user was appointed to anything in a forum."""
    held = select(RoleGrant.id).where(RoleGrant.user_id == user_id, RoleGrant.forum_id == forum.id)
    return session.scalars(held.limit(1)).first() is not None


def application_of(session: Session, *, forum_id: int, user_id: int) -> Application | None:
    """Return how a user asked to take part in a forum, or None."""
    return session.scalars(
        select(Application).where(Application.forum_id == forum_id, Application.user_id == user_id)
    ).first()


def said_in(application: Application) -> Affiliation:
    """Return the affiliation that somebody gave when they asked."""
    return Affiliation(**application.said)


def decide_applications(
    session: Session,
    *,
    forum: Forum,
    application_ids: Collection[int],
    state: ApplicationState,
    by: int,
    now: dt.datetime,
    words: str = "",
) -> int:
    """Approve or refuse those of the applications that wait and are ready; return how many.

    Whoever was decided meanwhile, or has not confirmed their address, is passed over. Raises
    `Invalid` (applications) for none, (words) for a refusal without ten characters of why.
    """
    problems: dict[str, list[str]] = {}
    if not application_ids:
        problems["applications"] = ["applications-missing"]
    said = words.strip()
    if state is ApplicationState.REFUSED and len(said) < SHORTEST_WORDS:
        problems["words"] = ["words-short"]
    if len(said) > LONGEST_WORDS:
        problems["words"] = ["words-long"]
    if problems:
        raise Invalid(problems)
    ready = session.scalars(
        select(Application)
        .join(User, User.id == Application.user_id)
        .where(
            Application.forum_id == forum.id,
            Application.id.in_(list(application_ids)),
            Application.state == ApplicationState.WAITING,
            User.status == UserStatus.ACTIVE,
            User.confirmed_at.is_not(None),
        )
        .order_by(Application.id)
    ).all()
    done = [
        _decide(session, forum, application, state=state, words=said or None, by=by, now=now)
        for application in ready
    ]
    return sum(done)


def _apply(
    session: Session, *, forum: Forum, user_id: int, said: Affiliation, now: dt.datetime
) -> Application:
    """Note that a user asks, or asks again after a refusal; while it waits it can be changed."""
    check_affiliation(session, forum=forum, said=said)
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    found = application_of(session, forum_id=forum.id, user_id=user_id)
    if found is None:
        found = Application(forum_id=forum.id, user_id=user_id, created_at=now)
        session.add(found)
    elif found.state == ApplicationState.REFUSED:
        found.created_at = now
    is_new = found.state != ApplicationState.WAITING
    found.said, found.state = asdict(said), ApplicationState.WAITING
    found.words = found.decided_at = found.decided_by = None
    session.flush()
    act = "application.make" if is_new else "application.change"
    _note(session, act, found, by=user_id, now=now)
    if is_new:
        emit(session, ApplicationMade(application_id=found.id), now=now)
    return found


def _decide(
    session: Session,
    forum: Forum,
    application: Application,
    *,
    state: ApplicationState,
    words: str | None,
    by: int,
    now: dt.datetime,
) -> bool:
    """Decide one; False where somebody else did at the same moment."""
    result = session.execute(
        update(Application)
        .where(Application.id == application.id, Application.state == ApplicationState.WAITING)
        .values(state=state, words=words, decided_at=now, decided_by=by)
    )
    if cast("CursorResult[object]", result).rowcount != 1:
        return False
    if state is ApplicationState.APPROVED:
        said = asdict(said_in(application))
        create_author(session, forum=forum, user_id=application.user_id, now=now, **said)
    act = "application.approve" if state is ApplicationState.APPROVED else "application.refuse"
    _note(session, act, application, by=by, now=now, words=words)
    emit(session, ApplicationDecided(application_id=application.id), now=now)
    return True


def _note(
    session: Session,
    act: str,
    application: Application,
    *,
    by: int,
    now: dt.datetime,
    words: str | None = None,
) -> None:
    audit.record(
        session,
        act,
        actor_id=by,
        now=now,
        subject=("user", application.user_id),
        forum=application.forum_id,
        words={"words": words} if words else None,
    )
