"""Fingerprints of texts that left their author: made by the worker, dropped with the words.

Texts of a space that are nearly the same are one campaign, named by the first of them, in
whichever order their fingerprints are made: whoever joins two campaigns makes them one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from consult.discussion.models import Contribution, Revision
from consult.discussion.states import INSIDE_STATES
from consult.moderation import fingerprints
from consult.moderation.models import Fingerprint, FingerprintBand
from consult.moderation.queries.prints import sharing, unprinted
from consult.spaces.models import Space

NAMED = 25
"""How many texts a band names: what comes later is found by the campaign that these belong to, and
finding candidates costs the same in a campaign of ten thousand."""


def signatures(session: Session, *, contribution_ids: Collection[int]) -> dict[int, bytes]:
    """Return by revision the signatures that contributions lack; empty ones for texts of no word.

    Only reads, so that the arithmetic needs no lock.
    """
    rows = session.execute(
        select(Revision.id, Revision.html, Revision.text)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(Contribution.id.in_(sorted(contribution_ids)), unprinted())
    ).all()
    return {
        row.id: fingerprints.signature(fingerprints.own_words(html=row.html, text=row.text)) or b""
        for row in rows
    }


def keep(session: Session, *, contribution_ids: Collection[int], made: Mapping[int, bytes]) -> None:
    """Store what `signatures` made, and drop fingerprints whose words are gone or stand in another
    space by now; twice does nothing.

    One worker at a time works in a space, else of two copies neither would know of the other.
    What somebody else changes at this moment is left to the next time.
    """
    ids = sorted(contribution_ids)
    spaces = select(Contribution.space_id).where(Contribution.id.in_(ids))
    session.execute(
        select(Space.id)
        .where(Space.id.in_(spaces))
        .order_by(Space.id)
        .with_for_update(key_share=True)
    )
    outdated = _outdated(ids).with_for_update(of=Fingerprint, skip_locked=True)
    drop(session, revision_ids=session.scalars(outdated).all())
    wanted = session.execute(
        select(Revision.id, Contribution.space_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(Revision.id.in_(sorted(made)), unprinted())
        .order_by(Revision.id)
        .with_for_update(of=Revision, read=True, skip_locked=True)
    ).all()
    for revision_id, space_id in wanted:
        _keep_one(session, revision_id, space_id=space_id, signature=made[revision_id])


def missing(session: Session, *, limit: int) -> list[int]:
    """Return contributions whose fingerprints the worker has to make or to drop."""
    to_make = (
        select(Revision.contribution_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(unprinted())
        .order_by(Revision.id)
        .limit(limit)
    )
    to_drop = select(Revision.contribution_id).where(Revision.id.in_(_outdated(None))).limit(limit)
    return list(dict.fromkeys([*session.scalars(to_make), *session.scalars(to_drop)]))


def drop(session: Session, *, revision_ids: Sequence[int] | Select[tuple[int]]) -> None:
    """Drop the fingerprints of these revisions with their bands."""
    for model in (FingerprintBand, Fingerprint):
        session.execute(
            delete(model)
            .where(model.revision_id.in_(revision_ids))
            .execution_options(synchronize_session=False)
        )


def _outdated(contribution_ids: Sequence[int] | None) -> Select[tuple[int]]:
    found = (
        select(Fingerprint.revision_id)
        .join(Revision, Revision.id == Fingerprint.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            or_(
                Revision.text == "",
                Revision.state.in_(INSIDE_STATES),
                Contribution.space_id != Fingerprint.space_id,
            )
        )
    )
    return found if contribution_ids is None else found.where(Contribution.id.in_(contribution_ids))


def _keep_one(session: Session, revision_id: int, *, space_id: int, signature: bytes) -> None:
    bands = fingerprints.bands(signature)
    campaigns = _campaigns(session, signature, space_id=space_id, bands=bands)
    first = min({revision_id, *campaigns})
    session.execute(
        insert(Fingerprint).values(
            revision_id=revision_id, space_id=space_id, signature=signature, campaign_id=first
        )
    )
    _name(session, revision_id, space_id=space_id, bands=bands)
    if joined := campaigns - {first}:
        of_them = (
            select(Fingerprint.revision_id)
            .where(Fingerprint.campaign_id.in_(sorted(joined)), Fingerprint.space_id == space_id)
            .with_for_update(skip_locked=True)
        )
        session.execute(
            update(Fingerprint)
            .where(Fingerprint.revision_id.in_(of_them))
            .values(campaign_id=first)
            .execution_options(synchronize_session=False)
        )


def _campaigns(
    session: Session, signature: bytes, *, space_id: int, bands: Sequence[int]
) -> set[int]:
    """Return the campaigns of the texts that say nearly the same."""
    candidates = sharing(FingerprintBand.space_id == space_id, bands=bands)
    rows = session.execute(
        select(Fingerprint.signature, Fingerprint.campaign_id).where(
            Fingerprint.revision_id.in_(candidates)
        )
    )
    return {
        row.campaign_id
        for row in rows
        if fingerprints.likeness(signature, row.signature) >= fingerprints.ALIKE
    }


def _name(session: Session, revision_id: int, *, space_id: int, bands: Sequence[int]) -> None:
    """Have the bands name the text, as far as they have room."""
    counts = session.execute(
        select(FingerprintBand.band, func.count())
        .where(FingerprintBand.space_id == space_id, FingerprintBand.band.in_(bands))
        .group_by(FingerprintBand.band)
    )
    full = {band for band, count in counts if count >= NAMED}
    rows = [
        {"space_id": space_id, "band": band, "revision_id": revision_id}
        for band in dict.fromkeys(bands)
        if band not in full
    ]
    if rows:
        session.execute(insert(FingerprintBand), rows)
