"""Mails to those who follow something: a new text at once, and digests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType

from sqlalchemy import and_
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core import i18n
from consult.discussion.models import Contribution
from consult.notifications.models import Delivery, SavedSearch, Subscription
from consult.notifications.policy import UNDO, Placed, can_reach, decisive
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    active_user,
    to_user,
)
from consult.notifications.queries.followed_texts import (
    MailText,
    actor_of,
    among,
    subscriptions_of,
    texts,
    untold,
)
from consult.notifications.queries.naming import stop_digest_link, stop_link
from consult.notifications.states import Rhythm, Subject
from consult.spaces.models import Objective, Question, Space

MOST_TEXTS = 50
"""Texts that one digest tells; it only counts the others."""


@dataclass(frozen=True)
class Why:
    """Why somebody gets a mail, as its last lines say it."""

    kind: Subject
    is_automatic: bool
    objective: Objective | None = None
    words: str | None = None
    """Of a saved search."""


@dataclass
class Group:
    """The texts of a digest under one question."""

    space: Space
    question: Question | None
    texts: list[MailText] = field(default_factory=list)


def about_new_text(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read the mail of a text to somebody who hears of it at once."""
    user = _recipient(session, delivery)
    if user is None:
        return None
    contribution_id = delivery.values["contribution_id"]
    subscriptions = subscriptions_of(session, user_id=user.id)
    named = next((s for s in subscriptions if s.id == delivery.values["subscription_id"]), None)
    which = and_(Contribution.id == contribution_id, Contribution.first_published_at <= now - UNDO)
    found = untold(session, actor=actor_of(session, user), which=which)
    if not found or named is None:
        return None
    found_by = {named.subject_id} if named.subject_kind == Subject.SEARCH else set()
    cause = decisive(subscriptions, found[0], found_by=found_by)
    if cause is None or cause.rhythm != Rhythm.AT_ONCE:
        return None
    return _facts_of_text(session, delivery, user, placed=found[0], cause=cause)


def _facts_of_text(
    session: Session, delivery: Delivery, user: User, *, placed: Placed, cause: Subscription
) -> MailFacts:
    with i18n.in_locale(i18n.best_locale([user.locale])):
        (text,) = texts(session, ids=[placed.id])
    contribution = session.get_one(Contribution, placed.id, populate_existing=True)
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=text.forum,
        space=text.space,
        contribution=contribution,
        links={
            "contribution_url": MailLink("discussion.contribution", {"name": text.reference}),
            "following_url": MailLink("notifications.following"),
        },
        words={"told": text, "why": _why(session, cause)},
        unsubscribe=stop_link(user, Subject(cause.subject_kind), cause.subject_id),
        answers=True,
        tells=(placed.id,),
    )


def about_digest(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read a digest: what its recipient follows in its rhythm, has not been told, and may read."""
    user = _recipient(session, delivery)
    if user is None:
        return None
    rhythm = Rhythm(delivery.values["rhythm"])
    subscriptions = subscriptions_of(session, user_id=user.id)
    wanted = _wanted(session, delivery, user, subscriptions, now=now)
    chosen = [text.id for text, cause in wanted if cause is not None and cause.rhythm == rhythm]
    if not chosen:
        return None
    with i18n.in_locale(i18n.best_locale([user.locale])):
        shown = texts(session, ids=chosen[:MOST_TEXTS])
    groups = _grouped(shown)
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=shown[0].forum,
        links={
            "following_url": MailLink("notifications.following"),
            **_links(groups),
        },
        words={
            "rhythm": rhythm,
            "groups": groups,
            "count": len(chosen),
            "more": len(chosen) - len(shown),
        },
        unsubscribe=stop_digest_link(user, rhythm),
        tells=tuple(chosen),
    )


def _wanted(
    session: Session,
    delivery: Delivery,
    user: User,
    subscriptions: Sequence[Subscription],
    *,
    now: dt.datetime,
) -> list[tuple[Placed, Subscription | None]]:
    """Return the texts that some subscription covers, each with the one that decides about it."""
    by_search = {int(k): frozenset(ids) for k, ids in delivery.values.get("found", {}).items()}
    found = sorted(frozenset().union(*by_search.values()))
    since = dt.datetime.fromisoformat(delivery.values["since"])
    which = and_(
        among(subscriptions, found=found),
        Contribution.first_published_at <= now - UNDO,
        (Contribution.first_published_at > since) | Contribution.id.in_(found),
    )
    placed = untold(session, actor=actor_of(session, user), which=which)
    return [
        (
            text,
            decisive(
                subscriptions,
                text,
                found_by=[key for key, ids in by_search.items() if text.id in ids],
            ),
        )
        for text in placed
    ]


def _grouped(shown: Sequence[MailText]) -> list[Group]:
    """Return texts by space and question, the newest last in each."""

    def place(text: MailText) -> tuple[int, int, int]:
        number = text.question.number if text.question is not None else 0
        return text.space.forum_id, text.space.position, number

    groups = []
    for _, some in groupby(sorted(shown, key=place), key=place):
        told = list(some)
        groups.append(Group(told[0].space, told[0].question, told))
    return groups


def _links(groups: Sequence[Group]) -> dict[str, MailLink]:
    """Return the addresses of questions and texts, by names that templates make from them."""
    links = {}
    for group in groups:
        if group.question is not None:
            values = {"slug": group.space.slug, "number": group.question.number}
            name = f"question:{group.space.slug}:{group.question.number}"
            links[name] = MailLink("discussion.question", values)
        for text in group.texts:
            values = {"name": text.reference}
            links[f"text:{text.reference}"] = MailLink("discussion.contribution", values)
    return links


def _why(session: Session, cause: Subscription) -> Why:
    kind = Subject(cause.subject_kind)
    objective = session.get(Objective, cause.subject_id) if kind is Subject.OBJECTIVE else None
    search = session.get(SavedSearch, cause.subject_id) if kind is Subject.SEARCH else None
    return Why(
        kind=kind,
        is_automatic=cause.is_automatic,
        objective=objective,
        words=search.words if search is not None else None,
    )


def _recipient(session: Session, delivery: Delivery) -> User | None:
    user = active_user(session, delivery)
    return user if user is not None and can_reach(user) else None


READERS: Mapping[str, Reader] = MappingProxyType(
    {"new-text": about_new_text, "digest": about_digest}
)
"""The mails of this module."""
