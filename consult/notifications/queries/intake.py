"""Mails about texts that staff filed for somebody: to that person, and to whoever filed them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from consult.discussion.models import Contribution, Intake
from consult.discussion.policy.intake import ANSWERED_WITHIN
from consult.discussion.queries.intake import filed_text, is_waiting, token_of
from consult.discussion.states import Removed
from consult.notifications.models import Delivery
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    Recipient,
    active_user,
    to_user,
)
from consult.spaces.models import Author, AuthorMember, Forum, Space
from consult.spaces.states import Membership


def of(session: Session, contribution_id: int) -> Intake | None:
    """Return how a text was filed for somebody; None for texts that came from their authors."""
    return session.scalars(
        select(Intake)
        .where(Intake.contribution_id == contribution_id)
        .execution_options(populate_existing=True)
    ).first()


def account_of(session: Session, contribution_id: int) -> int | None:
    """Return the user who speaks alone through a text's Author; None where nobody does."""
    return session.scalars(
        select(AuthorMember.user_id)
        .join(Contribution, Contribution.author_id == AuthorMember.author_id)
        .where(Contribution.id == contribution_id, AuthorMember.membership == Membership.SELF)
        .order_by(AuthorMember.user_id)
        .limit(1)
    ).first()


def asked_person(session: Session, contribution_id: int) -> Intake | None:
    """Return how to reach the person for whom a text was filed; None for one with an account, one
    who said that it is not theirs, and one who was erased.
    """
    return session.scalars(
        select(Intake)
        .join(Contribution, Contribution.id == Intake.contribution_id)
        .join(Author, Author.id == Contribution.author_id)
        .where(
            Intake.contribution_id == contribution_id,
            Intake.email.is_not(None),
            Intake.disowned_at.is_(None),
            Author.is_erased.is_(False),
            ~exists().where(AuthorMember.author_id == Author.id),
        )
        .execution_options(populate_existing=True)
    ).first()


def to_person(session: Session, intake: Intake) -> Recipient:
    """Return the person for whom a text was filed as the recipient of a mail."""
    contribution = session.get_one(Contribution, intake.contribution_id)
    author = session.get_one(Author, contribution.author_id, populate_existing=True)
    return Recipient(name=author.name, locale=intake.locale)


def about_confirming(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Read the mail that asks somebody whether a text is theirs."""
    intake = session.get(Intake, delivery.values["intake_id"], populate_existing=True)
    if intake is None or intake.email != delivery.address or not is_waiting(intake, now=now):
        return None
    contribution, space, forum = _where(session, intake)
    if contribution.removed != Removed.NONE:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_person(session, intake),
        address=delivery.address or "",
        written_at=delivery.created_at,
        forum=forum,
        space=space,
        contribution=contribution,
        revision=filed_text(session, intake),
        links={
            "answer_url": MailLink(
                "discussion.answer_intake", token=lambda key: token_of(intake, secret_key=key)
            )
        },
        words={
            "received_at": contribution.sent_at,
            "answer_until": intake.asked_at + ANSWERED_WITHIN,
        },
    )


def to_filer(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read a mail to staff: that a text was filed, or that the person does not know it."""
    user = active_user(session, delivery)
    intake = session.get(Intake, delivery.values["intake_id"], populate_existing=True)
    if user is None or intake is None or user.confirmed_at is None:
        return None
    if delivery.event == "intake-filed" and intake.disowned_at is not None:
        return None
    contribution, space, forum = _where(session, intake)
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=forum,
        space=space,
        contribution=contribution,
        links={"list_url": MailLink("discussion.intakes")},
    )


def _where(session: Session, intake: Intake) -> tuple[Contribution, Space, Forum]:
    row = session.execute(
        select(Contribution, Space, Forum)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .where(Contribution.id == intake.contribution_id)
        .execution_options(populate_existing=True)
    ).one()
    return row.Contribution, row.Space, row.Forum


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "intake-confirm": about_confirming,
        "intake-filed": to_filer,
        "intake-disowned": to_filer,
    }
)
"""The mails of this module."""
