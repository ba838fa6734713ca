"""What everybody who follows a space hears at once, however often they hear of texts:
announcements, changed dates, and that it closes soon.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.audit import AuditEntry
from consult.core.authz import Actor, Permission, require
from consult.core.clock import iso
from consult.core.errors import Invalid
from consult.core.i18n import LOCALES, Translated
from consult.core.outbox import emit
from consult.core.text import normalise
from consult.notifications.events import SpaceDatesSettled, SpaceNewsArose
from consult.notifications.models import Announcement
from consult.notifications.policy import UNDO
from consult.notifications.queries import followers
from consult.notifications.services.fanning_out import AT_A_TIME, queue_many
from consult.spaces.models import Forum, Space

SUBJECT_LIMIT, BODY_LIMIT = 150, 10_000
"""Characters."""
SOON = dt.timedelta(hours=48)
"""How long before the closing followers are reminded."""
CLOSING = "closing-soon"


def checked(
    subjects: Mapping[str, str], bodies: Mapping[str, str]
) -> tuple[Translated, Translated]:
    """Return subject and text of an announcement by language; a language may be left out whole.

    Raises `Invalid` for a subject without a text or the other way round, for what is too long,
    and where no language is there.
    """
    problems: dict[str, list[str]] = {}
    told: dict[str, tuple[str, str]] = {}
    for code in LOCALES:
        subject = " ".join(normalise(subjects.get(code, "")).split())
        body = normalise(bodies.get(code, "")).strip()
        if len(subject) > SUBJECT_LIMIT:
            problems[f"subject_{code}"] = ["too-long"]
        if len(body) > BODY_LIMIT:
            problems[f"body_{code}"] = ["too-long"]
        if bool(subject) != bool(body):
            problems[f"body_{code}" if subject else f"subject_{code}"] = ["missing"]
        if subject and body:
            told[code] = (subject, body)
    if not told and not problems:
        problems = {"subject_en": ["announcement-empty"]}
    if problems:
        raise Invalid(problems)
    return (
        Translated(texts={code: subject for code, (subject, _) in told.items()}),
        Translated(texts={code: body for code, (_, body) in told.items()}),
    )


def announce(
    session: Session,
    *,
    actor: Actor,
    space: Space,
    subject: Translated,
    body: Translated,
    now: dt.datetime,
) -> Announcement:
    """Publish an announcement on the page of a space and mail it to everybody who follows it.

    Raises `Forbidden` for whoever does not organise the forum.
    """
    forum = session.get_one(Forum, space.forum_id)
    require(Permission.ORGANISE, actor=actor, subject=forum, now=now)
    announcement = Announcement(
        space_id=space.id, subject=subject, body=body, sent_by=actor.user_id, created_at=now
    )
    session.add(announcement)
    session.execute(
        update(Space)
        .where(Space.id == space.id)
        .values(public_version=Space.public_version + 1)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    audit.record(
        session,
        "announce",
        actor_id=actor.user_id,
        now=now,
        subject=("space", space.id),
        announcement=announcement.id,
        languages=sorted(subject.texts),
        followers=followers.count_of_space(session, space_id=space.id),
    )
    news = SpaceNewsArose(
        space.id,
        "announcement",
        f"announcement:{announcement.id}",
        {"announcement_id": announcement.id},
    )
    emit(session, news, now=now)
    return announcement


def notice_dates(session: Session, *, space_id: int, now: dt.datetime) -> None:
    """Have followers told of the dates that a space has now, if they stand for a minute."""
    space = session.get(Space, space_id, populate_existing=True)
    if space is None:
        return
    change_id = _newest_change(session, space_id)
    settled = SpaceDatesSettled(space_id, iso(space.opens_at), iso(space.closes_at), change_id)
    emit(session, settled, now=now, delay=UNDO.total_seconds())


def tell_dates(session: Session, dates: SpaceDatesSettled, *, now: dt.datetime) -> None:
    """Begin to tell followers of changed dates, unless they were changed again meanwhile."""
    space = session.get(Space, dates.space_id, populate_existing=True)
    if space is None or (iso(space.opens_at), iso(space.closes_at)) != (
        dates.opens_at,
        dates.closes_at,
    ):
        return
    values = {"opens_at": dates.opens_at, "closes_at": dates.closes_at}
    if dates.change_id != _newest_change(session, space.id):
        return
    # Dates that were told before are told again where others stood in between.
    key = f"{dates.space_id}:change-{dates.change_id}"
    emit(session, SpaceNewsArose(space.id, "dates-changed", key, values), now=now)


def _newest_change(session: Session, space_id: int) -> int:
    """Return the entry of the audit log that tells of the newest change of dates, or 0."""
    newest = select(func.max(AuditEntry.id)).where(
        AuditEntry.subject_kind == "space",
        AuditEntry.subject_id == space_id,
        AuditEntry.act == "space.set-dates",
    )
    return session.scalar(newest) or 0


def remind_of_closing(session: Session, *, now: dt.datetime) -> int:
    """Begin to remind of the spaces that close within two days; return how many do.

    Doing it again reminds nobody twice; a changed closing is another one.
    """
    closing = session.scalars(
        select(Space).where(
            Space.closes_at > now, Space.closes_at <= now + SOON, Space.opens_at <= now
        )
    ).all()
    for space in closing:
        closes_at = iso(space.closes_at)
        news = SpaceNewsArose(
            space.id, CLOSING, f"{space.id}:{closes_at}", {"closes_at": closes_at}
        )
        tell(session, news, now=now)
    return len(closing)


def tell(session: Session, news: SpaceNewsArose, *, now: dt.datetime) -> int:
    """Queue the news of a space for the next people whom it concerns; return how many.

    Where more are left, they are left to the next unit of work.
    """
    if news.mail == CLOSING:
        found = followers.to_remind(
            session,
            space_id=news.space_id,
            key=news.key,
            since=dt.datetime.fromisoformat(news.values["closes_at"]) - SOON,
            after=news.after,
            limit=AT_A_TIME,
        )
    else:
        found = followers.of_space(
            session,
            space_id=news.space_id,
            mail=news.mail,
            key=news.key,
            after=news.after,
            limit=AT_A_TIME,
        )
    values = {**news.values, "space_id": news.space_id}
    rows = [(user_id, values) for user_id in found]
    queue_many(session, mail=news.mail, key=news.key, rows=rows, now=now)
    if len(found) == AT_A_TIME:
        following = SpaceNewsArose(news.space_id, news.mail, news.key, news.values, found[-1])
        emit(session, following, now=now)
    return len(found)
