"""Mails about an account: links that were asked for, and what its owner should know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from consult.accounts import policy, services
from consult.accounts.models import MailedLink, User
from consult.accounts.queries import protection_of, user_by_email_key, wished_address
from consult.accounts.states import UserStatus
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

_PAGES = {
    "confirm": "accounts.confirm",
    "reset": "accounts.new_password",
    "change-old": "accounts.agree_to_address",
    "change-new": "accounts.agree_to_address",
}
"""Which page a link leads to."""


def about_link(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read a mail with a link to its owner, or to the address for which the link was made."""
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
    words = {
        "is_asking": delivery.event == "confirm" and spaces.asks_to_take_part(session, user.id)
    }
    return of_account(session, delivery, user, link=link, links={"link_url": page}, words=words)


def about_change(
    session: Session, delivery: Delivery, decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read a mail that asks one side to agree to another address.

    Where somebody else has the new address, its owner is told so and gets no link: whoever asked
    learns nothing of it.
    """
    facts = about_link(session, delivery, decision_facts, now)
    if facts is None or facts.link is None:
        return None
    wish = wished_address(session, user_id=facts.link.user_id, now=now)
    if wish is None:
        return None
    if delivery.event == "change-new":
        owner = user_by_email_key(session, email_key=policy.email_key(facts.address))
        if owner is not None and owner.id != facts.link.user_id:
            return _to_owner(session, delivery, owner)
        return facts
    user = session.get_one(User, facts.link.user_id)
    links = {**facts.links, "security_url": MailLink("accounts.security")}
    words = {"new_address": wish.email}
    return of_account(session, delivery, user, link=facts.link, links=links, words=words)


def _to_owner(session: Session, delivery: Delivery, owner: User) -> MailFacts | None:
    """Read the mail to somebody whose address another account wished for."""
    if owner.status != UserStatus.ACTIVE:
        return None
    return of_account(session, delivery, owner, event="address-known", links={})


def about_old_address(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the mail that tells an old address of the change; it goes nowhere else."""
    user = active_user(session, delivery)
    link = session.get(MailedLink, delivery.values["link_id"], populate_existing=True)
    if user is None or link is None or link.address is None:
        return None
    return of_account(session, delivery, user, link=link, links={})


def about_account(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read a mail about an account to its owner."""
    user = active_user(session, delivery)
    if user is None:
        return None
    links = {
        "reset_url": MailLink("accounts.reset"),
        "security_url": MailLink("accounts.security"),
    }
    words = {"codes_left": protection_of(session, user_id=user.id).codes_left}
    return of_account(session, delivery, user, links=links, words=words)


def of_account(
    session: Session,
    delivery: Delivery,
    user: User,
    *,
    event: str | None = None,
    link: MailedLink | None = None,
    links: Mapping[str, MailLink],
    words: Mapping[str, Any] = MappingProxyType({}),
) -> MailFacts:
    """Return the facts of a mail that is about nothing but the account.

    It goes to the address of the link, where that names one, else to the user's own; `event` is the
    folder of its texts where it is not the delivery's.
    """
    return MailFacts(
        event=event or delivery.event,
        user=to_user(user),
        address=(link.address if link else None) or user.email or "",
        written_at=delivery.created_at,
        forum=spaces.current_forum(session),
        link=link,
        links=links,
        words=words,
    )


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "confirm": about_link,
        "reset": about_link,
        "change-old": about_change,
        "change-new": about_change,
        "known-address": about_account,
        "address-changed": about_old_address,
        "sign-in-warning": about_account,
        "password-changed": about_account,
        "second-factor-on": about_account,
        "second-factor-off": about_account,
        "second-factor-reset": about_account,
        "second-factor-codes": about_account,
        "second-factor-recovery": about_account,
    }
)
"""The mails of this module."""
