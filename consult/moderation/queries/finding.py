"""A contribution by its name, for those on whose desk it lies and for those who may move it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, String, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from consult.core.authz import Actor, Permission, Role, refusal
from consult.core.errors import NotVisible
from consult.discussion.models import Contribution, Intake, ReferenceRedirect, Revision
from consult.discussion.policy import is_public
from consult.discussion.states import INSIDE_STATES, RevisionState
from consult.moderation.policy import Deciding, is_orphan, may_move, works_here
from consult.moderation.queries.appeals import Heard, heard
from consult.spaces.models import Forum, Question, Space


@dataclass(frozen=True)
class Located:
    """A contribution that the actor decides or may move, and where it stands."""

    contribution: Contribution
    space: Space
    forum: Forum
    question: Question | None
    subject: Deciding
    """What the predicates of the desk know of it."""
    appeal: Heard | None = None
    """The newest appeal that is still about something, answered or not."""
    appealed: int | None = None
    """Number of the text whose appeal waits or was answered within the last minute."""
    filed_at: dt.datetime | None = None
    """When staff entered it for somebody else; None for what came from its author."""
    is_off_desk: bool = False
    """It lies on others' desk: the actor may move what is public of it and sees no more than that,
    as every reader does.
    """

    @property
    def name(self) -> str:
        """Its name in addresses of the desk; a receipt is for its author and that desk only."""
        receipt = self.contribution.receipt if not self.is_off_desk else None
        return receipt or self.contribution.reference or ""


def find(session: Session, *, actor: Actor, name: str, now: dt.datetime) -> Located:
    """Return a sent contribution on the actor's desk by its receipt, or by its reference, be it an
    old one.

    Raises `NotVisible` for an unknown name and for an item of somebody else's desk alike.
    """
    located = _located(session, name=name, now=now)
    _require_desk(actor, located.subject, now=now)
    return located


def find_to_move(session: Session, *, actor: Actor, name: str, now: dt.datetime) -> Located:
    """Return a contribution as `find` does, or a public one of a forum that the actor organises.

    The latter by a reference only, be it an old one. Raises `NotVisible` for every other name.
    """
    located = _located(session, name=name, now=now)
    subject = located.subject
    is_elsewhere = sees_public_only(actor, subject, now=now)
    if not is_elsewhere or located.contribution.receipt == name:
        _require_desk(actor, subject, now=now)
    return replace(located, is_off_desk=is_elsewhere)


def _require_desk(actor: Actor, subject: Deciding, *, now: dt.datetime) -> None:
    if refusal(Permission.MODERATE, actor=actor, subject=subject, now=now) is not None:
        raise NotVisible


def sees_public_only(actor: Actor, subject: Deciding, *, now: dt.datetime) -> bool:
    """Whether the actor may move an item that is not on their desk, so that they are shown no more
    of it than readers are.
    """
    is_elsewhere = works_here(actor, subject, now) is not None
    return is_elsewhere and may_move(actor, subject, now) is None


def offers_move(session: Session, actor: Actor, contribution_id: int, now: dt.datetime) -> bool:
    """Whether the actor may move a contribution that lies on others' desk; moderators have the
    link at their own. No statement for whoever organises nothing.
    """
    if not actor.has(Role.ORGANISER):
        return False
    contribution = session.get_one(Contribution, contribution_id)
    space = session.get_one(Space, contribution.space_id)
    subject = deciding(session, contribution, space=space)
    if not sees_public_only(actor, subject, now=now):
        return False
    return refusal(Permission.MOVE, actor=actor, subject=subject, now=now) is None


def _located(session: Session, *, name: str, now: dt.datetime) -> Located:
    """Return what has a name, whoever asks; raises `NotVisible` for an unknown name."""
    # As one value and not as a set: PostgreSQL would read the whole table otherwise.
    moved = (
        select(ReferenceRedirect.contribution_id)
        .where(ReferenceRedirect.reference == name)
        .scalar_subquery()
    )
    row = session.execute(
        select(Contribution, Space, Forum, Question, Intake.created_at)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(
            Question, Question.id.in_([Contribution.question_id, Contribution.own_question_id])
        )
        .outerjoin(Intake, Intake.contribution_id == Contribution.id)
        .where(
            or_(
                Contribution.receipt == name,
                Contribution.reference == name,
                Contribution.id == moved,
            ),
            left_its_author(),
        )
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotVisible
    contribution, space, forum, question, filed_at = row
    appeal = heard(session, contribution)
    subject = _subject(session, contribution, space=space, appeal=appeal)
    is_open = appeal is not None and appeal.hearing.is_open(now=now)
    appealed = appeal.revision.number if appeal is not None and is_open else None
    return Located(contribution, space, forum, question, subject, appeal, appealed, filed_at)


def left_its_author() -> ColumnElement[bool]:
    """Return the condition that some text of a `Contribution` was for moderators to read."""
    return exists().where(
        Revision.contribution_id == Contribution.id, Revision.state.not_in(INSIDE_STATES)
    )


def deciding(session: Session, contribution: Contribution, *, space: Space) -> Deciding:
    """Return what the predicates of the desk must know of a contribution."""
    appeal = heard(session, contribution)
    return _subject(session, contribution, space=space, appeal=appeal)


def _subject(
    session: Session, contribution: Contribution, *, space: Space, appeal: Heard | None
) -> Deciding:
    typed_by = (
        select(func.aggregate_strings(cast(Revision.submitted_by, String), ","))
        .where(Revision.contribution_id == Contribution.id)
        .correlate(Contribution)
        .scalar_subquery()
    )
    orphan, filed_by, users = session.execute(
        select(is_orphan(), Intake.filed_by, typed_by)
        .select_from(Contribution)
        .outerjoin(Intake, Intake.contribution_id == Contribution.id)
        .where(Contribution.id == contribution.id)
    ).one()
    return Deciding(
        space=space,
        author_id=contribution.author_id,
        typed_by=frozenset(int(user_id) for user_id in (users or "").split(",") if user_id),
        is_orphan=bool(orphan),
        hearing=appeal.hearing if appeal is not None else None,
        filed_by=filed_by,
        is_public=is_public(contribution),
    )


@dataclass(frozen=True)
class Texts:
    """The texts of a contribution that matter at the desk."""

    pending: Revision | None
    published: Revision | None
    shown: Revision | None
    """The text that waits or whose appeal does, else the published one, else the newest sent."""


def texts_of(
    session: Session, contribution: Contribution, *, appealed: Revision | None = None
) -> Texts:
    """Return the text that waits, the published one, and the one to show.

    `appealed` is a rejected text whose appeal waits.
    """
    revisions = session.scalars(
        select(Revision)
        .where(
            Revision.contribution_id == contribution.id,
            Revision.state.not_in(INSIDE_STATES),
        )
        .order_by(Revision.number.desc())
        .execution_options(populate_existing=True)
    ).all()
    pending = next((r for r in revisions if r.state == RevisionState.PENDING), None)
    published = next((r for r in revisions if r.id == contribution.published_revision_id), None)
    newest = revisions[0] if revisions else None
    return Texts(pending, published, pending or appealed or published or newest)
