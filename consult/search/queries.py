"""Answering a search: ids from the index, rows from the visibility rule, excerpts in Python."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import not_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.i18n import LOCALES
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import (
    is_confirmed,
    public_contributions,
    visible_contributions,
)
from consult.discussion.queries import paper_texts
from consult.discussion.queries.paper_texts import ReadablePaper
from consult.discussion.states import ContributionKind
from consult.search import plan
from consult.search.documents import Backend, Facets, Filters, Hit, IndexUnavailable, Sort, Step
from consult.search.grammar import Note, Query, parse
from consult.search.highlight import Excerpt, best_paragraph, excerpt
from consult.spaces.models import Author, Category, Organisation, Question, Space
from consult.spaces.policy import visible_spaces
from consult.spaces.queries import ShownAuthor, shown_in

PER_PAGE = 20
MAX_PAGE = 500
MAX_READ = 2_000_000
"""Characters of files that are looked through for the passages of one answer."""
INDEXING = "search.index"
"""The handler that feeds the index."""


@dataclass(frozen=True)
class Asked:
    """What somebody looks for."""

    text: str
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"
    page: int = 1
    per_page: int = PER_PAGE
    across: bool = True
    """Whether the glossary brings other words and languages."""


@dataclass(frozen=True)
class InPaper:
    """Where in a file the words stand that were found."""

    token: str
    """Names the file in addresses."""
    name: str
    page: int | None
    paragraph: int
    """From 1; its place on the page with the file's text."""


NOTHING: tuple[Excerpt, InPaper | None] = (Excerpt(()), None)
"""The passage of a hit of which none was asked for."""


@dataclass(frozen=True)
class Found:
    """One public contribution that was found."""

    id: str
    """The imported id, else the UUID: as in exports."""
    reference: str
    author: ShownAuthor
    language: str
    space: str
    space_slug: str
    question: int
    is_question: bool
    published_at: dt.datetime | None
    excerpt: Excerpt
    score: float
    via: str | None
    step: Step = "all"
    """How much of what was asked for it has."""
    paper: InPaper | None = None
    """Where the excerpt is from; None for the text itself."""
    is_unconfirmed: bool = False
    """Filed for its author, who has not confirmed it yet."""


@dataclass(frozen=True)
class Answer:
    """A page of a search's result."""

    query: Query
    total: int
    items: Sequence[Found]
    facets: Facets
    whole: int | None = None
    """How many of the total have all that was asked for; None for all of them."""
    suggestion: str | None = None
    """Another spelling that finds something where this one finds nothing."""
    is_available: bool = True
    """False while the index is being rebuilt."""

    @property
    def notes(self) -> Sequence[Note]:
        """What of the query was cut."""
        return tuple(self.query.notes)


def find(
    session: Session, *, backend: Backend, actor: Actor, asked: Asked, with_excerpts: bool = True
) -> Answer:
    """Return what the actor may read of what matches; a stale index can miss, never leak.

    Who shows no passages asks for none, and reads no file for them.
    """
    query = parse(asked.text)
    narrowed = asked.filters != Filters()
    if query.is_empty and not narrowed:
        return Answer(query=query, total=0, items=(), facets={})
    allowed = frozenset(session.scalars(select(Space.slug).where(visible_spaces(actor))))
    page = max(1, min(asked.page, MAX_PAGE))
    outdated, unconfirmed = _outdated(session), _unconfirmed(session)
    search = partial(
        backend.search,
        plan.make(query),
        filters=asked.filters,
        sort=asked.sort,
        allowed_spaces=allowed,
    )
    try:
        results = search(
            offset=(page - 1) * asked.per_page, limit=asked.per_page, left_out=outdated
        )
        facets = results.facets
        if unconfirmed:
            # They are found like every text, but no figure counts them.
            facets = search(offset=0, limit=1, left_out=outdated | unconfirmed).facets
    except IndexUnavailable:
        return Answer(query=query, total=0, items=(), facets={}, is_available=False)
    items = _rows(session, actor=actor, hits=results.hits, query=query, with_excerpts=with_excerpts)
    dropped = len(results.hits) - len(items)
    return Answer(
        query=query,
        total=max(0, results.total - dropped),
        items=items,
        facets=facets,
        whole=results.whole,
    )


def _unconfirmed(session: Session) -> frozenset[int]:
    """Return the public texts that readers find and no figure counts."""
    found = select(Contribution.id).where(public_contributions(), ~is_confirmed())
    return frozenset(session.scalars(found))


