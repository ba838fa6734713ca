"""What mail keeps about somebody, for the copy of their own data."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.ports import OwnFile, OwnRow
from consult.discussion.models import Contribution
from consult.notifications.models import (
    Delivery,
    MailPreference,
    SavedSearch,
    Subscription,
    Told,
)


def own_data(session: Session, *, user_id: int) -> Iterator[OwnRow | OwnFile]:
    """Yield what somebody follows, the searches they saved and the mails they were sent."""
    subscriptions = session.scalars(
        select(Subscription).where(Subscription.user_id == user_id).order_by(Subscription.id)
    )
    for one in subscriptions:
        yield OwnRow(
            "following",
            {
                "what": str(one.subject_kind),
                "rhythm": str(one.rhythm),
                "began_by_itself": one.is_automatic,
                "created_at": one.created_at,
            },
        )
    preference = session.get(MailPreference, user_id)
    if preference is not None:
        yield OwnRow("following", {"follows_what_one_wrote_in": preference.follows_own})
    searches = session.scalars(
        select(SavedSearch).where(SavedSearch.user_id == user_id).order_by(SavedSearch.id)
    )
    for search in searches:
        yield OwnRow(
            "searches",
            {"words": search.words, "filters": search.filters, "created_at": search.created_at},
        )
    yield from _mails(session, user_id)


def _mails(session: Session, user_id: int) -> Iterator[OwnRow]:
    deliveries = session.scalars(
        select(Delivery)
        .where(Delivery.user_id == user_id)
        .order_by(Delivery.id)
        .execution_options(yield_per=200)
    )
    for one in deliveries:
        yield OwnRow(
            "mails",
            {
                "kind": one.event,
                "state": str(one.state),
                "created_at": one.created_at,
                "sent_at": one.sent_at,
                "bounced_at": one.bounced_at,
            },
        )
    told = session.execute(
        select(Contribution.reference, Told.told_at)
        .join(Contribution, Contribution.id == Told.contribution_id)
        .where(Told.user_id == user_id)
        .order_by(Told.told_at, Contribution.id)
    )
    for reference, told_at in told:
        yield OwnRow("mails", {"kind": "text", "reference": reference, "sent_at": told_at})
