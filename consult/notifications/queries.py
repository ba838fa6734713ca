"""Reads for mails: what a delivery has to say now, and whether it may still be said.

Nothing is remembered from the moment a mail was queued: every fact is read again here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import MailedLink, User
from consult.accounts.states import UserStatus
from consult.core.authz import Actor
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import RESUBMIT_DAYS, Place, Sight, sight_of
from consult.discussion.states import Removed, RevisionOrigin, RevisionState
from consult.notifications.models import Delivery
from consult.spaces import queries as spaces
from consult.spaces.models import Forum, Space

APPEAL = dt.timedelta(days=14)
"""How long a rejection may be appealed."""

EVENT_OF_VERDICT: Mapping[str, str] = MappingProxyType(
    {
        "approve": "published",
        "return": "returned",
        "reject": "rejected",
        "hide": "hidden",
        "restore": "restored",
    }
)
"""Which mail tells the author of which verdict."""


@dataclass(frozen=True)
class DecisionFacts:
    """What the author is told of a decision; never who took it."""

    verdict: str
    reason_label: Translated | None
    reason_explanation: Translated | None
    message: str | None
    """The moderator's sentence for the author."""
    is_undone: bool
    decided_at: dt.datetime
    outcome: str | None = None
    """How an appeal ended, `upheld` or `dismissed`, where the decision answered one."""
    appealed_by: int | None = None
    """Who made that appeal; they are told of its answer."""

    @property
    def event(self) -> str | None:
        """Which mail tells of it; None where none does."""
        if self.outcome is not None:
            return f"appeal-{self.outcome}"
        return EVENT_OF_VERDICT.get(self.verdict)


class DecisionReader(Protocol):
    """Reads a decision; given by `consult.app`, because moderation stands above mail."""

    def __call__(self, session: Session, decision_id: int, /) -> DecisionFacts | None:
        """Return the facts as they stand now, None for an unknown decision."""
        ...


@dataclass(frozen=True)
class MailFacts:
    """Everything one mail says, read when it is sent."""

    event: str
    """Folder under `templates/mail/`."""
    user: User
    address: str
    written_at: dt.datetime
    """When it was queued; the mail's date, the same on every try."""
    forum: Forum | None
    space: Space | None = None
    contribution: Contribution | None = None
    revision: Revision | None = None
    decision: DecisionFacts | None = None
    link: MailedLink | None = None

    @property
    def contribution_name(self) -> str | None:
        """Reference, or the receipt code before the first publication."""
        if self.contribution is None:
            return None
        return self.contribution.reference or self.contribution.receipt

    @property
    def is_new_text(self) -> bool:
        """Whether the revision is an edit of something that has been public."""
        if self.contribution is None or self.revision is None:
            return False
        return self.contribution.reference is not None and self.revision.number > 1

    @property
    def resubmit_until(self) -> dt.datetime | None:
        """Until when a returned text may be sent again."""
        return self.decision.decided_at + RESUBMIT_DAYS if self.decision else None

    @property
    def appeal_until(self) -> dt.datetime | None:
        """Until when a rejection may be appealed."""
        return self.decision.decided_at + APPEAL if self.decision else None


_ANY = frozenset(RevisionState)
_STANDS = frozenset({Removed.NONE, Removed.HIDDEN})

_STILL_TRUE: Mapping[str, tuple[frozenset[RevisionState], frozenset[Removed]]] = MappingProxyType(
    {
        "received": (_ANY - {RevisionState.DRAFT, RevisionState.CANCELLED}, _STANDS),
        "published": (
            frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED}),
            frozenset({Removed.NONE}),
        ),
        "returned": (frozenset({RevisionState.RETURNED}), _STANDS),
        "rejected": (frozenset({RevisionState.REJECTED}), _STANDS),
        "hidden": (_ANY, frozenset({Removed.HIDDEN})),
        "restored": (_ANY, frozenset({Removed.NONE})),
        "appealed": (frozenset({RevisionState.REJECTED}), _STANDS),
        "appeal-upheld": (
            frozenset({RevisionState.PUBLISHED, RevisionState.SUPERSEDED}),
            frozenset({Removed.NONE}),
        ),
        "appeal-dismissed": (frozenset({RevisionState.REJECTED}), _STANDS),
    }
)
"""In which states of its revision and its contribution a mail is not a lie yet."""


