"""Reads of texts that staff filed for somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from consult.core import tokens
from consult.core.audit import AuditEntry
from consult.core.authz import Actor, Role
from consult.core.errors import Refusal
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, Intake, Revision, RevisionAttachment
from consult.discussion.policy.intake import ANSWERED_WITHIN, may_be_asked
from consult.discussion.policy.visibility import is_public
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Author, Category, Organisation, Question, Space
from consult.spaces.policy import phase_of
from consult.spaces.queries import shown_in
from consult.spaces.states import Phase

PURPOSE = "intake"
"""Of the tokens in the mails."""
MOST = 200
"""Filed texts that the list shows, the newest first."""


class Answer(StrEnum):
    """What the person has said so far."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    DISOWNED = "disowned"


@dataclass(frozen=True)
class Filed:
    """A line of the list of filed texts."""

    id: str
    name: str
    """For whom; as chosen, but for organisers and for whoever filed it."""
    space: Translated
    question: int | None
    receipt: str | None
    """None for whoever neither filed it nor moderates the space: they may know of it, no more."""
    reference: str | None
    """Where everybody can read it; None while nobody can."""
    is_on_desk: bool
    """The actor moderates the space."""
    filed_at: dt.datetime
    received_at: dt.datetime | None
    asked_at: dt.datetime
    asked: int
    """How many mails went out."""
    answer: Answer
    answered_at: dt.datetime | None
    state: RevisionState | None
    """Where the text stands; None for one that was removed, and where the receipt is None."""
    refusal: Refusal | None
    """Why they cannot be asked again now; None where they can."""


@dataclass(frozen=True)
class Desk:
    """A space for which the actor may file texts."""

    slug: str
    kicker: Translated
    title: Translated
    is_closed: bool


def token_of(intake: Intake, *, secret_key: str) -> str:
    """Return what stands in the mailed address: the id, signed and bound to the mail address."""
    return tokens.token(PURPOSE, intake.id, bound=intake.email_key or "", secret_key=secret_key)


def live(session: Session, *, token: str, secret_key: str, now: dt.datetime) -> Intake | None:
    """Return the filed text whose mailed token can still be answered with, or None."""
    intake_id = tokens.id_in(token)
    intake = session.get(Intake, intake_id) if len(intake_id) == 32 else None
    if intake is None or not intake.email_key:
        return None
    if not tokens.is_genuine(token, PURPOSE, bound=intake.email_key, secret_key=secret_key):
        return None
    return intake if is_waiting(intake, now=now) else None


def is_waiting(intake: Intake, *, now: dt.datetime) -> bool:
    """Whether an answer is still waited for."""
    is_answered = intake.confirmed_at is not None or intake.disowned_at is not None
    return not is_answered and now < intake.asked_at + ANSWERED_WITHIN


def filed_text(session: Session, intake: Intake) -> Revision:
    """Return the text as it was filed."""
    return session.scalars(
        select(Revision).where(
            Revision.contribution_id == intake.contribution_id, Revision.number == 1
        )
    ).one()


def file_names(session: Session, revision: Revision) -> Sequence[str]:
    """Return the names of the files that came with a text, in their order."""
    return session.scalars(
        select(RevisionAttachment.name)
        .where(RevisionAttachment.revision_id == revision.id)
        .order_by(RevisionAttachment.position, RevisionAttachment.id)
    ).all()


def speaker(session: Session, contribution: Contribution) -> Any:
    """Return for whom a text was filed, as `rows.author_words` takes it."""
    return session.execute(
        select(
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
        )
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .where(Author.id == contribution.author_id)
    ).one()


def times_asked(session: Session, *, contribution_id: int) -> int:
    """Return how many mails went out to the person, the first one included."""
    again = session.scalar(select(func.count()).where(_asked_again([contribution_id])))
    return 1 + (again or 0)


