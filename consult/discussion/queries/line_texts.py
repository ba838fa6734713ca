"""From chosen ids to finished lines: one statement per kind of thing for 500 contributions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from consult.core.authz import Actor
from consult.core.i18n import locale
from consult.discussion.models import (
    Contribution,
    Paper,
    Revision,
    RevisionAttachment,
    RevisionTag,
)
from consult.discussion.policy import visible_contributions
from consult.discussion.queries.attachments import is_served
from consult.discussion.queries.line_shapes import (
    Choice,
    Line,
    LineAttachment,
    LineAuthor,
    LineTag,
)
from consult.discussion.states import ContributionKind, Removed, RevisionState, TagRole
from consult.spaces.models import Author, Category, Objective, Organisation, Question, Region, Space
from consult.spaces.states import DisplayChoice, QuestionKind

Posed = aliased(Contribution, name="posed")
Parent = aliased(Contribution, name="parent")
OwnQuestion = aliased(Question, name="own_question")


def finished(
    session: Session,
    chosen: Mapping[int, Choice],
    *,
    space: Space,
    actor: Actor,
    base_url: str,
    holds: bool,
) -> Iterator[Line]:
    """Yield the lines of chosen contributions of a space in the order given.

    A published text is asked for again by the rule of who sees what: it may have been taken
    from view since it was chosen, and then leaves its place only. Files that nobody gets, because
    they are infected or, where it `holds` them, not scanned yet, are not told.
    """
    heads = {
        row.id: row
        for row in session.execute(_heads(actor).where(Contribution.id.in_(sorted(chosen))))
    }
    shown = {
        key: chosen[key].revision_id or head.published_revision_id
        for key, head in heads.items()
        if chosen[key].revision_id or head.is_readable
    }
    texts = _texts(session, shown.values())
    tags = public_tags(session, shown.values())
    files = given_out(session, shown.values(), holds=holds)
    for key, choice in chosen.items():
        text = texts.get(shown.get(key, 0))
        yield _line(
            heads[key],
            text,
            tags=tags.get(text.id, ()) if text else (),
            files=files.get(text.id, ()) if text else (),
            space=space,
            context=choice.context,
            base_url=base_url,
        )


def _heads(actor: Actor) -> Select[Any]:
    return (
        select(
            Contribution.id,
            Contribution.uid,
            Contribution.source,
            Contribution.external_id,
            Contribution.kind,
            Contribution.removed,
            Contribution.depth,
            Contribution.reference,
            Contribution.receipt,
            Contribution.published_revision_id,
            Contribution.sent_at,
            Contribution.first_published_at,
            Contribution.edited_at,
            Contribution.is_unconfirmed,
            and_(visible_contributions(actor), Contribution.removed == Removed.NONE).label(
                "is_readable"
            ),
            Question.number.label("question_number"),
            Question.kind.label("question_kind"),
            OwnQuestion.number.label("own_number"),
            func.coalesce(Posed.external_id, Posed.uid).label("posed_id"),
            func.coalesce(Parent.external_id, Parent.uid).label("parent"),
            Parent.reference.label("parent_reference"),
            func.coalesce(Author.external_id, Author.uid).label("author_id"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.country,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.slug.label("category"),
            Region.slug.label("region"),
        )
        .select_from(Contribution)
        .outerjoin(Question, Question.id == Contribution.question_id)
        .outerjoin(OwnQuestion, OwnQuestion.id == Contribution.own_question_id)
        .outerjoin(Posed, Posed.own_question_id == Contribution.question_id)
        .outerjoin(Parent, Parent.id == Contribution.parent_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .outerjoin(Region, Region.id == Author.region_id)
    )


def _texts(session: Session, revision_ids: Iterable[int]) -> dict[int, Any]:
    statement = select(
        Revision.id,
        Revision.state,
        Revision.format,
        Revision.source,
        Revision.html,
        Revision.text,
        Revision.language,
    ).where(Revision.id.in_(sorted(revision_ids)))
    return {row.id: row for row in session.execute(statement)}


def public_tags(session: Session, revision_ids: Iterable[int]) -> dict[int, tuple[LineTag, ...]]:
    """Return the public tags of each revision, spans and wholes, in one order for ever."""
    found: dict[int, list[LineTag]] = {}
    for row in session.execute(
        select(
            RevisionTag.revision_id,
            RevisionTag.start,
            RevisionTag.end,
            RevisionTag.role,
            Objective.number,
        )
        .join(Objective, Objective.id == RevisionTag.objective_id)
        .where(RevisionTag.revision_id.in_(sorted(revision_ids)), RevisionTag.is_public)
    ):
        tag = LineTag(row.number, row.start, row.end, str(row.role))
        found.setdefault(row.revision_id, []).append(tag)
    return {key: tuple(sorted(set(tags), key=_tag_order)) for key, tags in found.items()}


def _tag_order(tag: LineTag) -> tuple[int, int, int, str]:
    whole = -1
    return (
        tag.objective,
        whole if tag.start is None else tag.start,
        whole if tag.end is None else tag.end,
        tag.by,
    )


def told_tags(tags: Iterable[LineTag]) -> tuple[LineTag, ...]:
    """Return the tags that a line tells beside its objectives: spans, and a moderator's."""
    return tuple(tag for tag in tags if tag.start is not None or tag.by == TagRole.MODERATOR.value)


