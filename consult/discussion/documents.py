"""The contributions that belong in the search index: public texts with their files, as readers get
them now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.ports import IndexDocument
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import public_contributions
from consult.discussion.queries import paper_texts
from consult.discussion.queries.paper_texts import ReadablePaper
from consult.spaces.models import (
    Author,
    Category,
    Objective,
    Organisation,
    Question,
    Region,
    Space,
)
from consult.spaces.queries import shown_in

CHUNK = 500
MAX_OF_PAPERS = 1_000_000
"""Code points of the files of one text that the index takes; what follows is found by nobody."""


class Contributions:
    """The document source of the discussion; see `consult.core.ports.DocumentSource`."""

    def documents(self, session: Session, ids: Sequence[int] | None) -> Iterator[IndexDocument]:
        """Yield the public ones among these contributions, all public ones for None."""
        if ids is not None:
            for start in range(0, len(ids), CHUNK):
                yield from _documents(session, ids=ids[start : start + CHUNK])
            return
        last = 0
        while True:
            chunk = list(_documents(session, after=last))
            yield from chunk
            if len(chunk) < CHUNK:
                return
            last = chunk[-1].id

    def versions(self, session: Session) -> Iterator[tuple[int, int]]:
        """Yield id and public version of all public ones."""
        found = select(Contribution.id, Contribution.public_version).where(public_contributions())
        for row in session.execute(found):
            yield row.id, row.public_version


def _documents(
    session: Session, *, ids: Sequence[int] | None = None, after: int = 0
) -> Iterator[IndexDocument]:
    statement = (
        select(
            Contribution.id,
            Contribution.public_version,
            Contribution.first_published_at,
            Contribution.kind,
            Contribution.thread_ordinal,
            Contribution.thread_id,
            Contribution.path,
            Revision.id.label("revision_id"),
            Revision.text,
            Revision.language,
            Revision.language_spans,
            Space.position,
            Space.slug.label("space"),
            Question.number,
            Category.slug.label("category"),
            Region.slug.label("region"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
        )
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Question, Question.id.in_([Contribution.question_id, Contribution.own_question_id]))
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .outerjoin(Region, Region.id == Author.region_id)
        .where(public_contributions())
        .order_by(Contribution.id)
        .limit(CHUNK)
    )
    if ids is not None:
        statement = statement.where(Contribution.id.in_(ids))
    else:
        statement = statement.where(Contribution.id > after)
    raw = session.execute(statement).all()
    numbers = _numbers(session, [r.revision_id for r in raw])
    papers = paper_texts.readable(session, [r.revision_id for r in raw])
    for r in raw:
        author = shown_in(r, on_behalf_of=r.on_behalf_of)
        yield IndexDocument(
            id=r.id,
            version=r.public_version,
            space=r.space,
            question=r.number,
            language=r.language,
            category=r.category,
            objectives=tuple(numbers.get(r.revision_id, ())),
            region=None if author.is_pseudonym else r.region,
            published_at=r.first_published_at.timestamp() if r.first_published_at else 0.0,
            text=_with_papers(session, r.text, papers.get(r.revision_id, ())),
            title=" ".join(part for part in (author.name, author.organisation) if part),
            kind=r.kind,
            place=_place(r),
            spans=tuple((start, end, language) for start, end, language in r.language_spans or ()),
        )


def _place(row: Any) -> str:
    """Return what sorts as one reads, as text: alike in every index."""
    thread = f"{row.thread_ordinal:020d}/{row.thread_id or 0:012d}"
    return f"{row.position:04d}/{row.number:06d}/{thread}/{row.path}"


def _with_papers(session: Session, text: str, papers: Sequence[ReadablePaper]) -> str:
    """Return a text followed by the words of its files, read one text at a time: they are long."""
    parts, room = [text], MAX_OF_PAPERS
    for paper in papers:
        for _page, words in paper_texts.paragraphs(session, sha256=paper.sha256):
            if room <= 0:
                break
            parts.append(words[:room])
            room -= len(words)
    return "\n\n".join(parts)


def _numbers(session: Session, revision_ids: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if revision_ids:
        for revision_id, number in session.execute(
            select(RevisionTag.revision_id, Objective.number)
            .join(Objective, Objective.id == RevisionTag.objective_id)
            .where(RevisionTag.revision_id.in_(revision_ids), RevisionTag.is_public)
            .distinct()
            .order_by(Objective.number)
        ):
            found.setdefault(revision_id, []).append(number)
    return found
