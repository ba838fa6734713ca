"""What the pages of an own contribution know of it: its texts, what may be done, what was said."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from flask import g

from consult.core import clock
from consult.core.authz import Permission, Role, refusal
from consult.core.db import db
from consult.core.errors import Forbidden, Refusal
from consult.core.ports import DecisionWords
from consult.core.web import actor, config
from consult.discussion.models import Revision
from consult.discussion.policy import RESUBMIT_DAYS, UNDO_WITHDRAWAL, Clearing, Writing
from consult.discussion.queries import own, rows, single
from consult.discussion.states import Removed, RevisionState
from consult.discussion.views.frame import may, words_of_decision
from consult.spaces.models import Author, Space
from consult.spaces.queries.delegations import membership_of


@dataclass(frozen=True)
class Can:
    """What a page offers to the author of a text."""

    edit: bool
    save: bool
    """Keep a new text as a draft: not beside one that waits."""
    take_back: bool
    withdraw: bool
    undo: bool
    """Undo the withdrawal."""
    release: bool
    """Release what waits to the moderators, as a focal point."""


@dataclass(frozen=True)
class Mine:
    """An own contribution as its author's pages tell of it."""

    texts: own.OwnTexts
    can: Can
    decision: DecisionWords | None
    """What a moderator said where the text stands still because of it."""
    until: dt.datetime | None
    """Until when a text that came back can be sent again."""
    is_shared: bool
    """Whether colleagues of a delegation speak through the same Author."""
    undo_seconds: int
    """For how long the withdrawal can still be undone."""


def own_contribution(name: str) -> single.Found:
    """Return an own contribution; raises `NotVisible` for one that the actor may not see, else
    `Forbidden`.
    """
    found = single.find(db.session(), name=name, actor=actor())
    if not found.is_own:
        raise Forbidden(Refusal.NOT_YOURS)
    g.forum = found.forum
    return found


def mine(found: single.Found) -> Mine:
    """Return what the author's pages tell of a contribution."""
    texts = own.texts_of(db.session(), found.contribution)
    decided = _decided(found, texts)
    return Mine(
        texts=texts,
        can=_can(found, texts),
        decision=words_of_decision(decided.id) if decided is not None else None,
        until=resubmit_until(found.space, returned_at=texts.returned_at),
        is_shared=db.session().get_one(Author, found.contribution.author_id).is_delegation,
        undo_seconds=_undo_seconds(found),
    )


def may_see_history(found: single.Found) -> bool:
    """Whether the actor is the author or decides on it: nobody else knows of older texts."""
    who = actor()
    is_opened = found.contribution.id in who.opened_ids
    return found.is_own or is_opened or who.has_in_space(Role.MODERATOR, space_id=found.space.id)


def question_words(found: single.Found) -> str | None:
    """Return the words of the guiding question that a contribution answers."""
    return str(found.question.text) if found.question and found.question.text else None


def row_of(found: single.Found) -> rows.Row:
    """Return an own contribution as a page shows it."""
    words = rows.labels(zone=found.forum.time_zone, holds=config().holds_unscanned)
    return single.row_of(db.session(), found, actor=actor(), words=words)


def resubmit_until(space: Space, *, returned_at: dt.datetime | None) -> dt.datetime | None:
    """Return until when a returned text can be sent again: a week, and as long as the space is
    open; None for a text that was not returned.
    """
    if returned_at is None:
        return None
    week = returned_at + RESUBMIT_DAYS
    return max(week, space.closes_at) if space.closes_at is not None else week


def _can(found: single.Found, texts: own.OwnTexts) -> Can:
    undecided = texts.draft or texts.waiting
    subject = Writing(
        space=found.space,
        contribution=found.contribution,
        open_state=RevisionState(undecided.state) if undecided else None,
        returned_at=texts.returned_at,
    )
    permission = Permission.RESUBMIT if texts.returned_at else Permission.EDIT
    edit = texts.base is not None and may(permission, subject)
    return Can(
        edit=edit,
        save=edit and texts.waiting is None,
        take_back=texts.waiting is not None and may(Permission.TAKE_BACK, subject),
        withdraw=may(Permission.WITHDRAW, subject),
        undo=may(Permission.RESTORE_OWN, subject),
        release=texts.waits_for_release and _may_release(found),
    )


def _may_release(found: single.Found) -> bool:
    membership, is_active = membership_of(
        db.session(), author_id=found.contribution.author_id, user_id=actor().user_id
    )
    subject = Clearing(found.contribution, RevisionState.CLEARANCE, membership, is_active)
    return refusal(Permission.RELEASE, actor=actor(), subject=subject, now=clock.now()) is None


def _decided(found: single.Found, texts: own.OwnTexts) -> Revision | None:
    """Return the text whose decision stands between the author and readers."""
    if found.contribution.removed == Removed.HIDDEN:
        return texts.published
    newest = texts.newest
    is_told = newest is not None and newest.state in {
        RevisionState.RETURNED,
        RevisionState.REJECTED,
    }
    return newest if is_told else None


def _undo_seconds(found: single.Found) -> int:
    removed_at = found.contribution.removed_at
    if found.contribution.removed != Removed.WITHDRAWN or removed_at is None:
        return 0
    left = (removed_at + UNDO_WITHDRAWAL - clock.now()).total_seconds()
    return max(0, math.ceil(left))
