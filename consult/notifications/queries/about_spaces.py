"""Mails to those who follow a space: announcements, changed dates, and that it closes soon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import i18n, markup
from consult.core.clock import iso
from consult.notifications.models import Announcement, Delivery, Subscription
from consult.notifications.policy import can_reach
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    active_user,
    to_user,
)
from consult.notifications.queries.followed_texts import actor_of, unwilling_forums
from consult.notifications.queries.followers import (
    drafts_in,
    has_stopped_space,
    space_subscription,
)
from consult.notifications.queries.naming import stop_link
from consult.notifications.states import Subject
from consult.spaces.models import Forum, Space
from consult.spaces.policy import is_space_visible


def about_announcement(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read an announcement to somebody who follows its space."""
    told = session.get(Announcement, delivery.values["announcement_id"])
    user, space = _reader_of(session, delivery)
    if told is None or user is None or space is None:
        return None
    if _subscription(session, user, space) is None:
        return None
    language = told.body.language_for(i18n.best_locale([user.locale]))
    body = told.body.in_(language)
    words = {
        "announced": told.subject.in_(language),
        "body": body,
        "body_html": markup.render(body),
        "language": language,
        "language_label": i18n.language_label,
    }
    return _facts(session, delivery, user, space, words=words)


def about_dates(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the mail of changed dates, unless they were changed again."""
    user, space = _reader_of(session, delivery)
    if user is None or space is None or _subscription(session, user, space) is None:
        return None
    then = delivery.values["opens_at"], delivery.values["closes_at"]
    if (iso(space.opens_at), iso(space.closes_at)) != then:
        return None
    return _facts(session, delivery, user, space, words=_dates(session, user, space))


def about_closing(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read the reminder that a space closes soon, while it is true."""
    user, space = _reader_of(session, delivery)
    if user is None or space is None or space.closes_at is None:
        return None
    if iso(space.closes_at) != delivery.values["closes_at"] or space.closes_at <= now:
        return None
    if has_stopped_space(session, user_id=user.id, space_id=space.id):
        return None
    follows = _subscription(session, user, space) is not None
    drafts = drafts_in(session, user_id=user.id, space_id=space.id)
    if not follows and not drafts:
        return None
    hours = max(1, int((space.closes_at - now).total_seconds() // 3600))
    words = {"drafts": drafts, "follows": follows, "hours": hours}
    return _facts(session, delivery, user, space, words={**words, **_dates(session, user, space)})


def _reader_of(session: Session, delivery: Delivery) -> tuple[User | None, Space | None]:
    """Return who is written to and the space, where both still hold: who may be written to, and may
    see it.
    """
    user = active_user(session, delivery)
    space = session.get(Space, delivery.values["space_id"], populate_existing=True)
    if user is None or space is None or not can_reach(user):
        return None, None
    if not is_space_visible(actor_of(session, user), space):
        return None, None
    if space.forum_id in unwilling_forums(session, user_id=user.id):
        return None, None
    return user, space


def _subscription(session: Session, user: User, space: Space) -> Subscription | None:
    return space_subscription(session, user_id=user.id, space_id=space.id)


def _dates(session: Session, user: User, space: Space) -> dict[str, Any]:
    """Return the dates of a space with the zones in which they are told: the recipient's, and the
    forum's where its clocks show another time.
    """
    forum = session.get_one(Forum, space.forum_id)
    own = user.time_zone or forum.time_zone
    return {
        "opens_at": space.opens_at,
        "closes_at": space.closes_at,
        "own_zone": own,
        "forum_zone": forum.time_zone,
        "day_of": i18n.format_weekday,
        "zone_of": i18n.zone_words,
    }


def _facts(
    session: Session,
    delivery: Delivery,
    user: User,
    space: Space,
    *,
    words: Mapping[str, Any],
) -> MailFacts:
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=session.get_one(Forum, space.forum_id),
        space=space,
        links={
            "space_url": MailLink("discussion.space", {"slug": space.slug}),
            "drafts_url": MailLink("discussion.account"),
            "following_url": MailLink("notifications.following"),
        },
        words=words,
        unsubscribe=stop_link(user, Subject.SPACE, space.id),
    )


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "announcement": about_announcement,
        "dates-changed": about_dates,
        "closing-soon": about_closing,
    }
)
"""The mails of this module."""
