"""What is known of a text that was sent, for the policy that may publish it at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.accounts.states import UserStatus
from consult.discussion.models import Contribution, Intake, Paper, Revision, RevisionAttachment
from consult.discussion.states import Reading, Removed, RevisionOrigin, RevisionState, Scan
from consult.moderation.models import Claim, Decision, Flag
from consult.moderation.policy.modes import TROUBLE, Weighed
from consult.moderation.queries.watching import matches
from consult.moderation.states import Verdict
from consult.notifications.models import InboundMail
from consult.spaces.models import Author, AuthorMember, Space
from consult.spaces.states import ModerationMode

_SCANNED = frozenset({Scan.CLEAN, Scan.SKIPPED})


def weighed(
    session: Session, contribution: Contribution, revision: Revision, *, now: dt.datetime
) -> Weighed:
    """Return what is known of a text at an instant; its contribution is to be locked."""
    space = session.get_one(Space, contribution.space_id, populate_existing=True)
    author = session.get_one(Author, contribution.author_id, populate_existing=True)
    files = _files(session, revision)
    texts = [revision.text, revision.source, *_words_in(files)]
    lists = space.watch_words or {}
    only_newcomers = space.moderation == ModerationMode.NEWCOMERS
    return Weighed(
        mode=ModerationMode(space.moderation),
        is_pending=_is_pending(session, contribution, revision),
        is_by_author=_is_by_author(session, contribution, revision, author=author),
        was_sent_back=_was_sent_back(session, contribution),
        is_claimed=_is_claimed(session, contribution, now=now),
        answers_removed=_answers_removed(session, contribution),
        has_unknown_files=any(not _is_known(one, has_lists=bool(lists)) for one in files),
        has_match=bool(matches(texts, lists, language=revision.language)),
        is_trusted=author.is_delegation and author.publishes_at_once,
        has_trouble=not only_newcomers or has_trouble(session, contribution, revision, now=now),
        approved=approved_texts(session, author=author) if only_newcomers else 0,
        enough=space.newcomer_texts,
    )


def may_be_published(session: Session, *, contribution_id: int) -> bool:
    """Whether any policy of its space could publish a text; where none could, nothing is locked."""
    row = session.execute(
        select(Space.moderation, Author.is_delegation, Author.publishes_at_once)
        .select_from(Contribution)
        .join(Space, Space.id == Contribution.space_id)
        .join(Author, Author.id == Contribution.author_id)
        .where(Contribution.id == contribution_id)
    ).first()
    if row is None:
        return False
    is_trusted = row.is_delegation and row.publishes_at_once
    return bool(is_trusted) or row.moderation != ModerationMode.EVERYTHING


def approved_texts(session: Session, *, author: Author) -> int:
    """Count an Author's texts in their forum that a person approved and everybody can read now."""
    approved = exists().where(
        Decision.revision_id == Revision.id,
        Decision.verdict == Verdict.APPROVE,
        # Whoever decided may have been erased since; what no person decided names its policy.
        Decision.policy.is_(None),
        Decision.undoes.is_(None),
        ~_is_undone(),
    )
    statement = (
        select(func.count(Contribution.id.distinct()))
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .where(
            Contribution.author_id == author.id,
            Space.forum_id == author.forum_id,
            Contribution.removed == Removed.NONE,
            Contribution.is_unconfirmed.is_(False),
            Contribution.published_revision_id.is_not(None),
            Revision.state.in_([RevisionState.PUBLISHED, RevisionState.SUPERSEDED]),
            approved,
        )
    )
    return session.scalar(statement) or 0


def has_trouble(
    session: Session, contribution: Contribution, revision: Revision, *, now: dt.datetime
) -> bool:
    """Whether a text of the author, or of whoever typed this one, was rejected or hidden within
    the last thirty days and nobody has put that right since.
    """
    theirs, text, later, its_text = (
        aliased(Contribution),
        aliased(Revision),
        aliased(Decision),
        aliased(Revision),
    )
    restored = exists().where(
        later.id > Decision.id,
        later.verdict == Verdict.RESTORE,
        its_text.id == later.revision_id,
        its_text.contribution_id == theirs.id,
    )
    stands = or_(
        and_(Decision.verdict == Verdict.REJECT, text.state == RevisionState.REJECTED),
        and_(Decision.verdict == Verdict.HIDE, ~restored),
    )
    same: ColumnElement[bool] = theirs.author_id == contribution.author_id
    if revision.submitted_by is not None:
        same = or_(same, text.submitted_by == revision.submitted_by)
    found = (
        select(Decision.id)
        .join(text, text.id == Decision.revision_id)
        .join(theirs, theirs.id == text.contribution_id)
        .where(
            same,
            Decision.decided_at > now - TROUBLE,
            Decision.undoes.is_(None),
            ~_is_undone(),
            stands,
        )
    )
    return session.scalars(found.limit(1)).first() is not None


