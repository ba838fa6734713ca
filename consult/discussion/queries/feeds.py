"""Public contributions as feeds tell them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.core.atom import MAX_ENTRIES
from consult.core.authz import Actor
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import (
    official_answers,
    public_contributions,
    visible_contributions,
)
from consult.discussion.states import Removed
from consult.spaces.models import Author, Forum, Objective, Organisation, Space
from consult.spaces.queries import ObjectiveRow, ShownAuthor, shown_in

PUBLISHED_AT = func.coalesce(
    Contribution.first_published_at, Contribution.sent_at, Contribution.created_at
)
"""What was imported may not know when it was published."""


@dataclass(frozen=True)
class Entry:
    """One public text in a feed."""

    reference: str
    author: str
    language: str
    html: str
    published_at: dt.datetime
    updated_at: dt.datetime
    """Newest public change of the text, or its being marked as an official answer."""
    is_official: bool
    is_unconfirmed: bool
    """Filed for its author, who has not confirmed it yet."""
    in_reply_to: str | None
    """Reference of the public text it replies to; None where it replies to none."""
    objectives: Sequence[ObjectiveRow]
    space_slug: str
    space_kicker: Translated
    space_title: Translated
    licence: Translated


def newest(
    session: Session,
    *,
    space_ids: Sequence[int],
    question_id: int | None = None,
    objective_id: int | None = None,
) -> list[Entry]:
    """Return the newest public texts of spaces, of one question of theirs, or on one objective.

    A participant's question is among the texts of its own feed.
    """
    statement = (
        _texts()
        .where(Contribution.space_id.in_(space_ids))
        .order_by(PUBLISHED_AT.desc(), Contribution.reference.desc())
        .limit(MAX_ENTRIES)
    )
    if question_id is not None:
        here = (Contribution.question_id, Contribution.own_question_id)
        statement = statement.where(or_(*(column == question_id for column in here)))
    if objective_id is not None:
        statement = statement.where(_belongs_to(objective_id))
    return _entries(session, statement)


def named(session: Session, *, references: Sequence[str], actor: Actor) -> list[Entry]:
    """Return the texts with these references that the actor may read, in the order given."""
    if not references:
        return []
    statement = _texts().where(Contribution.reference.in_(references), visible_contributions(actor))
    found = {entry.reference: entry for entry in _entries(session, statement)}
    return [found[reference] for reference in references if reference in found]


def _texts() -> Select[Any]:
    parent, asked = aliased(Contribution), aliased(Contribution)
    return (
        select(
            Contribution.reference,
            PUBLISHED_AT.label("published_at"),
            Contribution.edited_at,
            Contribution.official_at,
            official_answers().label("is_official"),
            Contribution.is_unconfirmed,
            case(
                (Contribution.parent_id.is_not(None), parent.reference), else_=asked.reference
            ).label("in_reply_to"),
            Revision.id.label("revision_id"),
            Revision.language,
            Revision.html,
            Revision.redacted_for,
            Revision.decided_at.label("text_decided_at"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
            Space.slug,
            Space.kicker,
            Space.title,
            Forum.licence,
        )
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(parent, and_(parent.id == Contribution.parent_id, _is_public(parent)))
        .outerjoin(
            asked, and_(asked.own_question_id == Contribution.question_id, _is_public(asked))
        )
        .where(public_contributions(), Contribution.reference.is_not(None))
    )


def _is_public(other: Any) -> Any:
    """Return `public_contributions` for the text that is replied to: a removed one has no name."""
    return and_(other.published_revision_id.is_not(None), other.removed == Removed.NONE)


def _belongs_to(objective_id: int) -> Any:
    return exists(
        select(RevisionTag.id).where(
            RevisionTag.revision_id == Contribution.published_revision_id,
            RevisionTag.objective_id == objective_id,
            RevisionTag.is_public,
        )
    )


def _entries(session: Session, statement: Select[Any]) -> list[Entry]:
    rows = session.execute(statement).all()
    objectives = _objectives(session, [row.revision_id for row in rows])
    return [
        Entry(
            reference=r.reference,
            author=_name(shown_in(r)),
            language=r.language,
            html=r.html,
            published_at=r.published_at,
            updated_at=_updated_at(r),
            is_official=r.is_official,
            is_unconfirmed=r.is_unconfirmed,
            in_reply_to=r.in_reply_to,
            objectives=objectives.get(r.revision_id, ()),
            space_slug=r.slug,
            space_kicker=r.kicker,
            space_title=r.title,
            licence=r.licence,
        )
        for r in rows
    ]


def _updated_at(row: Any) -> dt.datetime:
    """Return the newest public change; a mark that an edit ended is none."""
    marked_at = row.official_at if row.is_official else None
    # What moderators took out has to leave the readers' programs as well.
    redacted_at = row.text_decided_at if row.redacted_for else None
    changes: list[dt.datetime | None] = [row.published_at, row.edited_at, marked_at, redacted_at]
    return max(filter(None, changes))


def _name(author: ShownAuthor) -> str:
    """Return the name as chosen with the organisation behind it: a feed has one field for both."""
    return ", ".join(filter(None, (author.name, author.organisation)))


def _objectives(session: Session, revision_ids: Sequence[int]) -> dict[int, list[ObjectiveRow]]:
    """Return the public objectives of texts by number, each once, by revision id."""
    if not revision_ids:
        return {}
    rows = session.execute(
        select(
            RevisionTag.revision_id,
            Objective.id,
            Objective.number,
            Objective.title,
            Objective.short_title,
        )
        .join(Objective, Objective.id == RevisionTag.objective_id)
        .where(RevisionTag.revision_id.in_(revision_ids), RevisionTag.is_public)
        .order_by(RevisionTag.revision_id, Objective.number)
    )
    found: dict[int, dict[int, ObjectiveRow]] = {}
    for revision_id, objective_id, *rest in rows:
        found.setdefault(revision_id, {})[objective_id] = ObjectiveRow(objective_id, *rest)
    return {revision_id: list(by_id.values()) for revision_id, by_id in found.items()}
