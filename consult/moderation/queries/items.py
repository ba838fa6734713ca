"""One text on the desk with everything that a moderator looks at beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, literal, or_, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.authz import Actor, Permission, refusal
from consult.core.errors import NotVisible, Refusal
from consult.core.markup import SafeHtml
from consult.discussion.models import Contribution, Intake, Revision
from consult.discussion.queries.difference import Paragraph, difference
from consult.discussion.queries.marked import MarkedPassage, marked_passages
from consult.discussion.queries.rows import Labels, Row, build, select_rows
from consult.discussion.queries.single import objective_numbers
from consult.discussion.states import INSIDE_STATES, Removed, RevisionState
from consult.moderation.models import Claim
from consult.moderation.policy import Deciding, is_orphan, works_here
from consult.moderation.queries import beside
from consult.moderation.queries.appeals import Heard, heard
from consult.moderation.queries.decisions import DecisionRow, decisions_on
from consult.moderation.queries.queue import Held, ItemKind, kind_of
from consult.moderation.states import Verdict
from consult.notifications.queries import intake, recipient_of
from consult.spaces import queries as space_queries
from consult.spaces.models import Forum, Question, Reason, Space


@dataclass(frozen=True)
class Located:
    """A contribution on the actor's desk and where it stands."""

    contribution: Contribution
    space: Space
    forum: Forum
    question: Question | None
    appealed: int | None = None
    """Number of the text whose appeal waits or was answered within the last minute."""

    @property
    def name(self) -> str:
        """Its name in addresses of the desk."""
        return self.contribution.receipt or self.contribution.reference or ""


@dataclass(frozen=True)
class Item:
    """Everything of an item's page."""

    located: Located
    kind: ItemKind
    row: Row
    """The shown text with its author and labels."""
    html: SafeHtml
    shown: Revision
    """The text that waits, else the published one, else the newest that was sent."""
    pending: Revision | None
    published: Revision | None
    difference: Sequence[Paragraph] | None
    """What changes compared with the last public text; None for a first one."""
    parents: Sequence[Row]
    replies: Sequence[Row]
    decisions: Sequence[DecisionRow]
    history: beside.History
    duplicates: Sequence[beside.Duplicate]
    marked: Sequence[MarkedPassage]
    """Passages with objectives of their own."""
    language: str
    objectives: Sequence[int]
    """Numbers."""
    choices: Sequence[space_queries.ObjectiveRow]
    """Objectives that may be chosen."""
    reasons: Sequence[Reason]
    verdicts: tuple[Verdict, ...]
    """Those that the actor may choose now."""
    refusal: Refusal | None
    """Why the actor may not decide what waits; a public text beside it may still be hidden."""
    appeal: Heard | None
    """The newest appeal that is still about something, answered or not."""
    claim: Held | None
    author_locale: str | None
    """Language of the mail; None where there is nobody to tell."""
    entered_at: dt.datetime | None = None
    """When staff entered the shown text for somebody else; None for what came from its author."""

    @property
    def name(self) -> str:
        """Its name in addresses of the desk."""
        return self.located.name

    @property
    def published_number(self) -> int | None:
        """Number of the published text."""
        return self.published.number if self.published is not None else None


