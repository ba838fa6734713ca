"""Announcements as the page of their space shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import markup
from consult.core.i18n import locale
from consult.core.ports import ShownAnnouncement
from consult.notifications.models import Announcement

SHOWN = 5


def announcements(session: Session, space_id: int, /) -> Sequence[ShownAnnouncement]:
    """Return the newest announcements of a space, the newest first, in the current language or in
    one that they were written in.
    """
    rows = session.scalars(
        select(Announcement)
        .where(Announcement.space_id == space_id)
        .order_by(Announcement.created_at.desc(), Announcement.id.desc())
        .limit(SHOWN)
    )
    return [
        ShownAnnouncement(
            subject=row.subject.in_(language := row.body.language_for(locale())),
            html=markup.render(row.body.in_(language)),
            language=language,
            at=row.created_at,
        )
        for row in rows
    ]
