"""Mails to authors about their own texts: receipts, decisions, appeals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Place, Sight, sight_of
from consult.discussion.states import INSIDE_STATES, Removed, RevisionOrigin, RevisionState
from consult.notifications.models import Delivery
from consult.notifications.queries import intake
from consult.notifications.queries.facts import (
    DecisionFacts,
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    Recipient,
    active_user,
    to_user,
)
from consult.notifications.queries.followed_texts import actor_of
from consult.spaces.models import Author, AuthorMember, Forum, Space
from consult.spaces.queries.delegations import focal_point_ids
from consult.spaces.states import ModerationMode

_ANY = frozenset(RevisionState)
_STANDS = frozenset({Removed.NONE, Removed.HIDDEN})

_STILL_TRUE: Mapping[str, tuple[frozenset[RevisionState], frozenset[Removed]]] = MappingProxyType(
    {
        "received": (_ANY - INSIDE_STATES - {RevisionState.CANCELLED}, _STANDS),
        "released": (_ANY - INSIDE_STATES - {RevisionState.CANCELLED}, _STANDS),
        "published": (
            frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED}),
            frozenset({Removed.NONE}),
        ),
        "returned": (frozenset({RevisionState.RETURNED}), _STANDS),
        "rejected": (frozenset({RevisionState.REJECTED}), _STANDS),
        "hidden": (_ANY, frozenset({Removed.HIDDEN})),
        "restored": (_ANY, frozenset({Removed.NONE})),
        "redacted": (frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED}), _STANDS),
        "moved": (_ANY - INSIDE_STATES, _STANDS),
        "appealed": (frozenset({RevisionState.REJECTED}), _STANDS),
        "appeal-upheld": (
            frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED}),
            frozenset({Removed.NONE}),
        ),
        "appeal-dismissed": (frozenset({RevisionState.REJECTED}), _STANDS),
    }
)
"""In which states of its revision and its contribution a mail is not a lie yet."""


_RECEIPTS = frozenset({"received", "released"})
"""Mails that say what happens to a text next."""


def recipient_of(session: Session, *, contribution_id: int, revision_number: int) -> int | None:
    """Return the id of the user who typed the newest text of the author up to a revision.

    None for imports; whoever redacted a text is not its author. What staff filed for somebody is
    theirs: their account's, else nobody's here, but `intake.asked_person` says whom to tell.
    """
    newest = session.execute(
        select(Revision.submitted_by, Revision.number)
        .where(
            Revision.contribution_id == contribution_id,
            Revision.number <= revision_number,
            Revision.origin == RevisionOrigin.AUTHOR,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()
    if newest is None:
        return None
    if newest.number == 1 and intake.of(session, contribution_id) is not None:
        return intake.account_of(session, contribution_id)
    return standing_member(session, contribution_id=contribution_id, user_id=newest.submitted_by)


def standing_member(session: Session, *, contribution_id: int, user_id: int | None) -> int | None:
    """Return who hears of a text: whoever typed it, else, where they left its delegation, the
    longest-standing focal point.
    """
    has_left = select(Author.id).where(
        Contribution.author_id == Author.id,
        Contribution.id == contribution_id,
        Author.is_delegation.is_(True),
        ~exists().where(AuthorMember.author_id == Author.id, AuthorMember.user_id == user_id),
    )
    author_id = session.scalar(has_left)
    if author_id is None:
        return user_id
    return next(iter(focal_point_ids(session, author_id=author_id)), None)


def about_contribution(
    session: Session, delivery: Delivery, decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read a mail about a text to whoever speaks for its author, or to the person for whom staff
    filed it.
    """
    row = session.execute(
        select(Contribution, Revision, Space, Forum)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .where(Revision.id == delivery.values["revision_id"])
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    contribution, revision, space, forum = row
    if not _is_still_true(delivery.event, contribution=contribution, revision=revision):
        return None
    told = _recipient(session, delivery, contribution=contribution, revision=revision, space=space)
    if told is None:
        return None
    decision = None
    if "decision_id" in delivery.values:
        decision = decision_facts(session, delivery.values["decision_id"])
        if decision is None or decision.is_undone:
            return None
    facts = mail_about(
        delivery.event,
        to=told,
        written_at=delivery.created_at,
        contribution=contribution,
        revision=revision,
        space=space,
        forum=forum,
        decision=decision,
    )
    if delivery.event not in _RECEIPTS:
        return facts
    said = _publication(session, contribution=contribution, revision=revision, space=space)
    return replace(facts, words={**facts.words, **said})


def mail_about(
    event: str,
    *,
    to: tuple[Recipient, str],
    written_at: dt.datetime,
    contribution: Contribution,
    revision: Revision,
    space: Space,
    forum: Forum,
    decision: DecisionFacts | None,
) -> MailFacts:
    """Return everything that a mail about a text says to somebody at an address.

    Whoever shows a mail before it is due builds it here as well, so that both say the same.
    """
    recipient, address = to
    return MailFacts(
        event=event,
        user=recipient,
        address=address,
        written_at=written_at,
        forum=forum,
        space=space,
        contribution=contribution,
        revision=revision,
        decision=decision,
        links=_links(event, contribution=contribution),
        words={
            "is_filed": recipient.id is None,
            "is_renamed": contribution.reference is not None,
        },
    )


def who_is_told(
    session: Session, *, contribution: Contribution, revision: Revision, asked_by: int | None = None
) -> tuple[Recipient, str] | None:
    """Return to whom a mail about a decision on a text would go; None where nobody is told.

    `asked_by` is who made the appeal that the decision would answer.
    """
    user_id = asked_by or recipient_of(
        session, contribution_id=contribution.id, revision_number=revision.number
    )
    if user_id is None:
        asked = intake.asked_person(session, contribution.id)
        if asked is None or asked.email is None:
            return None
        return intake.to_person(session, asked), asked.email
    user = session.get(User, user_id)
    if user is None or not user.email or user.confirmed_at is None:
        return None
    return (to_user(user), user.email) if user.status == UserStatus.ACTIVE else None


def _publication(
    session: Session, *, contribution: Contribution, revision: Revision, space: Space
) -> dict[str, bool]:
    """Return whether a text may be public before any moderator reads it, and whether it is."""
    author = session.get_one(Author, contribution.author_id)
    is_trusted = author.is_delegation and author.publishes_at_once
    at_once = is_trusted or space.moderation != ModerationMode.EVERYTHING
    was_published = revision.state in {RevisionState.PUBLISHED, RevisionState.SUPERSEDED}
    is_public = was_published and contribution.removed == Removed.NONE
    return {"at_once": at_once, "is_public": at_once and is_public}


def _recipient(
    session: Session,
    delivery: Delivery,
    *,
    contribution: Contribution,
    revision: Revision,
    space: Space,
) -> tuple[Recipient, str] | None:
    """Return who is told and where; None for whoever may not know of the text (any more)."""
    if delivery.user_id is None:
        asked = intake.asked_person(session, contribution.id)
        if asked is None or asked.email is None or asked.email != delivery.address:
            return None
        return intake.to_person(session, asked), asked.email
    user = active_user(session, delivery)
    if user is None or user.confirmed_at is None or user.email is None:
        return None
    if not _sees(session, user, contribution=contribution, revision=revision, space=space):
        return None
    return to_user(user), user.email


def _links(event: str, *, contribution: Contribution) -> dict[str, MailLink]:
    name = {"name": contribution.reference or contribution.receipt}
    links = {
        "contribution_url": MailLink("discussion.contribution", name),
        "register_url": MailLink("spaces.register"),
    }
    if event == "rejected":
        links["appeal_url"] = MailLink("moderation.appeal", name)
    if event == "redacted":
        links["history_url"] = MailLink("discussion.history", name)
    return links


def _is_still_true(event: str, *, contribution: Contribution, revision: Revision) -> bool:
    states, removals = _STILL_TRUE[event]
    return revision.state in states and contribution.removed in removals


def _sees(
    session: Session, user: User, *, contribution: Contribution, revision: Revision, space: Space
) -> bool:
    """Whether the person may read the text in full by the one visibility rule."""
    actor = actor_of(session, user)
    place = Place(space=space, author_id=contribution.author_id, contribution_id=contribution.id)
    sight = sight_of(actor, place=place, removed=contribution.removed, state=revision.state)
    # Having written a text does not suffice: whoever left the delegation is no longer told.
    return sight is Sight.FULL and contribution.author_id in actor.author_ids


READERS: Mapping[str, Reader] = MappingProxyType(dict.fromkeys(_STILL_TRUE, about_contribution))
"""The mails of this module."""
