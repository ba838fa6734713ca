"""Proposals for the texts of a forum: the profile of its objectives, put to work."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session

from consult.core.passages import Passage
from consult.core.ports import Suggestion
from consult.search.objectives import suggesting
from consult.search.objectives.keeping import profile_of


def propose(
    session: Session,
    passages: Sequence[Passage],
    *,
    forum_id: int,
    numbers: Collection[int],
    language: str | None,
) -> list[Suggestion]:
    """Return what is proposed for the passages of a text: the `Suggester` of `consult.core.ports`.

    Costs a small statement beside the work on the words.
    """
    profile = profile_of(session, forum_id=forum_id)
    return suggesting.suggest(profile, passages, numbers=numbers, language=language)


def propose_for_text(
    session: Session,
    passages: Sequence[Passage],
    *,
    forum_id: int,
    numbers: Collection[int],
    language: str | None,
    least: float = suggesting.SURE_ENOUGH,
    beside: float = suggesting.SURE_ENOUGH,
) -> list[Suggestion]:
    """Return the objectives proposed for a text as a whole, each once, the surest first.

    Of those that the text does not name, the first one has a score of `least` or more, the others
    of `beside`.
    """
    return suggesting.best(
        profile_of(session, forum_id=forum_id),
        passages,
        numbers=numbers,
        language=language,
        least=least,
        beside=beside,
    )
