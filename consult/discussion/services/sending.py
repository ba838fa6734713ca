"""Taking texts in: drafts, and sending what was not sent before."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from consult.core.authz import Actor, Permission, require
from consult.core.errors import Invalid, StaleState
from consult.discussion.models import Contribution
from consult.discussion.policy import Writing
from consult.discussion.queries.own import find_draft
from consult.discussion.services import threads
from consult.discussion.services.repeating import sent_before
from consult.discussion.services.revisions import mark_sent, open_draft
from consult.discussion.services.speaking import capacity_of, hand_draft_over, speaks_through
from consult.discussion.services.texts import (
    PreparedText,
    Words,
    ids_by_number,
    keep,
    prepare,
    prepare_draft,
)
from consult.discussion.states import Capacity, ContributionKind
from consult.spaces.models import Question, Space
from consult.spaces.services.consents import require_consents


def begin(
    session: Session,
    *,
    author_id: int,
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
        author_id=author_id,
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
    author: str | None = None,
) -> Contribution:
    """Keep a text on the server without sending it; `draft` is the one that is continued.

    `lock` is how often it had been saved when the form was opened; `author` is the public id of
    the Author for whom the actor speaks, as in `speaking.author_of`. Raises `Forbidden` where it
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
    author_id = speaks_through(session, actor=actor, space=space, draft=draft, chosen=author)
    draft = hand_draft_over(session, actor=actor, draft=draft, author_id=author_id)
    if draft is None:
        _refuse_second_draft(
            session, author_id=author_id, space=space, question=question, parent=parent
        )
        lock = None
    contribution = draft or begin(
        session, author_id=author_id, space=space, question=question, parent=parent, now=now
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
    author: str | None = None,
) -> Contribution:
    """Send an answer, a reply or a question to the moderators, or to the focal point of a
    delegation that wants to release what its contributors send.

    `grace` is how long after the closing a form that was open before is still taken; `lock` and
    `author` as in `save_draft`; `in_role` shows the role that the actor has in the space as a
    badge. The same words sent to the same place from a second window, or by a colleague, within
    ten minutes are sent once: the contribution made then is returned. Raises `Forbidden` with the
    reason, `Invalid` with the problems by field, `StaleState` where another window changed the
    draft.
    """
    require(
        _permission(question=question, parent=parent),
        actor=actor,
        subject=Writing(space=space, parent=parent, grace=grace),
        now=now,
    )
    require_consents(session, actor=actor, forum_id=space.forum_id)
    prepared = prepare(words)
    author_id = speaks_through(session, actor=actor, space=space, draft=draft, chosen=author)
    before = sent_before(
        session,
        actor=actor,
        author_id=author_id,
        space=space,
        question=question,
        parent=parent,
        words=words,
        prepared=prepared,
        now=now,
    )
    if before is not None:
        return before
    draft = hand_draft_over(session, actor=actor, draft=draft, author_id=author_id)
    contribution = draft or begin(
        session, author_id=author_id, space=space, question=question, parent=parent, now=now
    )
    lock = lock if draft is not None else None
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


def _permission(*, question: Question | None, parent: Contribution | None) -> Permission:
    if question is None:
        return Permission.ASK
    return Permission.ANSWER if parent is None else Permission.REPLY


def _refuse_second_draft(
    session: Session,
    *,
    author_id: int,
    space: Space,
    question: Question | None,
    parent: Contribution | None,
) -> None:
    """Raise `StaleState` where another window has begun a draft for this place meanwhile."""
    other = find_draft(
        session,
        author_ids={author_id},
        space_id=space.id,
        question_id=question.id if question is not None else None,
        parent_id=parent.id if parent is not None else None,
    )
    if other is not None:
        raise StaleState(theirs=other.revision.source)
