"""Deciding that a contribution belongs somewhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Permission, refusal, require
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.text import normalise
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import is_public
from consult.discussion.services import moving, subtrees
from consult.discussion.services.moving import Moved
from consult.discussion.states import Removed, RevisionState
from consult.moderation.models import Decision
from consult.moderation.policy import Deciding
from consult.moderation.queries.decisions import stale, standing_text
from consult.moderation.queries.finding import deciding, sees_public_only
from consult.moderation.queries.targets import Target, current, place_code, targets
from consult.moderation.services import claims
from consult.moderation.services.deciding import (
    Correction,
    Grounds,
    decision_on,
    tell,
    write_down,
)
from consult.moderation.states import MAX_MESSAGE, MIN_OTHER, OTHER, Verdict
from consult.spaces.models import Reason, Space

_MOVABLE = frozenset({RevisionState.PENDING, RevisionState.PUBLISHED})
_STANDS = frozenset({Removed.NONE, Removed.HIDDEN})


def movable(session: Session, contribution: Contribution) -> Revision | None:
    """Return the waiting or published text that stands for a contribution; None where it has none,
    or was withdrawn or erased.
    """
    text = standing_text(session, contribution)
    if text is None or text.state not in _MOVABLE or contribution.removed not in _STANDS:
        return None
    return text


def public_text(session: Session, contribution: Contribution) -> Revision | None:
    """Return the text that readers get of a contribution, read anew; None where there is none."""
    if not is_public(contribution):
        return None
    return session.get(Revision, contribution.published_revision_id, populate_existing=True)


def text_to_move(
    session: Session, contribution: Contribution, *, is_off_desk: bool
) -> Revision | None:
    """Return the text with which a contribution is moved, None where it cannot be: at the desk the
    one that stands there, off the desk the public one, whatever waits beside it.
    """
    found = public_text if is_off_desk else movable
    return found(session, contribution)


def conflict(
    session: Session, contribution: Contribution, *, seen: int | None, is_off_desk: bool
) -> StaleState:
    """Return what to raise where another text or place stands there by now.

    Off the desk `seen` holds nothing but `for_readers`, the public text where it is another one,
    and who claimed the item where a claim is in the way.
    """
    if not is_off_desk:
        return stale(session, contribution, seen=seen)
    public = public_text(session, contribution)
    is_other = public is not None and public.number != seen
    return StaleState(for_readers=True, theirs=public.source if public and is_other else None)


def move(
    session: Session,
    *,
    actor: Actor,
    contribution_id: int,
    seen_revision: int,
    seen_place: str | None,
    target: str,
    reason: str | None,
    message: str | None,
    now: dt.datetime,
) -> Decision:
    """Move a contribution with everything below it, and write down where it went.

    `seen_revision` is the number of the text that was shown, `seen_place` the code of where it
    stood then (`queries.targets.place_code`; None where nobody knows), `target` the value of one
    of `queries.targets.targets`. Whoever organises the forum moves what is public of it without
    having it on their desk: then the text is the public one, whatever waits beside it goes along
    as it is, and no claim of theirs is wanted. The one decision names the text, its `facts` where
    it stood (`moved_from`) and where it stands (`moved_to`): references, or codes of places for
    what was never public. There is no undoing, but it can be moved again; its author is told.
    Raises `NotVisible` for an item that the actor may not know of here, `Forbidden` for an own
    text and for one that neither waits nor is published, `StaleState` as `conflict` makes it where
    another text or place stands there by now, its author took it away, or a colleague was faster
    or has claimed it, `Invalid` by field.
    """
    with _told_as_they_see_it(
        session, actor=actor, contribution_id=contribution_id, seen=seen_revision, now=now
    ):
        contribution, goal, problems = _held(
            session, actor=actor, contribution_id=contribution_id, target=target, now=now
        )
        text, space = _seen(
            session,
            contribution,
            actor=actor,
            number=seen_revision,
            place=seen_place,
            now=now,
        )
        grounds = _grounds(session, space, reason=reason, message=message, problems=problems)
        if goal is None:
            raise Invalid(problems)
        before, text_id = (text.state, contribution.removed), text.id
        stood = place_code(session, contribution)
        moved = _carry_out(session, contribution, goal, now=now)
        decision = decision_on(
            session.get_one(Revision, text_id),
            verdict=Verdict.MOVE,
            grounds=grounds,
            correction=Correction(),
            actor=actor,
            now=now,
        )
        was_public = contribution.reference is not None
        decision.facts = {
            "moved_from": moved.before if was_public else stood,
            "moved_to": moved.now if was_public else place_code(session, contribution),
        }
        write_down(session, decision, act="move", contribution=contribution, before=before)
        # It may lie on another desk now.
        claims.drop_together(session, contribution_ids=moved.contribution_ids)
        tell(session, decision, contribution=contribution, now=now)
        return decision


@contextmanager
def _told_as_they_see_it(
    session: Session, *, actor: Actor, contribution_id: int, seen: int, now: dt.datetime
) -> Iterator[None]:
    """Have a conflict tell nothing of the desk to whoever has no desk there."""
    try:
        yield
    except StaleState as error:
        head = session.get_one(Contribution, contribution_id, populate_existing=True)
        subject = _require_mover(session, actor=actor, contribution=head, now=now)
        if not sees_public_only(actor, subject, now=now):
            if error.seen:
                raise
            raise conflict(session, head, seen=seen, is_off_desk=False) from error
        told = conflict(session, head, seen=seen, is_off_desk=True)
        told.seen["claimed_by"] = error.seen.get("claimed_by")
        raise told from error


def _require_mover(
    session: Session, *, actor: Actor, contribution: Contribution, now: dt.datetime
) -> Deciding:
    """Return what is to be moved; raises `NotVisible` where it is neither on the actor's desk nor
    public in a forum that they organise, `Forbidden` where they may not move it.
    """
    space = session.get_one(Space, contribution.space_id)
    subject = deciding(session, contribution, space=space)
    is_known = refusal(Permission.MODERATE, actor=actor, subject=subject, now=now) is None
    if not is_known and not sees_public_only(actor, subject, now=now):
        raise NotVisible
    require(Permission.MOVE, actor=actor, subject=subject, now=now)
    return subject


def _goal(
    session: Session, contribution: Contribution, *, actor: Actor, target: str
) -> tuple[Target | None, dict[str, list[str]]]:
    """Return where it goes, and what is wrong with that."""
    offered = targets(session, actor=actor, contribution=contribution)
    goal = next((one for one in offered if one.value == target), None)
    if goal is not None:
        return goal, {}
    is_same = target == current(session, contribution)
    return None, {"target": ["target-same" if is_same else "target-missing"]}


def _held(
    session: Session, *, actor: Actor, contribution_id: int, target: str, now: dt.datetime
) -> tuple[Contribution, Target | None, dict[str, list[str]]]:
    """Return what moves, with everything that changes held, and what `_goal` returns of it then."""
    head = session.get(Contribution, contribution_id, populate_existing=True)
    if head is None:
        raise NotVisible
    _require_mover(session, actor=actor, contribution=head, now=now)
    wanted, problems = _goal(session, head, actor=actor, target=target)
    question = wanted.question if wanted is not None else None
    contribution = subtrees.hold(
        session,
        contribution_id=contribution_id,
        question_id=question.id if question is not None else None,
        space_id=wanted.space.id if wanted is not None else None,
    )
    if wanted is None:
        return contribution, None, problems
    # Whoever was waited for may have moved the question to which it goes.
    return contribution, *_goal(session, contribution, actor=actor, target=target)


def _seen(
    session: Session,
    contribution: Contribution,
    *,
    actor: Actor,
    number: int,
    place: str | None,
    now: dt.datetime,
) -> tuple[Revision, Space]:
    """Return the text that was seen, if it stands there and may move, and its space; raises as
    `move` does.
    """
    subject = _require_mover(session, actor=actor, contribution=contribution, now=now)
    claims.respect_claim(session, actor=actor, contribution=contribution, seen=number, now=now)
    is_off_desk = sees_public_only(actor, subject, now=now)
    standing = public_text if is_off_desk else standing_text
    found = standing(session, contribution)
    is_there = contribution.removed in _STANDS and place in {
        None,
        place_code(session, contribution),
    }
    if found is None or found.number != number or not is_there:
        raise stale(session, contribution, seen=number)
    text = text_to_move(session, contribution, is_off_desk=is_off_desk)
    if text is None:
        raise Forbidden(Refusal.WRONG_STATE)
    if not is_off_desk:
        claims.require_claim(
            session,
            actor=actor,
            contribution=contribution,
            space=subject.space,
            seen=number,
            now=now,
        )
    return text, subject.space


def _grounds(
    session: Session,
    space: Space,
    *,
    reason: str | None,
    message: str | None,
    problems: dict[str, list[str]],
) -> Grounds:
    """Return why it moves; raises `Invalid` with these problems and its own."""
    words = normalise(message or "").strip()
    known = select(Reason.id).where(Reason.forum_id == space.forum_id, Reason.code == reason)
    if not reason or session.scalars(known).first() is None:
        problems = problems | {"reason": ["reason-missing"]}
    if len(words) > MAX_MESSAGE:
        problems = problems | {"message": ["message-long"]}
    elif reason == OTHER and len(words) < MIN_OTHER:
        problems = problems | {"message": ["message-short"]}
    if problems:
        raise Invalid(problems)
    return Grounds(reason, words or None)


def _carry_out(
    session: Session, contribution: Contribution, goal: Target, *, now: dt.datetime
) -> Moved:
    if goal.question is None:
        return moving.move_question(session, contribution=contribution, space=goal.space, now=now)
    return moving.move_comment(session, contribution=contribution, question=goal.question, now=now)
