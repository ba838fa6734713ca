"""Who sees what of a contribution: one matrix, and its SQL twin.

`MATRIX` is the visibility table of the model as data. `sight_of` reads it for one revision;
`visible_contributions` and `visible_revisions` are the same rule in SQL. Every list, count,
feed, mail, export, attachment and search hit goes through them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, or_, select, true
from sqlalchemy.orm import aliased

from consult.core.authz import Actor, Role
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import (
    Removed,
    RevisionState,
)
from consult.spaces.models import Space
from consult.spaces.policy import is_space_visible, visible_spaces


class Standing(StrEnum):
    """Where one revision stands, as the rows of the matrix name it."""

    PUBLISHED = "published"
    DRAFT = "draft"
    CLEARANCE = "clearance"
    PENDING = "pending"
    RETURNED = "returned"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    OLDER = "older"
    """A superseded text, the base of a redaction among them."""
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class Viewer(StrEnum):
    """As what somebody looks; one person may be several, the best sight counts."""

    VISITOR = "visitor"
    STAKEHOLDER = "stakeholder"
    AUTHOR = "author"
    """The author's user, or one of the delegation's."""
    MODERATOR = "moderator"
    DRAFTER = "drafter"
    ORGANISER = "organiser"
    AUDITOR = "auditor"
    OPENED = "opened"
    """Somebody of another desk to whom this one item was opened, to answer its appeal."""


class Sight(IntEnum):
    """How much is seen, in growing order."""

    NOTHING = 0
    LOG = 1
    """Ids and codes in the audit log."""
    NUMBER = 2
    """Counted in figures for staff, never named."""
    TOMBSTONE = 3
    """A nameless place in its thread, where it has a reference and a visible reply below."""
    FULL = 4


def _row(visitor: Sight, stakeholder: Sight, author: Sight, moderator: Sight, drafter: Sight,
         organiser: Sight, auditor: Sight) -> Mapping[Viewer, Sight]:  # fmt: skip
    # Whoever answers an appeal sees the item as a moderator of its space does.
    sights = (visitor, stakeholder, author, moderator, drafter, organiser, auditor, moderator)
    return MappingProxyType(dict(zip(Viewer, sights, strict=True)))


_NO, _LOG, _NUM, _TOMB, _FULL = Sight

_OPEN = _row(_NO, _NO, _FULL, _FULL, _NUM, _NUM, _LOG)
_OWN = _row(_NO, _NO, _FULL, _NO, _NO, _NO, _NO)

MATRIX: Mapping[Standing, Mapping[Viewer, Sight]] = MappingProxyType(
    {
        Standing.PUBLISHED: _row(_FULL, _FULL, _FULL, _FULL, _FULL, _FULL, _FULL),
        Standing.DRAFT: _OWN,
        Standing.CLEARANCE: _OWN,
        Standing.PENDING: _OPEN,
        Standing.RETURNED: _OPEN,
        Standing.REJECTED: _OPEN,
        Standing.CANCELLED: _OPEN,
        Standing.OLDER: _row(_NO, _NO, _FULL, _FULL, _NO, _NUM, _LOG),
        Standing.HIDDEN: _row(_TOMB, _TOMB, _FULL, _FULL, _TOMB, _NUM, _LOG),
        Standing.WITHDRAWN: _row(_TOMB, _TOMB, _FULL, _FULL, _TOMB, _TOMB, _LOG),
        Standing.ERASED: _row(_TOMB, _TOMB, _TOMB, _TOMB, _TOMB, _TOMB, _LOG),
    }
)

_BY_STATE: Mapping[RevisionState, Standing] = MappingProxyType(
    {
        RevisionState.PUBLISHED: Standing.PUBLISHED,
        RevisionState.DRAFT: Standing.DRAFT,
        RevisionState.CLEARANCE: Standing.CLEARANCE,
        RevisionState.RECALLED: Standing.CLEARANCE,
        RevisionState.PENDING: Standing.PENDING,
        RevisionState.RETURNED: Standing.RETURNED,
        RevisionState.REJECTED: Standing.REJECTED,
        RevisionState.CANCELLED: Standing.CANCELLED,
        RevisionState.SUPERSEDED: Standing.OLDER,
    }
)
_BY_REMOVAL: Mapping[Removed, Standing] = MappingProxyType(
    {
        Removed.NONE: Standing.PUBLISHED,
        Removed.HIDDEN: Standing.HIDDEN,
        Removed.WITHDRAWN: Standing.WITHDRAWN,
        Removed.ERASED: Standing.ERASED,
    }
)


@dataclass(frozen=True)
class Place:
    """What the rule must know of where a contribution stands."""

    space: Space
    author_id: int
    contribution_id: int | None = None
    """Without it an item that was opened to somebody stays shut."""

    def is_opened_to(self, actor: Actor) -> bool:
        """Whether the item was opened to the actor, whatever they may see of its space."""
        return self.contribution_id in actor.opened_ids


def viewers_of(actor: Actor, place: Place) -> frozenset[Viewer]:
    """Return as what an actor looks at a contribution that exists for them."""
    space = place.space
    viewers = {Viewer.STAKEHOLDER if actor.is_signed_in else Viewer.VISITOR}
    if place.author_id in actor.author_ids:
        viewers.add(Viewer.AUTHOR)
    if actor.has_in_space(Role.MODERATOR, space_id=space.id):
        viewers.add(Viewer.MODERATOR)
    if actor.has_in_space(Role.DRAFTER, space_id=space.id):
        viewers.add(Viewer.DRAFTER)
    if actor.has_in_forum(Role.ORGANISER, forum_id=space.forum_id):
        viewers.add(Viewer.ORGANISER)
    if actor.has_in_forum(Role.AUDITOR, forum_id=space.forum_id):
        viewers.add(Viewer.AUDITOR)
    if place.is_opened_to(actor):
        viewers.add(Viewer.OPENED)
    return frozenset(viewers)


def sight_of(actor: Actor, *, place: Place, removed: Removed, state: RevisionState) -> Sight:
    """Return how much of one revision the actor sees: the lesser of what its own state and
    its contribution's removal allow, for the best of the actor's viewers.
    """
    if not (is_space_visible(actor, place.space) or place.is_opened_to(actor)):
        return Sight.NOTHING
    by_state = MATRIX[_BY_STATE[RevisionState(state)]]
    by_removal = MATRIX[_BY_REMOVAL[Removed(removed)]]
    return max(min(by_state[v], by_removal[v]) for v in viewers_of(actor, place))


def is_visible(
    actor: Actor, contribution: Contribution, *, space: Space, state: RevisionState | None
) -> bool:
    """Whether the published text may be read in full; twin of `visible_contributions`.

    `state` is the state of the revision that `published_revision_id` names, None without one.
    """
    if contribution.published_revision_id is None or state is None:
        return False
    place = Place(space=space, author_id=contribution.author_id, contribution_id=contribution.id)
    return sight_of(actor, place=place, removed=contribution.removed, state=state) is Sight.FULL


def is_public(contribution: Contribution) -> bool:
    """Whether readers get it, given that its space exists for them."""
    return contribution.published_revision_id is not None and contribution.removed == Removed.NONE


def public_contributions() -> ColumnElement[bool]:
    """Return the condition for what every reader of a visible space gets."""
    return and_(
        Contribution.published_revision_id.is_not(None), Contribution.removed == Removed.NONE
    )


def is_counted(contribution: Contribution) -> bool:
    """Whether figures count it; twin of `counted_contributions`."""
    return is_public(contribution) and not contribution.is_unconfirmed


def counted_contributions() -> ColumnElement[bool]:
    """Return the condition for what figures count: public texts, but none that was filed for
    somebody who has not said yet that it is theirs.
    """
    return and_(public_contributions(), is_confirmed())


def is_confirmed() -> ColumnElement[bool]:
    """Return the condition that nobody has still to say whether the text is theirs."""
    return Contribution.is_unconfirmed.is_(False)


def _seen_as(viewer: Viewer, actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which the actor looks at a row as that viewer."""
    if viewer is Viewer.VISITOR:
        return true()
    if viewer is Viewer.STAKEHOLDER:
        return true() if actor.is_signed_in else false()
    if viewer is Viewer.AUTHOR:
        return Contribution.author_id.in_(sorted(actor.author_ids))
    if viewer is Viewer.OPENED:
        return Contribution.id.in_(sorted(actor.opened_ids)) if actor.opened_ids else false()
    if viewer in {Viewer.MODERATOR, Viewer.DRAFTER}:
        return Contribution.space_id.in_(sorted(actor.space_ids(Role(viewer.value))))
    forum_ids = sorted(actor.forum_ids_as(Role(viewer.value)))
    if not forum_ids:
        return false()
    return Contribution.space_id.in_(select(Space.id).where(Space.forum_id.in_(forum_ids)))


