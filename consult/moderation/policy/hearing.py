"""To whom an appeal falls, in Python and in SQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from consult.core.authz import Actor, Role
from consult.core.db import Id, unindexed
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionOrigin
from consult.moderation.models import Appeal, Decision
from consult.moderation.policy.instances import instance
from consult.moderation.states import Instance
from consult.spaces.models import Space

_Undoing = aliased(Decision)
_Newer = aliased(Revision)

UNDO = dt.timedelta(seconds=60)
"""How long the decider may take a decision on a text back; nobody is told before."""

Rejection = aliased(Decision, name="rejection")
"""The decision against which an appeal is made."""


@dataclass(frozen=True)
class Hearing:
    """An appeal, as far as it matters who answers it."""

    instance: Instance
    rejected_by: int | None
    """None where no person rejected, or one who was erased since."""
    settled_at: dt.datetime | None
    """None while it waits."""

    def is_open(self, *, now: dt.datetime) -> bool:
        """Whether it waits, or was answered within the minute in which that can be undone.

        In that minute whoever was slower is told who answered it.
        """
        return self.settled_at is None or now < self.settled_at + UNDO


def is_heard_by(actor: Actor, hearing: Hearing, *, space: Space) -> bool:
    """Whether an appeal falls to what the actor is here."""
    if hearing.instance is Instance.SPACE:
        return actor.has_in_space(Role.MODERATOR, space_id=space.id)
    if hearing.instance is Instance.FORUM:
        return space.forum_id in _moderated(actor)
    return actor.has_in_forum(Role.ORGANISER, forum_id=space.forum_id)


def _moderated(actor: Actor) -> frozenset[int]:
    """Return the forums in some space of which the actor moderates."""
    return frozenset(g.forum_id for g in actor.grants if g.role is Role.MODERATOR)


def is_live(appealed: type[Revision] = Revision) -> ColumnElement[bool]:
    """Return the condition that an appeal, joined with its `Rejection` and the rejected text, has
    still something to be about.

    It has none once the rejection was undone or a newer text was sent. A text that was never
    sent does not count, nor does a withdrawal, which may be undone: see `Contribution.removed`.
    """
    is_undone = exists().where(_Undoing.undoes == Rejection.id).correlate(Rejection)
    has_newer = (
        exists()
        .where(
            _Newer.contribution_id == appealed.contribution_id,
            _Newer.number > appealed.number,
            or_(_Newer.sent_at.is_not(None), _Newer.origin == RevisionOrigin.IMPORT),
        )
        .correlate(appealed)
    )
    return and_(~is_undone, ~has_newer)


def falls_to(actor: Actor, *, now: dt.datetime) -> tuple[Select[tuple[int]], dict[str, Any]]:
    """Return the statement for the ids of contributions whose open appeal falls to the actor from
    another desk, and its parameters.

    It runs in every request of a moderator: it is built once, because building takes longer than
    executing.
    """
    return _falls_to(), {
        "moderated": sorted(_moderated(actor)),
        "organised": sorted(actor.forum_ids_as(Role.ORGANISER)),
        "own_authors": sorted(actor.author_ids),
        "asking": actor.user_id,
        "undo_since": now - UNDO,
    }


@cache
def _falls_to() -> Select[tuple[int]]:
    theirs, around, typed = aliased(Contribution), aliased(Space), aliased(Revision)
    asked = instance(of=theirs, rejection=Rejection)
    asking = bindparam("asking", type_=Id)
    typed_it = (
        exists()
        .where(typed.contribution_id == theirs.id, typed.submitted_by == asking)
        .correlate(theirs)
    )
    return (
        select(theirs.id)
        .join(Appeal, Appeal.contribution_id == theirs.id)
        .join(Rejection, Rejection.id == Appeal.decision_id)
        .join(Revision, Revision.id == Rejection.revision_id)
        # From the few open appeals on: the texts of a space are many.
        .join(around, around.id == unindexed(theirs.space_id))
        .where(
            or_(Appeal.outcome.is_(None), Appeal.decided_at > bindparam("undo_since")),
            theirs.removed.in_([Removed.NONE, Removed.HIDDEN]),
            or_(
                and_(
                    around.forum_id.in_(bindparam("moderated", expanding=True)),
                    asked == Instance.FORUM.value,
                ),
                and_(
                    around.forum_id.in_(bindparam("organised", expanding=True)),
                    asked == Instance.ORGANISER.value,
                ),
            ),
            is_live(),
            theirs.author_id.not_in(bindparam("own_authors", expanding=True)),
            ~typed_it,
            Rejection.decided_by.is_distinct_from(asking),
        )
    )
