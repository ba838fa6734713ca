"""Answering a search: ids from the index, rows from the visibility rule, excerpts in Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import and_, not_, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.outbox import OutboxEntry
from consult.discussion.events import AUTHOR_SHOWN_ANEW
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import (
    is_confirmed,
    public_contributions,
    visible_contributions,
)
from consult.discussion.states import ContributionKind
from consult.search.documents import Backend, Facets, Filters, Hit, IndexUnavailable, Results, Step
from consult.search.grammar import Note, Query, parse
from consult.search.highlight import Excerpt
from consult.search.plan import Plan, make
from consult.search.queries.asking import MAX_PAGE, Asked
from consult.search.queries.passages import NOTHING, InPaper, passages_of
from consult.search.queries.spelling import READ, suggestion
from consult.spaces.models import Author, Category, Organisation, Question, Space
from consult.spaces.policy import visible_spaces
from consult.spaces.queries import ShownAuthor, notions_of, shown_in

INDEXING = "search.index"
"""The handler that feeds the index."""
AT_A_TIME = 500
"""Authors whose texts are asked for in one statement."""


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
    if query.is_empty and asked.filters == Filters():
        return Answer(query=query, total=0, items=(), facets={})
    plan = _plan(session, query, asked=asked)
    page = max(1, min(asked.page, MAX_PAGE))
    outdated, unconfirmed = _apart(session)
    search = partial(
        backend.search,
        filters=asked.filters,
        sort=asked.sort,
        allowed_spaces=frozenset(session.scalars(select(Space.slug).where(visible_spaces(actor)))),
    )
    try:
        results = search(
            plan, offset=(page - 1) * asked.per_page, limit=asked.per_page, left_out=outdated
        )
        facets = results.facets
        if unconfirmed:
            # They are found like every text, but no figure counts them.
            facets = search(plan, offset=0, limit=1, left_out=outdated | unconfirmed).facets
    except IndexUnavailable:
        return Answer(query=query, total=0, items=(), facets={}, is_available=False)
    items = _rows(session, actor=actor, hits=results.hits, plan=plan, with_excerpts=with_excerpts)
    answer = _answer(query, results, items, facets)
    if page > 1 or not with_excerpts:
        return answer

    def in_full(other: Query) -> Results:
        whole = replace(_plan(session, other, asked=asked), relaxes=False)
        return search(whole, offset=0, limit=READ, left_out=outdated)

    meant = suggestion(
        session, backend=backend, actor=actor, query=query, results=results, search=in_full
    )
    return replace(answer, suggestion=meant)


def _plan(session: Session, query: Query, *, asked: Asked) -> Plan:
    notions = notions_of(session) if asked.across else ()
    plan = make(query, notions=notions, across=asked.across)
    return plan if asked.relaxes else replace(plan, relaxes=False)


def _answer(query: Query, results: Results, items: Sequence[Found], facets: Facets) -> Answer:
    """Return the answer without those hits that the asker may not read."""
    dropped = len(results.hits) - len(items)
    dropped_whole = sum(hit.step == "all" for hit in results.hits) - sum(
        item.step == "all" for item in items
    )
    return Answer(
        query=query,
        total=max(0, results.total - dropped),
        items=items,
        facets=facets,
        whole=None if results.whole is None else max(0, results.whole - dropped_whole),
    )


def _apart(session: Session) -> tuple[frozenset[int], frozenset[int]]:
    """Return what the index may still hold otherwise than readers see it, and what no figure
    counts.

    The first are removed texts, and those whose newest change, or whose author's, the worker has
    not indexed yet: neither hits nor totals nor facets may tell anything of their former words or
    names. The others are public texts whose authors have not confirmed them; readers find them all
    the same.
    """
    public = public_contributions()
    rows = session.execute(
        select(Contribution.id, public.label("is_public")).where(
            or_(
                and_(public, ~is_confirmed()),
                and_(Contribution.reference.is_not(None), not_(public)),
            )
        )
    ).all()
    outdated = {r.id for r in rows if not r.is_public} | _waiting(session)
    return frozenset(outdated), frozenset(r.id for r in rows if r.is_public)


def _waiting(session: Session) -> set[int]:
    """Return the texts that changed, or whose authors did, since the index took them in."""
    payloads = session.scalars(
        select(OutboxEntry.payload).where(OutboxEntry.handler.in_([INDEXING, AUTHOR_SHOWN_ANEW]))
    ).all()
    found = {one["contribution_id"] for one in payloads if "contribution_id" in one}
    authors = sorted({one["author_id"] for one in payloads if "author_id" in one})
    for start in range(0, len(authors), AT_A_TIME):
        theirs = Contribution.author_id.in_(authors[start : start + AT_A_TIME])
        found |= set(session.scalars(select(Contribution.id).where(theirs)))
    return found


def _rows(
    session: Session, *, actor: Actor, hits: Sequence[Hit], plan: Plan, with_excerpts: bool
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
            Revision.language_spans,
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
    shown = passages_of(session, rows, plan=plan) if with_excerpts else {}
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
