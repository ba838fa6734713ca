"""From what somebody typed to what a revision keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from consult.core import languages, markup, text
from consult.core.authz import Actor
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES
from consult.core.passages import Passage, with_languages
from consult.core.passages import passages as passages_of
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.services.attaching import attach
from consult.discussion.services.marks import Mark, settle
from consult.discussion.states import TagRole
from consult.spaces.models import Objective, Question, SpaceObjective

MAX_BODY = 50_000
"""Code points of one text."""
FORMATS = ("markdown", "html", "text")


DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Words:
    """A text as it was typed, with what its author says about it."""

    source: str
    language: str
    """One of ours, or empty: as recognised from the text."""
    objectives: tuple[int, ...] = ()
    """Numbers of objectives for the whole text."""
    format: str = "markdown"
    passages: tuple[Mark, ...] = ()
    """Numbers of objectives for single passages."""
    passage_languages: tuple[Mark, ...] = ()
    """Languages of passages that are not in the text's."""
    attachments: tuple[str, ...] = ()
    """Tokens of its files, in their order."""


@dataclass(frozen=True)
class PreparedText:
    """A text ready to be kept: normalised, rendered once, counted."""

    source: str
    format: str
    language: str
    html: str
    text: str
    words: int
    tagged: tuple[tuple[Passage, int], ...] = ()
    """Passages with the number of an objective each."""
    languages: tuple[tuple[Passage, str], ...] = ()
    """Passages in another language than the text's."""


def prepare(words: Words) -> PreparedText:
    """Normalise and render a text that is to be sent; its language is recognised where none is
    chosen.

    Raises `Invalid` for an empty text, one without a single word or of more than 50,000 code
    points, and for one whose language is none of ours or not to be recognised.
    """
    source, problems = _checked(words)
    if "body" not in problems and not languages.has_words(source):
        problems["body"] = ["body-wordless"]
    language = words.language if words.language in LOCALES else None
    if language is None:
        seen = languages.recognise(source)
        language = seen.language
        if language is None and "body" not in problems:
            problems["language"] = ["language-foreign" if seen.is_foreign else "language-unknown"]
    if problems or language is None:
        raise Invalid(problems)
    return _marked(rendered(source, format=words.format, language=language), words)


def prepare_draft(words: Words) -> PreparedText:
    """Normalise and render a text that is only kept: it may be unfinished in every way.

    Raises `Invalid` for an empty one and for one that is too long to keep.
    """
    source, problems = _checked(words)
    if problems:
        raise Invalid(problems)
    language = words.language if words.language in LOCALES else languages.recognise(source).language
    kept = rendered(source, format=words.format, language=language or DEFAULT_LANGUAGE)
    return _marked(kept, words)


def _checked(words: Words) -> tuple[str, dict[str, list[str]]]:
    source = text.normalise(words.source)
    if not source.strip():
        return source, {"body": ["body-missing"]}
    return source, {"body": ["body-too-long"]} if len(source) > MAX_BODY else {}


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


def _marked(prepared: PreparedText, words: Words) -> PreparedText:
    """Find the passages that were tagged or put in another language."""
    if not words.passages and not words.passage_languages:
        return prepared
    passages = passages_of(prepared.html)
    spoken = [
        (passage, language)
        for passage, language in settle(words.passage_languages, passages)
        if language in LOCALES and language != prepared.language
    ]
    html = prepared.html
    if spoken:
        html = str(with_languages(html, {one.index: language for one, language in spoken}))
    tagged = [
        (passage, int(number))
        for passage, number in settle(words.passages, passages)
        if number.isdecimal()
    ]
    return replace(prepared, html=html, tagged=tuple(tagged), languages=tuple(spoken))


def keep(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    prepared: PreparedText,
    words: Words,
    actor: Actor,
) -> None:
    """Put a text with its tags and files into a revision that was not sent yet.

    The objective that a question is limited to comes along by itself. Raises `Invalid` for an
    objective that is not under review in the space, and for files that are not the actor's.
    """
    wanted = {*words.objectives, *(number for _passage, number in prepared.tagged)}
    ids = ids_by_number(session, space_id=contribution.space_id, numbers=wanted)
    write_into(revision, prepared)
    whole = {ids[number] for number in words.objectives}
    inherited = session.scalar(
        select(Question.objective_id).where(Question.id == contribution.question_id)
    )
    if inherited is not None:
        whole.add(inherited)
    spans = [(ids[number], one.start, one.end) for one, number in prepared.tagged]
    tag(session, revision=revision, objective_ids=sorted(whole), spans=spans)
    attach(session, revision=revision, tokens=words.attachments, actor=actor)


def write_into(revision: Revision, prepared: PreparedText) -> None:
    """Set the body columns of a revision that was not sent yet."""
    revision.source = prepared.source
    revision.format = prepared.format
    revision.language = prepared.language
    revision.html = prepared.html
    revision.text = prepared.text
    revision.words = prepared.words
    revision.renderer_version = markup.RENDERER_VERSION
    spans = [[one.start, one.end, language] for one, language in prepared.languages]
    revision.language_spans = spans or None


def objective_ids(session: Session, *, space_id: int, numbers: Iterable[int]) -> list[int]:
    """Return the ids of objectives under review in a space, in the order of their numbers.

    Raises `Invalid` where a number is not under review there.
    """
    return list(ids_by_number(session, space_id=space_id, numbers=numbers).values())


def ids_by_number(session: Session, *, space_id: int, numbers: Iterable[int]) -> dict[int, int]:
    """Return the ids of objectives under review in a space by their numbers, in that order.

    Raises `Invalid` where a number is not under review there.
    """
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    rows = session.execute(
        select(Objective.number, Objective.id)
        .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
        .where(SpaceObjective.space_id == space_id, Objective.number.in_(wanted))
        .order_by(Objective.number)
    ).all()
    if len(rows) != len(wanted):
        raise Invalid({"objectives": ["objective-unknown"]})
    return {row.number: row.id for row in rows}


def tag(
    session: Session,
    *,
    revision: Revision,
    objective_ids: Sequence[int],
    spans: Sequence[tuple[int, int, int]] = (),
) -> None:
    """Replace the tags that its author gave to a text: for the whole of it, and for `spans` of an
    objective's id, start and end each.
    """
    session.execute(
        delete(RevisionTag).where(
            RevisionTag.revision_id == revision.id, RevisionTag.role == TagRole.AUTHOR
        )
    )
    for objective_id in objective_ids:
        session.add(RevisionTag(revision_id=revision.id, objective_id=objective_id))
    for objective_id, start, end in spans:
        session.add(
            RevisionTag(revision_id=revision.id, objective_id=objective_id, start=start, end=end)
        )
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
