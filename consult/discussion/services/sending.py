"""Taking texts in: drafts, sending, editing, sending again."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.core.outbox import emit
from consult.discussion.events import ContributionSent
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import Writing
from consult.discussion.services import threads
from consult.discussion.services.texts import (
    PreparedText,
    Words,
    objective_ids,
    prepare,
    tag,
    write_into,
)
from consult.discussion.states import (
    Act,
    ContributionKind,
    RevisionState,
    after,
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
    revision = _open_draft(session, contribution=contribution, actor=actor, lock=lock, now=now)
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
    revision = _open_draft(session, contribution=contribution, actor=actor, lock=lock, now=now)
    write_into(revision, prepared)
    tag(session, revision=revision, objective_ids=ids)
    _sent(session, contribution=contribution, revision=revision, actor=actor, now=now)
    threads.place(session, contribution, parent=parent, at=threads.ordinal(now))
    session.flush()
    return contribution


def send_revision(
    session: Session,
    *,
    actor: Actor,
    contribution: Contribution,
    space: Space,
    seen: int,
    words: Words,
    now: dt.datetime,
    grace: dt.timedelta,
) -> Revision:
    """Send a new text for an own contribution: an edit, or a returned text again.

    `seen` is the number of the newest revision when the form was opened. Raises `StaleState`
    where another one was sent meanwhile, `Forbidden`, `Invalid`.
    """
    contribution = threads.locked(session, contribution.id)
    newest = newest_revision(session, contribution_id=contribution.id)
    open_one = open_revision(session, contribution)
    returned = open_one is not None and open_one.state == RevisionState.RETURNED
    require(
        Permission.RESUBMIT if returned else Permission.EDIT,
        actor=actor,
        subject=Writing(
            space=space,
            contribution=contribution,
            open_state=open_one.state if open_one else None,
            grace=grace,
            returned_at=open_one.decided_at if open_one else None,
        ),
        now=now,
    )
    if open_one is None and contribution.published_revision_id is None:
        raise Forbidden(Refusal.WRONG_STATE)
    if newest.number != seen:
        raise StaleState(theirs=newest.source)
    prepared = prepare(words)
    ids = objective_ids(session, space_id=space.id, numbers=words.objectives)
    if open_one is not None and open_one.state != RevisionState.DRAFT and not returned:
        move(session, open_one, act=Act.REPLACE)
        contribution.open_revision_id = None
        session.flush()
    base_id = contribution.published_revision_id or newest.id
    revision = _new_draft(
        session, contribution=contribution, actor=actor, number=newest.number + 1, now=now
    )
    revision.base_id = open_one.id if returned and open_one else base_id
    write_into(revision, prepared)
    tag(session, revision=revision, objective_ids=ids)
    _sent(session, contribution=contribution, revision=revision, actor=actor, now=now)
    return revision


def take_back(
    session: Session, *, actor: Actor, contribution: Contribution, space: Space, now: dt.datetime
) -> None:
    """Take an undecided text out of the queue; a published one stays."""
    contribution = threads.locked(session, contribution.id)
    open_one = open_revision(session, contribution)
    require(
        Permission.TAKE_BACK,
        actor=actor,
        subject=Writing(
            space=space,
            contribution=contribution,
            open_state=open_one.state if open_one else None,
        ),
        now=now,
    )
    if open_one is None:
        raise Forbidden(Refusal.WRONG_STATE)
    move(session, open_one, act=Act.TAKE_BACK)
    contribution.open_revision_id = None
    contribution.version += 1
    audit.record(
        session,
        "take-back",
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        revision=open_one.id,
    )


def newest_revision(session: Session, *, contribution_id: int) -> Revision:
    """Return a contribution's revision with the highest number."""
    return session.scalars(
        select(Revision)
        .where(Revision.contribution_id == contribution_id)
        .order_by(Revision.number.desc())
        .limit(1)
    ).one()


def open_revision(session: Session, contribution: Contribution) -> Revision | None:
    """Return the draft, waiting or returned revision, if there is one."""
    if contribution.open_revision_id is None:
        return None
    return session.get(Revision, contribution.open_revision_id, populate_existing=True)


def move(session: Session, revision: Revision, *, act: Act, **values: object) -> None:
    """Carry a revision through the transition table, compare and set.

    Raises `StaleState` where the act is not allowed from its state, or where the row is not
    in that state any more.
    """
    target = after(act, RevisionState(revision.state))
    if target is None:
        raise StaleState(state=revision.state)
    result = session.execute(
        update(Revision)
        .where(Revision.id == revision.id, Revision.state == revision.state)
        .values(state=target, **values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleState(state=revision.state)
    session.refresh(revision)


def _permission(*, question: Question | None, parent: Contribution | None) -> Permission:
    if question is None:
        return Permission.ASK
    return Permission.ANSWER if parent is None else Permission.REPLY


def _open_draft(
    session: Session,
    *,
    contribution: Contribution,
    actor: Actor,
    lock: int | None,
    now: dt.datetime,
) -> Revision:
    contribution = threads.locked(session, contribution.id)
    open_one = open_revision(session, contribution)
    if open_one is None:
        return _new_draft(session, contribution=contribution, actor=actor, number=1, now=now)
    if open_one.state != RevisionState.DRAFT or lock not in {None, open_one.lock}:
        raise StaleState(theirs=open_one.source)
    return open_one


def _new_draft(
    session: Session, *, contribution: Contribution, actor: Actor, number: int, now: dt.datetime
) -> Revision:
    revision = Revision(
        contribution_id=contribution.id,
        number=number,
        state=RevisionState.DRAFT,
        submitted_by=actor.user_id,
        language="en",
        renderer_version=0,
        created_at=now,
        saved_at=now,
    )
    session.add(revision)
    session.flush()
    contribution.open_revision_id = revision.id
    session.flush()
    return revision


def _sent(
    session: Session,
    *,
    contribution: Contribution,
    revision: Revision,
    actor: Actor,
    now: dt.datetime,
) -> None:
    session.flush()
    move(session, revision, act=Act.SEND, sent_at=now)
    contribution.receipt = contribution.receipt or threads.new_receipt()
    contribution.sent_at = contribution.sent_at or now
    contribution.version += 1
    session.flush()
    audit.record(
        session,
        "send",
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        revision=revision.id,
        number=revision.number,
    )
    event = ContributionSent(contribution_id=contribution.id, revision_id=revision.id)
    emit(session, event, now=now)


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
