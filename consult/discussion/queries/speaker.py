"""The authors through which somebody can speak, as readers will see their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.spaces.models import Author, Category, Organisation


def voices(session: Session, *, actor: Actor, forum_id: int) -> Sequence[Any]:
    """Return the actor's authors in a forum, delegations first, as `rows.author_words` takes
    them; with `id`, `uid` and `is_delegation` each.
    """
    if not actor.author_ids:
        return []
    return session.execute(
        select(
            Author.id,
            Author.uid,
            Author.is_delegation,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
        )
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(Author.forum_id == forum_id, Author.id.in_(sorted(actor.author_ids)))
        .order_by(Author.is_delegation.desc(), Author.id)
    ).all()
