"""Authors, threads and texts of a corpus, written in bulk with everything that hangs on them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bench.texts import LANGUAGES, draw_text
from bench.words import PLACES
from consult.core import markup
from consult.core.text import count_words
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.services.threads import RECEIPT_LETTERS, base36, ordinal
from consult.discussion.states import (
    MAX_DEPTH,
    ContributionKind,
    Removed,
    RevisionOrigin,
    RevisionState,
)
from consult.spaces.models import Author, Category, Organisation, Question, Space, SpaceObjective

SEED = 2022
BEGINNING = dt.datetime(2022, 1, 10, 9, 0, tzinfo=dt.UTC)
BETWEEN = dt.timedelta(minutes=7)
LONG_THREADS = ((1_000, 500), (10_000, 5_000))
"""From which size on there is a thread of how many, under question 3."""
LONGEST_COMMON = 200
BATCH = 1_000


@dataclass
class Batch:
    """Rows that wait to be written."""

    contributions: list[dict[str, Any]] = field(default_factory=list)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)

    def write(self, session: Session) -> None:
        """Insert what waits and begin anew."""
        for model, rows in (
            (Contribution, self.contributions),
            (Revision, self.revisions),
            (RevisionTag, self.tags),
        ):
            if rows:
                session.execute(insert(model), rows)
            rows.clear()


def add_authors(session: Session, *, space: Space, count: int) -> list[int]:
    """Add authors of all categories, three to an organisation; return their ids."""
    random = Random(SEED)
    categories = session.scalars(
        select(Category.id).where(Category.forum_id == space.forum_id).order_by(Category.position)
    ).all()
    organisations = [
        Organisation(forum_id=space.forum_id, name=name, name_key=name.casefold())
        for name in (_organisation(random, number) for number in range(count // 3 + 1))
    ]
    session.add_all(organisations)
    session.flush()
    authors = [
        Author(
            forum_id=space.forum_id,
            uid=str(uuid.UUID(int=random.getrandbits(128), version=4)),
            name=f"{random.choice(PLACES)} desk {number}",
            organisation_id=organisations[number // 3].id,
            category_id=random.choice(categories),
            on_behalf_of="Neighbours’ assembly" if random.random() < 0.03 else None,
            created_at=BEGINNING,
        )
        for number in range(count)
    ]
    session.add_all(authors)
    session.flush()
    return [author.id for author in authors]


def _organisation(random: Random, number: int) -> str:
    kinds = ("Institute", "Network for Mobility", "Municipal Office", "Asociación", "Collectif")
    return f"{random.choice(PLACES)} {random.choice(kinds)} {number}"


def add_comments(session: Session, *, space: Space, author_ids: Sequence[int], size: int) -> None:
    """Add `size` comments in threads of 1 to 5,000, with references, tags and counters.

    Question 2 gets one comment, question 3 the long threads, question 1 the rest.
    """
    objective_ids = session.scalars(
        select(SpaceObjective.objective_id).where(SpaceObjective.space_id == space.id)
    ).all()
    long = [length for least, length in LONG_THREADS if size >= least]
    plans = {1: _lengths(size - 1 - sum(long)), 2: iter([1]), 3: iter(long)}
    batch, next_id = Batch(), 1
    for number, lengths in plans.items():
        question = session.scalars(
            select(Question).where(Question.space_id == space.id, Question.number == number)
        ).one()
        writer = _Writer(space, question, author_ids, objective_ids, batch)
        for length in lengths:
            writer.add_thread(length, first_id=next_id)
            next_id += length
            if len(batch.contributions) >= BATCH:
                batch.write(session)
        question.next_reference = writer.count + 1
        question.public_count = writer.public
        question.public_version = writer.count + 1
    batch.write(session)
    session.execute(
        update(Contribution)
        .values(published_revision_id=Contribution.id)
        .execution_options(synchronize_session=False)
    )
    space.last_change_at = BEGINNING + size * BETWEEN
    space.public_version = size


def _lengths(total: int) -> Iterator[int]:
    """Yield lengths of threads: most are short, some are long, together `total`."""
    random = Random(SEED)
    while total > 0:
        length = min(total, LONGEST_COMMON, int(random.paretovariate(0.9)))
        total -= length
        yield length


class _Writer:
    """Makes the rows of the threads of one question."""

    def __init__(
        self,
        space: Space,
        question: Question,
        author_ids: Sequence[int],
        objective_ids: Sequence[int],
        batch: Batch,
    ) -> None:
        self._space = space
        self._question = question
        self._author_ids = author_ids
        self._objective_ids = objective_ids
        self._batch = batch
        self.count = 0
        self.public = 0

    def add_thread(self, length: int, *, first_id: int) -> None:
        """Add a thread whose replies answer mostly what came shortly before them."""
        rows: list[dict[str, Any]] = []
        for position in range(length):
            self.count += 1
            # One generator a comment, so that the small corpus is the beginning of the large one.
            random = Random(f"{SEED}-{self._question.number}-{self.count}")
            parent = self._parent(random, rows)
            rows.append(self._contribution(random, first_id + position, rows, parent=parent))
            self._revision(random, rows[-1])
        public = [row for row in rows if row["removed"] == Removed.NONE]
        rows[0]["next_child"] = length
        rows[0]["thread_size"] = sum(row["parent_id"] is not None for row in public)
        self.public += len(public)
        self._batch.contributions.extend(rows)

    def _parent(self, random: Random, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
        if not rows:
            return None
        if random.random() < 0.35:
            return rows[0]
        near = rows[-1 - min(len(rows) - 1, int(random.expovariate(0.5)))]
        return near if near["depth"] < MAX_DEPTH else rows[0]

    def _contribution(
        self,
        random: Random,
        identifier: int,
        rows: list[dict[str, Any]],
        *,
        parent: dict[str, Any] | None,
    ) -> dict[str, Any]:
        root = rows[0] if rows else None
        sent_at = BEGINNING + self.count * BETWEEN
        hidden = random.random() < 0.005
        letters = "".join(random.choices(RECEIPT_LETTERS, k=16))
        number = f"{self._space.code}-Q{self._question.number}-{self.count:04d}"
        return {
            "id": identifier,
            "uid": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "kind": ContributionKind.COMMENT,
            "space_id": self._space.id,
            "question_id": self._question.id,
            "parent_id": parent["id"] if parent else None,
            "author_id": self._author_ids[int(len(self._author_ids) * random.random() ** 2)],
            "thread_id": root["id"] if root else identifier,
            "thread_ordinal": root["thread_ordinal"] if root else ordinal(sent_at),
            "path": parent["path"] + base36(len(rows)) if parent else "",
            "depth": parent["depth"] + 1 if parent else 1,
            "next_child": 1,
            "thread_size": 0,
            "removed": Removed.HIDDEN if hidden else Removed.NONE,
            "removed_at": sent_at + BETWEEN if hidden else None,
            "receipt": "-".join(letters[i : i + 4] for i in range(0, 16, 4)),
            "reference": number,
            "sent_at": sent_at,
            "first_published_at": sent_at + BETWEEN,
            "edited_at": sent_at + 9 * BETWEEN if random.random() < 0.04 else None,
            "created_at": sent_at,
        }

    def _revision(self, random: Random, row: dict[str, Any]) -> None:
        language = random.choice(LANGUAGES)
        source = draw_text(random, language)
        html = markup.render(source)
        text = markup.to_text(html)
        self._batch.revisions.append(
            {
                "id": row["id"],
                "contribution_id": row["id"],
                "number": 1,
                "state": RevisionState.PUBLISHED,
                "origin": RevisionOrigin.AUTHOR,
                "source": source,
                "html": str(html),
                "text": text,
                "words": count_words(text),
                "language": language,
                "renderer_version": markup.RENDERER_VERSION,
                "sent_at": row["sent_at"],
                "decided_at": row["first_published_at"],
                "created_at": row["created_at"],
                "saved_at": row["created_at"],
            }
        )
        how_many = random.choices((0, 1, 2, 3), (15, 50, 25, 10))[0]
        self._batch.tags.extend(
            {"revision_id": row["id"], "objective_id": objective_id}
            for objective_id in random.sample(self._objective_ids, how_many)
        )
