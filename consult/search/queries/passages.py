"""The passage of each text found that shows why: of the text, else of one of its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from consult.discussion.queries import paper_texts
from consult.discussion.queries.paper_texts import ReadablePaper
from consult.search.analysis import Span
from consult.search.highlight import Excerpt, best_paragraph, excerpt
from consult.search.plan import Plan

MAX_READ = 2_000_000
"""Characters of files that are looked through for the passages of one answer."""


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


def passages_of(
    session: Session, rows: Sequence[Any], *, plan: Plan
) -> dict[int, tuple[Excerpt, InPaper | None]]:
    """Return a passage for each row: of the text, else of the first of its files with the words.

    Once `MAX_READ` characters of files were read, what is left shows how its text begins.
    """
    shown: dict[int, tuple[Excerpt, InPaper | None]] = {
        r.id: (excerpt(r.text, plan, language=r.language, spans=_spans(r)), None) for r in rows
    }
    unmarked = [r for r in rows if not shown[r.id][0].is_marked and plan.concepts]
    papers = paper_texts.readable(session, [r.revision_id for r in unmarked])
    room = MAX_READ
    for r in unmarked:
        for paper in papers.get(r.revision_id, ()):
            if room <= 0:
                return shown
            paragraphs = paper_texts.paragraphs(session, sha256=paper.sha256)
            room -= sum(len(text) for _page, text in paragraphs)
            passage = _in_paper(paper, paragraphs, plan=plan, language=r.language)
            if passage is not None:
                shown[r.id] = passage
                break
    return shown


def _in_paper(
    paper: ReadablePaper,
    paragraphs: Sequence[tuple[int | None, str]],
    *,
    plan: Plan,
    language: str,
) -> tuple[Excerpt, InPaper] | None:
    best = best_paragraph([text for _page, text in paragraphs], plan, language=language)
    if best is None:
        return None
    index, passage = best
    return passage, InPaper(paper.token, paper.name, paragraphs[index][0], index + 1)


def _spans(row: Any) -> tuple[Span, ...]:
    return tuple((start, end, language) for start, end, language in row.language_spans or ())
