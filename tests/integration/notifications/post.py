"""A post office whose mail server and decisions are plain tables of the test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from consult.accounts.models import MailedLink, User
from consult.accounts.states import LinkPurpose
from consult.core.outbox import Reactions
from consult.discussion.events import RevisionDecided
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import RevisionState
from consult.notifications import handlers, services
from consult.notifications.mailer import MailError
from consult.notifications.models import Delivery
from consult.notifications.queries import DecisionFacts
from consult.notifications.rendering import make_renderer
from consult.spaces.models import Forum, Space
from tests import factories

AnySession = scoped_session[Session]
NOW = dt.datetime(2026, 1, 31, 17, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
STATE_OF_VERDICT = {
    "approve": RevisionState.PUBLISHED,
    "return": RevisionState.RETURNED,
    "reject": RevisionState.REJECTED,
    "hide": RevisionState.PUBLISHED,
    "restore": RevisionState.PUBLISHED,
    "redact": RevisionState.PUBLISHED,
    "move": RevisionState.PUBLISHED,
}
EVENT_OF_VERDICT = {
    "approve": "published",
    "return": "returned",
    "reject": "rejected",
    "hide": "hidden",
    "restore": "restored",
    "redact": "redacted",
    "move": "moved",
}


def address_of_page(endpoint: str, *, lang: str, **values: Any) -> str:
    return "/".join(["https://consult.example", lang, endpoint, *map(str, values.values())])


@dataclass
class Box:
    """A mail server of ours that keeps what it is given and answers as it is told."""

    mails: list[EmailMessage] = field(default_factory=list)
    tried: list[EmailMessage] = field(default_factory=list)
    errors: list[MailError] = field(default_factory=list)
    while_sending: Callable[[], None] = lambda: None

    def send(self, message: EmailMessage) -> None:
        self.tried.append(message)
        self.while_sending()
        if self.errors:
            raise self.errors.pop(0)
        self.mails.append(message)


@dataclass
class Post:
    """Everything of mail, with decisions that are a plain table."""

    session: AnySession
    box: Box = field(default_factory=Box)
    decisions: dict[int, DecisionFacts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reactions = Reactions()
        handlers.register(
            self.reactions,
            mailer=self.box,
            render=make_renderer(url=address_of_page),
            decision_facts=self.read_decision,
        )

    def read_decision(self, _session: Session, decision_id: int, /) -> DecisionFacts | None:
        return self.decisions.get(decision_id)

    def tell(self, event: Any, *, now: dt.datetime = NOW) -> None:
        """Run the handlers of an event, as the worker does."""
        for name in self.reactions.by_event[type(event)]:
            self.reactions.handlers[name].run(self.session(), [vars(event)], now=now)
        self.session.flush()

    def decide(self, contribution: Contribution, verdict: str, *, decision_id: int = 1) -> None:
        """Tell of a decision taken just now."""
        self.decisions[decision_id] = DecisionFacts(
            verdict=verdict,
            reason_label=factories.said("off-topic"),
            reason_explanation=factories.said("Why off-topic"),
            message="Please name the town.",
            is_undone=False,
            decided_at=NOW,
        )
        revision = revision_of(self.session, contribution)
        self.tell(RevisionDecided(contribution.id, revision.id, decision_id))

    def undo(self, decision_id: int = 1) -> None:
        self.decisions[decision_id] = replace(self.decisions[decision_id], is_undone=True)

    def send(self, *, at: dt.datetime = NOW + MINUTE, limit: int = 50) -> list[EmailMessage]:
        """Send what is due and return what has arrived in all."""
        services.send_due(
            self.session(),
            mailer=self.box,
            render=make_renderer(url=address_of_page),
            decision_facts=self.read_decision,
            now=at,
            limit=limit,
        )
        return self.box.mails

    def deliveries(self) -> list[Delivery]:
        self.session.expire_all()
        return list(self.session.scalars(select(Delivery).order_by(Delivery.id)))

    def only(self) -> Delivery:
        (delivery,) = self.deliveries()
        return delivery


def revision_of(session: AnySession, contribution: Contribution) -> Revision:
    return session.scalars(
        select(Revision)
        .where(Revision.contribution_id == contribution.id)
        .order_by(Revision.number.desc())
    ).all()[0]


def written(
    session: AnySession, space: Space, user: User | None, state: RevisionState, **over: Any
) -> Contribution:
    """Make a contribution that the user typed."""
    author = factories.make_author(
        session, forum=session.get_one(Forum, space.forum_id), user=user, name="Rosa"
    )
    contribution = factories.make_contribution(
        session, space=space, author=author, state=state, **over
    )
    revision_of(session, contribution).submitted_by = user.id if user else None
    session.flush()
    return contribution


def link_for(session: AnySession, user: User, purpose: LinkPurpose) -> MailedLink:
    link = MailedLink(
        id=f"{user.id:032x}",
        user_id=user.id,
        purpose=purpose,
        email_key=user.email_key,
        created_at=NOW,
        expires_at=NOW + dt.timedelta(hours=1),
    )
    session.add(link)
    session.flush()
    return link


def plain(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
