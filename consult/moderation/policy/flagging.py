"""Who may report a public text to the moderators, for which reasons, and who answers."""

from __future__ import annotations

import datetime as dt

from consult.core.authz import Actor, Permission, declare, signed_in
from consult.core.errors import Refusal
from consult.discussion.models import Contribution

NOT_FOR_READERS = frozenset({"off-topic", "duplicate", "unreadable", "wrong-consultation"})
"""Reasons of the catalogue that a report cannot give: they say how a text fits a consultation,
which moderators weigh for themselves. A report is about harm; anything else is `other`, in words.
"""


def not_by_oneself(actor: Actor, subject: Contribution | None, _now: dt.datetime) -> Refusal | None:
    """Predicate: the actor does not speak for its author."""
    if subject is None or subject.author_id not in actor.author_ids:
        return None
    return Refusal.REPORT_OWN


declare(Permission.FLAG, signed_in, not_by_oneself)
