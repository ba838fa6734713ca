"""Which authors and texts are somebody's own, where that person is erased."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from consult.core.ports import Erasing
from consult.discussion.models import Contribution, Intake
from consult.discussion.states import Removed
from consult.spaces.models import Author, AuthorMember, Forum, Space
from consult.spaces.queries.leaving import keeps_texts_of, lone_author_ids


def erased_author_ids(session: Session, erasing: Erasing) -> set[int]:
    """Return the authors that are this person alone: their own, and those under which staff filed
    what came from their address and what they then said was theirs: the rest may be another's.
    """
    found = lone_author_ids(session, user_id=erasing.user_id) | erasing.author_ids
    if erasing.email_key:
        found |= set(
            session.scalars(
                select(Contribution.author_id)
                .join(Intake, Intake.contribution_id == Contribution.id)
                .join(Author, Author.id == Contribution.author_id)
                .where(
                    Intake.email_key == erasing.email_key,
                    Intake.confirmed_at.is_not(None),
                    Author.is_delegation.is_(False),
                    ~exists().where(
                        AuthorMember.author_id == Author.id,
                        AuthorMember.user_id != erasing.user_id,
                    ),
                )
            )
        )
    erasing.author_ids.update(found)
    return found


def contributions_of(author_ids: Iterable[int]) -> Select[tuple[int]]:
    """Return the statement for the ids of everything that these authors wrote."""
    return select(Contribution.id).where(Contribution.author_id.in_(sorted(author_ids)))


def kept_texts(session: Session, erasing: Erasing) -> dict[int, int]:
    """Return the contributions whose public text stays, with the id of that text."""
    rows = session.execute(
        select(Contribution.id, Contribution.published_revision_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .where(
            Contribution.author_id.in_(sorted(erased_author_ids(session, erasing))),
            Contribution.published_revision_id.is_not(None),
            Contribution.removed == Removed.NONE,
            keeps_texts_of(wish=erasing.keeps_texts),
        )
    )
    return {row.id: row.published_revision_id for row in rows if row.published_revision_id}
