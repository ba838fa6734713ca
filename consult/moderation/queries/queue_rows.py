"""What a line of the queue tells, for the lines of one page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.authz import Actor
from consult.core.i18n import Translated
from consult.core.text import truncate
from consult.discussion.models import Contribution, Intake, Revision
from consult.moderation.models import Claim
from consult.moderation.queries.figures import age
from consult.moderation.queries.queue_folding import Fold
from consult.moderation.queries.queue_shapes import Held, ItemKind, QueueRow
from consult.moderation.queries.queue_sources import SEPARATOR, Source, kind_of
from consult.moderation.queries.signals import signals
from consult.notifications.models import InboundMail
from consult.spaces.models import Author, Category, Organisation, Question, Space
from consult.spaces.queries import shown_in

_Typed = aliased(Revision)

TEASER = 160
"""Characters of a text that the list shows."""
KINDS = {Source.APPEAL: ItemKind.APPEAL, Source.FLAG: ItemKind.FLAG}


def rows_of(
    session: Session,
    lines: Select[Any],
    *,
    actor: Actor,
    fold: Fold,
    labels: Mapping[str, Translated],
    now: dt.datetime,
) -> list[QueueRow]:
    """Return what the lines of a page tell, in their order; the same few statements for any page.

    `lines` is a statement of `queue_sources`, `labels` the reasons of the catalogue by code.
    """
    rows = session.execute(_about(lines.subquery(), actor)).all()
    noticed = signals(session, [row.revision_id for row in rows], now=now)
    found = []
    for row in rows:
        is_text = row.source == Source.TEXT
        codes = Counter((row.reasons or "").split(SEPARATOR) if row.reasons else ())
        extra = {
            "alike": fold.others.get(row.revision_id, 0) if is_text else 0,
            "signals": noticed.get(row.revision_id, ()),
            "reports": codes.total(),
            "reasons": [labels[code] for code, _n in codes.most_common() if code in labels],
        }
        found.append(_row(row, actor=actor, extra=extra, now=now))
    return found


def _about(lines: Subquery, actor: Actor) -> Select[Any]:
    """Return the statement for everything a line tells."""
    return (
        select(
            lines.c.since,
            lines.c.source,
            lines.c.revision_id,
            lines.c.rejected_by,
            lines.c.reasons,
            Contribution.receipt,
            Contribution.reference,
            Contribution.is_unconfirmed,
            Intake.filed_by,
            kind_of().label("kind"),
            _sent().label("sent_at"),
            Revision.number,
            Revision.language,
            func.substr(Revision.text, 1, TEASER * 2).label("text"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
            Question.number.label("question"),
            Space.kicker.label("space"),
            Claim.until,
            Claim.user_id.label("claimed_by"),
            User.name.label("claimer"),
            _is_own(actor).label("is_own"),
            _is_by_mail().label("is_by_mail"),
        )
        .select_from(lines)
        .join(Revision, Revision.id == lines.c.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .outerjoin(Question, Question.id == Contribution.question_id)
        .outerjoin(Intake, Intake.contribution_id == Contribution.id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Claim, Claim.contribution_id == Contribution.id)
        .outerjoin(User, User.id == Claim.user_id)
        .order_by(lines.c.since, lines.c.source, lines.c.id)
    )


def _sent() -> ColumnElement[Any]:
    """Return when a text was sent; the first one that staff filed, when it was received."""
    is_filed = and_(Intake.id.is_not(None), Revision.number == 1)
    return case((is_filed, Contribution.sent_at), else_=Revision.sent_at)


def _is_own(actor: Actor) -> ColumnElement[bool]:
    """Return whether the actor speaks for the author or typed one of the texts."""
    typed_it = exists().where(
        _Typed.contribution_id == Contribution.id, _Typed.submitted_by == actor.user_id
    )
    return or_(
        Contribution.author_id.in_(sorted(actor.author_ids)), typed_it.correlate(Contribution)
    )


def _is_by_mail() -> ColumnElement[bool]:
    """Return whether the first text came as an answer to a mail of ours; no later one does."""
    came = select(InboundMail.contribution_id).where(InboundMail.contribution_id.is_not(None))
    return and_(Revision.number == 1, Contribution.id.in_(came))


def _row(r: Any, *, actor: Actor, extra: dict[str, Any], now: dt.datetime) -> QueueRow:
    is_held = r.until is not None and r.until > now
    return QueueRow(
        name=r.receipt or r.reference or "",
        reference=r.reference,
        kind=KINDS.get(r.source) or ItemKind(r.kind),
        space=r.space,
        question=r.question,
        author=shown_in(r, category=r.category, on_behalf_of=r.on_behalf_of),
        sent_at=r.sent_at,
        waits=age(r.since, now=now),
        teaser=truncate(" ".join(r.text.split()), limit=TEASER) if r.text else "",
        language=r.language,
        claim=Held(r.claimer, r.until, r.claimed_by == actor.user_id) if is_held else None,
        is_own=bool(r.is_own),
        is_before=r.rejected_by is not None and r.rejected_by == actor.user_id,
        is_unconfirmed=r.is_unconfirmed,
        is_filed=r.filed_by is not None and r.filed_by == actor.user_id,
        revision=r.number,
        is_by_mail=bool(r.is_by_mail),
        **extra,
    )
