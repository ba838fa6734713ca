"""Mails to readers about the texts they reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.discussion.models import Contribution
from consult.discussion.states import Removed
from consult.notifications.models import Delivery
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
from consult.spaces.models import Forum, Space
from consult.spaces.policy import is_space_visible

_TRUE_IN: Mapping[str, Removed] = MappingProxyType(
    {"keep": Removed.NONE, "redact": Removed.NONE, "hide": Removed.HIDDEN}
)
"""By verdict, how the text has to stand for the mail to be no lie."""


def about_report(
    session: Session, delivery: Delivery, decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read what became of a report; nothing of the text, and not who decided or why.

    None for whoever wants no mail from the forum or cannot see the space any more, and where the
    decision was taken back or the text stands otherwise by now.
    """
    row = session.execute(
        select(Contribution, Space, Forum)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .where(Contribution.id == delivery.values["contribution_id"])
        .execution_options(populate_existing=True)
    ).first()
    decision = decision_facts(session, delivery.values["decision_id"])
    user = active_user(session, delivery)
    if row is None or decision is None or decision.is_undone or user is None:
        return None
    contribution, space, forum = row
    if contribution.removed != _TRUE_IN.get(decision.verdict):
        return None
    if not can_reach(user) or forum.id in unwilling_forums(session, user_id=user.id):
        return None
    if not is_space_visible(actor_of(session, user), space):
        return None
    name = {"name": contribution.reference}
    is_public = contribution.removed == Removed.NONE
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=forum,
        space=space,
        contribution=contribution,
        links={"contribution_url": MailLink("discussion.contribution", name)} if is_public else {},
        words={"verdict": decision.verdict},
    )


READERS: Mapping[str, Reader] = MappingProxyType({"report-answered": about_report})
"""The mails of this module."""
