"""What somebody says to a text that was filed for them: it is theirs, or it is not."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from sqlalchemy import CursorResult, exists, select, update
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.core import audit
from consult.core.errors import Invalid
from consult.core.outbox import emit
from consult.discussion.events import IntakeDisowned
from consult.discussion.models import Contribution, Intake
from consult.discussion.policy import is_public
from consult.discussion.queries.intake import live
from consult.discussion.services import removing, threads
from consult.spaces import services as spaces
from consult.spaces.models import Author, AuthorMember, Forum
from consult.spaces.states import Registration


def confirm(session: Session, *, token: str, secret_key: str, now: dt.datetime) -> Contribution:
    """Take a text for its author's: the mark goes, figures count it, and where an account has
    confirmed the very address, the text becomes that account's.

    Raises `Invalid` for a token that can be used no more.
    """
    intake = _use(session, token=token, secret_key=secret_key, now=now, confirmed_at=now)
    contribution = threads.locked(session, intake.contribution_id)
    _give_to(session, contribution, intake=intake, now=now)
    _accept(session, contribution, now=now)
    _note(session, "intake.confirm", contribution, now=now)
    return contribution


def disown(session: Session, *, token: str, secret_key: str, now: dt.datetime) -> Contribution:
    """Take a text out of the queue and from view, for good; staff is told.

    Raises `Invalid` for a token that can be used no more.
    """
    intake = _use(session, token=token, secret_key=secret_key, now=now, disowned_at=now)
    contribution = threads.locked(session, intake.contribution_id)
    removing.take_away(session, contribution=contribution, now=now)
    _note(session, "intake.disown", contribution, now=now)
    emit(session, IntakeDisowned(intake_id=intake.id), now=now)
    return contribution


def join(session: Session, *, user_id: int, now: dt.datetime) -> None:
    """Give somebody who has confirmed an address the texts that were filed for it and that they
    have confirmed, through their own Author where they have one.
    """
    user = session.get(User, user_id, populate_existing=True)
    if user is None or user.confirmed_at is None or user.status != UserStatus.ACTIVE:
        return
    filed = session.execute(
        select(Intake, Contribution.id)
        .join(Contribution, Contribution.id == Intake.contribution_id)
        .join(Author, Author.id == Contribution.author_id)
        .where(
            Intake.email_key == user.email_key,
            Intake.confirmed_at.is_not(None),
            Author.is_erased.is_(False),
            ~exists().where(AuthorMember.author_id == Author.id),
        )
        .order_by(Contribution.id)
    ).all()
    threads.locked_together(session, [contribution_id for _intake, contribution_id in filed])
    for intake, contribution_id in filed:
        contribution = threads.locked(session, contribution_id)
        before = contribution.author_id
        _give_to(session, contribution, intake=intake, now=now)
        if contribution.author_id != before and contribution.reference is not None:
            threads.public_change(
                session, contribution, was_public=is_public(contribution), now=now
            )


def _use(
    session: Session, *, token: str, secret_key: str, now: dt.datetime, **values: dt.datetime
) -> Intake:
    """Use a token up; of two answers at once one wins, by the condition of the update."""
    intake = live(session, token=token, secret_key=secret_key, now=now)
    if intake is None:
        raise Invalid({"link": ["link-invalid"]})
    result = session.execute(
        update(Intake)
        .where(Intake.id == intake.id, Intake.confirmed_at.is_(None), Intake.disowned_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise Invalid({"link": ["link-invalid"]})
    session.refresh(intake)
    return intake


def _accept(session: Session, contribution: Contribution, *, now: dt.datetime) -> None:
    if contribution.reference is not None:
        threads.confirmed(session, contribution, now=now)
        return
    # Readers never saw it: nothing of theirs changes.
    contribution.is_unconfirmed = False
    contribution.version += 1
    session.flush()


def _give_to(
    session: Session, contribution: Contribution, *, intake: Intake, now: dt.datetime
) -> None:
    """Move a text to the Author of the account that has confirmed its address, or give that
    account the Author which the text has.
    """
    entered = session.get_one(Author, contribution.author_id)
    user_id = _account_of(session, intake)
    if user_id is None or _has_members(session, entered):
        return
    own = spaces.author_of(session, forum_id=entered.forum_id, user_id=user_id)
    if own is None:
        # Elsewhere nobody takes part by having sent a text: the organisers say so first.
        if session.get_one(Forum, entered.forum_id).registration == Registration.OPEN:
            spaces.give_author(session, author=entered, user_id=user_id, now=now)
        return
    contribution.author_id = own.id
    session.flush()
    others = select(Contribution.id).where(Contribution.author_id == entered.id).limit(1)
    if session.scalars(others).first() is None:
        session.delete(entered)
        session.flush()


def _account_of(session: Session, intake: Intake) -> int | None:
    if intake.email_key is None:
        return None
    return session.scalars(
        select(User.id).where(
            User.email_key == intake.email_key,
            User.confirmed_at.is_not(None),
            User.status == UserStatus.ACTIVE,
        )
    ).first()


def _has_members(session: Session, author: Author) -> bool:
    members = select(AuthorMember.user_id).where(AuthorMember.author_id == author.id)
    return session.scalars(members.limit(1)).first() is not None


def _note(session: Session, act: str, contribution: Contribution, *, now: dt.datetime) -> None:
    """Write it down; nobody is signed in who answers by a link."""
    audit.record(session, act, actor_id=None, now=now, subject=("contribution", contribution.id))
