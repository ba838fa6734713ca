"""The author through which somebody is about to speak, as readers will see the name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.spaces.models import Author, Category, Organisation


def speaker(session: Session, *, actor: Actor, forum_id: int) -> Any:
    """Return the actor's author in a forum as `rows.author_words` takes it; None without one."""
    return session.execute(
        select(
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
        .order_by(Author.id)
        .limit(1)
    ).first()
