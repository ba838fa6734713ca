"""Mails about an account: links that were asked for, and what its owner should know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy.orm import Session

from consult.accounts import services
from consult.accounts.models import MailedLink, User
from consult.notifications.models import Delivery
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    active_user,
    to_user,
)
from consult.spaces import queries as spaces

_PAGES = {"confirm": "accounts.confirm", "reset": "accounts.new_password"}
"""Which page a link leads to."""


def about_link(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read a mail with a link to its owner."""
    user = active_user(session, delivery)
    if user is None:
        return None
    link = session.get(MailedLink, delivery.values["link_id"], populate_existing=True)
    if link is None or link.used_at is not None or link.expires_at <= now:
        return None
    if link.email_key != user.email_key or link.purpose != delivery.event:
        return None
    if delivery.event == "confirm" and user.confirmed_at is not None:
        return None
    page = MailLink(
        _PAGES[delivery.event], token=lambda key: services.token_of(link, secret_key=key)
    )
    return of_account(session, delivery, user, link=link, links={"link_url": page})


def about_account(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read a mail about an account to its owner."""
    user = active_user(session, delivery)
    if user is None:
        return None
    links = {"reset_url": MailLink("accounts.reset")}
    return of_account(session, delivery, user, links=links)


def of_account(
    session: Session,
    delivery: Delivery,
    user: User,
    *,
    link: MailedLink | None = None,
    links: Mapping[str, MailLink],
) -> MailFacts:
    """Return the facts of a mail that is about nothing but the account."""
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=spaces.current_forum(session),
        link=link,
        links=links,
    )


READERS: Mapping[str, Reader] = MappingProxyType(
    {"confirm": about_link, "reset": about_link, "known-address": about_account}
)
"""The mails of this module."""
