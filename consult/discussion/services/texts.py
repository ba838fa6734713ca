"""From what somebody typed to what a revision keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consult.core import markup, text
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES
from consult.discussion.models import Revision, RevisionTag
from consult.discussion.states import TagRole
from consult.spaces.models import Objective, SpaceObjective

MAX_BODY = 50_000
"""Code points of one text."""
FORMATS = ("markdown", "html", "text")


@dataclass(frozen=True)
class Words:
    """A text as it was typed, with what its author says about it."""

    source: str
    language: str
    objectives: tuple[int, ...] = ()
    """Numbers of objectives for the whole text."""
    format: str = "markdown"


@dataclass(frozen=True)
class PreparedText:
    """A text ready to be kept: normalised, rendered once, counted."""

    source: str
    format: str
    language: str
    html: str
    text: str
    words: int


def prepare(words: Words) -> PreparedText:
    """Normalise and render a text; the language is guessed where it is not one of ours.

    Raises `Invalid` for an empty text, one of more than 50,000 code points, or one whose
    language is neither stated nor to be guessed.
    """
    source = text.normalise(words.source)
    problems: dict[str, list[str]] = {}
    if not source.strip():
        problems["body"] = ["body-missing"]
    elif len(source) > MAX_BODY:
        problems["body"] = ["body-too-long"]
    language = words.language if words.language in LOCALES else text.guess_language(source)
    if language is None:
        problems["language"] = ["language-unknown"]
    if problems or language is None:
        raise Invalid(problems)
    return rendered(source, format=words.format, language=language)


def rendered(source: str, *, format: str, language: str) -> PreparedText:
    """Render a normalised text."""
    html = markup.render(source, format=format)
    plain = markup.to_text(html)
    return PreparedText(
        source=source,
        format=format,
        language=language,
        html=str(html),
        text=plain,
        words=text.count_words(plain),
    )


def write_into(revision: Revision, prepared: PreparedText) -> None:
    """Set the body columns of a revision that was not sent yet."""
    revision.source = prepared.source
    revision.format = prepared.format
    revision.language = prepared.language
    revision.html = prepared.html
    revision.text = prepared.text
    revision.words = prepared.words
    revision.renderer_version = markup.RENDERER_VERSION


def objective_ids(session: Session, *, space_id: int, numbers: Iterable[int]) -> list[int]:
    """Return the ids of objectives under review in a space, in the order of their numbers.

    Raises `Invalid` where a number is not under review there.
    """
    wanted = sorted(set(numbers))
    if not wanted:
        return []
    rows = session.execute(
        select(Objective.number, Objective.id)
        .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
        .where(SpaceObjective.space_id == space_id, Objective.number.in_(wanted))
        .order_by(Objective.number)
    ).all()
    if len(rows) != len(wanted):
        raise Invalid({"objectives": ["objective-unknown"]})
    return [row.id for row in rows]


def tag(
    session: Session,
    *,
    revision: Revision,
    objective_ids: Sequence[int],
    role: TagRole = TagRole.AUTHOR,
) -> None:
    """Replace the tags that a role gave to the whole of a text."""
    session.execute(
        delete(RevisionTag).where(
            RevisionTag.revision_id == revision.id,
            RevisionTag.role == role,
            RevisionTag.start.is_(None),
        )
    )
    for objective_id in objective_ids:
        session.add(RevisionTag(revision_id=revision.id, objective_id=objective_id, role=role))
    session.flush()


def correct_tags(session: Session, *, revision: Revision, objective_ids: Sequence[int]) -> bool:
    """Make the public set of whole-text tags what a moderator says; return whether it changed.

    The author's tags stay in the table, taken away ones marked as not public; added ones are
    the moderator's.
    """
    tags = session.scalars(select(RevisionTag).where(RevisionTag.revision_id == revision.id)).all()
    wanted = set(objective_ids)
    whole = [row for row in tags if row.start is None]
    public = {row.objective_id for row in tags if row.is_public}
    if public == wanted:
        return False
    for row in whole:
        if row.role == TagRole.MODERATOR and row.objective_id not in wanted:
            session.delete(row)
    for row in tags:
        if row.role == TagRole.AUTHOR:
            row.is_public = row.objective_id in wanted
    for objective_id in sorted(wanted - {row.objective_id for row in tags}):
        session.add(
            RevisionTag(revision_id=revision.id, objective_id=objective_id, role=TagRole.MODERATOR)
        )
    session.flush()
    return True
