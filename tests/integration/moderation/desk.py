"""A desk for tests: a space, two moderators, an author with a user, and short ways to act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from consult.accounts.models import User
from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.authz import Actor, Role
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import Removed, RevisionState
from consult.moderation import services
from consult.moderation.models import Decision
from consult.moderation.states import Verdict
from consult.spaces.models import Author, Forum, Space
from tests import factories as make

WHY = "This sentence says in more than twenty characters why."


@dataclass
class Desk:
    """Where things are decided."""

    session: Any
    forum: Forum
    space: Space
    author: Author
    writer: User
    users: tuple[User, User]
    first: Actor
    second: Actor

    def pending(self, **over: Any) -> Contribution:
        """Make a text that waits, typed by the author's user."""
        over.setdefault("author", self.author)
        made = make.make_contribution(
            self.session, space=self.space, state=RevisionState.PENDING, **over
        )
        self.text(made).submitted_by = self.writer.id
        self.session.flush()
        return made

    def published(self, **over: Any) -> Contribution:
        """Make a text that was approved by the services."""
        made = self.pending(**over)
        self.decide(made, Verdict.APPROVE, now=clock.now())
        return made

    def edit(self, contribution: Contribution, source: str = "A newer text.") -> Revision:
        """Make an edit that waits."""
        revision = make.make_revision(
            self.session,
            contribution=contribution,
            state=RevisionState.PENDING,
            source=source,
            submitted_by=self.writer.id,
        )
        contribution.open_revision_id = revision.id
        self.session.flush()
        return revision

    def removed(self, contribution: Contribution) -> Removed:
        """Return why a contribution is not shown, read anew."""
        self.session.refresh(contribution)
        return Removed(contribution.removed)

    def text(self, contribution: Contribution, number: int = 1) -> Revision:
        """Return a text by number."""
        found: Revision = self.session.scalars(
            select(Revision)
            .where(Revision.contribution_id == contribution.id, Revision.number == number)
            .execution_options(populate_existing=True)
        ).one()
        return found

    def decide(self, contribution: Contribution, verdict: Verdict, **over: Any) -> Decision:
        """Decide as the first moderator on the first text, for a reason where one is needed."""
        values: dict[str, Any] = {
            "actor": self.first,
            "contribution_id": contribution.id,
            "seen_revision": 1,
            "seen_published": None,
            "verdict": verdict,
            "reason": "off-topic" if verdict not in {"approve", "restore"} else None,
            "message": None,
            "language": None,
            "objectives": None,
            "now": clock.now(),
        }
        return services.decide(self.session, **values | over)

    def audited(self, contribution: Contribution) -> list[str]:
        """Return the acts in the audit log of a contribution."""
        return list(
            self.session.scalars(
                select(AuditEntry.act)
                .where(
                    AuditEntry.subject_kind == "contribution",
                    AuditEntry.subject_id == contribution.id,
                )
                .order_by(AuditEntry.id)
            )
        )

    def decisions(self, contribution: Contribution) -> list[Decision]:
        """Return the decisions on a contribution in their order."""
        return list(
            self.session.scalars(
                select(Decision)
                .join(Revision, Revision.id == Decision.revision_id)
                .where(Revision.contribution_id == contribution.id)
                .order_by(Decision.id)
            )
        )


def moderator_of(session: Any, space: Space, **over: Any) -> tuple[User, Actor]:
    """Make a user who moderates a space, and the actor they are."""
    user = make.make_user(session, **over)
    make.grant(session, user=user, role=Role.MODERATOR, space=space)
    return user, make.actor_for(user=user, role=Role.MODERATOR, space=space)


def make_desk(session: Any) -> Desk:
    """Make a space with two moderators and an author."""
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    writer = make.make_user(session, locale="fr")
    author = make.make_author(session, forum=forum, user=writer)
    (one, first), (two, second) = (
        moderator_of(session, space, name=name) for name in ("Moderator One", "Moderator Two")
    )
    return Desk(session, forum, space, author, writer, (one, two), first, second)
