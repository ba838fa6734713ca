"""Publishing at once what no moderator has to read first, in the name of a policy."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.errors import NotVisible, StaleState
from consult.core.outbox import emit
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing, threads
from consult.moderation.events import FilesAwaited
from consult.moderation.models import Decision
from consult.moderation.policy.modes import Waits, weigh
from consult.moderation.queries.weighing import may_be_published, weighed
from consult.moderation.services import claims
from consult.moderation.services.deciding import tell
from consult.moderation.states import Policy, Verdict
from consult.spaces.models import Space

FILES_AFTER = 60
"""Seconds until files that were not looked through yet are asked for again."""
FILES_TIMES = 5
"""How often; after that the text waits for a moderator."""


def decide_by_policy(
    session: Session, revision_id: int, now: dt.datetime
) -> Decision | Waits | None:
    """Publish a text that waits where a policy of its space allows that.

    Returns the decision, why the text waits, or None where nothing is published without a
    moderator there or the text is gone. Done twice, or after a moderator, it changes nothing.
    """
    revision = session.get(Revision, revision_id)
    if revision is None or not may_be_published(session, contribution_id=revision.contribution_id):
        return None
    try:
        contribution = threads.locked(session, revision.contribution_id)
    except NotVisible:
        return None
    session.refresh(revision)
    answer = weigh(weighed(session, contribution, revision, now=now))
    if isinstance(answer, Waits):
        return answer
    return _publish(session, contribution, revision, policy=answer, now=now)


def look_again(
    session: Session, *, contribution_id: int, revision_id: int, times: int, now: dt.datetime
) -> None:
    """Have a text whose files were not looked through yet weighed again in a minute."""
    if times < FILES_TIMES:
        awaited = FilesAwaited(contribution_id, revision_id, times + 1)
        emit(session, awaited, now=now, delay=FILES_AFTER)


def _publish(
    session: Session,
    contribution: Contribution,
    revision: Revision,
    *,
    policy: Policy,
    now: dt.datetime,
) -> Decision | Waits:
    space = session.get_one(Space, contribution.space_id)
    before = (revision.state, contribution.removed)
    try:
        publishing.publish(
            session, contribution=contribution, revision=revision, space=space, now=now
        )
    except StaleState:
        return Waits.DECIDED
    decision = Decision(
        revision_id=revision.id,
        verdict=Verdict.APPROVE,
        policy=policy.value,
        decided_by=None,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    claims.drop(session, contribution_id=contribution.id)
    audit.record(
        session,
        Verdict.APPROVE.value,
        actor_id=None,
        now=now,
        subject=("contribution", contribution.id),
        decision=decision.id,
        policy=policy.value,
        revision=revision.id,
        number=revision.number,
        state_before=str(before[0]),
        state=str(revision.state),
        removed_before=str(before[1]),
        removed=str(contribution.removed),
    )
    tell(session, decision, contribution=contribution, now=now)
    return decision