def _asked_again(ids: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition for entries of the log that tell of one more mail each."""
    return and_(
        AuditEntry.subject_kind == "contribution",
        AuditEntry.subject_id.in_(ids),
        AuditEntry.act == "intake.ask",
    )


def desks(session: Session, *, actor: Actor, now: dt.datetime) -> list[Desk]:
    """Return the spaces for which the actor may file texts, in the order of their forums."""
    found = session.scalars(
        select(Space)
        .where(
            or_(
                Space.id.in_(sorted(actor.space_ids(Role.MODERATOR))),
                Space.forum_id.in_(sorted(actor.forum_ids_as(Role.ORGANISER))),
            )
        )
        .order_by(Space.forum_id.desc(), Space.position)
    ).all()
    phases = {space.id: phase_of(space, now=now) for space in found}
    return [
        Desk(space.slug, space.kicker, space.title, phases[space.id] is Phase.CLOSED)
        for space in found
        if phases[space.id] is not Phase.UPCOMING
    ]


def filed(session: Session, *, actor: Actor, now: dt.datetime) -> list[Filed]:
    """Return the newest texts that were filed in the actor's spaces and forums; two statements."""
    moderated = actor.space_ids(Role.MODERATOR)
    organised = actor.forum_ids_as(Role.ORGANISER)
    newest = (
        select(func.max(Revision.number))
        .where(Revision.contribution_id == Contribution.id)
        .correlate(Contribution)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Intake,
            Contribution,
            Revision.state,
            Space.id.label("space_id"),
            Space.forum_id,
            Space.kicker,
            Question.number,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
        )
        .join(Contribution, Contribution.id == Intake.contribution_id)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Question, Question.id == Contribution.question_id)
        .where(
            Revision.number == newest,
            or_(Space.id.in_(sorted(moderated)), Space.forum_id.in_(sorted(organised))),
        )
        .order_by(Intake.created_at.desc(), Intake.id)
        .limit(MOST)
    ).all()
    ids = [r.Contribution.id for r in rows]
    again = dict(
        session.execute(
            select(AuditEntry.subject_id, func.count())
            .where(_asked_again(ids))
            .group_by(AuditEntry.subject_id)
        )
        .tuples()
        .all()
    )
    return [
        Filed(
            id=r.Intake.id,
            name=r.name
            if r.forum_id in organised or r.Intake.filed_by == actor.user_id
            else shown_in(r).name,
            space=r.kicker,
            question=r.number,
            receipt=r.Contribution.receipt if _is_followed(r, actor=actor) else None,
            reference=r.Contribution.reference if is_public(r.Contribution) else None,
            is_on_desk=r.space_id in moderated,
            filed_at=r.Intake.created_at,
            received_at=r.Contribution.sent_at,
            asked_at=r.Intake.asked_at,
            asked=1 + again.get(r.Contribution.id, 0),
            answer=_answer(r.Intake),
            answered_at=r.Intake.confirmed_at or r.Intake.disowned_at,
            state=_state(r) if _is_followed(r, actor=actor) else None,
            refusal=_refusal(r.Intake, times=1 + again.get(r.Contribution.id, 0), now=now),
        )
        for r in rows
    ]


def _is_followed(r: Any, *, actor: Actor) -> bool:
    """Whether the actor may know what becomes of a text: they filed it, or it is on their desk."""
    return r.Intake.filed_by == actor.user_id or r.space_id in actor.space_ids(Role.MODERATOR)


def _state(r: Any) -> RevisionState | None:
    return RevisionState(r.state) if r.Contribution.removed == Removed.NONE else None


def _answer(intake: Intake) -> Answer:
    if intake.confirmed_at is not None:
        return Answer.CONFIRMED
    return Answer.DISOWNED if intake.disowned_at is not None else Answer.WAITING


def _refusal(intake: Intake, *, times: int, now: dt.datetime) -> Refusal | None:
    if intake.email is None or _answer(intake) is not Answer.WAITING:
        return Refusal.WRONG_STATE
    return may_be_asked(asked_at=intake.asked_at, times=times, now=now)
