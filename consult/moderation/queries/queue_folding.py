"""Texts that say nearly the same stand on one line of the plain list, with the number of others.

Only texts that the actor may decide are folded: an own one or one that a colleague keeps stands on
a line of its own, so that it hides nothing. Whoever reads the list has every text on a line or
behind one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.core.db import unindexed
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.moderation.models import Fingerprint
from consult.moderation.queries import queue_sources
from consult.moderation.queries.queue_shapes import QueueFilter

_Follower = aliased(Fingerprint)


@dataclass(frozen=True)
class Fold:
    """What stands behind what."""

    others: Mapping[int, int] = field(default_factory=dict)
    """How many others stand behind a text that stands for several, by its id."""
    has_line: ColumnElement[bool] = field(default_factory=true)
    """The condition that a waiting `Revision` stands on a line of its own."""


def folded(session: Session, *, actor: Actor, wanted: QueueFilter, now: dt.datetime) -> Fold:
    """Return what is folded in the actor's list; one statement, two where there is something.

    Its cost is that of the texts in campaigns, not of the queue.
    """
    # Most texts are like no other; those that followed another one have an index of their own.
    campaigns = select(_Follower.campaign_id).where(_Follower.revision_id != _Follower.campaign_id)
    groups = session.execute(
        queue_sources.members(actor, wanted=wanted, campaigns=campaigns)
        .where(queue_sources.decidable(actor, now=now))
        .with_only_columns(
            Fingerprint.campaign_id,
            func.count().label("size"),
            func.min(Revision.waits_since).label("since"),
        )
        .group_by(Fingerprint.campaign_id, Contribution.space_id)
    ).all()
    several = sorted({group.campaign_id for group in groups if group.size > 1})
    if not several:
        return Fold()
    # A campaign may be in two spaces, once some of its texts were moved: each has a line there.
    sizes = {
        (group.campaign_id, group.since): group.size
        for group in groups
        if group.campaign_id in several
    }
    oldest = _waiting_since({since for _campaign, since in sizes}, campaigns=several)
    heads, others = [], {}
    for head in session.execute(oldest):
        size = sizes.pop((head.campaign_id, head.waits_since), 0)
        heads.append(head.id)
        if size > 1:
            others[head.id] = size - 1
    may_decide = queue_sources.decidable(actor, now=now)
    return Fold(others, _has_line(several, heads=heads, may_decide=may_decide))


def _waiting_since(instants: set[dt.datetime], *, campaigns: list[int]) -> Select[Any]:
    """Return the statement for the texts of campaigns that began to wait at some instants."""
    return (
        select(Revision.id, Revision.waits_since, Fingerprint.campaign_id)
        .join(Fingerprint, Fingerprint.revision_id == Revision.id)
        .where(
            Revision.state == RevisionState.PENDING,
            Revision.waits_since.in_(sorted(instants)),
            unindexed(Fingerprint.campaign_id).in_(campaigns),
        )
        .order_by(Revision.id)
    )


def _has_line(
    campaigns: list[int], *, heads: list[int], may_decide: ColumnElement[bool]
) -> ColumnElement[bool]:
    is_member = (
        exists()
        .where(Fingerprint.revision_id == Revision.id, Fingerprint.campaign_id.in_(campaigns))
        .correlate(Revision)
    )
    return or_(not_(is_member), Revision.id.in_(heads), not_(may_decide))
