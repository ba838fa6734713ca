"""Did you mean: another spelling, looked for with the rights and filters of the asker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import public_contributions, visible_contributions
from consult.search.documents import Backend, IndexUnavailable, Results
from consult.search.grammar import Query
from consult.search.vocabulary import Sight, meant

READ = 10
"""Texts that are read to see how a word is written."""


def suggestion(
    session: Session,
    *,
    backend: Backend,
    actor: Actor,
    query: Query,
    results: Results,
    search: Callable[[Query], Results],
) -> str | None:
    """Return another spelling of a query where it finds nothing or nearly nothing, or None.

    ``search`` gives the first texts that have all of a query, within what the asker may see.
    """
    if not query.groups:
        return None

    def look(other: Query) -> Sight:
        found = search(other)

        def read() -> Sequence[str]:
            return session.scalars(
                select(Revision.text)
                .join(Contribution, Contribution.published_revision_id == Revision.id)
                .where(
                    Contribution.id.in_([hit.id for hit in found.hits]),
                    public_contributions(),
                    visible_contributions(actor),
                )
            ).all()

        return Sight(found.total, read)

    whole = results.total if results.whole is None else results.whole
    try:
        return meant(query, found=whole, words=backend.words, look=look)
    except IndexUnavailable:
        return None
