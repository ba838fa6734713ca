"""Taking texts in: drafts, sending, editing, sending again."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, Refusal
from consult.discussion.models import Contribution
from consult.discussion.policy import Writing
from consult.discussion.services import threads
from consult.discussion.services.revisions import mark_sent, open_draft
from consult.discussion.services.texts import (
    PreparedText,
    Words,
    objective_ids,
    prepare,
    tag,
    write_into,
)
from consult.discussion.states import (
    ContributionKind,
)
from consult.spaces.models import Author, Question, Space


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
    prepared = prepare(words)
    ids = objective_ids(session, space_id=space.id, numbers=words.objectives)
    contribution = draft or begin(
        session, actor=actor, space=space, question=question, parent=parent, now=now
    )
    revision = open_draft(session, contribution=contribution, actor=actor, lock=lock, now=now)
    write_into(revision, prepared)
    revision.saved_at, revision.lock = now, revision.lock + 1
    tag(session, revision=revision, objective_ids=ids)
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
) -> Contribution:
    """Send an answer, a reply or a question to the moderators.

    `grace` is how long after the closing a form that was open before is still taken; `lock` as
    in `save_draft`. Raises `Forbidden` with the reason, `Invalid` with the problems by field,
    `StaleState` where another window changed the draft.
    """
    require(
        _permission(question=question, parent=parent),
        actor=actor,
        subject=Writing(space=space, parent=parent, grace=grace),
        now=now,
    )
    prepared = prepare(words)
    ids = objective_ids(session, space_id=space.id, numbers=words.objectives)
    contribution = draft or begin(
        session, actor=actor, space=space, question=question, parent=parent, now=now
    )
    revision = open_draft(session, contribution=contribution, actor=actor, lock=lock, now=now)
    write_into(revision, prepared)
    tag(session, revision=revision, objective_ids=ids)
    mark_sent(session, contribution=contribution, revision=revision, actor=actor, now=now)
    threads.place(session, contribution, parent=parent, at=threads.ordinal(now))
    session.flush()
    return contribution


def _permission(*, question: Question | None, parent: Contribution | None) -> Permission:
    if question is None:
        return Permission.ASK
    return Permission.ANSWER if parent is None else Permission.REPLY


def check_words(session: Session, *, space_id: int, words: Words) -> PreparedText:
    """Return the text as it would be kept, for a preview; raises `Invalid` like sending does."""
    problems: dict[str, list[str]] = {}
    prepared = None
    try:
        prepared = prepare(words)
    except Invalid as error:
        problems |= error.problems
    try:
        objective_ids(session, space_id=space_id, numbers=words.objectives)
    except Invalid as error:
        problems |= error.problems
    if problems or prepared is None:
        raise Invalid(problems)
    return prepared
