"""The same words sent twice are one contribution: the rule of ten minutes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.errors import Invalid
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries.attachments import fingerprint
from consult.discussion.queries.written import inherited_objective, written
from consult.discussion.services.texts import PreparedText, Words
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Question, Space

REPETITION = dt.timedelta(minutes=10)
"""How long the same words at the same place count as one sending."""


def sent_before(
    session: Session,
    *,
    actor: Actor,
    author_id: int,
    space: Space,
    question: Question | None,
    parent: Contribution | None,
    words: Words,
    prepared: PreparedText,
    now: dt.datetime,
) -> Contribution | None:
    """Return what was sent with these very words to the same place a moment ago, by any of those
    who speak through the Author.

    Raises `Invalid` where only the words are the same, and files, tags or language are not.
    """
    found = _sent_just_now(
        session,
        author_id=author_id,
        space=space,
        question=question,
        parent=parent,
        source=prepared.source,
        now=now,
    )
    if found is None:
        return None
    contribution, revision = found
    if not _says_the_same(
        session, revision, words=words, prepared=prepared, question=question, actor=actor
    ):
        raise Invalid({"body": ["sent-just-now"]})
    return contribution


def _sent_just_now(
    session: Session,
    *,
    author_id: int,
    space: Space,
    question: Question | None,
    parent: Contribution | None,
    source: str,
    now: dt.datetime,
) -> tuple[Contribution, Revision] | None:
    row = session.execute(
        select(Contribution, Revision)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .where(
            Contribution.author_id == author_id,
            Contribution.space_id == space.id,
            Contribution.question_id.is_(None)
            if question is None
            else Contribution.question_id == question.id,
            Contribution.parent_id.is_(None)
            if parent is None
            else Contribution.parent_id == parent.id,
            Contribution.sent_at > now - REPETITION,
            Contribution.removed == Removed.NONE,
            Revision.state.in_(
                [RevisionState.CLEARANCE, RevisionState.PENDING, RevisionState.PUBLISHED]
            ),
            Revision.source == source,
        )
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def _says_the_same(
    session: Session,
    revision: Revision,
    *,
    words: Words,
    prepared: PreparedText,
    question: Question | None,
    actor: Actor,
) -> bool:
    """Whether a sent text has the same language, objectives and files as one with its words."""
    sent = written(session, revision)
    inherited = inherited_objective(session, question)
    return (
        revision.language == prepared.language
        and {*sent.objectives} - {inherited} == {*words.objectives} - {inherited}
        and [(one.start, number) for one, number in sent.tagged]
        == [(one.start, number) for one, number in prepared.tagged]
        and [(one.start, language) for one, language in sent.languages]
        == [(one.start, language) for one, language in prepared.languages]
        and fingerprint(session, tokens=sent.attachments, actor=actor)
        == fingerprint(session, tokens=words.attachments, actor=actor)
    )