def _is_undone() -> ColumnElement[bool]:
    reversal = aliased(Decision)
    return exists().where(reversal.undoes == Decision.id).correlate(Decision)


def _is_pending(session: Session, contribution: Contribution, revision: Revision) -> bool:
    if revision.state != RevisionState.PENDING or contribution.open_revision_id != revision.id:
        return False
    if contribution.removed in {Removed.WITHDRAWN, Removed.ERASED}:
        return False
    # Whoever took an approval back wants to decide anew.
    before = select(Decision.id).where(Decision.revision_id == revision.id)
    return session.scalars(before.limit(1)).first() is None


def _is_by_author(
    session: Session, contribution: Contribution, revision: Revision, *, author: Author
) -> bool:
    if revision.origin != RevisionOrigin.AUTHOR or revision.submitted_by is None:
        return False
    if contribution.is_unconfirmed or contribution.source is not None or author.is_erased:
        return False
    writes = select(User.id).where(
        User.id == revision.submitted_by,
        User.status == UserStatus.ACTIVE,
        User.confirmed_at.is_not(None),
        exists().where(AuthorMember.author_id == author.id, AuthorMember.user_id == User.id),
    )
    if session.scalars(writes).first() is None:
        return False
    # The first text may have come on paper or by mail, where the sender is easily forged.
    entered = [
        select(model.contribution_id).where(model.contribution_id == contribution.id).limit(1)
        for model in (Intake, InboundMail)
    ]
    return revision.number > 1 or not any(session.scalars(one).first() for one in entered)


def _was_sent_back(session: Session, contribution: Contribution) -> bool:
    """Whether the last word on the contribution was a moderator's or a reader's objection."""
    if contribution.removed != Removed.NONE:
        return True
    public = (
        session.get_one(Revision, contribution.published_revision_id).number
        if contribution.published_revision_id is not None
        else 0
    )
    refused = and_(
        Revision.state.in_([RevisionState.RETURNED, RevisionState.REJECTED]),
        Revision.number > public,
    )
    shortened = and_(
        Revision.origin == RevisionOrigin.REDACTION,
        Revision.state.in_([RevisionState.PUBLISHED, RevisionState.SUPERSEDED]),
    )
    objections = (
        select(Revision.id).where(
            Revision.contribution_id == contribution.id, or_(refused, shortened)
        ),
        select(Flag.id).where(Flag.contribution_id == contribution.id, Flag.settled_at.is_(None)),
    )
    return any(session.scalars(one.limit(1)).first() is not None for one in objections)


def _is_claimed(session: Session, contribution: Contribution, *, now: dt.datetime) -> bool:
    held = session.get(Claim, contribution.id, populate_existing=True)
    return held is not None and held.until > now


def _answers_removed(session: Session, contribution: Contribution) -> bool:
    if contribution.parent_id is None:
        return False
    parent = session.get_one(Contribution, contribution.parent_id, populate_existing=True)
    return parent.removed != Removed.NONE or parent.published_revision_id is None


def _files(session: Session, revision: Revision) -> Sequence[Any]:
    return session.execute(
        select(Paper.scan, Paper.reading, Paper.paragraphs, RevisionAttachment.name)
        .select_from(RevisionAttachment)
        .outerjoin(Paper, Paper.sha256 == RevisionAttachment.sha256)
        .where(RevisionAttachment.revision_id == revision.id)
    ).all()


def _is_known(file: Any, *, has_lists: bool) -> bool:
    """Whether a file is harmless and, where words are watched, its words could be read."""
    return file.scan in _SCANNED and (file.reading == Reading.READ or not has_lists)


def _words_in(files: Sequence[Any]) -> list[str]:
    names = [file.name for file in files]
    return names + [text for file in files for _page, text in file.paragraphs or ()]