def recipient_of(session: Session, *, contribution_id: int, revision_number: int) -> int | None:
    """Return the id of the user who typed the newest text of the author up to a revision.

    None for imports; whoever redacted a text is not its author.
    """
    return session.scalars(
        select(Revision.submitted_by)
        .where(
            Revision.contribution_id == contribution_id,
            Revision.number <= revision_number,
            Revision.origin == RevisionOrigin.AUTHOR,
        )
        .order_by(Revision.number.desc())
        .limit(1)
    ).first()


def facts_of(
    session: Session, delivery: Delivery, *, decision_facts: DecisionReader, now: dt.datetime
) -> MailFacts | None:
    """Return what a delivery says now, or None where it must not be sent (any more).

    That is: an account that is not active, a used or expired link, a decision that was
    undone, a text that meanwhile stands elsewhere, or one that the person may not see.
    """
    user = session.get(User, delivery.user_id, populate_existing=True)
    if user is None or not user.email or user.status != UserStatus.ACTIVE:
        return None
    read = _READERS.get(delivery.event, _about_contribution)
    return read(session, delivery, user, decision_facts, now)


def _about_link(
    session: Session,
    delivery: Delivery,
    user: User,
    _decision_facts: DecisionReader,
    now: dt.datetime,
) -> MailFacts | None:
    link = session.get(MailedLink, delivery.values["link_id"], populate_existing=True)
    if link is None or link.used_at is not None or link.expires_at <= now:
        return None
    if link.email_key != user.email_key or link.purpose != delivery.event:
        return None
    if delivery.event == "confirm" and user.confirmed_at is not None:
        return None
    return _of_account(session, delivery, user, link=link)


def _about_account(
    session: Session,
    delivery: Delivery,
    user: User,
    _decision_facts: DecisionReader,
    _now: dt.datetime,
) -> MailFacts | None:
    return _of_account(session, delivery, user, link=None)


def _of_account(
    session: Session, delivery: Delivery, user: User, *, link: MailedLink | None
) -> MailFacts:
    return MailFacts(
        event=delivery.event,
        user=user,
        address=user.email or "",
        written_at=delivery.created_at,
        forum=spaces.current_forum(session),
        link=link,
    )


def _about_contribution(
    session: Session,
    delivery: Delivery,
    user: User,
    decision_facts: DecisionReader,
    _now: dt.datetime,
) -> MailFacts | None:
    if user.confirmed_at is None:
        return None
    row = session.execute(
        select(Contribution, Revision, Space, Forum)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .where(Revision.id == delivery.values["revision_id"])
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    contribution, revision, space, forum = row
    if not _is_still_true(delivery.event, contribution=contribution, revision=revision):
        return None
    if not _sees(session, user, contribution=contribution, revision=revision, space=space):
        return None
    decision = None
    if "decision_id" in delivery.values:
        decision = decision_facts(session, delivery.values["decision_id"])
        if decision is None or decision.is_undone:
            return None
    return MailFacts(
        event=delivery.event,
        user=user,
        address=user.email or "",
        written_at=delivery.created_at,
        forum=forum,
        space=space,
        contribution=contribution,
        revision=revision,
        decision=decision,
    )


def _is_still_true(event: str, *, contribution: Contribution, revision: Revision) -> bool:
    states, removals = _STILL_TRUE[event]
    return revision.state in states and contribution.removed in removals


def _sees(
    session: Session, user: User, *, contribution: Contribution, revision: Revision, space: Space
) -> bool:
    """Whether the person may read the text in full by the one visibility rule."""
    grants, author_ids, forum_ids = spaces.roles_and_authors(session, user_id=user.id)
    actor = Actor(
        user_id=user.id,
        name=user.name,
        grants=grants,
        author_ids=author_ids,
        forum_ids=forum_ids,
    )
    place = Place(space=space, author_id=contribution.author_id, contribution_id=contribution.id)
    sight = sight_of(actor, place=place, removed=contribution.removed, state=revision.state)
    # Having written a text does not suffice: whoever left the delegation is no longer told.
    return sight is Sight.FULL and contribution.author_id in author_ids


_Reader = Callable[[Session, Delivery, User, DecisionReader, dt.datetime], MailFacts | None]

_READERS: Mapping[str, _Reader] = MappingProxyType(
    {"confirm": _about_link, "reset": _about_link, "known-address": _about_account}
)
