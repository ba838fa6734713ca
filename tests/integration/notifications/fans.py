"""People who follow something, and the worker's steps that lead to their mails."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from consult.core.outbox import OutboxEntry
from consult.discussion.events import PublicTextChanged
from consult.notifications.events import TextCameOut
from consult.notifications.handlers import following as handlers
from consult.notifications.services import digests, following
from consult.notifications.states import Rhythm
from tests import factories
from tests.integration.notifications.post import NOW

BEFORE = NOW - dt.timedelta(days=3)
MINUTE = dt.timedelta(minutes=1)


def fan(session, kind, subject_id, rhythm=Rhythm.AT_ONCE, *, now=BEFORE, user=None, **over):
    """Make somebody who follows something since some days ago."""
    user = user or factories.make_user(session, **over)
    following.follow(
        session(), user_id=user.id, kind=kind, subject_id=subject_id, rhythm=rhythm, now=now
    )
    return user


def comes_out(session, contribution, *, now=NOW):
    """Let the worker notice a public change."""
    handlers.notice(session(), [vars(PublicTextChanged(contribution.id))], now=now)


def emitted(session, handler):
    """Return the payloads that wait for a handler, in the order of emission."""
    session.flush()
    return session.scalars(
        select(OutboxEntry.payload).where(OutboxEntry.handler == handler).order_by(OutboxEntry.id)
    ).all()


def fan_out(session, contribution, *, now=NOW + MINUTE, after=0):
    """Queue the mails of a text for those who hear of it at once."""
    payload = {"event": "TextCameOut", **vars(TextCameOut(contribution.id, after))}
    handlers.tell_of_texts(session(), [payload], now=now)


def digest_round(session, *, now, find=lambda _session, _actor, _search: []):
    """Look who is due and queue the digests; return how many."""
    found = digests.look_for_due(session(), find=find, now=now)
    return digests.queue_due(session(), found, now=now)
