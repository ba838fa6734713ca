"""What a revision holds, as the form in which it is written shows it again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.languages import recognise
from consult.core.passages import Passage, passages
from consult.discussion.models import Revision, RevisionAttachment, RevisionTag
from consult.discussion.states import TagRole
from consult.spaces.models import Objective, Question


@dataclass(frozen=True)
class Written:
    """A text with everything its author said about it."""

    body: str
    language: str
    """Empty where the text is recognised as in it anyway, so that this goes on."""
    objectives: list[int]
    """Numbers for the whole text."""
    tagged: list[tuple[Passage, int]]
    languages: list[tuple[Passage, str]]
    attachments: list[str]
    """Tokens."""


def written(session: Session, revision: Revision) -> Written:
    """Return what a form begins with that continues a text, or makes a new one of it."""
    blocks = {one.start: one for one in passages(revision.html)}
    tags = session.execute(
        select(Objective.number, RevisionTag.start)
        .join(RevisionTag, RevisionTag.objective_id == Objective.id)
        .where(
            RevisionTag.revision_id == revision.id,
            RevisionTag.is_public | (RevisionTag.role == TagRole.AUTHOR),
        )
        .order_by(RevisionTag.start, Objective.number)
    ).all()
    files = session.scalars(
        select(RevisionAttachment.token)
        .where(
            RevisionAttachment.revision_id == revision.id, RevisionAttachment.sha256.is_not(None)
        )
        .order_by(RevisionAttachment.position, RevisionAttachment.id)
    )
    is_recognised = recognise(revision.source).language == revision.language
    return Written(
        body=revision.source,
        language="" if is_recognised else revision.language,
        objectives=sorted({number for number, start in tags if start is None}),
        tagged=[(blocks[start], number) for number, start in tags if start in blocks],
        languages=[
            (blocks[start], language)
            for start, _end, language in revision.language_spans or ()
            if start in blocks
        ],
        attachments=list(files),
    )


def inherited_objective(session: Session, question: Question | None) -> int | None:
    """Return the number of the one objective that a question is limited to."""
    if question is None or question.objective_id is None:
        return None
    return session.scalar(select(Objective.number).where(Objective.id == question.objective_id))
