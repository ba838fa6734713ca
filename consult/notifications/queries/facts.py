"""Reads for mails: what a delivery has to say now, and whether it may still be said.

Nothing is remembered from the moment a mail was queued: every fact is read again here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import MailedLink, User
from consult.accounts.states import UserStatus
from consult.core.i18n import DEFAULT_LOCALE, Translated
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import RESUBMIT_DAYS
from consult.notifications.models import Delivery
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
        "redact": "redacted",
        "move": "moved",
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
class Recipient:
    """Whom a mail is written to; somebody without an account has no id."""

    name: str
    locale: str
    time_zone: str | None = None
    id: int | None = None


@dataclass(frozen=True)
class MailLink:
    """An address in a mail, by its page; the configured base URL stands before it."""

    endpoint: str
    values: Mapping[str, Any] = field(default_factory=dict)
    token: Callable[[str], str] | None = None
    """Makes the value `token` of a secret key, for addresses that are signed."""


@dataclass(frozen=True)
class MailFacts:
    """Everything one mail says, read when it is sent."""

    event: str
    """Folder under `templates/mail/`."""
    user: Recipient
    address: str
    written_at: dt.datetime
    """When it was queued; the mail's date, the same on every try."""
    forum: Forum | None
    space: Space | None = None
    contribution: Contribution | None = None
    revision: Revision | None = None
    decision: DecisionFacts | None = None
    link: MailedLink | None = None
    links: Mapping[str, MailLink] = field(default_factory=dict)
    """Addresses by the names that the templates use."""
    words: Mapping[str, Any] = field(default_factory=dict)
    """What the templates of this mail say beyond what all of them may say."""
    unsubscribe: MailLink | None = None
    """Where one click ends what caused the mail; None for mails that nobody subscribed to."""
    delivery_id: int | None = None
    """Which delivery is read; filled in for every reader by `facts_of`."""
    answers: bool = False
    """Whether a reply by mail becomes a reply to the contribution."""
    thread_uid: str | None = None
    """UID of the contribution that began the thread, under which its mails are gathered; filled in
    for every reader by `facts_of`."""
    tells: tuple[int, ...] = ()
    """Ids of the texts that it tells of, kept as told once it was handed over."""

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


Reader = Callable[[Session, Delivery, DecisionReader, dt.datetime], MailFacts | None]
"""Reads what a delivery says at an instant; None where it must not be sent (any more)."""


def active_user(session: Session, delivery: Delivery) -> User | None:
    """Return the user a delivery goes to, as they are now; None where they get no mail."""
    user = session.get(User, delivery.user_id or 0, populate_existing=True)
    if user is None or not user.email or user.status != UserStatus.ACTIVE:
        return None
    return user


def to_user(user: User) -> Recipient:
    """Return a user as the recipient of a mail."""
    return Recipient(name=user.name, locale=user.locale, time_zone=user.time_zone, id=user.id)


def to_address(delivery: Delivery, *, name: str) -> Recipient:
    """Return the recipient of a mail to an address that no account has; `name` is how they are
    greeted.
    """
    return Recipient(name=name, locale=delivery.locale or DEFAULT_LOCALE)


def thread_uid_of(session: Session, contribution: Contribution | None) -> str | None:
    """Return the id of the contribution that begins a thread, under which its mails gather."""
    if contribution is None:
        return None
    if contribution.thread_id in {None, contribution.id}:
        return contribution.uid
    root = select(Contribution.uid).where(Contribution.id == contribution.thread_id)
    return session.scalar(root) or contribution.uid