class ScannedFile(NamedTuple):
    """A file, and what is known of its content."""

    file: LineAttachment
    scan: str | None
    """None where nothing is known."""


def given_out(
    session: Session, revision_ids: Iterable[int], *, holds: bool
) -> dict[int, tuple[LineAttachment, ...]]:
    """Return those files of each revision that may leave the platform, by the rule of `is_served`.

    `holds` says that none does before its scan.
    """
    return {
        key: tuple(one.file for one in files if is_served(one.scan, holds=holds))
        for key, files in attachments(session, revision_ids).items()
    }


def attachments(session: Session, revision_ids: Iterable[int]) -> dict[int, list[ScannedFile]]:
    """Return all files of each revision in the order in which they came."""
    found: dict[int, list[ScannedFile]] = {}
    for row in session.execute(
        select(
            RevisionAttachment.revision_id,
            RevisionAttachment.name,
            RevisionAttachment.sha256,
            RevisionAttachment.media_type,
            Paper.scan,
        )
        .outerjoin(Paper, Paper.sha256 == RevisionAttachment.sha256)
        .where(
            RevisionAttachment.revision_id.in_(sorted(revision_ids)),
            RevisionAttachment.sha256.is_not(None),
        )
        .order_by(RevisionAttachment.position, RevisionAttachment.id)
    ):
        file = LineAttachment(row.name, row.sha256, row.media_type)
        found.setdefault(row.revision_id, []).append(ScannedFile(file, row.scan))
    return found


def _line(
    head: Any,
    text: Any,
    *,
    tags: tuple[LineTag, ...],
    files: tuple[LineAttachment, ...],
    space: Space,
    context: bool,
    base_url: str,
) -> Line:
    name = head.reference or head.receipt
    is_participants = head.question_kind == QuestionKind.PARTICIPANT and head.posed_id
    # What is not public any more, for whatever reason, leaves the same nameless place.
    gone = Removed.HIDDEN if head.removed == Removed.NONE else Removed(head.removed)
    return Line(
        kind=ContributionKind(head.kind),
        id=head.external_id or head.uid,
        source=head.source,
        space=space.slug,
        question=head.posed_id if is_participants else head.question_number,
        number=head.own_number,
        parent=head.parent,
        in_reply_to=head.parent_reference,
        author=line_author(head) if text else None,
        language=text.language if text else None,
        format=text.format if text else "markdown",
        body=text.source if text else None,
        html=text.html if text else "",
        text=text.text if text else "",
        objectives=tuple(sorted({tag.objective for tag in tags})),
        tags=told_tags(tags),
        state=RevisionState(text.state) if text else RevisionState.PUBLISHED,
        created_at=head.sent_at if text else None,
        published_at=head.first_published_at if text else None,
        edited_at=head.edited_at if text else None,
        reference=head.reference,
        context=context,
        removed=Removed.NONE if text else gone,
        attachments=files,
        depth=head.depth,
        permalink=f"{base_url}/{locale()}/contributions/{name}" if name and text else "",
        is_unconfirmed=bool(text) and head.is_unconfirmed,
    )


def line_author(head: Any) -> LineAuthor:
    """Return who speaks in every language alike, so that two exports of one state are one."""
    if head.display == DisplayChoice.PSEUDONYM:
        name = f"Participant {head.pseudonym_number or '–'}"
        return LineAuthor(head.author_id, name, None, head.category, None, None, None)
    hides_name = head.display == DisplayChoice.ORGANISATION
    name = head.organisation or "Participant –" if hides_name else head.name
    return LineAuthor(
        id=head.author_id,
        name=name or "Former participant",
        organisation=head.organisation,
        category=head.category,
        country=head.country,
        region=head.region,
        on_behalf_of=head.on_behalf_of,
    )
