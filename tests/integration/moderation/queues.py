"""Short ways to read a desk's queue in tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from consult.core import clock
from consult.core.authz import Actor
from consult.discussion.models import Contribution
from consult.moderation.models import Fingerprint, Flag
from consult.moderation.queries import next_in_queue
from consult.moderation.queries import queue as read_queue
from consult.moderation.queries.queue import Queue, QueueFilter
from tests import factories as make
from tests.integration.moderation.desk import Desk

HOUR = dt.timedelta(hours=1)


def queue(desk: Desk, *, actor: Actor | None = None, **wanted: Any) -> Queue:
    """Read a page as the first moderator."""
    return read_queue(
        desk.session,
        actor=actor or desk.first,
        wanted=QueueFilter(**wanted),
        now=clock.now(),
    )


def names(found: Queue) -> list[str | None]:
    """Return the receipts of a page."""
    return [row.name for row in found.page.items]


def next_after(desk: Desk, name: str | None, *, actor: Actor | None = None) -> str | None:
    """Return where the first moderator is led after an item."""
    return next_in_queue(
        desk.session,
        actor=actor or desk.first,
        wanted=QueueFilter(),
        name=name or "",
        now=clock.now(),
    )


def waiting(desk: Desk, hours: float, **over: Any) -> Contribution:
    """Make a text that has waited for some hours."""
    made = desk.pending(**over)
    desk.text(made).waits_since = clock.now() - hours * HOUR
    desk.session.flush()
    return made


def report(desk: Desk, made: Contribution, *, hours: float = 1, reason: str = "off-topic") -> Flag:
    """Let another reader report a public text."""
    flag = Flag(
        contribution_id=made.id,
        user_id=make.make_user(desk.session).id,
        reason=reason,
        created_at=clock.now() - hours * HOUR,
    )
    desk.session.add(flag)
    desk.session.flush()
    return flag


def campaign(desk: Desk, *texts: Contribution) -> None:
    """Note that texts say nearly the same."""
    first = desk.text(texts[0]).id
    for text in texts:
        desk.session.add(
            Fingerprint(
                revision_id=desk.text(text).id,
                space_id=desk.space.id,
                signature=b"",
                campaign_id=first,
            )
        )
        desk.session.flush()
