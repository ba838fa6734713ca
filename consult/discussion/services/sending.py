"""Taking texts in: drafts, sending, editing, sending again."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Permission, Role, require
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Writing
from consult.discussion.queries.attachments import fingerprint
from consult.discussion.queries.own import find_draft
from consult.discussion.queries.written import inherited_objective, written
from consult.discussion.services import threads
from consult.discussion.services.revisions import mark_sent, open_draft
from consult.discussion.services.texts import (
    PreparedText,
    Words,
    ids_by_number,
    keep,
    prepare,
    prepare_draft,
)
from consult.discussion.states import Capacity, ContributionKind, Removed, RevisionState
from consult.spaces.models import Author, Question, Space

REPETITION = dt.timedelta(minutes=10)
"""How long the same words at the same place count as one sending."""


def author_of(session: Session, *, actor: Actor, forum_id: int) -> int:
    """Return the Author through which the actor speaks in a forum.

    Raises `Forbidden` where there is none yet.
    """
    author_id = session.scalar(
        select(func.min(Author.id)).where(
            Author.forum_id == forum_id, Author.id.in_(sorted(actor.author_ids))
        )
    )
    if author_id is None:
        raise Forbidden(Refusal.NO_AUTHOR)
    return author_id


def begin(
    session: Session,
    *,
    actor: Actor,
    space: Space,
    question: Question | None,
    parent: Contribution | None,
    now: dt.datetime,
) -> Contribution:
    """Make the head of a new text: an answer, a reply, or (without question) a question."""
    kind = ContributionKind.COMMENT if question is not None else ContributionKind.QUESTION
    contribution = Contribution(
        uid=str(uuid.uuid4()),
        kind=kind,
        space_id=space.id,
        question_id=question.id if question is not None else None,
        parent_id=parent.id if parent is not None else None,
        author_id=author_of(session, actor=actor, forum_id=space.forum_id),
        depth=parent.depth + 1 if parent is not None else 1,
        created_at=now,
    )
    session.add(contribution)
    session.flush()
    return contribution


def save_draft(
    session: Session,
    *,
    actor: Actor,
    space: Space,
    question: Question | None,
    parent: Contribution | None,
    draft: Contribution | None,
    words: Words,
    now: dt.datetime,
    lock: int | None = None,
    in_role: bool = False,
) -> Contribution:
    """Keep a text on the server without sending it; `draft` is the one that is continued.

    `lock` is how often it had been saved when the form was opened. Raises `Forbidden` where it
    could not be sent either, `Invalid` for a text that cannot be kept (an empty one is no
    draft), `StaleState` with the other text where another window saved or sent meanwhile.
    """
    require(
        _permission(question=question, parent=parent),
        actor=actor,
        subject=Writing(space=space, parent=parent),
        now=now,
    )
    prepared = prepare_draft(words)
    if draft is None:
        _refuse_second_draft(session, actor=actor, space=space, question=question, parent=parent)
    contribution = draft or begin(
        session, actor=actor, space=space, question=question, parent=parent, now=now
    )
    revision = open_draft(session, contribution=contribution, actor=actor, lock=lock, now=now)
    keep(
        session,
        contribution=contribution,
        revision=revision,
        prepared=prepared,
        words=words,
        actor=actor,
    )
    contribution.capacity = capacity_of(actor, space=space) if in_role else Capacity.PARTICIPANT
    revision.saved_at, revision.lock = now, revision.lock + 1
    session.flush()
    return contribution


def send(
    session: Session,
    *,
    actor: Actor,
    space: Space,
    question: Question | None,
    parent: Contribution | None,
    draft: Contribution | None,
    words: Words,
    now: dt.datetime,
    grace: dt.timedelta,
    lock: int | None = None,
    in_role: bool = False,
) -> Contribution:
    """Send an answer, a reply or a question to the moderators.

    `grace` is how long after the closing a form that was open before is still taken; `lock` as
    in `save_draft`; `in_role` shows the role that the actor has in the space as a badge. The same
    words sent to the same place from a second window within ten minutes are sent once: the
    contribution made then is returned. Raises `Forbidden` with the reason, `Invalid` with the
    problems by field, `StaleState` where another window changed the draft.
    """
    require(
        _permission(question=question, parent=parent),
        actor=actor,
        subject=Writing(space=space, parent=parent, grace=grace),
        now=now,
    )
    prepared = prepare(words)
    author_id = _lock_author(session, actor=actor, space=space)
    repeated = _sent_just_now(
        session,
        author_id=author_id,
        space=space,
        question=question,
        parent=parent,
        source=prepared.source,
        now=now,
    )
    if repeated is not None:
        before, revision = repeated
        if not _says_the_same(
            session, revision, words=words, prepared=prepared, question=question, actor=actor
        ):
            raise Invalid({"body": ["sent-just-now"]})
        return before
    contribution = draft or begin(
        session, actor=actor, space=space, question=question, parent=parent, now=now
    )
    revision = open_draft(session, contribution=contribution, actor=actor, lock=lock, now=now)
    keep(
        session,
        contribution=contribution,
        revision=revision,
        prepared=prepared,
        words=words,
        actor=actor,
    )
    contribution.capacity = capacity_of(actor, space=space) if in_role else Capacity.PARTICIPANT
    mark_sent(session, contribution=contribution, revision=revision, actor=actor, now=now)
    threads.place(session, contribution, parent=parent, at=threads.ordinal(now))
    session.flush()
    return contribution


def _permission(*, question: Question | None, parent: Contribution | None) -> Permission:
    if question is None:
        return Permission.ASK
    return Permission.ANSWER if parent is None else Permission.REPLY


def capacity_of(actor: Actor, *, space: Space) -> Capacity:
    """Return the role in which the actor may speak in a space, the widest first."""
    if actor.has_in_forum(Role.ORGANISER, forum_id=space.forum_id):
        return Capacity.SECRETARIAT
    if actor.has_in_space(Role.DRAFTER, space_id=space.id):
        return Capacity.DRAFTER
    if actor.has_in_space(Role.MODERATOR, space_id=space.id):
        return Capacity.MODERATOR
    return Capacity.PARTICIPANT


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
    """Return what the author sent with these very words to the same place a moment ago."""
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


def _lock_author(session: Session, *, actor: Actor, space: Space) -> int:
    """Return the actor's author and let two windows take turns at it, so that the second finds
    what the first has made.
    """
    author_id = author_of(session, actor=actor, forum_id=space.forum_id)
    session.execute(select(Author.id).where(Author.id == author_id).with_for_update())
    return author_id


def _refuse_second_draft(
    session: Session,
    *,
    actor: Actor,
    space: Space,
    question: Question | None,
    parent: Contribution | None,
) -> None:
    """Raise `StaleState` where another window has begun a draft for this place meanwhile."""
    _lock_author(session, actor=actor, space=space)
    other = find_draft(
        session,
        actor=actor,
        space_id=space.id,
        question_id=question.id if question is not None else None,
        parent_id=parent.id if parent is not None else None,
    )
    if other is not None:
        raise StaleState(theirs=other.revision.source)


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


def check_words(session: Session, *, space_id: int, words: Words) -> PreparedText:
    """Return the text as it would be kept, for a preview; raises `Invalid` like sending does."""
    problems: dict[str, list[str]] = {}
    prepared = None
    try:
        prepared = prepare(words)
    except Invalid as error:
        problems |= error.problems
    tagged = [number for _passage, number in prepared.tagged] if prepared else []
    try:
        ids_by_number(session, space_id=space_id, numbers=[*words.objectives, *tagged])
    except Invalid as error:
        problems |= error.problems
    if problems or prepared is None:
        raise Invalid(problems)
    return prepared
