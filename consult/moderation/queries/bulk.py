"""Several texts at once: which were chosen, what stands in the way of each, and what was done."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.authz import Actor, Permission, Role, refusal
from consult.core.errors import NotVisible, Refusal
from consult.discussion.models import Contribution, Intake, Revision
from consult.discussion.policy import is_public
from consult.discussion.states import INSIDE_STATES, Removed, RevisionState
from consult.moderation.models import Claim, Decision
from consult.moderation.policy import UNDO, Deciding, is_orphan, on_desk_of
from consult.moderation.queries.appeals import heard
from consult.moderation.queries.decisions import latest_decision
from consult.moderation.queries.finding import left_its_author
from consult.moderation.states import Verdict
from consult.spaces import queries as space_queries
from consult.spaces.models import Author, Forum, Organisation, Reason, Space
from consult.spaces.queries import shown_in
from consult.spaces.states import ClaimRule

_SHOWN = (
    Author.name,
    Author.display,
    Author.pseudonym_number,
    Organisation.name.label("organisation"),
)
"""What it takes to say who speaks."""


@dataclass(frozen=True)
class Chosen:
    """A line of the queue that somebody ticked."""

    name: str
    """Receipt or reference."""
    revision: int
    """Number of the text that was shown."""


class Why(StrEnum):
    """What stands in the way of deciding a chosen text with the others."""

    MOVED = "moved"
    """Its author sent a newer text."""
    DECIDED = "decided"
    TAKEN_BACK = "taken-back"
    """Its author took it back or withdrew it."""
    ERASED = "erased"
    CLAIMED = "claimed"
    """A colleague keeps it."""
    UNCLAIMED = "unclaimed"
    """Its space wants every text claimed before it is decided."""
    OWN = "own"
    FILED = "filed"
    """The actor entered it for somebody else."""
    APPEAL = "appeal"
    """Appeals are answered one by one."""
    ELSEWHERE = "elsewhere"
    """It lies on another desk by now, or is gone."""


@dataclass(frozen=True)
class LeftOut:
    """A chosen text that was not decided with the others."""

    name: str
    revision: int
    why: Why
    author: str = ""
    by: str | None = None
    """The colleague who decided or keeps it."""
    at: dt.datetime | None = None
    """When it was decided, or until when it is kept."""
    verdict: Verdict | None = None

    @property
    def value(self) -> str:
        """Return it as it stands in a box of the queue and in an address."""
        return f"{self.name}:{self.revision}"


@dataclass(frozen=True)
class Done:
    """A text that was decided with others."""

    decision_id: int
    name: str
    reference: str | None
    author: str
    is_undone: bool


@dataclass(frozen=True)
class Batch:
    """What somebody decided in one act."""

    code: str
    verdict: Verdict
    decided_at: dt.datetime
    items: Sequence[Done]

    @property
    def standing(self) -> int:
        """How many were not taken back since."""
        return sum(not item.is_undone for item in self.items)

    def is_undoable(self, *, now: dt.datetime) -> bool:
        """Whether its decider may still take it back."""
        return self.standing > 0 and now < self.decided_at + UNDO


def located(
    session: Session, *, actor: Actor, chosen: Sequence[Chosen], now: dt.datetime
) -> dict[int, Chosen]:
    """Return what was chosen by the id of its contribution.

    Raises `NotVisible` where one is unknown or not on the actor's desk.
    """
    found = on_desk(session, actor=actor, chosen=chosen, now=now)
    if len(found) != len(chosen):
        raise NotVisible
    return found


def on_desk(
    session: Session, *, actor: Actor, chosen: Sequence[Chosen], now: dt.datetime
) -> dict[int, Chosen]:
    """Return those of the chosen that are on the actor's desk, by the id of the contribution."""
    by_name = {one.name: one for one in chosen}
    rows = session.execute(
        select(Contribution.id, Contribution.receipt, Contribution.reference).where(
            or_(Contribution.receipt.in_(by_name), Contribution.reference.in_(by_name)),
            left_its_author(),
            on_desk_of(actor, now=now),
        )
    ).all()
    return {row.id: by_name.get(row.receipt) or by_name[row.reference] for row in rows}


