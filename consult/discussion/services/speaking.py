"""Through which Author somebody speaks, and in which capacity."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Role
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.discussion.models import Contribution
from consult.discussion.queries.own import find_draft
from consult.discussion.queries.speaker import voices
from consult.discussion.services.revisions import open_revision
from consult.discussion.states import Capacity
from consult.spaces.models import Author, Space


def author_of(session: Session, *, actor: Actor, forum_id: int, chosen: str | None = None) -> int:
    """Return the Author through which the actor speaks in a forum.

    `chosen` is the public id of one of theirs; without it a delegation speaks before the person
    alone. Raises `Forbidden` where there is none yet, `Invalid` (author) for one that is not
    theirs here.
    """
    found = voices(session, actor=actor, forum_id=forum_id)
    if not found:
        raise Forbidden(Refusal.NO_AUTHOR)
    author_id: int | None = found[0].id
    if chosen:
        author_id = next((one.id for one in found if one.uid == chosen), None)
    if author_id is None:
        raise Invalid({"author": ["author-unknown"]})
    return author_id


def take_turns(session: Session, *, author_id: int) -> None:
    """Let two windows, or two of a delegation, take turns at an Author, so that the second finds
    what the first has made.
    """
    # Whoever changes texts of theirs meanwhile refers to the Author and need not wait for that.
    held = select(Author.id).where(Author.id == author_id)
    session.execute(held.with_for_update(key_share=True))


def speaks_through(
    session: Session,
    *,
    actor: Actor,
    space: Space,
    draft: Contribution | None,
    chosen: str | None,
) -> int:
    """Return the Author of a text that is about to be kept or sent; its turn is taken.

    A draft stays with its Author unless another one was chosen.
    """
    if draft is not None and not chosen:
        author_id = draft.author_id
    else:
        author_id = author_of(session, actor=actor, forum_id=space.forum_id, chosen=chosen)
    take_turns(session, author_id=author_id)
    return author_id


def hand_draft_over(
    session: Session, *, actor: Actor, draft: Contribution | None, author_id: int
) -> Contribution | None:
    """Return the draft that goes on under an Author; None where a new one has to begin.

    One's own draft moves with one's choice. A colleague's stays with the delegation, and the actor
    begins another. Raises `StaleState` with the other text where that Author has a draft for the
    same place already.
    """
    if draft is None or draft.author_id == author_id:
        return draft
    text = open_revision(session, draft)
    if text is None or text.submitted_by != actor.user_id:
        return None
    other = find_draft(
        session,
        author_ids={author_id},
        space_id=draft.space_id,
        question_id=draft.question_id,
        parent_id=draft.parent_id,
    )
    if other is not None:
        raise StaleState(theirs=other.revision.source)
    draft.author_id = author_id
    session.flush()
    return draft


def capacity_of(actor: Actor, *, space: Space) -> Capacity:
    """Return the role in which the actor may speak in a space, the widest first."""
    if actor.has_in_forum(Role.ORGANISER, forum_id=space.forum_id):
        return Capacity.SECRETARIAT
    if actor.has_in_space(Role.DRAFTER, space_id=space.id):
        return Capacity.DRAFTER
    if actor.has_in_space(Role.MODERATOR, space_id=space.id):
        return Capacity.MODERATOR
    return Capacity.PARTICIPANT
