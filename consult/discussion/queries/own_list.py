"""“My contributions”: everything that one's authors wrote, drafts first, by keyset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.authz import Actor
from consult.core.text import truncate
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import own_texts
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.spaces.models import Author, Organisation, Question, Space

PER_PAGE = 20
BEGINNING = 160
"""Characters by which a text is told from others."""


class OwnState(StrEnum):
    """Where an own contribution stands, in the order of what its author can do about it."""

    DRAFT = "draft"
    """Something of it was kept and not sent: a first text, or a new one for it."""
    RETURNED = "returned"
    WAITING = "waiting"
    """For a moderator, or for the delegation's focal point."""
    PUBLISHED = "published"
    REJECTED = "rejected"
    GONE = "gone"
    """Taken back, withdrawn, hidden or erased."""


Open, Newest, Shown = aliased(Revision), aliased(Revision), aliased(Revision)
Parent = aliased(Contribution)

_BY_OPEN_STATE: Mapping[RevisionState, OwnState] = MappingProxyType(
    {
        RevisionState.DRAFT: OwnState.DRAFT,
        RevisionState.RETURNED: OwnState.RETURNED,
        RevisionState.PENDING: OwnState.WAITING,
        RevisionState.CLEARANCE: OwnState.WAITING,
    }
)


@dataclass(frozen=True)
class OwnItem:
    """A line of “My contributions”."""

    contribution: Contribution
    name: str | None
    """Reference, else receipt; None for what was never sent."""
    kind: ContributionKind
    state: OwnState
    removed: Removed
    is_public: bool
    newest_state: RevisionState | None
    """Of the newest text that was sent."""
    space: Space
    question_number: int | None
    parent: str | None
    """Reference of what it replies to, where that is public."""
    is_reply: bool
    beginning: str
    language: str
    sent_at: dt.datetime | None
    waits_since: dt.datetime | None
    saved_at: dt.datetime | None
    """When the draft was last kept."""
    draft_beginning: str
    draft_id: int | None
    draft_lock: int
    decided_id: int | None
    """The text about whose decision its author is told."""
    decided_at: dt.datetime | None
    delegation: str | None
    """The organisation whose delegation speaks; None where somebody speaks alone."""
    written_by: str | None
    """Which colleague of the delegation typed the newest text of it."""
    handed_back: str | None
    """What the focal point wrote to the draft."""
    handed_back_at: dt.datetime | None
    waits_for_release: bool
    """Whether what waits has not left the delegation yet."""

    @property
    def is_first(self) -> bool:
        """Whether nothing of it was ever sent, not even to a focal point."""
        return self.name is None

    @property
    def returned_at(self) -> dt.datetime | None:
        """When it came back last, from a moderator or a focal point; None where it did not."""
        instants = [self.decided_at if self.is_returned else None, self.handed_back_at]
        return max((one for one in instants if one is not None), default=None)

    @property
    def is_returned(self) -> bool:
        """Whether its newest sent text came back, and may be changed and sent again."""
        return self.newest_state is RevisionState.RETURNED


@dataclass(frozen=True)
class OwnPage:
    """A page of the list, and how many there are of each kind."""

    items: Sequence[OwnItem]
    counts: Mapping[OwnState, int]
    next_after: str | None
    """Where the next page begins; None on the last one."""

    @property
    def has_delegation(self) -> bool:
        """Whether something on it is a delegation's."""
        return any(one.delegation is not None for one in self.items)

    @property
    def total(self) -> int:
        """How many there are, whatever was asked for."""
        return sum(self.counts.values())


def own_page(
    session: Session, *, actor: Actor, state: OwnState | None = None, after: str | None = None
) -> OwnPage:
    """Return one page of the contributions of the actor's authors, drafts first, then newest
    first; three statements at most.
    """
    if not actor.author_ids:
        return OwnPage(items=[], counts={}, next_after=None)
    counted = session.execute(
        _joined(select(_state().label("own_state"), func.count().label("n")), actor).group_by(
            "own_state"
        )
    )
    counts = {OwnState(row.own_state): row.n for row in counted}
    statement = _rows(actor).limit(PER_PAGE + 1)
    if state is not None:
        statement = statement.where(_state() == state.value)
    place = _place(session, actor=actor, uid=after) if after else None
    if place is not None:
        statement = statement.where(place)
    raw: Sequence[Any] = session.execute(statement).all()
    items = [_item(r) for r in raw[:PER_PAGE]]
    return OwnPage(
        items=items,
        counts=counts,
        next_after=items[-1].contribution.uid if len(raw) > PER_PAGE else None,
    )


def by_uid(session: Session, *, actor: Actor, uid: str) -> tuple[Contribution, Space] | None:
    """Return one of the actor's own contributions with its space."""
    row = session.execute(
        select(Contribution, Space)
        .join(Space, Space.id == Contribution.space_id)
        .where(Contribution.uid == uid, own_texts(actor))
    ).first()
    return (row[0], row[1]) if row is not None else None


def sources_of(session: Session, revision_ids: Collection[int]) -> dict[int, str]:
    """Return the whole texts of drafts that cannot be gone on with, so that they can be copied."""
    if not revision_ids:
        return {}
    found = session.execute(
        select(Revision.id, Revision.source).where(Revision.id.in_(sorted(revision_ids)))
    )
    return {row.id: row.source for row in found}