def chosen_texts(
    session: Session, found: Mapping[int, Chosen]
) -> list[tuple[Contribution, Revision, Space, Forum]]:
    """Return the texts that were shown, in the order of their numbers."""
    rows = session.execute(
        select(Contribution, Revision, Space, Forum)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .where(Contribution.id.in_(found), Revision.state.not_in(INSIDE_STATES))
        .order_by(Contribution.id)
    )
    return [
        (contribution, revision, space, forum)
        for contribution, revision, space, forum in rows
        if found[contribution.id].revision == revision.number
    ]


def left_out(
    session: Session, *, actor: Actor, chosen: Sequence[Chosen], now: dt.datetime
) -> list[LeftOut]:
    """Return what stands in the way of texts that were left out, as far as something still does.

    Of what is not on the actor's desk nothing is told but that, whether it exists or not.
    """
    found = on_desk(session, actor=actor, chosen=chosen, now=now)
    contributions = session.scalars(
        select(Contribution).where(Contribution.id.in_(found)).order_by(Contribution.id)
    ).all()
    known = obstacles(session, contributions, actor=actor, chosen=found, now=now)
    there = {one.name for one in found.values()}
    away = [_elsewhere(one) for one in chosen if one.name not in there]
    return [*known.values(), *away]


def _elsewhere(one: Chosen) -> LeftOut:
    return LeftOut(one.name, one.revision, Why.ELSEWHERE)


def obstacles(
    session: Session,
    contributions: Sequence[Contribution],
    *,
    actor: Actor,
    chosen: Mapping[int, Chosen],
    now: dt.datetime,
) -> dict[int, LeftOut]:
    """Return what stands in the way of deciding each of these, by id; nothing for the others.

    The number of statements does not grow with what may be decided, only with what may not.
    """
    if not contributions:
        return {}
    subjects = subjects_of(session, contributions, actor=actor)
    waiting, held = _waiting(session, contributions), claims_on(session, contributions, now=now)
    authors = _authors(session, contributions)
    found: dict[int, LeftOut] = {}
    for contribution in contributions:
        one, author = chosen[contribution.id], authors[contribution.author_id]
        subject = subjects[contribution.id]
        refused = refusal(Permission.DECIDE, actor=actor, subject=subject, now=now)
        claim = held.get(contribution.id)
        if refused is Refusal.NO_ROLE and not _is_on_desk(session, contribution, actor, now=now):
            found[contribution.id] = _elsewhere(one)
        elif refused is not None:
            found[contribution.id] = LeftOut(one.name, one.revision, _refused(refused), author)
        elif waiting.get(contribution.id) != one.revision:
            found[contribution.id] = _changed(
                session, contribution, one, author, waits=contribution.id in waiting
            )
        elif claim is not None and claim[0] != actor.user_id:
            _user_id, by, until = claim
            found[contribution.id] = LeftOut(
                one.name, one.revision, Why.CLAIMED, author, by=by, at=until
            )
        elif claim is None and subject.space.claims == ClaimRule.REQUIRED:
            found[contribution.id] = LeftOut(one.name, one.revision, Why.UNCLAIMED, author)
    return found


def _is_on_desk(
    session: Session, contribution: Contribution, actor: Actor, *, now: dt.datetime
) -> bool:
    """Whether it lies on the actor's desk, be it for an appeal from another one alone."""
    theirs = select(Contribution.id).where(
        Contribution.id == contribution.id, on_desk_of(actor, now=now)
    )
    return session.scalar(theirs) is not None


def _refused(refused: Refusal) -> Why:
    if refused is Refusal.FILED_BY_YOU:
        return Why.FILED
    # Whoever has no role there and sees it does so for its appeal alone.
    return Why.OWN if refused is Refusal.OWN_TEXT else Why.APPEAL


def _changed(
    session: Session, contribution: Contribution, one: Chosen, author: str, *, waits: bool
) -> LeftOut:
    """Say what became of a text that does not wait any more."""
    if contribution.removed == Removed.ERASED:
        return LeftOut(one.name, one.revision, Why.ERASED, author)
    if waits:
        return LeftOut(one.name, one.revision, Why.MOVED, author)
    appeal = heard(session, contribution)
    if appeal is not None and appeal.is_waiting:
        return LeftOut(one.name, one.revision, Why.APPEAL, author)
    last = latest_decision(session, contribution_id=contribution.id)
    if last is None or last.revision != one.revision or last.is_reversal:
        return LeftOut(one.name, one.revision, Why.TAKEN_BACK, author)
    return LeftOut(
        one.name, one.revision, Why.DECIDED, author, by=last.by, at=last.at, verdict=last.verdict
    )