def _seen_in_full(
    actor: Actor, standing_of: Mapping[Standing, ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Return the condition that some viewer of the actor sees the standing in full."""
    conditions = []
    for viewer in Viewer:
        allowed = [standing_of[s] for s in standing_of if MATRIX[s][viewer] is Sight.FULL]
        if allowed:
            conditions.append(and_(_seen_as(viewer, actor), or_(*allowed)))
    return or_(false(), *conditions)


def _in_visible_space(actor: Actor) -> ColumnElement[bool]:
    if actor.is_system:
        return true()
    visible = Contribution.space_id.in_(select(Space.id).where(visible_spaces(actor)))
    if not actor.opened_ids:
        return visible
    return or_(visible, Contribution.id.in_(sorted(actor.opened_ids)))


_REMOVAL_IN_SQL = {
    standing: Contribution.removed == removed for removed, standing in _BY_REMOVAL.items()
}


def visible_contributions(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for rows of `Contribution` whose published text the actor may read."""
    return and_(
        Contribution.published_revision_id.is_not(None),
        _in_visible_space(actor),
        _seen_in_full(actor, _REMOVAL_IN_SQL),
    )


def visible_revisions(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for rows of `Revision`, joined with their `Contribution`, that the
    actor may read in full.
    """
    conditions = []
    for viewer in Viewer:
        states = [state for state, s in _BY_STATE.items() if MATRIX[s][viewer] is Sight.FULL]
        removals = [c for s, c in _REMOVAL_IN_SQL.items() if MATRIX[s][viewer] is Sight.FULL]
        if states and removals:
            in_state = Revision.state.in_(states)
            conditions.append(and_(_seen_as(viewer, actor), in_state, or_(*removals)))
    return and_(_in_visible_space(actor), or_(false(), *conditions))


def has_visible_reply() -> ColumnElement[bool]:
    """Return the condition that a public contribution stands below in the same thread."""
    below = aliased(Contribution)
    return exists(
        select(below.id).where(
            below.thread_id == Contribution.thread_id,
            below.id != Contribution.id,
            below.published_revision_id.is_not(None),
            below.removed == Removed.NONE,
            below.path.startswith(Contribution.path, autoescape=False),
        )
    )


def tombstones() -> ColumnElement[bool]:
    """Return the condition for nameless places that a thread keeps for every reader."""
    return and_(
        Contribution.reference.is_not(None),
        Contribution.removed != Removed.NONE,
        has_visible_reply(),
    )


AUTHOR_IDS = "author_ids"
"""Parameter of statements that are built once for everybody: whose texts are the reader's own."""


def own_texts(actor: Actor | None) -> ColumnElement[bool]:
    """Return the condition for the actor's own texts.

    Without an actor their authors are handed over with each execution, as `AUTHOR_IDS`.
    """
    if actor is None:
        return Contribution.author_id.in_(bindparam(AUTHOR_IDS, expanding=True))
    return Contribution.author_id.in_(sorted(actor.author_ids))


def thread_places(*, with_own: bool) -> ColumnElement[bool]:
    """Return the condition for rows of a thread page: readable texts, tombstones, and with
    `with_own` the texts that wait of the authors handed over as `AUTHOR_IDS`.
    """
    conditions = [public_contributions(), tombstones()]
    if with_own:
        conditions.append(
            and_(
                own_texts(None),
                Contribution.sent_at.is_not(None),
                Contribution.removed == Removed.NONE,
                Contribution.published_revision_id.is_(None),
                Contribution.open_revision_id.is_not(None),
            )
        )
    return or_(*conditions)
