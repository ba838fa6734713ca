"""One text on the desk with everything that a moderator looks at beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from consult.accounts.models import User
from consult.core.authz import Actor, Permission, refusal
from consult.core.errors import NotVisible, Refusal
from consult.core.markup import SafeHtml
from consult.discussion.models import Contribution, Revision
from consult.discussion.queries.difference import Paragraph, difference
from consult.discussion.queries.marked import MarkedPassage, marked_passages
from consult.discussion.queries.rows import Labels, Row, build, select_rows
from consult.discussion.states import ContributionKind, Removed
from consult.moderation.models import Claim
from consult.moderation.policy import Deciding, works_here
from consult.moderation.queries import beside, flags
from consult.moderation.queries.appeals import Heard
from consult.moderation.queries.decisions import DecisionRow, decisions_on
from consult.moderation.queries.duplicates import Duplicates, duplicates
from consult.moderation.queries.finding import Located, find, texts_of
from consult.moderation.queries.notes import NoteRow, notes_on
from consult.moderation.queries.paper_words import PaperWords, paper_words
from consult.moderation.queries.queue import Held, ItemKind
from consult.moderation.states import Verdict
from consult.notifications.queries import intake, recipient_of
from consult.spaces import queries as space_queries
from consult.spaces.models import Reason


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
    earlier: Sequence[beside.Earlier]
    """The author's newest other texts."""
    duplicates: Duplicates
    papers: Sequence[PaperWords]
    """The files of the shown text with the beginnings of their words."""
    notes: Sequence[NoteRow] | None
    """What moderators noted for each other; None for whoever gets none."""
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
    reports: Sequence[flags.Report] = ()
    """What readers reported about the public text and nobody has answered."""
    can_keep: bool = False
    """The actor may answer that nothing is wrong with it."""

    @property
    def name(self) -> str:
        """Its name in addresses of the desk."""
        return self.located.name

    @property
    def published_number(self) -> int | None:
        """Number of the published text."""
        return self.published.number if self.published is not None else None


def item(session: Session, *, actor: Actor, name: str, words: Labels, now: dt.datetime) -> Item:
    """Return the item for its page; raises `NotVisible` as `find` does, and for erased texts.

    The number of statements does not depend on the length of the thread.
    """
    located = find(session, actor=actor, name=name, now=now)
    contribution, space = located.contribution, located.space
    appeal, subject = located.appeal, located.subject
    appealed = appeal.revision if appeal is not None and appeal.is_waiting else None
    texts = texts_of(session, contribution, appealed=appealed)
    pending, published, shown = texts.pending, texts.published, texts.shown
    if shown is None or contribution.removed == Removed.ERASED:
        raise NotVisible
    raw = session.execute(
        select_rows(actor, revision=literal(shown.id)).where(Contribution.id == contribution.id)
    ).all()
    under_review = space_queries.objectives_of_space(session, space_id=space.id)
    # Rows then need not look their labels up, each list for itself.
    words = replace(words, objectives={one.id: (one.number, one.label) for one in under_review})
    row = build(session, raw, actor=actor, words=words)[0]
    numbers = [number for number, _label in row.objectives]
    may_decide = refusal(Permission.DECIDE, actor=actor, subject=subject, now=now) is None
    refused = _refusal(actor, subject, is_appeal=appealed is not None, now=now)
    new = pending or appealed
    parents, replies = beside.around(session, contribution, actor=actor, words=words)
    reports = _reports(session, contribution, actor=actor, subject=subject, now=now)
    return Item(
        located=located,
        kind=_kind(contribution, pending=pending, appealed=appealed, reports=reports),
        row=row,
        html=SafeHtml.from_storage(shown.html),
        shown=shown,
        pending=pending,
        published=published,
        difference=difference(published.text, new.text) if new and published else None,
        parents=parents,
        replies=replies,
        decisions=_told(
            decisions_on(session, contribution_id=contribution.id), actor=actor, subject=subject
        ),
        history=beside.history(session, contribution, forum_id=located.forum.id, actor=actor),
        marked=marked_passages(session, shown) if numbers else (),
        earlier=beside.earlier(session, contribution, forum_id=located.forum.id, actor=actor),
        duplicates=duplicates(
            session, shown, contribution, actor=actor, forum_id=located.forum.id, now=now
        ),
        papers=paper_words(session, revision_id=shown.id, files=row.files),
        notes=notes_on(session, contribution, actor=actor, subject=subject, now=now),
        language=shown.language,
        objectives=numbers,
        choices=_choices(session, located, under_review, chosen=numbers),
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
        entered_at=located.filed_at if shown.number == 1 else None,
        reports=reports,
        can_keep=may_decide and flags.can_answer(session, reports, actor=actor, space_id=space.id),
        author_locale=_author_locale(
            session, shown, appealed_by=appeal.appeal.submitted_by if appeal and appealed else None
        ),
    )


def _reports(
    session: Session,
    contribution: Contribution,
    *,
    actor: Actor,
    subject: Deciding,
    now: dt.datetime,
) -> Sequence[flags.Report]:
    """Return what readers reported; nothing to whom the item is opened for an appeal only, and to
    whoever speaks for its author or typed it, who never learns of reports.
    """
    if _is_own(actor, subject) or works_here(actor, subject, now) is not None:
        return ()
    return flags.reports(session, contribution, actor=actor)


def _is_own(actor: Actor, subject: Deciding) -> bool:
    return subject.author_id in actor.author_ids or actor.user_id in subject.typed_by


def _told(
    decisions: Sequence[DecisionRow], *, actor: Actor, subject: Deciding
) -> Sequence[DecisionRow]:
    """Return the decisions without answers to reports where the text is the actor's own."""
    if not _is_own(actor, subject):
        return decisions
    return [one for one in decisions if one.verdict is not Verdict.KEEP]


def _kind(
    contribution: Contribution,
    *,
    pending: Revision | None,
    appealed: Revision | None,
    reports: Sequence[flags.Report],
) -> ItemKind:
    if appealed is not None:
        return ItemKind.APPEAL
    if pending is None and reports:
        return ItemKind.FLAG
    # As `kind_of` says it of the queue.
    if contribution.published_revision_id is not None:
        return ItemKind.EDIT
    is_question = contribution.kind == ContributionKind.QUESTION
    return ItemKind.QUESTION if is_question else ItemKind.NEW


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
    session: Session,
    located: Located,
    under_review: Sequence[space_queries.ObjectiveRow],
    *,
    chosen: Sequence[int],
) -> list[space_queries.ObjectiveRow]:
    """Return the objectives under review, and those that the text carries anyway."""
    known = {objective.number for objective in under_review}
    if set(chosen) <= known:
        return list(under_review)
    others = space_queries.objectives_of_forum(session, forum_id=located.forum.id)
    added = [o for o in others if o.number in chosen and o.number not in known]
    return sorted([*under_review, *added], key=lambda objective: objective.number)


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