def subjects_of(
    session: Session, contributions: Sequence[Contribution], *, actor: Actor
) -> dict[int, Deciding]:
    """Return what the predicates of the desk must know of each."""
    ids = [row.id for row in contributions]
    typed = defaultdict(set)
    for contribution_id, user_id in session.execute(
        select(Revision.contribution_id, Revision.submitted_by)
        .where(Revision.contribution_id.in_(ids), Revision.submitted_by.is_not(None))
        .distinct()
    ):
        typed[contribution_id].add(user_id)
    filed = {
        row.contribution_id: row.filed_by
        for row in session.execute(
            select(Intake.contribution_id, Intake.filed_by).where(Intake.contribution_id.in_(ids))
        )
    }
    spaces = {
        space.id: space
        for space in session.scalars(
            select(Space).where(Space.id.in_({row.space_id for row in contributions}))
        )
    }
    orphans: set[int] = set()
    if not {row.space_id for row in contributions} <= actor.space_ids(Role.MODERATOR):
        orphans.update(
            session.scalars(select(Contribution.id).where(Contribution.id.in_(ids), is_orphan()))
        )
    return {
        row.id: Deciding(
            space=spaces[row.space_id],
            author_id=row.author_id,
            typed_by=frozenset(typed[row.id]),
            is_orphan=row.id in orphans,
            filed_by=filed.get(row.id),
            is_public=is_public(row),
        )
        for row in contributions
    }


def _waiting(session: Session, contributions: Sequence[Contribution]) -> dict[int, int]:
    """Return the number of the text that waits, where one does."""
    open_ids = [row.open_revision_id for row in contributions if row.open_revision_id is not None]
    rows = session.execute(
        select(Revision.contribution_id, Revision.number).where(
            Revision.id.in_(open_ids), Revision.state == RevisionState.PENDING
        )
    )
    return {row.contribution_id: row.number for row in rows}


def claims_on(
    session: Session, contributions: Sequence[Contribution], *, now: dt.datetime
) -> dict[int, tuple[int, str, dt.datetime]]:
    """Return who keeps which of them until when."""
    rows = session.execute(
        select(Claim.contribution_id, Claim.user_id, User.name, Claim.until)
        .join(User, User.id == Claim.user_id)
        .where(Claim.contribution_id.in_([row.id for row in contributions]), Claim.until > now)
    )
    return {row.contribution_id: (row.user_id, row.name, row.until) for row in rows}


def _authors(session: Session, contributions: Sequence[Contribution]) -> dict[int, str]:
    """Return how the authors are shown."""
    rows = session.execute(
        select(Author.id, *_SHOWN)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(Author.id.in_({row.author_id for row in contributions}))
    )
    return {row.id: shown_in(row).name for row in rows}


def common_reasons(session: Session, spaces: Sequence[Space]) -> list[Reason]:
    """Return the reasons that may be given in some of the spaces, each code once."""
    found: dict[str, Reason] = {}
    for forum_id in sorted({space.forum_id for space in spaces}):
        for reason in space_queries.reasons(session, forum_id=forum_id):
            found.setdefault(reason.code, reason)
    return list(found.values())


def batch_of(session: Session, *, actor: Actor, code: str, now: dt.datetime) -> Batch:
    """Return what the actor decided in one act, in the order in which it was decided.

    Raises `NotVisible` for an unknown one, one of somebody else's, and where nothing of it is on
    the actor's desk any more.
    """
    reversal = aliased(Decision)
    rows = session.execute(
        select(
            Decision.id,
            Decision.verdict,
            Decision.decided_at,
            Contribution.receipt,
            Contribution.reference,
            *_SHOWN,
            reversal.id.is_not(None).label("is_undone"),
        )
        .join(Revision, Revision.id == Decision.revision_id)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(reversal, reversal.undoes == Decision.id)
        .where(
            Decision.batch == code,
            Decision.decided_by == actor.user_id,
            Decision.undoes.is_(None),
            on_desk_of(actor, now=now),
        )
        .order_by(Decision.id)
    ).all()
    if not rows:
        raise NotVisible
    items = [
        Done(
            decision_id=row.id,
            name=row.receipt or row.reference or "",
            reference=row.reference,
            author=shown_in(row).name,
            is_undone=row.is_undone,
        )
        for row in rows
    ]
    return Batch(code, Verdict(rows[0].verdict), rows[0].decided_at, items)
