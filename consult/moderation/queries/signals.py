"""Signs that a text may be spam: marks for moderators, never a decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.db import unindexed
from consult.discussion.models import Contribution, Intake, Revision
from consult.discussion.states import INSIDE_STATES, RevisionState
from consult.moderation.models import Fingerprint
from consult.moderation.queries.watching import matches
from consult.spaces.models import AuthorMember, Space

_Other = aliased(Revision)
_ItsHead = aliased(Contribution)
_PrintOfIt = aliased(Fingerprint)
_PrintOfOther = aliased(Fingerprint)
_Newer = aliased(Contribution)

MANY_LINKS = 3
MANY_TEXTS = 3
SPEED = dt.timedelta(minutes=10)
"""Within which so many texts of one person are fast."""
NEW_ACCOUNT = dt.timedelta(hours=24)
COMPARED = 5
"""Other texts of an author that each text is compared with, the newest."""
SHOWN_WORDS = 3
"""Watch words that are named; one suffices to look."""

_LINK = "href="
_LEFT_ITS_AUTHOR = sorted(set(RevisionState) - INSIDE_STATES)


class SignalKind(StrEnum):
    """What is noticeable about a text."""

    LINKS = "links"
    """Three links or more."""
    SPEED = "speed"
    """Three texts or more of one author, or from one account, within ten minutes."""
    REPEAT = "repeat"
    """Its author sent the same words elsewhere."""
    NEW_ACCOUNT = "new-account"
    """Its account was less than a day old when it was sent."""
    WATCH_WORD = "watch-word"
    """It holds a word that the organisers watch."""


@dataclass(frozen=True)
class Signal:
    """One noticeable thing."""

    kind: SignalKind
    value: str
    """The word, or how many links or texts; empty where there is nothing to count."""


def signals(
    session: Session,
    revision_ids: Sequence[int],
    *,
    now: dt.datetime,  # noqa: ARG001 - what is noticeable is so by the instant of the sending
) -> Mapping[int, Sequence[Signal]]:
    """Return what is noticeable about texts by their ids, the gravest first; three statements.

    Who may read the texts is for the caller to know. A text without signals is left out.
    """
    if not revision_ids:
        return {}
    rows = session.execute(_facts(revision_ids)).all()
    fast = _fast(session, rows)
    repeated = {row.id: row.n for row in session.execute(_repeated(revision_ids))}
    found: dict[int, list[Signal]] = {}
    for row in rows:
        of_row = [
            *_watched(row),
            *_counted(SignalKind.REPEAT, repeated.get(row.id, 0), least=1),
            *_counted(SignalKind.SPEED, fast.get(row.id, 0), least=MANY_TEXTS),
            *_counted(SignalKind.LINKS, row.links, least=MANY_LINKS),
        ]
        if _is_new(row):
            of_row.append(Signal(SignalKind.NEW_ACCOUNT, ""))
        if of_row:
            found[row.id] = of_row
    return found


def _facts(revision_ids: Sequence[int]) -> Any:
    """Return the statement for what is known of texts; their words only where some are watched."""
    is_watched = cast(Space.watch_words, Text) != "{}"
    is_filed = Intake.id.is_not(None) & (Revision.number == 1)
    without_links = func.length(func.replace(Revision.html, _LINK, ""))
    return (
        select(
            Revision.id,
            Revision.sent_at,
            Revision.language,
            Contribution.author_id,
            # What staff file for others says nothing about whoever typed it.
            case((is_filed, None), else_=Revision.submitted_by).label("user_id"),
            ((func.length(Revision.html) - without_links) / len(_LINK)).label("links"),
            Space.watch_words,
            case((is_watched, Revision.text), else_=None).label("text"),
            case((is_watched, Revision.source), else_=None).label("source"),
            User.created_at.label("account_since"),
        )
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Space, Space.id == Contribution.space_id)
        .outerjoin(Intake, Intake.contribution_id == Contribution.id)
        .outerjoin(User, User.id == Revision.submitted_by)
        .where(Revision.id.in_(revision_ids))
    )


def _watched(row: Any) -> list[Signal]:
    if row.text is None:
        return []
    words = matches([row.text, row.source], row.watch_words, language=row.language)
    return [Signal(SignalKind.WATCH_WORD, word) for word in words[:SHOWN_WORDS]]


def _counted(kind: SignalKind, number: int, *, least: int) -> list[Signal]:
    return [Signal(kind, str(int(number)))] if number >= least else []


def _is_new(row: Any) -> bool:
    if row.user_id is None or row.account_since is None or row.sent_at is None:
        return False
    # What was written before the account was made came here in another way.
    age: dt.timedelta = row.sent_at - row.account_since
    return dt.timedelta(0) <= age < NEW_ACCOUNT


def _fast(session: Session, rows: Sequence[Any]) -> dict[int, int]:
    """Return how many texts were sent around each text, by its author or from its account."""
    instants = [row.sent_at for row in rows if row.sent_at is not None]
    if not instants:
        return {}
    user_ids = {row.user_id for row in rows if row.user_id is not None}
    theirs = select(AuthorMember.author_id).where(AuthorMember.user_id.in_(sorted(user_ids)))
    author_ids = sorted({row.author_id for row in rows})
    sent = session.execute(
        select(Revision.sent_at, Contribution.author_id, Revision.submitted_by)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .where(
            # What came at that time is less than what these authors ever sent.
            Revision.state.in_(_LEFT_ITS_AUTHOR),
            Revision.waits_since >= min(instants) - SPEED,
            Revision.waits_since <= max(instants) + SPEED,
            Revision.sent_at.is_not(None),
            or_(
                unindexed(Contribution.author_id).in_(author_ids),
                unindexed(Contribution.author_id).in_(theirs),
            ),
        )
    ).all()
    found: dict[int, int] = {}
    for row in rows:
        if row.sent_at is None:
            continue
        near = [
            one.sent_at
            for one in sent
            if abs(one.sent_at - row.sent_at) <= SPEED
            and (
                one.author_id == row.author_id
                or (row.user_id is not None and one.submitted_by == row.user_id)
            )
        ]
        found[row.id] = _most_within(sorted(near))
    return found


def _most_within(instants: Sequence[dt.datetime]) -> int:
    """Return the most instants that lie within ten minutes of each other; they are in order."""
    most = first = 0
    for last, instant in enumerate(instants):
        while instant - instants[first] > SPEED:
            first += 1
        most = max(most, last - first + 1)
    return most


def _repeated(revision_ids: Sequence[int]) -> Any:
    """Return the statement that counts an author's other texts with the same or nearly the same
    words; what was refused or taken back does not count.
    """
    # Whole texts are compared, so only with the newest; those of a campaign know each other.
    newest = (
        select(_Newer.id)
        .where(_Newer.author_id == Contribution.author_id)
        .order_by(_Newer.id.desc())
        .limit(1)
        .offset(COMPARED)
        .correlate(Contribution)
        .scalar_subquery()
    )
    is_same: ColumnElement[bool] = or_(
        _Other.text == Revision.text, _PrintOfOther.campaign_id == _PrintOfIt.campaign_id
    )
    return (
        select(Revision.id, func.count(_ItsHead.id.distinct()).label("n"))
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(
            _ItsHead,
            and_(
                _ItsHead.author_id == Contribution.author_id,
                _ItsHead.id >= func.coalesce(newest, 0),
                _ItsHead.id != Contribution.id,
            ),
        )
        .join(_Other, _Other.contribution_id == _ItsHead.id)
        .outerjoin(_PrintOfIt, _PrintOfIt.revision_id == Revision.id)
        .outerjoin(_PrintOfOther, _PrintOfOther.revision_id == _Other.id)
        .where(
            Revision.id.in_(revision_ids),
            unindexed(_Other.state).in_([RevisionState.PENDING, RevisionState.PUBLISHED]),
            is_same,
        )
        .group_by(Revision.id)
    )
