"""Did you mean: another spelling, looked for with the rights and filters of the asker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import public_contributions, visible_contributions
from consult.search.documents import Backend, IndexUnavailable, Results
from consult.search.grammar import Query, Word
from consult.search.lexemes import of_word
from consult.search.lexicon import lexicon
from consult.search.vocabulary import Sight, meant
from consult.spaces.queries import notions_of

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
    """Return another spelling of a query where it finds nothing, or None.

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

    def is_known(word: Word) -> bool:
        known = lexicon(notions_of(session))
        return all(known.languages_of(part) for part in of_word(word.text))

    whole = results.total if results.whole is None else results.whole
    try:
        return meant(query, found=whole, words=backend.words, look=look, is_known=is_known)
    except IndexUnavailable:
        return None