def _outdated(session: Session) -> frozenset[int]:
    """Return what the index may still hold otherwise than readers see it.

    Removed texts, and those whose newest change the worker has not indexed yet: neither hits
    nor totals nor facets may tell anything of their former words.
    """
    removed = session.scalars(
        select(Contribution.id).where(
            Contribution.reference.is_not(None), not_(public_contributions())
        )
    )
    waiting = session.scalars(select(OutboxEntry.payload).where(OutboxEntry.handler == INDEXING))
    return frozenset(removed) | {payload["contribution_id"] for payload in waiting}


def _rows(
    session: Session, *, actor: Actor, hits: Sequence[Hit], query: Query, with_excerpts: bool
) -> list[Found]:
    by_id = {hit.id: hit for hit in hits}
    if not by_id:
        return []
    rows = session.execute(
        select(
            Contribution.id,
            Contribution.uid,
            Contribution.external_id,
            Contribution.reference,
            Contribution.kind,
            Contribution.first_published_at,
            Contribution.is_unconfirmed,
            Revision.id.label("revision_id"),
            Revision.text,
            Revision.language,
            Space.slug,
            Space.kicker,
            Question.number,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
        )
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Question, Question.id.in_([Contribution.question_id, Contribution.own_question_id]))
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(
            Contribution.id.in_(sorted(by_id)),
            public_contributions(),
            visible_contributions(actor),
        )
    ).all()
    found = {r.id: r for r in rows}
    shown = _excerpts(session, rows, query=query) if with_excerpts else {}
    return [
        Found(
            id=r.external_id or r.uid,
            reference=r.reference,
            author=shown_in(r, category=r.category, on_behalf_of=r.on_behalf_of),
            language=r.language,
            space=str(r.kicker),
            space_slug=r.slug,
            question=r.number,
            is_question=r.kind == ContributionKind.QUESTION,
            published_at=r.first_published_at,
            excerpt=shown.get(r.id, NOTHING)[0],
            score=round(hit.score, 4),
            via=hit.via,
            step=hit.step,
            paper=shown.get(r.id, NOTHING)[1],
            is_unconfirmed=r.is_unconfirmed,
        )
        for hit in hits
        if (r := found.get(hit.id)) is not None
    ]


def _excerpts(
    session: Session, rows: Sequence[Any], *, query: Query
) -> dict[int, tuple[Excerpt, InPaper | None]]:
    """Return a passage for each row: of the text, else of the first of its files with the words.

    Once `MAX_READ` characters of files were read, what is left shows how its text begins.
    """
    shown: dict[int, tuple[Excerpt, InPaper | None]] = {
        r.id: (excerpt(r.text, query, language=r.language), None) for r in rows
    }
    unmarked = [r for r in rows if not shown[r.id][0].is_marked and query.required]
    papers = paper_texts.readable(session, [r.revision_id for r in unmarked])
    room = MAX_READ
    for r in unmarked:
        for paper in papers.get(r.revision_id, ()):
            if room <= 0:
                return shown
            paragraphs = paper_texts.paragraphs(session, sha256=paper.sha256)
            room -= sum(len(text) for _page, text in paragraphs)
            passage = _in_paper(paper, paragraphs, query=query, language=r.language)
            if passage is not None:
                shown[r.id] = passage
                break
    return shown


def _in_paper(
    paper: ReadablePaper,
    paragraphs: Sequence[tuple[int | None, str]],
    *,
    query: Query,
    language: str,
) -> tuple[Excerpt, InPaper] | None:
    best = best_paragraph([text for _page, text in paragraphs], query, language=language)
    if best is None:
        return None
    index, passage = best
    return passage, InPaper(paper.token, paper.name, paragraphs[index][0], index + 1)


def filters_from(values: Mapping[str, str]) -> Filters:
    """Read filters from an address or a command; unknown values narrow nothing."""

    def number(name: str) -> int | None:
        value = values.get(name) or ""
        return int(value) if value.isdecimal() and len(value) < 5 else None

    language = values.get("language")
    month = values.get("month") or ""
    return Filters(
        space=(values.get("space") or "")[:64] or None,
        question=number("question"),
        language=language if language in LOCALES else None,
        category=(values.get("category") or "")[:64] or None,
        objective=number("objective"),
        region=(values.get("region") or "")[:64] or None,
        kind=values["kind"] if values.get("kind") in tuple(ContributionKind) else None,
        month=month if re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", month) else None,
    )
