"""What moderators' tags teach about the objectives of a forum.

Only from texts that everybody may read at that moment, and only words that several authors used,
so that nothing of one text can be told from what is kept. Each time anew from the beginning: what
was hidden, withdrawn or erased since is forgotten with the next lesson.
"""

from __future__ import annotations

import datetime as dt
import math
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import VISITOR
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import counted_contributions
from consult.discussion.states import RevisionOrigin, TagRole
from consult.search.models import ObjectiveLesson
from consult.search.objectives.profiles import known_by, telling_words
from consult.spaces.models import Forum, Objective, Space
from consult.spaces.policy import visible_spaces

MOST_TEXTS: Final = 2000
"""Of one forum; the newest ones."""
MOST_READ: Final = 5000
"""Characters of one text."""
FEWEST_AUTHORS: Final = 3
"""Who used a word in texts about an objective before it is kept."""
MOST_WORDS: Final = 200
"""Kept of one objective, the most telling ones."""
SMOOTHING: Final = 5.0
"""Texts that are thought to be there of each objective, with every word as often as anywhere."""


AT_A_TIME: Final = 500
"""Texts whose decisions are asked for in one statement."""

LetThrough = Callable[[Session, Collection[int]], Collection[int]]
"""Tells which revisions were published by a policy, so that nobody confirmed their tags."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A public text, or a passage of one, with an objective that was confirmed for it."""

    objective: int
    author_id: int
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a forum's tags teach."""

    forum_id: int
    texts: int
    weights: Mapping[int, Mapping[str, float]]


def lessons(session: Session, *, let_through: LetThrough) -> list[Lesson]:
    """Return what the tags of each forum teach now; reads only.

    Takes some milliseconds a text, so it belongs in the worker.
    """
    found = []
    for forum_id in session.scalars(select(Forum.id).order_by(Forum.id)).all():
        taught = list(_taught(session, forum_id, let_through=let_through))
        found.append(Lesson(forum_id, len(taught), weigh(taught)))
    return found


def keep(session: Session, lesson: Lesson, *, now: dt.datetime) -> bool:
    """Keep a lesson in place of the last one; return whether it differs from that."""
    weights = {str(number): dict(words) for number, words in lesson.weights.items()}
    row = session.get(ObjectiveLesson, lesson.forum_id)
    if row is None:
        row = ObjectiveLesson(forum_id=lesson.forum_id, edition="", weights={}, texts=0)
        session.add(row)
    is_new = row.weights != weights
    if is_new:
        row.weights, row.edition = weights, secrets.token_hex(16)
    row.texts, row.learned_at = lesson.texts, now
    return is_new


def weigh(taught: Sequence[Taught]) -> dict[int, dict[str, float]]:
    """Return by objective the words that tell its texts from the others, from 0 to 1.

    A word weighs as much as it is likelier in texts about the objective than in any, smoothed so
    that a few texts teach little.
    """
    texts: dict[int, int] = defaultdict(int)
    seen: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    authors: dict[tuple[str, int], set[int]] = defaultdict(set)
    for one in taught:
        texts[one.objective] += 1
        for lexeme in _lexemes(one):
            seen[lexeme][one.objective] += 1
            authors[lexeme, one.objective].add(one.author_id)
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for lexeme, by_number in seen.items():
        share = sum(by_number.values()) / len(taught)
        for number, times in by_number.items():
            likely = (times + SMOOTHING * share) / (texts[number] + SMOOTHING)
            gain = math.log(likely / share) / math.log(len(texts) + 1)
            if gain > 0 and len(authors[lexeme, number]) >= FEWEST_AUTHORS:
                found[number][lexeme] = round(min(1.0, gain * likely**0.5), 3)
    return {number: _strongest(words) for number, words in sorted(found.items())}


def _strongest(words: Mapping[str, float]) -> dict[str, float]:
    ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    return dict(sorted(ranked[:MOST_WORDS]))


def _lexemes(taught: Taught) -> set[str]:
    words = telling_words(taught.text, language=taught.language)
    return {lexeme for word in words for lexeme in known_by(word)}


def _taught(session: Session, forum_id: int, *, let_through: LetThrough) -> Iterator[Taught]:
    """Yield the newest texts with tags that a moderator set, or let stand in deciding.

    An import brings its tags along, and a policy reads none: nobody here has confirmed those.
    """
    is_confirmed = or_(
        RevisionTag.role == TagRole.MODERATOR,
        Revision.origin != RevisionOrigin.IMPORT,
    )
    rows = session.execute(
        select(
            Objective.number,
            Contribution.author_id,
            Revision.id,
            RevisionTag.role,
            func.substr(Revision.text, func.coalesce(RevisionTag.start, 0) + 1, MOST_READ),
            Revision.language,
            RevisionTag.end - RevisionTag.start,
        )
        .join(RevisionTag, RevisionTag.objective_id == Objective.id)
        .join(Revision, Revision.id == RevisionTag.revision_id)
        .join(Contribution, Contribution.published_revision_id == Revision.id)
        .join(Space, Space.id == Contribution.space_id)
        .where(
            Space.forum_id == forum_id,
            Objective.forum_id == forum_id,
            RevisionTag.is_public,
            Revision.decided_at.is_not(None),
            is_confirmed,
            counted_contributions(),
            visible_spaces(VISITOR),
        )
        .order_by(Revision.id.desc(), RevisionTag.id)
        .limit(MOST_TEXTS)
    ).all()
    ids = list(dict.fromkeys(revision_id for _, _, revision_id, *_ in rows))
    unread = {
        revision_id
        for start in range(0, len(ids), AT_A_TIME)
        for revision_id in let_through(session, ids[start : start + AT_A_TIME])
    }
    for number, author_id, revision_id, role, text, language, length in rows:
        if role == TagRole.MODERATOR or revision_id not in unread:
            yield Taught(number, author_id, text[:length], language)
