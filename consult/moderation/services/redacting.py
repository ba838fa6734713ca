"""Deciding that something is taken out of a public text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.errors import Forbidden, Invalid, Refusal, StaleState
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import redacting, threads
from consult.discussion.services.gaps import Shortened, missing
from consult.discussion.states import Removed
from consult.moderation.models import Decision
from consult.moderation.queries.decisions import stale
from consult.moderation.services import claims
from consult.moderation.services.deciding import (
    Correction,
    Grounds,
    decision_on,
    grounds_of,
    tell,
    write_down,
)
from consult.moderation.services.settling import settle_flags
from consult.moderation.states import Verdict
from consult.spaces.models import Space


@dataclass(frozen=True)
class Outcome:
    """What a redaction would come to."""

    made: Shortened | None
    """The new words; None where only files go."""
    grounds: Grounds


def redactable(session: Session, contribution: Contribution) -> Revision | None:
    """Return the text that readers get now; None where there is none to take something out of."""
    if contribution.removed != Removed.NONE or contribution.published_revision_id is None:
        return None
    published = session.get_one(
        Revision, contribution.published_revision_id, populate_existing=True
    )
    return published if published.source else None


def unknown_passages(revision: Revision, passages: Sequence[str]) -> list[str]:
    """Return the passages, as they were typed, that stand nowhere in a text."""
    return missing(redacting.original_of(revision), passages)


def try_redaction(
    session: Session,
    *,
    actor: Actor,
    contribution_id: int,
    seen_revision: int,
    passages: Sequence[str],
    files: Collection[str],
    reason: str | None,
    message: str | None,
    now: dt.datetime,
) -> Outcome:
    """Return what a redaction would come to, and write nothing; raises as `redact` does."""
    contribution = threads.locked(session, contribution_id)
    space = claims.require_decider(session, actor=actor, contribution=contribution, now=now)
    seen = _seen(session, contribution, number=seen_revision)
    return _outcome(
        session, seen, space=space, passages=passages, files=files, reason=reason, message=message
    )


def redact(
    session: Session,
    *,
    actor: Actor,
    contribution_id: int,
    seen_revision: int,
    passages: Sequence[str],
    files: Collection[str],
    reason: str | None,
    message: str | None,
    now: dt.datetime,
) -> Decision:
    """Take passages and files out of the public text that was seen, and write down that it was.

    `seen_revision` is its number, `files` are tokens. The decision names the new text, because
    that is the one it made public, as an approval does; its `facts` name the `base` and count
    `gaps` and `files`. It can be undone for 60 seconds, which gives readers the base again; then
    the author is told. Reports of readers end with it. Raises `NotVisible` for an item of another
    desk, `Forbidden` for an own text, `StaleState` where readers get another text by now, where a
    colleague has claimed the item or an own claim is wanted, `Invalid` by field.
    """
    contribution = threads.locked(session, contribution_id)
    space = claims.require_decider(session, actor=actor, contribution=contribution, now=now)
    claims.respect_claim(
        session, actor=actor, contribution=contribution, seen=seen_revision, now=now
    )
    base = _seen(session, contribution, number=seen_revision)
    claims.require_claim(
        session,
        actor=actor,
        contribution=contribution,
        space=space,
        seen=seen_revision,
        now=now,
    )
    outcome = _outcome(
        session, base, space=space, passages=passages, files=files, reason=reason, message=message
    )
    before = (base.state, contribution.removed)
    try:
        revision = redacting.redact(
            session,
            contribution=contribution,
            base=base,
            made=outcome.made,
            left_out=files,
            reason=outcome.grounds.reason or "",
            now=now,
        )
    except StaleState as error:
        raise stale(session, contribution, seen=seen_revision) from error
    decision = decision_on(
        revision,
        verdict=Verdict.REDACT,
        grounds=outcome.grounds,
        correction=Correction(),
        actor=actor,
        now=now,
    )
    decision.facts = {
        "base": base.id,
        "gaps": outcome.made.gaps if outcome.made is not None else 0,
        "files": len(set(files)),
    }
    write_down(session, decision, act="redact", contribution=contribution, before=before)
    settle_flags(session, contribution_id=contribution.id, decision=decision)
    claims.drop(session, contribution_id=contribution.id)
    tell(session, decision, contribution=contribution, now=now)
    return decision


def _seen(session: Session, contribution: Contribution, *, number: int) -> Revision:
    """Return the public text that was seen; raises `StaleState` where it is not the one any more,
    `Forbidden` where nothing ever was public.
    """
    if contribution.reference is None:
        raise Forbidden(Refusal.WRONG_STATE)
    published = redactable(session, contribution)
    if published is None or published.number != number:
        raise stale(session, contribution, seen=number)
    return published


def _outcome(
    session: Session,
    base: Revision,
    *,
    space: Space,
    passages: Sequence[str],
    files: Collection[str],
    reason: str | None,
    message: str | None,
) -> Outcome:
    problems: dict[str, list[str]] = {}
    made, grounds = None, Grounds()
    try:
        made = redacting.shortened(session, base, passages=passages, files=files)
    except Invalid as error:
        problems |= error.problems
    try:
        grounds = grounds_of(session, space, verdict=Verdict.REDACT, reason=reason, message=message)
    except Invalid as error:
        problems |= error.problems
    if problems:
        raise Invalid(problems)
    return Outcome(made, grounds)
