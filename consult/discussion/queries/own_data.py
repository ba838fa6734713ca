"""What somebody wrote and handed in, for the copy of their own data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from consult.core.ports import OwnFile, OwnRow
from consult.discussion.models import (
    Contribution,
    Intake,
    QuestionVisit,
    Revision,
    RevisionAttachment,
    RevisionTag,
    Upload,
)
from consult.discussion.states import RevisionOrigin
from consult.spaces.models import Objective, Question, Space
from consult.spaces.queries.leaving import lone_author_ids

CHUNK = 50
"""Contributions that are read at once."""


def own_data(session: Session, *, user_id: int) -> Iterator[OwnRow | OwnFile]:
    """Yield every text of somebody with all its versions, their files, uploads and visits.

    In a delegation these are the texts that the person typed. What a moderator made of one is not
    theirs, nor is what they filed for somebody else.
    """
    yield from _contributions(session, user_id)
    yield from _uploads(session, user_id)
    yield from _visits(session, user_id)


def _contributions(session: Session, user_id: int) -> Iterator[OwnRow | OwnFile]:
    alone = sorted(lone_author_ids(session, user_id=user_id))
    last = 0
    while True:
        heads = session.execute(
            select(Contribution, Space.slug, Question.number)
            .join(Space, Space.id == Contribution.space_id)
            .outerjoin(
                Question,
                Question.id.in_([Contribution.question_id, Contribution.own_question_id]),
            )
            .where(
                Contribution.id > last,
                or_(
                    Contribution.author_id.in_(alone),
                    exists().where(_typed(user_id), Revision.contribution_id == Contribution.id),
                ),
            )
            .order_by(Contribution.id)
            .limit(CHUNK)
        ).all()
        for contribution, space, question in heads:
            is_alone = contribution.author_id in alone
            typed_by = None if is_alone else user_id
            yield from _contribution(session, contribution, (space, question), typed_by=typed_by)
        if len(heads) < CHUNK:
            return
        last = heads[-1][0].id


def _typed(user_id: int) -> ColumnElement[bool]:
    """Return the condition that a user typed a text, and not for somebody who sent it otherwise."""
    return and_(
        Revision.submitted_by == user_id,
        Revision.origin == RevisionOrigin.AUTHOR,
        ~exists().where(
            Intake.contribution_id == Revision.contribution_id, Intake.filed_by == user_id
        ),
    )


def _contribution(
    session: Session,
    contribution: Contribution,
    place: tuple[str, int | None],
    *,
    typed_by: int | None,
) -> Iterator[OwnRow | OwnFile]:
    statement = (
        select(Revision)
        .where(
            Revision.contribution_id == contribution.id,
            Revision.origin != RevisionOrigin.REDACTION,
        )
        .order_by(Revision.number, Revision.id)
    )
    if typed_by is not None:
        statement = statement.where(_typed(typed_by))
    revisions = session.scalars(statement).all()
    files = session.scalars(
        select(RevisionAttachment)
        .where(RevisionAttachment.revision_id.in_([one.id for one in revisions]))
        .order_by(RevisionAttachment.revision_id, RevisionAttachment.position)
    ).all()
    yield OwnRow(
        "contributions",
        {
            "id": contribution.uid,
            "space": place[0],
            "question": place[1],
            "kind": str(contribution.kind),
            "reference": contribution.reference,
            "receipt": contribution.receipt,
            "removed": str(contribution.removed),
            "sent_at": contribution.sent_at,
            "first_published_at": contribution.first_published_at,
            "versions": [_version(session, one, files) for one in revisions],
        },
    )
    for sha256, name in dict.fromkeys((file.sha256, file.name) for file in files if file.sha256):
        yield OwnFile(name, sha256)


def _version(
    session: Session, revision: Revision, files: Sequence[RevisionAttachment]
) -> dict[str, Any]:
    tags = session.execute(
        select(Objective.number, RevisionTag.start, RevisionTag.end, RevisionTag.role)
        .join(Objective, Objective.id == RevisionTag.objective_id)
        .where(RevisionTag.revision_id == revision.id)
        .order_by(Objective.number, RevisionTag.id)
    )
    return {
        "number": revision.number,
        "state": str(revision.state),
        "origin": str(revision.origin),
        "format": revision.format,
        "language": revision.language,
        "text": revision.source,
        "handed_back": revision.handed_back,
        "objectives": [
            {"number": number, "start": start, "end": end, "by": str(role)}
            for number, start, end, role in tags
        ],
        "files": [file.name for file in files if file.revision_id == revision.id],
        "sent_at": revision.sent_at,
        "decided_at": revision.decided_at,
        "saved_at": revision.saved_at,
    }


def _uploads(session: Session, user_id: int) -> Iterator[OwnRow | OwnFile]:
    uploads = session.scalars(select(Upload).where(Upload.user_id == user_id).order_by(Upload.id))
    for upload in uploads.all():
        yield OwnRow("uploads", {"name": upload.name, "created_at": upload.created_at})
        yield OwnFile(upload.name, upload.sha256)


def _visits(session: Session, user_id: int) -> Iterator[OwnRow]:
    rows = session.execute(
        select(Space.slug, Question.number, QuestionVisit.previous_at, QuestionVisit.last_at)
        .join(Question, Question.id == QuestionVisit.question_id)
        .join(Space, Space.id == Question.space_id)
        .where(QuestionVisit.user_id == user_id)
        .order_by(Space.slug, Question.number)
    )
    for space, number, previous_at, last_at in rows:
        yield OwnRow(
            "visits",
            {"space": space, "question": number, "before": previous_at, "last_at": last_at},
        )
