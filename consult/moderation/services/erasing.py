"""Forgetting a person at the desk: what was said to them, about them and by them as a reader."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from consult.core.ports import Erasing
from consult.discussion.models import Revision
from consult.discussion.queries.own_authors import contributions_of, erased_author_ids
from consult.moderation.models import Appeal, Claim, Decision, Flag, PrivateNote
from consult.moderation.services import fingerprinting


def erase(session: Session, erasing: Erasing) -> int:
    """Blank the words of decisions, appeals, notes and reports on the person's own texts; returns
    how many decisions lost their words.

    Verdicts and reasons stay, because statistics count them. What the person wrote as a moderator
    about texts of others stays too: it belongs to those.
    """
    own = contributions_of(erased_author_ids(session, erasing))
    texts = select(Revision.id).where(Revision.contribution_id.in_(own))
    result = session.execute(
        update(Decision)
        .where(Decision.revision_id.in_(texts), Decision.message.is_not(None))
        .values(message=None)
        .execution_options(synchronize_session=False)
    )
    for model, nothing in ((Appeal, ""), (Flag, None)):
        session.execute(
            update(model)
            .where(model.contribution_id.in_(own))
            .values(words=nothing)
            .execution_options(synchronize_session=False)
        )
    session.execute(delete(PrivateNote).where(PrivateNote.contribution_id.in_(own)))
    # Of words that stay the worker makes them anew.
    fingerprinting.drop(session, revision_ids=texts)
    session.execute(delete(Claim).where(Claim.contribution_id.in_(own)))
    for mine in (Claim, Flag):
        session.execute(delete(mine).where(mine.user_id == erasing.user_id))
    return int(result.rowcount)  # type: ignore[attr-defined]
