"""Use cases of whoever follows something: begin, change, stop, save a search."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.errors import Invalid, NotVisible
from consult.discussion.models import Contribution, Revision
from consult.discussion.states import ContributionKind
from consult.notifications.models import MailPreference, SavedSearch, Subscription
from consult.notifications.states import Rhythm, Subject
from consult.spaces import queries as spaces
from consult.spaces.models import AuthorMember, Space
from consult.spaces.states import ConsentPurpose

MOST_SEARCHES = 30
"""Searches that one person may save."""
OVERLAP = dt.timedelta(minutes=5)
"""How far back a digest looks that takes over from mails at once: their minute may not be over."""
DIGESTS = (Rhythm.DAILY, Rhythm.WEEKLY)


def rhythm_in(said: str) -> Rhythm:
    """Return a rhythm that was typed; raises `Invalid` (rhythm) for an unknown one."""
    if said not in set(Rhythm):
        raise Invalid({"rhythm": ["rhythm-unknown"]})
    return Rhythm(said)


def follow(
    session: Session,
    *,
    user_id: int,
    kind: Subject,
    subject_id: int,
    rhythm: Rhythm,
    now: dt.datetime,
) -> Subscription:
    """Have somebody hear of something in a rhythm; whether they may see it was asked before."""
    same = (
        select(Subscription)
        .where(
            Subscription.user_id == user_id,
            Subscription.subject_kind == kind,
            Subscription.subject_id == subject_id,
        )
        .with_for_update()
    )
    subscription = session.scalars(same).first()
    if subscription is None:
        try:
            with session.begin_nested():
                return _begin(
                    session,
                    user_id=user_id,
                    kind=kind,
                    subject_id=subject_id,
                    rhythm=rhythm,
                    now=now,
                )
        except IntegrityError:
            # Somebody began the same in between.
            subscription = session.scalars(same).first()
            if subscription is None:
                raise
    change(session, subscription, rhythm=rhythm, now=now)
    return subscription


def change(
    session: Session, subscription: Subscription, *, rhythm: Rhythm, now: dt.datetime
) -> None:
    """Give a subscription another rhythm; what is begun again begins now.

    A saved search that is stopped is forgotten: it never begins again by itself.
    """
    before = subscription.rhythm
    if before == rhythm:
        return
    if rhythm == Rhythm.NONE and subscription.subject_kind == Subject.SEARCH:
        _forget_search(session, subscription, now=now)
        return
    if before == Rhythm.NONE:
        subscription.created_at, subscription.told_until = now, None
    elif before == Rhythm.AT_ONCE:
        subscription.told_until = now - OVERLAP
    subscription.rhythm, subscription.is_automatic = rhythm, False
    session.flush()
    _record(session, "follow.change", subscription, now=now)


def _forget_search(session: Session, subscription: Subscription, *, now: dt.datetime) -> None:
    search = session.get(SavedSearch, subscription.subject_id)
    subscription.rhythm = Rhythm.NONE
    _record(session, "follow.change", subscription, now=now)
    session.delete(subscription)
    if search is not None:
        session.delete(search)
    session.flush()


def change_all(
    session: Session,
    *,
    user_id: int,
    rhythms: Mapping[int, Rhythm],
    follows_own: bool,
    now: dt.datetime,
) -> None:
    """Take over the choices of the page of everything that is followed, by subscription id."""
    for subscription in session.scalars(
        select(Subscription)
        .where(Subscription.user_id == user_id, Subscription.id.in_(sorted(rhythms)))
        .order_by(Subscription.id)
    ):
        change(session, subscription, rhythm=rhythms[subscription.id], now=now)
    set_follows_own(session, user_id=user_id, follows_own=follows_own, now=now)


def set_follows_own(session: Session, *, user_id: int, follows_own: bool, now: dt.datetime) -> None:
    """Say whether threads in which somebody writes are followed by themselves from now on."""
    preference = session.get(MailPreference, user_id)
    if (preference is None or preference.follows_own) == follows_own:
        return
    if preference is None:
        session.add(MailPreference(user_id=user_id, follows_own=follows_own))
    else:
        preference.follows_own = follows_own
    session.flush()
    audit.record(
        session,
        "follow.own",
        actor_id=user_id,
        now=now,
        subject=("user", user_id),
        is_on=follows_own,
    )


def save_search(
    session: Session,
    *,
    user_id: int,
    words: str,
    filters: Mapping[str, str | int],
    rhythm: Rhythm,
    now: dt.datetime,
) -> None:
    """Keep a search and have its owner hear of what it finds from now on.

    The same search again changes its rhythm; `none` forgets it. Raises `NotVisible` for one that
    looks for nothing, `Invalid` (rhythm) where too many are kept.
    """
    if not words and not filters:
        raise NotVisible
    kept = find_search(session, user_id=user_id, words=words, filters=filters)
    if kept is None and rhythm == Rhythm.NONE:
        return
    if kept is None:
        count = session.scalar(
            select(func.count(SavedSearch.id)).where(SavedSearch.user_id == user_id)
        )
        if (count or 0) >= MOST_SEARCHES:
            raise Invalid({"rhythm": ["searches-many"]})
        kept = SavedSearch(user_id=user_id, words=words, filters=dict(filters), created_at=now)
        session.add(kept)
        session.flush()
    follow(
        session, user_id=user_id, kind=Subject.SEARCH, subject_id=kept.id, rhythm=rhythm, now=now
    )


def find_search(
    session: Session, *, user_id: int, words: str, filters: Mapping[str, str | int]
) -> SavedSearch | None:
    """Return somebody's saved search with these words and filters."""
    searches = select(SavedSearch).where(SavedSearch.user_id == user_id, SavedSearch.words == words)
    return next((one for one in session.scalars(searches) if one.filters == dict(filters)), None)


