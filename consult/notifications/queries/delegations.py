"""Mails inside a delegation: to its focal points, and to whoever wrote a text that came back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionState
from consult.notifications.models import Delivery
from consult.notifications.queries.facts import (
    DecisionReader,
    MailFacts,
    MailLink,
    Reader,
    active_user,
    to_user,
)
from consult.spaces.models import Author, Forum, Organisation, Space
from consult.spaces.queries.delegations import membership_of
from consult.spaces.states import Membership


def about_clearance(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the mail that a text waits, to a focal point; None once it waits no longer."""
    found = _text(session, delivery, state=RevisionState.CLEARANCE)
    if found is None:
        return None
    writer = session.get(User, found.Revision.submitted_by or 0)
    name = found.Contribution.reference or found.Contribution.receipt
    return _facts(
        session,
        delivery,
        found,
        only=Membership.FOCAL_POINT,
        link=MailLink("discussion.clearance_item", {"name": name}),
        words={"written_by": writer.name if writer is not None else None},
    )


def about_hand_back(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the mail that a text was handed back, to its writer; None once it was sent again."""
    found = _text(session, delivery, state=RevisionState.DRAFT)
    if found is None or found.Revision.handed_back is None:
        return None
    name = found.Contribution.reference or found.Contribution.receipt
    return _facts(
        session,
        delivery,
        found,
        only=None,
        link=MailLink("discussion.edit", {"name": name}),
        words={"said": found.Revision.handed_back},
    )


def about_joining(
    session: Session, delivery: Delivery, _decision_facts: DecisionReader, _now: dt.datetime
) -> MailFacts | None:
    """Read the mail that somebody joined, to a focal point; None where they left again."""
    user = active_user(session, delivery)
    author_id, joined_id = delivery.values["author_id"], delivery.values["joined_id"]
    if user is None or not _belongs(session, author_id, user.id, only=Membership.FOCAL_POINT):
        return None
    membership, _is_active = membership_of(session, author_id=author_id, user_id=joined_id)
    row = session.execute(
        select(Forum, Author.uid, Organisation.name, User.name.label("joined"))
        .join(Author, Author.forum_id == Forum.id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .join(User, User.id == joined_id)
        .where(Author.id == author_id)
    ).first()
    if membership is None or row is None:
        return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=row.Forum,
        links={"delegation_url": MailLink("spaces.delegation", {"delegation": row.uid})},
        words={
            "delegation": row.name,
            "joined": " ".join(row.joined.split()),
            "is_focal_point": membership is Membership.FOCAL_POINT,
        },
    )


def _text(session: Session, delivery: Delivery, *, state: RevisionState) -> Any:
    """Return a text that stands in a state, with where it stands; None for any other."""
    return session.execute(
        select(Contribution, Revision, Space, Forum, Organisation.name.label("delegation"))
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(
            Revision.id == delivery.values["revision_id"],
            Revision.state == state,
            Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
        )
        .execution_options(populate_existing=True)
    ).first()


def _facts(
    session: Session,
    delivery: Delivery,
    found: Any,
    *,
    only: Membership | None,
    link: MailLink,
    words: Mapping[str, Any],
) -> MailFacts | None:
    """Return the facts of a mail about a text; None for whoever does not belong to it."""
    user = active_user(session, delivery)
    if user is None or not _belongs(session, found.Contribution.author_id, user.id, only=only):
        return None
    return MailFacts(
        event=delivery.event,
        user=to_user(user),
        address=user.email or "",
        written_at=delivery.created_at,
        forum=found.Forum,
        space=found.Space,
        contribution=found.Contribution,
        revision=found.Revision,
        links={"text_url": link},
        words={"delegation": found.delegation, **words},
    )


def _belongs(session: Session, author_id: int, user_id: int, *, only: Membership | None) -> bool:
    membership, _is_active = membership_of(session, author_id=author_id, user_id=user_id)
    return membership is not None if only is None else membership is only


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "clearance-wanted": about_clearance,
        "handed-back": about_hand_back,
        "joined-delegation": about_joining,
    }
)
"""The mails of this module."""
