"""Reactions for those who follow: what begins by itself, who is told of what, digests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.outbox import Handler, Reactions
from consult.discussion.events import ContributionSent, PublicTextChanged
from consult.discussion.models import Contribution
from consult.notifications.events import SpaceDatesSettled, SpaceNewsArose, TextCameOut
from consult.notifications.models import SavedSearch
from consult.notifications.services import announcing, digests, fanning_out, searching
from consult.notifications.services.digests import Due
from consult.notifications.services.following import follow_own_question, follow_own_text
from consult.notifications.services.searching import Find, Hits
from consult.search import queries as search_queries
from consult.search.documents import Backend
from consult.search.queries import Asked, filters_from, is_across
from consult.spaces.events import SpaceDatesChanged

MINUTE = 60
MOST_HITS = 200
"""Texts that one look at a saved search tells of."""

Payloads = Sequence[dict[str, Any]]


def register(reactions: Reactions, *, backend: Backend) -> None:
    """Subscribe what concerns followers, and put digests and reminders on the timetable."""
    reactions.subscribe(Handler("notifications.follow-own", follow_own, batch=50), ContributionSent)
    reactions.subscribe(Handler("notifications.came-out", notice, batch=50), PublicTextChanged)
    reactions.subscribe(Handler("notifications.new-text", tell_of_texts), TextCameOut)
    reactions.subscribe(Handler("notifications.dates", notice_dates), SpaceDatesChanged)
    reactions.subscribe(Handler("notifications.dates-settled", tell_dates), SpaceDatesSettled)
    reactions.subscribe(Handler("notifications.space-news", tell_news), SpaceNewsArose)
    reactions.schedule(Handler("notifications.closing", remind, every=10 * MINUTE))
    find = finder(backend)
    reactions.schedule(digest_handler(find))
    reactions.schedule(search_handler(find))


def finder(backend: Backend) -> Find:
    """Return what runs a saved search as its owner: the newest texts that they may read and that
    have all that it asks for.
    """

    def find(session: Session, actor: Actor, search: SavedSearch) -> Sequence[int] | None:
        values = {name: str(value) for name, value in search.filters.items()}
        asked = Asked(
            text=search.words,
            filters=filters_from(values),
            sort="newest",
            per_page=MOST_HITS,
            across=is_across(values),
            # Texts with only some of the words are there to be looked through, not to be told of.
            relaxes=False,
        )
        answer = search_queries.find(
            session, backend=backend, actor=actor, asked=asked, with_excerpts=False
        )
        if not answer.is_available:
            return None
        references = [found.reference for found in answer.items]
        return session.scalars(
            select(Contribution.id).where(Contribution.reference.in_(references))
        ).all()

    return find


def digest_handler(find: Find) -> Handler:
    """Return the handler that queues the digests that are due; it looks before it takes a lock."""

    def look(session: Session, _payloads: Payloads, *, now: dt.datetime) -> list[Due]:
        found = digests.look_for_due(session, find=find, now=now)
        session.rollback()
        return found

    def queue(
        session: Session, _payloads: Payloads, *, now: dt.datetime, prepared: list[Due]
    ) -> None:
        digests.queue_due(session, prepared, now=now)

    return Handler("notifications.digests", queue, every=MINUTE, prepare=look, is_slow=True)


def search_handler(find: Find) -> Handler:
    """Return the handler that mails at once what saved searches newly find."""

    def look(session: Session, _payloads: Payloads, *, now: dt.datetime) -> list[Hits]:
        found = searching.look_for_hits(session, find=find, now=now)
        session.rollback()
        return found

    def queue(
        session: Session, _payloads: Payloads, *, now: dt.datetime, prepared: list[Hits]
    ) -> None:
        searching.queue_hits(session, prepared, now=now)

    return Handler("notifications.searches", queue, every=5 * MINUTE, prepare=look, is_slow=True)


def follow_own(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Have people follow the threads in which they write."""
    for payload in payloads:
        follow_own_text(session, revision_id=payload["revision_id"], now=now)


def notice(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Take note of texts that came out: their authors follow a question of theirs, and followers
    are told in a minute.
    """
    for contribution_id in dict.fromkeys(payload["contribution_id"] for payload in payloads):
        follow_own_question(session, contribution_id=contribution_id, now=now)
        fanning_out.notice_text(session, contribution_id=contribution_id, now=now)


def tell_of_texts(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Queue the mails of a text for those who hear of it at once."""
    for payload in payloads:
        fanning_out.tell_of_text(
            session,
            contribution_id=payload["contribution_id"],
            after=payload["after"],
            now=now,
        )


def notice_dates(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Wait a minute for further changes of dates."""
    for payload in payloads:
        announcing.notice_dates(session, space_id=payload["space_id"], now=now)


def tell_dates(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Tell followers of dates that have stood for a minute."""
    for payload in payloads:
        announcing.tell_dates(session, SpaceDatesSettled(**_said(payload)), now=now)


def tell_news(session: Session, payloads: Payloads, *, now: dt.datetime) -> None:
    """Queue the news of a space for its followers."""
    for payload in payloads:
        announcing.tell(session, SpaceNewsArose(**_said(payload)), now=now)


def remind(session: Session, _payloads: Payloads, *, now: dt.datetime) -> None:
    """Remind of the spaces that close within two days."""
    announcing.remind_of_closing(session, now=now)


def _said(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "event"}