def follow_own_text(session: Session, *, revision_id: int, now: dt.datetime) -> bool:
    """Have whoever sent a text hear of its thread, if they want that; return whether it began.

    A question of their own is followed once it is public, for then it can be answered. Nothing
    begins where they have chosen anything before, and nobody who only filed a text follows it.
    """
    row = session.execute(
        select(Contribution, Revision.submitted_by)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .where(Revision.id == revision_id)
    ).first()
    if row is None or row.submitted_by is None:
        return False
    return _follow_by_itself(session, row[0], user_id=row.submitted_by, now=now)


def follow_own_question(session: Session, *, contribution_id: int, now: dt.datetime) -> bool:
    """Have whoever posed a question hear of its answers, once it is public."""
    row = session.execute(
        select(Contribution, Revision.submitted_by)
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .where(
            Contribution.id == contribution_id,
            Contribution.kind == ContributionKind.QUESTION,
            Contribution.own_question_id.is_not(None),
        )
    ).first()
    if row is None or row.submitted_by is None:
        return False
    return _follow_by_itself(session, row[0], user_id=row.submitted_by, now=now)


def _follow_by_itself(
    session: Session, contribution: Contribution, *, user_id: int, now: dt.datetime
) -> bool:
    is_question = contribution.kind == ContributionKind.QUESTION
    kind = Subject.QUESTION if is_question else Subject.THREAD
    subject_id = contribution.own_question_id if is_question else contribution.thread_id
    preference = session.get(MailPreference, user_id)
    if subject_id is None or (preference is not None and not preference.follows_own):
        return False
    if session.get(AuthorMember, (contribution.author_id, user_id)) is None:
        return False
    if not _agreed_to_mails(session, contribution, user_id=user_id):
        return False
    known = select(Subscription.id).where(
        Subscription.user_id == user_id,
        Subscription.subject_kind == kind,
        Subscription.subject_id == subject_id,
    )
    if session.scalar(known) is not None:
        return False
    _begin(
        session,
        user_id=user_id,
        kind=kind,
        subject_id=subject_id,
        rhythm=Rhythm.AT_ONCE,
        now=now,
        is_automatic=True,
    )
    return True


def _agreed_to_mails(session: Session, contribution: Contribution, *, user_id: int) -> bool:
    """Whether mails may begin by themselves; who follows on purpose has asked for them."""
    space = session.get_one(Space, contribution.space_id)
    return spaces.has_consent(
        session, user_id=user_id, forum_id=space.forum_id, purpose=ConsentPurpose.NOTIFY
    )


def _begin(
    session: Session,
    *,
    user_id: int,
    kind: Subject,
    subject_id: int,
    rhythm: Rhythm,
    now: dt.datetime,
    is_automatic: bool = False,
) -> Subscription:
    subscription = Subscription(
        user_id=user_id,
        subject_kind=kind,
        subject_id=subject_id,
        rhythm=rhythm,
        created_at=now,
        is_automatic=is_automatic,
    )
    session.add(subscription)
    session.flush()
    _record(session, "follow.begin", subscription, now=now)
    return subscription


def _record(session: Session, act: str, subscription: Subscription, *, now: dt.datetime) -> None:
    audit.record(
        session,
        act,
        actor_id=None if subscription.is_automatic else subscription.user_id,
        now=now,
        subject=(subscription.subject_kind, subscription.subject_id),
        rhythm=str(subscription.rhythm),
        user=subscription.user_id,
    )
