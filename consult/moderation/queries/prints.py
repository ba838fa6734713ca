"""Which texts share a part of their fingerprints, and which have none yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from consult.discussion.models import Contribution, Revision
from consult.discussion.states import INSIDE_STATES
from consult.moderation.models import Fingerprint, FingerprintBand

CANDIDATES = 200
"""Most texts that are compared with another one: those that share the most bands with it."""


def sharing(space_ids: ColumnElement[bool], *, bands: Iterable[int]) -> Select[Any]:
    """Return the ids of the texts that share the most bands, `CANDIDATES` at most.

    `space_ids` is a condition on `FingerprintBand.space_id`. A band names only so many texts (see
    `services.fingerprinting`), so that this is quick however long a campaign is.
    """
    return (
        select(FingerprintBand.revision_id)
        .where(space_ids, FingerprintBand.band.in_(list(bands)))
        .group_by(FingerprintBand.revision_id)
        .order_by(func.count().desc(), FingerprintBand.revision_id.desc())
        .limit(CANDIDATES)
    )


def unprinted() -> ColumnElement[bool]:
    """Return the condition for rows of `Revision` with their `Contribution` that left their author,
    have words and no fingerprint in the space where they stand now.
    """
    is_known = exists().where(
        Fingerprint.revision_id == Revision.id, Fingerprint.space_id == Contribution.space_id
    )
    return and_(~is_known, Revision.state.not_in(INSIDE_STATES), Revision.text != "")
