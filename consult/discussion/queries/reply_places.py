"""Where replies stand: whom they answer and in which thread, for lists that show them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.discussion.models import Contribution
from consult.discussion.policy import public_contributions, visible_contributions
from consult.spaces.models import Author, Organisation
from consult.spaces.queries import shown_in


@dataclass(frozen=True)
class ReplyPlace:
    """The place of one reply."""

    thread: str | None
    """Reference of the text that the thread begins with; a removed one keeps its reference."""
    answered: str | None
    """Who wrote what it replies to, as they chose to be shown; None where that is not public."""


def reply_places(
    session: Session, *, references: Sequence[str], actor: Actor
) -> dict[str, ReplyPlace]:
    """Return the places of those of the public texts that are replies, by reference.

    Who may read the texts was asked before; what they reply to goes through the same rule here.
    """
    if not references:
        return {}
    reply, root = aliased(Contribution), aliased(Contribution)
    is_readable = and_(
        Contribution.id == reply.parent_id, public_contributions(), visible_contributions(actor)
    )
    rows = session.execute(
        select(
            reply.reference,
            root.reference.label("thread"),
            Contribution.id.label("answered_id"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
        )
        .select_from(reply)
        .outerjoin(root, root.id == reply.thread_id)
        .outerjoin(Contribution, is_readable)
        .outerjoin(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(reply.reference.in_(references), reply.parent_id.is_not(None))
    )
    return {
        r.reference: ReplyPlace(
            thread=r.thread,
            answered=shown_in(r).name if r.answered_id is not None else None,
        )
        for r in rows
    }
