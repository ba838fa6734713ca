"""Mails to authors about their own texts: receipts, decisions, appeals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Place, Sight, sight_of
from consult.discussion.states import Removed, RevisionOrigin, RevisionState
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
from consult.spaces.models import Forum, Space

_ANY = frozenset(RevisionState)
_STANDS = frozenset({Removed.NONE, Removed.HIDDEN})

_STILL_TRUE: Mapping[str, tuple[frozenset[RevisionState], frozenset[Removed]]] = MappingProxyType(
    {
        "received": (_ANY - {RevisionState.DRAFT, RevisionState.CANCELLED}, _STANDS),
        "published": (
            frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED}),
            frozenset({Removed.NONE}),
        ),
        "returned": (frozenset({RevisionState.RETURNED}), _STANDS),
        "rejected": (frozenset({RevisionState.REJECTED}), _STANDS),
        "hidden": (_ANY, frozenset({Removed.HIDDEN})),
        "restored": (_ANY, frozenset({Removed.NONE})),
        "appealed": (frozenset({RevisionState.REJECTED}), _STANDS),
        "appeal-upheld": (
            frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED}),
            frozenset({Removed.NONE}),
        ),
        "appeal-dismissed": (frozenset({RevisionState.REJECTED}), _STANDS),
    }
)
"""In which states of its revision and its contribution a mail is not a lie yet."""


def recipient_of(session: Session, *, contribution_id: int, revision_number: int) -> int | None:
    """Return the id of the user who typed the newest text of the author up to a revision.

    None for imports; whoever redacted a text is not its author.
    """
    return session.scalars(
        select(Revision.submitted_by)
        .where(
            Revision.contribution_id == contribution_id,
            Revision.number <= revision_number,
            Revision.origin == RevisionOrigin.AUTHOR,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()


def about_contribution(
    session: Session, delivery: Delivery, decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read a mail about a text to whoever speaks for its author."""
    user = active_user(session, delivery)
    if user is None or user.confirmed_at is None:
        return None
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
    if not _sees(session, user, contribution=contribution, revision=revision, space=space):
        return None
    decision = None
    if "decision_id" in delivery.values:
        decision = decision_facts(session, delivery.values["decision_id"])
        if decision is None or decision.is_undone:
            return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=forum,
        space=space,
        contribution=contribution,
        revision=revision,
        decision=decision,
        links=_links(delivery.event, contribution=contribution),
    )


def _links(event: str, *, contribution: Contribution) -> dict[str, MailLink]:
    name = {"name": contribution.reference or contribution.receipt}
    links = {"contribution_url": MailLink("discussion.contribution", name)}
    if event == "rejected":
        links["appeal_url"] = MailLink("moderation.appeal", name)
    return links


def _is_still_true(event: str, *, contribution: Contribution, revision: Revision) -> bool:
    states, removals = _STILL_TRUE[event]
    return revision.state in states and contribution.removed in removals


def _sees(
    session: Session, user: User, *, contribution: Contribution, revision: Revision, space: Space
) -> bool:
    """Whether the person may read the text in full by the one visibility rule."""
    grants, author_ids, forum_ids = spaces.roles_and_authors(session, user_id=user.id)
    actor = Actor(
        user_id=user.id,
        name=user.name,
        grants=grants,
        author_ids=author_ids,
        forum_ids=forum_ids,
    )
    place = Place(space=space, author_id=contribution.author_id, contribution_id=contribution.id)
    sight = sight_of(actor, place=place, removed=contribution.removed, state=revision.state)
    # Having written a text does not suffice: whoever left the delegation is no longer told.
    return sight is Sight.FULL and contribution.author_id in author_ids


READERS: Mapping[str, Reader] = MappingProxyType(dict.fromkeys(_STILL_TRUE, about_contribution))
"""The mails of this module."""