def find(session: Session, *, actor: Actor, name: str, now: dt.datetime) -> Located:
    """Return a sent contribution on the actor's desk by its receipt, or by its reference.

    Raises `NotVisible` for an unknown name and for an item of somebody else's desk alike.
    """
    row = session.execute(
        select(Contribution, Space, Forum, Question)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(
            Question, Question.id.in_([Contribution.question_id, Contribution.own_question_id])
        )
        .where(or_(Contribution.receipt == name, Contribution.reference == name), left_its_author())
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotVisible
    contribution, space, forum, question = row
    appeal = heard(session, contribution)
    subject = _deciding(session, contribution, space=space, appeal=appeal)
    if refusal(Permission.MODERATE, actor=actor, subject=subject, now=now) is not None:
        raise NotVisible
    is_open = appeal is not None and appeal.hearing.is_open(now=now)
    appealed = appeal.revision.number if appeal is not None and is_open else None
    return Located(contribution, space, forum, question, appealed)


def left_its_author() -> ColumnElement[bool]:
    """Return the condition that some text of a `Contribution` was for moderators to read."""
    return exists().where(
        Revision.contribution_id == Contribution.id, Revision.state.not_in(INSIDE_STATES)
    )


def deciding(session: Session, contribution: Contribution, *, space: Space) -> Deciding:
    """Return what the predicates of the desk must know of a contribution."""
    appeal = heard(session, contribution)
    return _deciding(session, contribution, space=space, appeal=appeal)


def _deciding(
    session: Session, contribution: Contribution, *, space: Space, appeal: Heard | None
) -> Deciding:
    typed_by = session.scalars(
        select(Revision.submitted_by).where(
            Revision.contribution_id == contribution.id, Revision.submitted_by.is_not(None)
        )
    )
    orphan = session.scalar(select(is_orphan()).where(Contribution.id == contribution.id))
    return Deciding(
        space=space,
        author_id=contribution.author_id,
        typed_by=frozenset(user_id for user_id in typed_by if user_id is not None),
        is_orphan=bool(orphan),
        hearing=appeal.hearing if appeal is not None else None,
        filed_by=session.scalar(
            select(Intake.filed_by).where(Intake.contribution_id == contribution.id)
        ),
    )


def item(session: Session, *, actor: Actor, name: str, words: Labels, now: dt.datetime) -> Item:
    """Return the item for its page; raises `NotVisible` as `find` does, and for erased texts.

    The number of statements does not depend on the length of the thread.
    """
    located = find(session, actor=actor, name=name, now=now)
    contribution, space = located.contribution, located.space
    appeal = heard(session, contribution)
    appealed = appeal.revision if appeal is not None and appeal.is_waiting else None
    pending, published, shown = _texts(session, contribution, appealed=appealed)
    if shown is None or contribution.removed == Removed.ERASED:
        raise NotVisible
    raw = session.execute(
        select_rows(actor, revision=literal(shown.id)).where(Contribution.id == contribution.id)
    ).all()
    subject = _deciding(session, contribution, space=space, appeal=appeal)
    may_decide = refusal(Permission.DECIDE, actor=actor, subject=subject, now=now) is None
    refused = _refusal(actor, subject, is_appeal=appealed is not None, now=now)
    new = pending or appealed
    numbers = objective_numbers(session, shown.id)
    return Item(
        located=located,
        kind=ItemKind.APPEAL if appealed is not None else _kind(session, contribution),
        row=build(session, raw, actor=actor, words=words)[0],
        html=SafeHtml.from_storage(shown.html),
        shown=shown,
        pending=pending,
        published=published,
        difference=difference(published.text, new.text) if new and published else None,
        parents=beside.parents(session, contribution, actor=actor, words=words),
        replies=beside.replies(session, contribution, actor=actor, words=words),
        decisions=decisions_on(session, contribution_id=contribution.id),
        history=beside.history(session, contribution, forum_id=located.forum.id, actor=actor),
        marked=marked_passages(session, shown),
        duplicates=beside.duplicates(
            session, shown, contribution, actor=actor, forum=located.forum
        ),
        language=shown.language,
        objectives=numbers,
        choices=_choices(session, located, chosen=numbers),
        reasons=space_queries.reasons(session, forum_id=located.forum.id),
        verdicts=_verdicts(
            contribution,
            pending=pending if may_decide else None,
            published=published if may_decide else None,
            answers=appealed is not None and refused is None,
        ),
        refusal=refused,
        appeal=appeal,
        claim=claim_on(session, contribution_id=contribution.id, actor=actor, now=now),
        entered_at=_entered_at(session, shown),
        author_locale=_author_locale(
            session, shown, appealed_by=appeal.appeal.submitted_by if appeal and appealed else None
        ),
    )


def _kind(session: Session, contribution: Contribution) -> ItemKind:
    kind = select(kind_of()).where(Contribution.id == contribution.id)
    return ItemKind(session.scalars(kind).one())


def _refusal(
    actor: Actor, subject: Deciding, *, is_appeal: bool, now: dt.datetime
) -> Refusal | None:
    if is_appeal:
        return refusal(Permission.SETTLE, actor=actor, subject=subject, now=now)
    if works_here(actor, subject, now) is not None:
        # It was opened for an appeal that is answered: there is nothing left to refuse.
        return None
    return refusal(Permission.DECIDE, actor=actor, subject=subject, now=now)


def claim_on(
    session: Session, *, contribution_id: int, actor: Actor, now: dt.datetime
) -> Held | None:
    """Return the claim that stands on an item, None where it is free."""
    row = session.execute(
        select(User.name, Claim.until, Claim.user_id)
        .join(User, User.id == Claim.user_id)
        .where(Claim.contribution_id == contribution_id, Claim.until > now)
    ).first()
    return Held(row.name, row.until, row.user_id == actor.user_id) if row is not None else None


def _texts(
    session: Session, contribution: Contribution, *, appealed: Revision | None
) -> tuple[Revision | None, Revision | None, Revision | None]:
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
    return pending, published, pending or appealed or published or newest


def _verdicts(
    contribution: Contribution,
    *,
    pending: Revision | None,
    published: Revision | None,
    answers: bool,
) -> tuple[Verdict, ...]:
    verdicts: list[Verdict] = []
    if contribution.removed in {Removed.WITHDRAWN, Removed.ERASED}:
        return ()
    if pending is not None:
        verdicts += [Verdict.APPROVE, Verdict.RETURN, Verdict.REJECT]
    elif answers:
        verdicts += [Verdict.APPROVE, Verdict.REJECT]
    # A place that was imported without its words has nothing to be shown again.
    if published is not None and published.source:
        is_hidden = contribution.removed == Removed.HIDDEN
        verdicts.append(Verdict.RESTORE if is_hidden else Verdict.HIDE)
    return tuple(verdicts)


def _choices(
    session: Session, located: Located, *, chosen: Sequence[int]
) -> list[space_queries.ObjectiveRow]:
    """Return the objectives under review, and those that the text carries anyway."""
    under_review = list(space_queries.objectives_of_space(session, space_id=located.space.id))
    known = {objective.number for objective in under_review}
    if set(chosen) <= known:
        return under_review
    others = space_queries.objectives_of_forum(session, forum_id=located.forum.id)
    added = [o for o in others if o.number in chosen and o.number not in known]
    return sorted(under_review + added, key=lambda objective: objective.number)


def _entered_at(session: Session, shown: Revision) -> dt.datetime | None:
    if shown.number != 1:
        return None
    filed = select(Intake.created_at).where(Intake.contribution_id == shown.contribution_id)
    return session.scalar(filed)


def _author_locale(session: Session, shown: Revision, *, appealed_by: int | None) -> str | None:
    """Return the language of whoever is told: who made the appeal, else who typed the text."""
    user_id = appealed_by or recipient_of(
        session, contribution_id=shown.contribution_id, revision_number=shown.number
    )
    if user_id is None:
        asked = intake.asked_person(session, shown.contribution_id)
        return asked.locale if asked is not None else None
    user = session.get(User, user_id)
    return user.locale if user is not None and user.email else None
