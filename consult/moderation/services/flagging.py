"""Readers' reports and their answers: what is wrong with a public text, and that nothing is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import Forbidden, Invalid, NotVisible, Refusal, StaleState
from consult.core.text import normalise
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import is_public
from consult.discussion.services import threads
from consult.moderation.models import Decision, Flag
from consult.moderation.queries import flags
from consult.moderation.queries.decisions import stale
from consult.moderation.services import claims
from consult.moderation.services.deciding import (
    Correction,
    Grounds,
    decision_on,
    tell,
    write_down,
)
from consult.moderation.services.settling import settle_flags
from consult.moderation.states import MAX_REPORT, MIN_OTHER, OTHER, Verdict
from consult.spaces.models import Space
from consult.spaces.policy import is_space_visible


@dataclass(frozen=True)
class Reported:
    """What became of a report."""

    flag: Flag
    is_new: bool
    """False where the reader had reported this very text before."""


def flag(
    session: Session,
    *,
    actor: Actor,
    contribution_id: int,
    reason: str | None,
    words: str,
    now: dt.datetime,
) -> Reported:
    """Report a public text to its moderators; once for each reader and text.

    Whoever reported it before changes nothing, unless that was answered and another text has
    become public since: then the one report waits again, with its new words. `reason` is a code
    of the forum's catalogue that readers may give; `other` takes 20 characters, and words have at
    most 1,000. Raises `NotVisible` for what the actor cannot read as every reader does,
    `Forbidden` for an own text, `Invalid` by field.
    """
    contribution = threads.locked(session, contribution_id)
    space = session.get_one(Space, contribution.space_id)
    if not is_public(contribution) or not is_space_visible(actor, space):
        raise NotVisible
    require(Permission.FLAG, actor=actor, subject=contribution, now=now)
    earlier = flags.own_report(session, contribution, actor=actor)
    if earlier is not None and not earlier[1].can_repeat:
        return Reported(earlier[0], is_new=False)
    code, said = _checked(session, space, reason=reason, words=words)
    made = earlier[0] if earlier is not None else Flag(contribution_id=contribution.id)
    made.user_id, made.reason, made.words = actor.user_id or 0, code, said
    made.created_at, made.settled_at, made.settled_by_id = now, None, None
    session.add(made)
    session.flush()
    audit.record(
        session,
        "flag",
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        flag=made.id,
        revision=contribution.published_revision_id,
        reason=code,
    )
    return Reported(made, is_new=True)


def _checked(
    session: Session, space: Space, *, reason: str | None, words: str
) -> tuple[str, str | None]:
    said = normalise(words).strip()
    known = {one.code for one in flags.reasons_for_readers(session, forum_id=space.forum_id)}
    problems: dict[str, list[str]] = {}
    if reason not in known:
        problems["reason"] = ["report-reason"]
    if reason == OTHER and len(said) < MIN_OTHER:
        problems["words"] = ["report-short"]
    if len(said) > MAX_REPORT:
        problems["words"] = ["report-long"]
    if problems:
        raise Invalid(problems)
    return reason or "", said or None


def keep(
    session: Session,
    *,
    actor: Actor,
    contribution_id: int,
    seen_published: int,
    now: dt.datetime,
) -> Decision:
    """Answer all reports that wait on a public text: nothing is wrong with it, and it stays.

    `seen_published` is the number of the public text that was read. Its author is not told, who
    reported it is. Raises `NotVisible` for an item of another desk, `Forbidden` for an own text
    and for whoever made the only report while the space has another moderator, `StaleState`
    where another text is public now, none is, or somebody answered before.
    """
    contribution = threads.locked(session, contribution_id)
    space = claims.require_decider(session, actor=actor, contribution=contribution, now=now)
    claims.respect_claim(
        session, actor=actor, contribution=contribution, seen=seen_published, now=now
    )
    claims.require_claim(
        session, actor=actor, contribution=contribution, space=space, seen=seen_published, now=now
    )
    waiting = flags.unsettled(session, contribution_id=contribution.id)
    try:
        revision = _seen(session, contribution, number=seen_published)
        if not waiting:
            raise StaleState
    except StaleState as error:
        raise stale(session, contribution, seen=seen_published) from error
    if not flags.can_answer(session, waiting, actor=actor, space_id=space.id):
        raise Forbidden(Refusal.REPORTED_BY_YOU)
    decision = decision_on(
        revision,
        verdict=Verdict.KEEP,
        grounds=Grounds(),
        correction=Correction(),
        actor=actor,
        now=now,
    )
    before = (revision.state, contribution.removed)
    write_down(session, decision, act=Verdict.KEEP.value, contribution=contribution, before=before)
    settle_flags(session, contribution_id=contribution.id, decision=decision)
    claims.drop(session, contribution_id=contribution.id)
    tell(session, decision, contribution=contribution, now=now)
    return decision


def _seen(session: Session, contribution: Contribution, *, number: int) -> Revision:
    """Return the public text; raises `StaleState` where it is not the one that was seen."""
    if not is_public(contribution):
        raise StaleState
    published = session.get_one(
        Revision, contribution.published_revision_id, populate_existing=True
    )
    if published.number != number:
        raise StaleState
    return published
