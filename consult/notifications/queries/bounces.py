"""Reads about mails that do not arrive: whose address, since when, and what was said of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, or_, select, union
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.notifications.models import Delivery
from consult.notifications.policy import MOST_FAILURES
from consult.notifications.states import DeliveryState
from consult.spaces.models import Author, AuthorMember, RoleGrant


class Problem(StrEnum):
    """What is the matter with an address; templates say it in words."""

    UNKNOWN = "unknown"
    """Nobody there has it."""
    FULL = "full"
    """The mailbox takes nothing more."""
    NO_SERVER = "no-server"
    """Its domain has no mail server."""
    REFUSED = "refused"
    """The mail server says no for another reason."""


@dataclass(frozen=True)
class TroubledAddress:
    """A person whose mails come back."""

    user_id: int
    name: str
    email: str
    problem: Problem
    said: str
    """By the mail server, in its own words."""
    since: dt.datetime
    """When the last mail came back."""
    failures: int
    is_held_back: bool
    """Whether nothing but links that were asked for goes there any more."""


@dataclass(frozen=True)
class FailedMail:
    """A mail that did not arrive."""

    id: int
    event: str
    address: str | None
    created_at: dt.datetime
    problem: str


def problem_in(said: str) -> Problem:
    """Return what a mail server's words mean, by their enhanced code (RFC 3463)."""
    if re.search(r"\b5\.2\.2\b", said):
        return Problem.FULL
    if re.search(r"\b5\.(?:1\.[1368]|2\.1)\b", said):
        return Problem.UNKNOWN
    if re.search(r"\b5\.(?:1\.2|4\.4|4\.6)\b|\bhost not found\b|\bNXDOMAIN\b", said, re.IGNORECASE):
        return Problem.NO_SERVER
    return Problem.REFUSED


def trouble_of(session: Session, *, user_id: int) -> TroubledAddress | None:
    """Return what is the matter with somebody's own address, None where mails arrive."""
    user = session.get(User, user_id)
    return _troubled(user) if user is not None and user.mail_failures else None


def troubled(session: Session, *, forum_ids: Collection[int]) -> Sequence[TroubledAddress]:
    """Return whose mails come back among those who speak or hold a role in forums, newest first."""
    inside = union(
        select(AuthorMember.user_id)
        .join(Author, Author.id == AuthorMember.author_id)
        .where(Author.forum_id.in_(sorted(forum_ids))),
        select(RoleGrant.user_id).where(RoleGrant.forum_id.in_(sorted(forum_ids))),
    )
    users = session.scalars(
        select(User)
        .where(
            User.mail_failures > 0,
            User.status != UserStatus.ERASED,
            User.id.in_(select(inside.subquery().c.user_id)),
        )
        .order_by(User.mail_failed_at.desc(), User.id)
        .limit(500)
    )
    return [_troubled(user) for user in users]


def _troubled(user: User) -> TroubledAddress:
    said = user.mail_problem or ""
    return TroubledAddress(
        user_id=user.id,
        name=user.name,
        email=user.email or "",
        problem=problem_in(said),
        said=said,
        since=user.mail_failed_at or user.created_at,
        failures=user.mail_failures,
        is_held_back=user.mail_failures >= MOST_FAILURES,
    )


def failed(session: Session, *, since: dt.datetime) -> Sequence[FailedMail]:
    """Return the mails queued since an instant that failed or came back, the newest first."""
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.event,
            func.coalesce(Delivery.address, User.email).label("address"),
            Delivery.created_at,
            Delivery.error,
        )
        .outerjoin(User, User.id == Delivery.user_id)
        .where(
            or_(Delivery.state == DeliveryState.FAILED, Delivery.bounced_at.is_not(None)),
            Delivery.created_at >= since,
        )
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
    )
    return [FailedMail(r.id, r.event, r.address, r.created_at, r.error or "") for r in rows]