def _joined(statement: Select[Any], actor: Actor) -> Select[Any]:
    """Join the open text and the newest sent one; discarded first drafts are no contributions."""
    newest = (
        select(func.max(Revision.number))
        .where(Revision.contribution_id == Contribution.id, Revision.state != RevisionState.DRAFT)
        .correlate(Contribution)
        .scalar_subquery()
    )
    return (
        statement.select_from(Contribution)
        .outerjoin(Open, Open.id == Contribution.open_revision_id)
        .outerjoin(Newest, and_(Newest.contribution_id == Contribution.id, Newest.number == newest))
        .where(
            own_texts(actor),
            or_(
                Contribution.sent_at.is_not(None),
                Contribution.published_revision_id.is_not(None),
                Contribution.open_revision_id.is_not(None),
            ),
        )
    )


def _state() -> ColumnElement[str]:
    by_open = [(Open.state == state, own.value) for state, own in _BY_OPEN_STATE.items()]
    return case(
        (Contribution.removed.in_([Removed.WITHDRAWN, Removed.ERASED]), OwnState.GONE.value),
        *by_open,
        (Contribution.removed == Removed.HIDDEN, OwnState.GONE.value),
        (Contribution.published_revision_id.is_not(None), OwnState.PUBLISHED.value),
        (Newest.state == RevisionState.REJECTED, OwnState.REJECTED.value),
        else_=OwnState.GONE.value,
    )


def _is_draft() -> ColumnElement[int]:
    is_gone = Contribution.removed.in_([Removed.WITHDRAWN, Removed.ERASED])
    return case((is_gone, 0), (Open.state == RevisionState.DRAFT, 1), else_=0)


def _rows(actor: Actor) -> Select[Any]:
    shown = func.coalesce(Contribution.published_revision_id, Newest.id, Open.id)
    parent_is_public = and_(
        Parent.published_revision_id.is_not(None), Parent.removed == Removed.NONE
    )
    statement = select(
        Contribution,
        Space,
        _state().label("state"),
        Question.number.label("question"),
        case((parent_is_public, Parent.reference), else_=None).label("parent"),
        Open.id.label("open_id"),
        Open.state.label("open_state"),
        Open.saved_at,
        Open.lock,
        Open.sent_at.label("open_sent_at"),
        func.substr(Open.text, 1, BEGINNING * 2).label("open_text"),
        Open.handed_back,
        Open.decided_at.label("handed_back_at"),
        case((Author.is_delegation, Organisation.name), else_=None).label("delegation"),
        case((Author.is_delegation, User.name), else_=None).label("written_by"),
        Newest.id.label("newest_id"),
        Newest.state.label("newest_state"),
        Newest.decided_at,
        func.substr(Shown.text, 1, BEGINNING * 2).label("text"),
        Shown.language,
    )
    return (
        _joined(statement, actor)
        .join(Shown, Shown.id == shown)
        .join(Space, Space.id == Contribution.space_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(User, User.id == func.coalesce(Open.submitted_by, Shown.submitted_by))
        .outerjoin(Question, Question.id == Contribution.question_id)
        .outerjoin(Parent, Parent.id == Contribution.parent_id)
        .order_by(_is_draft().desc(), Contribution.id.desc())
    )


def _place(session: Session, *, actor: Actor, uid: str) -> ColumnElement[bool] | None:
    """Return the condition that a line comes after a named one; None for an unknown name."""
    here = session.execute(
        _joined(select(_is_draft().label("is_draft"), Contribution.id), actor).where(
            Contribution.uid == uid
        )
    ).first()
    if here is None:
        return None
    same = and_(_is_draft() == here.is_draft, Contribution.id < here.id)
    return or_(_is_draft() < here.is_draft, same)


def _item(r: Any) -> OwnItem:
    contribution: Contribution = r.Contribution
    is_draft = r.open_state == RevisionState.DRAFT
    is_first = r.newest_id is None
    newest = RevisionState(r.newest_state) if r.newest_state else None
    return OwnItem(
        contribution=contribution,
        name=contribution.reference or contribution.receipt,
        kind=ContributionKind(contribution.kind),
        state=OwnState(r.state),
        removed=Removed(contribution.removed),
        is_public=contribution.published_revision_id is not None
        and contribution.removed == Removed.NONE,
        newest_state=newest,
        space=r.Space,
        question_number=r.question,
        parent=r.parent,
        is_reply=contribution.parent_id is not None,
        beginning=_beginning(r.text),
        language=r.language,
        sent_at=contribution.sent_at,
        waits_since=r.open_sent_at if r.state == OwnState.WAITING else None,
        saved_at=r.saved_at if is_draft else None,
        draft_beginning=_beginning(r.open_text) if is_draft and not is_first else "",
        draft_id=r.open_id if is_draft else None,
        draft_lock=r.lock or 0,
        decided_id=_decided(r, newest=newest),
        decided_at=r.decided_at,
        delegation=r.delegation,
        written_by=r.written_by,
        handed_back=r.handed_back if is_draft else None,
        handed_back_at=r.handed_back_at if is_draft else None,
        waits_for_release=r.open_state == RevisionState.CLEARANCE,
    )


def _decided(r: Any, *, newest: RevisionState | None) -> int | None:
    """Return the text whose decision stands between the author and readers."""
    contribution: Contribution = r.Contribution
    decided: int | None = None
    if contribution.removed == Removed.HIDDEN:
        decided = contribution.published_revision_id
    elif contribution.removed == Removed.NONE and newest in {
        RevisionState.RETURNED,
        RevisionState.REJECTED,
    }:
        decided = r.newest_id
    return decided


def _beginning(text: str | None) -> str:
    return truncate(" ".join((text or "").split()), limit=BEGINNING)
