"""Forgetting a person in mail: what they follow, what was sent to them, and what names them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from consult.core.outbox import emit
from consult.core.ports import Eraser, Erasing
from consult.discussion.models import Contribution
from consult.discussion.queries.own_authors import contributions_of, erased_author_ids
from consult.notifications.events import MailFilesForgotten
from consult.notifications.models import (
    Delivery,
    InboundMail,
    MailPreference,
    SavedSearch,
    Subscription,
    Told,
)
from consult.notifications.services import mail_files
from consult.notifications.services.deliveries import IN_FLIGHT, queue_delivery
from consult.notifications.states import DeliveryState

FAREWELL = "erased"
"""The last mail, to the address that was known until then."""
FAREWELL_TRIED = dt.timedelta(days=2)
"""How long the last mail is tried; its row, the last that holds the address, goes in any case."""
KEPT_REPLIES = dt.timedelta(days=30)
"""How long replies are kept that went nowhere."""
KEPT = dt.timedelta(days=90)
"""How long the log of mails is kept (privacy rules of this project)."""
SHORT = 3
"""Characters of the shortest name that is looked for by itself in mails."""


def make_eraser(*, folders: Sequence[Path], says_farewell: bool) -> Eraser:
    """Return what forgets a person in mail; `folders` are those in which mails lie as files, and
    `says_farewell` where mails leave this machine.

    Without a mail server a last mail would be a file here that holds the address, so there is none.
    """

    def erase(session: Session, erasing: Erasing) -> int:
        own = contributions_of(erased_author_ids(session, erasing))
        _forget_files(session, erasing, folders=folders)
        dropped = session.execute(delete(Delivery).where(_theirs(erasing)))
        for model in (Subscription, SavedSearch, MailPreference, Told):
            session.execute(delete(model).where(model.user_id == erasing.user_id))
        session.execute(
            update(InboundMail)
            .where(
                or_(InboundMail.user_id == erasing.user_id, InboundMail.contribution_id.in_(own))
            )
            .values(user_id=None, contribution_id=None)
            .execution_options(synchronize_session=False)
        )
        if says_farewell and erasing.email:
            queue_delivery(
                session,
                address=erasing.email,
                locale=erasing.locale,
                event=FAREWELL,
                key=erasing.uid,
                values={},
                now=erasing.now,
            )
        return int(dropped.rowcount)  # type: ignore[attr-defined]

    return erase


def _theirs(erasing: Erasing) -> ColumnElement[bool]:
    addresses = [word.lower() for word in (erasing.email, erasing.email_key) if word]
    return or_(Delivery.user_id == erasing.user_id, func.lower(Delivery.address).in_(addresses))


def _forget_files(session: Session, erasing: Erasing, *, folders: Sequence[Path]) -> None:
    """Have the files of mails removed that were written to the person, or name them or one of
    their texts: mails to others may quote it.

    Those to the person are looked for once more later, because one may be on its way now.
    """
    sent = session.scalars(
        select(Delivery.message_id).where(_theirs(erasing), Delivery.message_id.is_not(None))
    )
    ids = tuple(sorted(one for one in sent if one))
    words = {word for word in erasing.words if len(word) >= SHORT}
    texts = session.execute(
        select(Contribution.reference, Contribution.receipt).where(
            Contribution.author_id.in_(sorted(erasing.author_ids))
        )
    )
    words |= {name for row in texts for name in row if name}
    found = {name for folder in folders for name in mail_files.naming(folder, words=words)}
    names = tuple(sorted(found))
    if names or ids:
        emit(session, MailFilesForgotten(names=names, message_ids=ids), now=erasing.now)
    if ids:
        later = IN_FLIGHT.total_seconds() + 60
        again = MailFilesForgotten(names=(), message_ids=ids)
        emit(session, again, now=erasing.now, delay=later)


def drop_files(
    folders: Sequence[Path], *, names: Sequence[str], message_ids: Sequence[str]
) -> None:
    """Remove the files of mails by name and by the Message-ID that they were written with."""
    for folder in folders:
        found = mail_files.of_messages(folder, message_ids=message_ids)
        mail_files.drop(folder, names={*names, *found})


def forget_farewells(session: Session, *, now: dt.datetime) -> int:
    """Drop the rows of last mails that were handed over, or could not be for two days."""
    result = session.execute(
        delete(Delivery).where(
            Delivery.event == FAREWELL,
            or_(
                Delivery.state != DeliveryState.WAITING,
                Delivery.created_at < now - FAREWELL_TRIED,
            ),
        )
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def forget_old(session: Session, *, folders: Sequence[Path], now: dt.datetime) -> int:
    """Drop the log and the files of mails that are older than ninety days, and replies that went
    nowhere after thirty; return how many rows went.
    """
    result = session.execute(
        delete(Delivery).where(
            Delivery.created_at < now - KEPT, Delivery.state != DeliveryState.WAITING
        )
    )
    for folder in folders:
        kept = KEPT_REPLIES if folder.name == mail_files.KEPT else KEPT
        mail_files.drop_older(folder, before=(now - kept).timestamp())
    return int(result.rowcount)  # type: ignore[attr-defined]
