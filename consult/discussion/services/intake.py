"""Filing texts for people who sent them by other means, and asking them whether they are theirs."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from consult.accounts.policy import email_key, email_problem, is_locale
from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal
from consult.core.outbox import emit
from consult.discussion.events import IntakeAsked
from consult.discussion.models import Contribution, Intake
from consult.discussion.policy.intake import may_be_asked
from consult.discussion.queries.intake import times_asked
from consult.discussion.services import threads
from consult.discussion.services.revisions import mark_sent, open_draft
from consult.discussion.services.sending import begin
from consult.discussion.services.texts import Words, keep, prepare
from consult.spaces import services as spaces
from consult.spaces.models import (
    Author,
    AuthorMember,
    Category,
    Forum,
    Organisation,
    Question,
    Space,
)
from consult.spaces.services import Affiliation


@dataclass(frozen=True)
class Filing:
    """A text as staff received it, and for whom they file it."""

    said: Affiliation
    email: str
    locale: str
    """Language of the mail to them."""
    received_at: dt.datetime | None
    """When it came in; None where that could not be read."""
    words: Words


def file_text(
    session: Session,
    *,
    actor: Actor,
    space: Space,
    question: Question | None,
    filing: Filing,
    now: dt.datetime,
) -> Contribution:
    """Send a text to the moderators in the name of somebody else, and ask them by mail.

    Without a question it is one that they pose. It counts as sent when it was received, which may
    lie before the closing of a space that is closed by now. Until they confirm it, it speaks
    through an Author of its own, whatever account has their address. Raises `Forbidden`, and
    `Invalid` with every problem by field.
    """
    require(Permission.FILE_FOR_OTHERS, actor=actor, subject=space, now=now)
    check(session, space=space, filing=filing, now=now)
    forum = session.get_one(Forum, space.forum_id)
    author = _author_for(session, forum=forum, filing=filing, actor=actor, now=now)
    contribution = begin(
        session, author_id=author.id, space=space, question=question, parent=None, now=now
    )
    received_at = filing.received_at or now
    contribution.is_unconfirmed = True
    contribution.sent_at = received_at
    revision = open_draft(session, contribution=contribution, actor=actor, lock=None, now=now)
    keep(
        session,
        contribution=contribution,
        revision=revision,
        prepared=prepare(filing.words),
        words=filing.words,
        actor=actor,
    )
    mark_sent(
        session,
        contribution=contribution,
        revision=revision,
        actor=actor,
        now=now,
        received_at=received_at,
    )
    threads.place(session, contribution, parent=None, at=threads.ordinal(received_at))
    intake = Intake(
        id=secrets.token_hex(16),
        contribution_id=contribution.id,
        email=filing.email.strip(),
        email_key=email_key(filing.email),
        locale=filing.locale,
        filed_by=actor.user_id,
        created_at=now,
        asked_at=now,
    )
    session.add(intake)
    session.flush()
    _note(session, "intake.file", intake, actor=actor, now=now)
    emit(session, IntakeAsked(intake_id=intake.id, number=1), now=now)
    return contribution


def ask_again(session: Session, *, actor: Actor, intake_id: str, now: dt.datetime) -> None:
    """Send the mail to them again: three times at most, a day apart.

    Raises `NotVisible` for an unknown one and for one of another desk, `Forbidden` where they have
    answered, were erased, or may not be asked again.
    """
    intake = session.scalars(select(Intake).where(Intake.id == intake_id).with_for_update()).first()
    if intake is None:
        raise NotVisible
    contribution = session.get_one(Contribution, intake.contribution_id)
    space = session.get_one(Space, contribution.space_id)
    try:
        require(Permission.FILE_FOR_OTHERS, actor=actor, subject=space, now=now)
    except Forbidden as error:
        raise NotVisible from error
    if intake.email is None or intake.confirmed_at is not None or intake.disowned_at is not None:
        raise Forbidden(Refusal.WRONG_STATE)
    times = times_asked(session, contribution_id=contribution.id)
    reason = may_be_asked(asked_at=intake.asked_at, times=times, now=now)
    if reason is not None:
        raise Forbidden(reason)
    intake.asked_at = now
    _note(session, "intake.ask", intake, actor=actor, now=now)
    emit(session, IntakeAsked(intake_id=intake.id, number=times + 1), now=now)


def check(session: Session, *, space: Space, filing: Filing, now: dt.datetime) -> None:
    """Raise `Invalid` with the problems of every field at once; write nothing."""
    forum = session.get_one(Forum, space.forum_id)
    said = {
        "email": email_problem(filing.email),
        "mail_language": None if is_locale(filing.locale) else "mail-language-unknown",
        "received": _received_problem(filing.received_at, space=space, now=now),
    }
    problems = {field: [code] for field, code in said.items() if code is not None}
    try:
        spaces.check_affiliation(session, forum=forum, said=filing.said, missing="missing")
    except Invalid as error:
        problems |= error.problems
    try:
        prepare(filing.words)
    except Invalid as error:
        problems |= error.problems
    if problems:
        raise Invalid(problems)


def _received_problem(
    received_at: dt.datetime | None, *, space: Space, now: dt.datetime
) -> str | None:
    if received_at is None:
        return "received-missing"
    if received_at > now:
        return "received-future"
    closes_at = space.closes_at
    return "received-late" if closes_at is not None and received_at >= closes_at else None


def _author_for(
    session: Session, *, forum: Forum, filing: Filing, actor: Actor, now: dt.datetime
) -> Author:
    """Return the Author of an earlier text of the same address that says the same, else a new one.

    One address may file for several people: what was typed now never renames what was filed before.
    """
    # Two who file at once take turns, so that the second finds what the first entered.
    session.execute(select(Forum.id).where(Forum.id == forum.id).with_for_update())
    earlier = session.scalars(
        select(Author)
        .join(Contribution, Contribution.author_id == Author.id)
        .join(Intake, Intake.contribution_id == Contribution.id)
        .where(
            Author.forum_id == forum.id,
            Author.is_erased.is_(False),
            Intake.email_key == email_key(filing.email),
            Intake.disowned_at.is_(None),
            ~exists().where(AuthorMember.author_id == Author.id),
        )
        .order_by(Intake.confirmed_at.is_(None), Author.id)
    ).unique()
    for author in earlier:
        if _says(session, author, filing.said):
            return author
    return spaces.enter_author(
        session, forum=forum, said=filing.said, user_id=actor.user_id, now=now
    )


def _says(session: Session, author: Author, said: Affiliation) -> bool:
    """Whether an Author says of themselves what was typed, letter by letter."""
    category = session.get(Category, author.category_id or 0)
    organisation = session.get(Organisation, author.organisation_id or 0)
    before = Affiliation(
        name=author.name,
        category=category.slug if category else "",
        organisation=organisation.name if organisation else "",
        country=author.country or "",
        on_behalf_of=author.on_behalf_of or "",
        display=str(author.display),
    )
    return before == said


def _note(session: Session, act: str, intake: Intake, *, actor: Actor, now: dt.datetime) -> None:
    audit.record(
        session,
        act,
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", intake.contribution_id),
    )
