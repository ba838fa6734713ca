"""What readers will see of an item's place in its thread once it is approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, literal, null, or_
from sqlalchemy.orm import Session

from consult.core.authz import VISITOR, Actor
from consult.core.errors import NotVisible
from consult.core.i18n import format_instant
from consult.discussion.models import PATH_STEP, Contribution
from consult.discussion.policy import public_contributions
from consult.discussion.queries.rows import Labels, Row, build, select_rows
from consult.discussion.states import Removed
from consult.moderation.queries.beside import REPLIES_SHOWN
from consult.moderation.queries.finding import Located, find, texts_of


@dataclass(frozen=True)
class PublicView:
    """A place in a thread as somebody who is not signed in will read it."""

    located: Located
    rows: Sequence[Row]
    """What stands above it, the text itself, and its direct replies."""
    number: int
    """Of the text among those of its contribution."""
    is_public: bool
    """Readers see exactly this already."""


def public_view(
    session: Session, *, actor: Actor, name: str, words: Labels, now: dt.datetime
) -> PublicView:
    """Return the place of an item as readers see it if its text is approved or shown again.

    `words` are the labels for somebody who is not signed in. Raises `NotVisible` as the item's
    own page does.
    """
    located = find(session, actor=actor, name=name, now=now)
    contribution = located.contribution
    appeal = located.appeal
    is_appeal = appeal is not None and appeal.is_waiting
    texts = texts_of(
        session, contribution, appealed=appeal.revision if appeal and is_appeal else None
    )
    shown = texts.shown
    if shown is None or contribution.removed == Removed.ERASED:
        raise NotVisible
    is_public = texts.published is shown and contribution.removed == Removed.NONE
    revision = case(
        (Contribution.id == contribution.id, literal(shown.id)),
        (public_contributions(), Contribution.published_revision_id),
        else_=null(),
    )
    raw = session.execute(
        select_rows(VISITOR, revision=revision)
        .where(or_(Contribution.id == contribution.id, _above(contribution), _below(contribution)))
        .order_by(Contribution.path)
        .limit(REPLIES_SHOWN + contribution.depth)
    ).all()
    rows = build(session, raw, actor=VISITOR, words=words)
    own = contribution.reference or contribution.receipt or ""
    for row in rows:
        if row.name == own and not is_public:
            row.is_public, row.state = True, None
            if texts.published is not None and texts.published is not shown:
                row.edited_label = format_instant(now, zone_name=words.zone)
    return PublicView(located=located, rows=rows, number=shown.number, is_public=is_public)


def _above(contribution: Contribution) -> ColumnElement[bool]:
    """Return the condition for what stands above it: public texts, and the places of removed ones,
    which stay for the sake of what stands below.
    """
    ends = range(0, len(contribution.path or ""), PATH_STEP)
    return and_(
        Contribution.thread_id == contribution.thread_id,
        Contribution.path.in_([contribution.path[:end] for end in ends]),
        Contribution.reference.is_not(None),
        Contribution.id != contribution.id,
    )


def _below(contribution: Contribution) -> ColumnElement[bool]:
    return and_(Contribution.parent_id == contribution.id, public_contributions())
