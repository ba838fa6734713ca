"""Marking answers to participants' questions as those of the drafting agencies."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor, Permission, require
from consult.core.errors import StaleState
from consult.discussion.models import Contribution
from consult.discussion.policy import Answering, is_official
from consult.discussion.services import threads
from consult.spaces.models import Question


def mark_official(
    session: Session, *, actor: Actor, contribution: Contribution, seen: int, now: dt.datetime
) -> None:
    """Say that the drafting agencies stand behind a public answer; a second time changes nothing.

    `seen` is the `public_version` that the drafter saw. Raises `Forbidden` with the reason, and
    `StaleState` where readers get another text by now.
    """
    contribution = _locked(session, actor=actor, contribution=contribution, seen=seen, now=now)
    if is_official(contribution):
        return
    contribution.official_at, contribution.official_by = now, actor.user_id
    _tell(session, "mark-official", actor=actor, contribution=contribution, now=now)


def unmark_official(
    session: Session, *, actor: Actor, contribution: Contribution, seen: int, now: dt.datetime
) -> None:
    """Take the mark from an answer; one without it stays as it is. Raises as `mark_official`."""
    contribution = _locked(session, actor=actor, contribution=contribution, seen=seen, now=now)
    if contribution.official_at is None:
        return
    contribution.official_at = contribution.official_by = None
    _tell(session, "unmark-official", actor=actor, contribution=contribution, now=now)


def _locked(
    session: Session, *, actor: Actor, contribution: Contribution, seen: int, now: dt.datetime
) -> Contribution:
    contribution = threads.locked(session, contribution.id)
    question = (
        session.get(Question, contribution.question_id)
        if contribution.question_id is not None
        else None
    )
    subject = Answering(contribution=contribution, question=question)
    require(Permission.MARK_OFFICIAL, actor=actor, subject=subject, now=now)
    if contribution.public_version != seen:
        raise StaleState
    return contribution


def _tell(
    session: Session, act: str, *, actor: Actor, contribution: Contribution, now: dt.datetime
) -> None:
    """Have every page and the index take the change, and write down who made it."""
    session.flush()
    threads.public_change(session, contribution, was_public=True, now=now)
    audit.record(
        session,
        act,
        actor_id=actor.user_id,
        now=now,
        subject=("contribution", contribution.id),
        revision=contribution.published_revision_id,
    )
