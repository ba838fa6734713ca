"""Saved searches: what they newly find, and mailing it at once where their owners want that.

Looking is apart from writing: searches take their time, and meanwhile nobody holds the write lock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.authz import Actor
from consult.discussion.models import Contribution
from consult.notifications.models import Delivery, SavedSearch, Subscription
from consult.notifications.policy import UNDO, news, reachable
from consult.notifications.queries import followers
from consult.notifications.queries.followed_texts import actor_of
from consult.notifications.services.fanning_out import AT_A_TIME, queue_many
from consult.notifications.states import Rhythm, Subject

LOOK_BACK = dt.timedelta(hours=1)
"""How much earlier than it was told a search is looked at again: the index may have been late."""
SEARCHES_AT_A_TIME = 50

Find = Callable[[Session, Actor, SavedSearch], Sequence[int] | None]
"""Runs a saved search as somebody: ids of public texts, the newest first; None while the index is
away."""
SINCE = func.coalesce(Subscription.told_until, Subscription.created_at)


@dataclass(frozen=True)
class Hits:
    """What a saved search found for somebody who hears of it at once."""

    subscription_id: int
    user_id: int
    ids: Sequence[int]


def look_for_hits(session: Session, *, find: Find, now: dt.datetime) -> list[Hits]:
    """Return what saved searches found that their owners hear of at once; reads only.

    Only searches that were not looked at since the newest text came out are run.
    """
    newest = (
        select(func.max(Contribution.first_published_at))
        .where(news(), Contribution.first_published_at <= now - UNDO)
        .scalar_subquery()
    )
    rows = searches(session, and_(Subscription.rhythm == Rhythm.AT_ONCE, newest > SINCE))
    hits = []
    for subscription, search in rows[:SEARCHES_AT_A_TIME]:
        ids = find(session, owner_of(session, subscription.user_id), search)
        if ids is not None:
            found = fresh(session, ids, subscription=subscription, now=now)
            hits.append(Hits(subscription.id, subscription.user_id, found))
    return hits


def queue_hits(session: Session, hits: Sequence[Hits], *, now: dt.datetime) -> int:
    """Queue a mail for each text that was found and not mailed yet; return how many."""
    queued = 0
    for hit in hits:
        for contribution_id in hit.ids:
            key = followers.text_key(contribution_id)
            known = select(Delivery.id).where(
                Delivery.user_id == hit.user_id, Delivery.event == "new-text", Delivery.key == key
            )
            if session.scalar(known) is not None:
                continue
            values = {
                "contribution_id": contribution_id,
                "subscription_id": hit.subscription_id,
            }
            queue_many(session, mail="new-text", key=key, rows=[(hit.user_id, values)], now=now)
            queued += 1
    session.execute(
        update(Subscription)
        .where(Subscription.id.in_([hit.subscription_id for hit in hits]))
        .values(told_until=now - UNDO)
        .execution_options(synchronize_session=False)
    )
    return queued


def searches(
    session: Session, condition: ColumnElement[bool]
) -> list[tuple[Subscription, SavedSearch]]:
    """Return the next saved searches to run, with what follows them, the longest untold first."""
    rows = session.execute(
        select(Subscription, SavedSearch)
        .join(SavedSearch, SavedSearch.id == Subscription.subject_id)
        .join(User, User.id == Subscription.user_id)
        .where(Subscription.subject_kind == Subject.SEARCH, reachable(), condition)
        .order_by(SINCE, Subscription.id)
        .limit(AT_A_TIME)
    )
    return [(subscription, search) for subscription, search in rows]


def fresh(
    session: Session, ids: Sequence[int], *, subscription: Subscription, now: dt.datetime
) -> list[int]:
    """Return those of the texts that came out since the owner was told, the oldest first."""
    told_until = subscription.told_until or subscription.created_at
    since = max(subscription.created_at, told_until - LOOK_BACK)
    return list(
        session.scalars(
            select(Contribution.id)
            .where(
                Contribution.id.in_(ids),
                news(),
                Contribution.first_published_at > since,
                Contribution.first_published_at <= now - UNDO,
            )
            .order_by(Contribution.first_published_at, Contribution.id)
        )
    )


def owner_of(session: Session, user_id: int) -> Actor:
    """Return the owner of searches as who looks for what they find."""
    return actor_of(session, session.get_one(User, user_id))
