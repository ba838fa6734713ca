"""Who follows what: the people whom a text or the news of a space is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.notifications.models import Delivery, Subscription, Told
from consult.notifications.policy import CLOSENESS, covered, reachable
from consult.notifications.states import Rhythm, Subject
from consult.spaces.models import AuthorMember


def at_once(
    session: Session, *, contribution: Contribution, after: int, limit: int
) -> Sequence[tuple[int, int]]:
    """Return user and deciding subscription of those to whom a text is mailed at once, by user id.

    Each person once, after the user with id `after`; without those who speak for its author, were
    told of it, or have the mail queued. The rule is that of `policy.decisive`.
    """
    closeness = case(dict(CLOSENESS), value=Subscription.subject_kind)
    counts = or_(
        and_(Subscription.rhythm == Rhythm.NONE, Subscription.subject_kind == Subject.THREAD),
        and_(
            Subscription.rhythm != Rhythm.NONE,
            Subscription.created_at < contribution.first_published_at,
        ),
    )
    ranked = (
        select(
            Subscription.id,
            Subscription.user_id,
            Subscription.rhythm,
            func.row_number()
            .over(partition_by=Subscription.user_id, order_by=(closeness, Subscription.id))
            .label("place"),
        )
        .join(Contribution, covered())
        .where(Contribution.id == contribution.id, Subscription.user_id > after, counts)
        .subquery()
    )
    speaks = select(AuthorMember.user_id).where(AuthorMember.author_id == contribution.author_id)
    told = select(Told.user_id).where(Told.contribution_id == contribution.id)
    rows = session.execute(
        select(ranked.c.user_id, ranked.c.id)
        .join(User, User.id == ranked.c.user_id)
        .where(
            ranked.c.place == 1,
            ranked.c.rhythm == Rhythm.AT_ONCE,
            reachable(),
            User.id.not_in(speaks),
            User.id.not_in(told),
            ~_queued("new-text", text_key(contribution.id)),
        )
        .order_by(ranked.c.user_id)
        .limit(limit)
    )
    return [(user_id, subscription_id) for user_id, subscription_id in rows]


def text_key(contribution_id: int) -> str:
    """Return the key of the mail that tells of a text."""
    return f"text:{contribution_id}"


def of_space(
    session: Session, *, space_id: int, mail: str, key: str, after: int, limit: int
) -> Sequence[int]:
    """Return the ids of those who follow a space, however often, and have not got this mail yet."""
    statement = (
        _followers(space_id)
        .where(User.id > after, ~_queued(mail, key))
        .order_by(User.id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def count_of_space(session: Session, *, space_id: int) -> int:
    """Return how many people an announcement to a space would reach."""
    return session.scalar(select(func.count()).select_from(_followers(space_id).subquery())) or 0


def to_remind(
    session: Session, *, space_id: int, key: str, since: dt.datetime, after: int, limit: int
) -> Sequence[int]:
    """Return the ids of those who are reminded of a closing and have not been yet.

    They follow the space, or have begun a text there, since before `since`: who came later has
    just read when it closes.
    """
    follows = select(Subscription.user_id).where(
        follows_space(space_id), Subscription.created_at <= since
    )
    rows = session.scalars(
        select(User.id)
        .where(
            reachable(),
            or_(User.id.in_(follows), User.id.in_(_writers(space_id, since=since))),
            User.id > after,
            ~_queued("closing-soon", key),
        )
        .order_by(User.id)
        .limit(limit)
    )
    return rows.all()


def follows_space(space_id: int) -> Any:
    """Return the condition for subscriptions to a space, those that were stopped apart."""
    return and_(
        Subscription.subject_kind == Subject.SPACE,
        Subscription.subject_id == space_id,
        Subscription.rhythm != Rhythm.NONE,
    )


def has_stopped_space(session: Session, *, user_id: int, space_id: int) -> bool:
    """Whether somebody wants to hear nothing of a space."""
    found = select(Subscription.id).where(
        Subscription.user_id == user_id,
        Subscription.subject_kind == Subject.SPACE,
        Subscription.subject_id == space_id,
        Subscription.rhythm == Rhythm.NONE,
    )
    return session.scalar(found) is not None


def space_subscription(session: Session, *, user_id: int, space_id: int) -> Subscription | None:
    """Return somebody's subscription to a space that was not stopped."""
    return session.scalars(
        select(Subscription).where(Subscription.user_id == user_id, follows_space(space_id))
    ).first()


def drafts_in(session: Session, *, user_id: int, space_id: int) -> int:
    """Return how many texts somebody has begun in a space and not sent."""
    found = _drafts(space_id).where(AuthorMember.user_id == user_id)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def _followers(space_id: int) -> Select[tuple[int]]:
    return (
        select(User.id)
        .join(Subscription, Subscription.user_id == User.id)
        .where(follows_space(space_id), reachable())
    )


def _writers(space_id: int, *, since: dt.datetime) -> Select[Any]:
    stopped = select(Subscription.user_id).where(
        Subscription.subject_kind == Subject.SPACE,
        Subscription.subject_id == space_id,
        Subscription.rhythm == Rhythm.NONE,
    )
    begun = _drafts(space_id).with_only_columns(AuthorMember.user_id)
    return begun.where(Revision.created_at <= since, AuthorMember.user_id.not_in(stopped))


def _drafts(space_id: int) -> Select[Any]:
    """Return the statement for drafts of a space with those who may send them."""
    return (
        select(Revision.id)
        .join(Contribution, Contribution.open_revision_id == Revision.id)
        .join(AuthorMember, AuthorMember.author_id == Contribution.author_id)
        .where(Contribution.space_id == space_id, Revision.state == RevisionState.DRAFT)
    )


def _queued(mail: str, key: str) -> Any:
    return exists(
        select(Delivery.id).where(
            Delivery.user_id == User.id, Delivery.event == mail, Delivery.key == key
        )
    )
