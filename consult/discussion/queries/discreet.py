"""Figures that might name somebody: what is told of them instead.

Whoever chose a pseudonym keeps only the category. A small figure of a category in which somebody
has chosen one is therefore not told, nor is any figure by country or region of theirs.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.i18n import format_number, gettext
from consult.discussion.models import Contribution
from consult.discussion.policy import public_contributions
from consult.spaces.models import Author, Category
from consult.spaces.states import DisplayChoice

FEWEST = 5
"""From here on a figure names nobody."""


def pseudonymous_categories(session: Session, *, forum_id: int) -> frozenset[str]:
    """Return the slugs of the categories in which somebody speaks under a pseudonym."""
    # Few speak so: looking for them first is much quicker than going through all texts.
    heard = select(Contribution.id).where(
        Contribution.author_id == Author.id, public_contributions()
    )
    theirs = select(Author.category_id).where(
        Author.forum_id == forum_id,
        Author.display == DisplayChoice.PSEUDONYM,
        heard.exists(),
    )
    return frozenset(
        session.scalars(
            select(Category.slug).where(Category.forum_id == forum_id, Category.id.in_(theirs))
        )
    )


def told(count: int, *, might_name: bool) -> str:
    """Return a figure in words: “< 5” for a small one that might name somebody."""
    if might_name and count < FEWEST:
        return gettext("< %(number)s", number=FEWEST)
    return format_number(count)
