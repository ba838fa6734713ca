"""Texts that followers are told of: where they stand, and how a mail shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.accounts.queries import has_second_factor
from consult.core.authz import Actor, is_of_staff
from consult.core.i18n import Translated
from consult.core.markup import SafeHtml
from consult.core.text import truncate
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.policy import visible_contributions
from consult.discussion.queries.spaces import teaser
from consult.discussion.states import ContributionKind, Removed
from consult.notifications.models import Subscription, Told
from consult.notifications.policy import Placed, news
from consult.notifications.states import Subject
from consult.spaces import queries as spaces
from consult.spaces.models import (
    Author,
    Category,
    Consent,
    Forum,
    Organisation,
    Question,
    Space,
)
from consult.spaces.queries import ShownAuthor, shown_in
from consult.spaces.states import ConsentPurpose

HOLDS_BACK_STAFF = "holds_back_staff"
"""Execution option of the engine: whether staff have no roles without a second factor."""
SHORT = 1200
"""Characters of a text from which on a digest shows only its beginning."""
BEGINNING = 700
"""Characters of a beginning."""


@dataclass(frozen=True)
class MailText:
    """A public text as a mail shows it, its author as they chose to be shown."""

    id: int
    reference: str
    author: ShownAuthor
    language: str
    html: SafeHtml
    text: str
    beginning: str | None
    """How a long text begins; None for one that is shown whole."""
    published_at: dt.datetime
    in_reply_to: str | None
    """Reference of the public text that it replies to."""
    root_reference: str | None
    is_reply: bool
    is_question: bool
    is_unconfirmed: bool
    question: Question | None
    space: Space
    forum: Forum

    @property
    def headline(self) -> str:
        """What the text is about, in a few words of the current language or of its own."""
        if self.is_question:
            return teaser(self.text, limit=70)
        words = self.question.short_text if self.question is not None else None
        return str(words) if words else ""


def actor_of(session: Session, user: User) -> Actor:
    """Return the user as who looks at what they are mailed; their name matters to no rule.

    Staff who owe a second factor have none of their roles here, as on the pages.
    """
    standing = spaces.standing(session, user_id=user.id)
    grants = standing.grants
    if is_of_staff(grants) and _holds_back_staff(session):
        grants = grants if has_second_factor(session, user_id=user.id) else frozenset()
    return Actor(
        user_id=user.id, grants=grants, author_ids=standing.author_ids, forum_ids=standing.forum_ids
    )


def _holds_back_staff(session: Session) -> bool:
    return bool(session.get_bind().get_execution_options().get(HOLDS_BACK_STAFF))


def unwilling_forums(session: Session, *, user_id: int) -> frozenset[int]:
    """Return the forums in which a user took back the consent to be written to."""
    newest = (
        select(func.max(Consent.id))
        .where(Consent.user_id == user_id, Consent.purpose == ConsentPurpose.NOTIFY)
        .group_by(Consent.forum_id)
    )
    withdrawn = select(Consent.forum_id).where(
        Consent.id.in_(newest), Consent.withdrawn_at.is_not(None)
    )
    return frozenset(session.scalars(withdrawn))


def subscriptions_of(session: Session, *, user_id: int) -> Sequence[Subscription]:
    """Return everything that a user follows or has stopped."""
    return session.scalars(
        select(Subscription)
        .where(Subscription.user_id == user_id)
        .order_by(Subscription.id)
        .execution_options(populate_existing=True)
    ).all()


def among(subscriptions: Sequence[Subscription], *, found: Sequence[int] = ()) -> Any:
    """Return the condition for texts that some of the subscriptions covers, or that were found."""
    ids: dict[str, list[int]] = {}
    for one in subscriptions:
        ids.setdefault(one.subject_kind, []).append(one.subject_id)
    questions = ids.get(Subject.QUESTION, [])
    return or_(
        false(),
        Contribution.id.in_(found) if found else false(),
        Contribution.thread_id.in_(ids.get(Subject.THREAD, [])),
        Contribution.question_id.in_(questions),
        Contribution.own_question_id.in_(questions),
        Contribution.space_id.in_(ids.get(Subject.SPACE, [])),
        Contribution.published_revision_id.in_(
            select(RevisionTag.revision_id).where(
                RevisionTag.objective_id.in_(ids.get(Subject.OBJECTIVE, [])),
                RevisionTag.is_public,
            )
        ),
    )


def untold(session: Session, *, actor: Actor, which: ColumnElement[bool]) -> list[Placed]:
    """Return the texts of others that somebody may read and was not mailed yet, oldest first."""
    told = select(Told.contribution_id).where(Told.user_id == actor.user_id)
    tags = (
        select(func.aggregate_strings(cast(RevisionTag.objective_id, String), ","))
        .where(RevisionTag.revision_id == Contribution.published_revision_id, RevisionTag.is_public)
        .correlate(Contribution)
        .scalar_subquery()
    )
    unwilling = unwilling_forums(session, user_id=actor.user_id or 0)
    rows = session.execute(
        select(
            Contribution.id,
            Contribution.thread_id,
            Contribution.question_id,
            Contribution.own_question_id,
            Contribution.space_id,
            Contribution.first_published_at,
            tags.label("objective_ids"),
        )
        .join(Space, Space.id == Contribution.space_id)
        .where(
            news(),
            visible_contributions(actor),
            Contribution.author_id.not_in(sorted(actor.author_ids)),
            Contribution.id.not_in(told),
            Space.forum_id.not_in(sorted(unwilling)),
            which,
        )
        .order_by(Contribution.first_published_at, Contribution.id)
    )
    return [
        Placed(
            id=r.id,
            thread_id=r.thread_id,
            question_ids=frozenset(filter(None, (r.question_id, r.own_question_id))),
            objective_ids=frozenset(int(one) for one in (r.objective_ids or "").split(",") if one),
            space_id=r.space_id,
            published_at=r.first_published_at,
        )
        for r in rows
    ]


def texts(session: Session, *, ids: Sequence[int]) -> list[MailText]:
    """Return texts as mails show them, oldest first; whether somebody may read them was asked."""
    parent, root = aliased(Contribution), aliased(Contribution)
    rows = session.execute(
        select(
            Contribution.id,
            Contribution.reference,
            Contribution.kind,
            Contribution.parent_id,
            Contribution.is_unconfirmed,
            Contribution.first_published_at,
            Revision.language,
            Revision.html,
            Revision.text,
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
            case(
                (
                    and_(parent.published_revision_id.is_not(None), parent.removed == Removed.NONE),
                    parent.reference,
                )
            ).label("in_reply_to"),
            root.reference.label("root_reference"),
            Question,
            Space,
            Forum,
        )
        .join(Revision, Revision.id == Contribution.published_revision_id)
        .join(Author, Author.id == Contribution.author_id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Forum, Forum.id == Space.forum_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .outerjoin(
            Question, Question.id.in_([Contribution.question_id, Contribution.own_question_id])
        )
        .outerjoin(parent, parent.id == Contribution.parent_id)
        .outerjoin(root, root.id == Contribution.thread_id)
        .where(Contribution.id.in_(ids))
        .order_by(Contribution.first_published_at, Contribution.id)
    )
    return [_shown(r) for r in rows]


def _shown(r: Any) -> MailText:
    category: Translated | None = r.category
    return MailText(
        id=r.id,
        reference=r.reference,
        author=shown_in(r, category=category, on_behalf_of=r.on_behalf_of),
        language=r.language,
        html=SafeHtml.from_storage(r.html),
        text=r.text,
        beginning=truncate(r.text, limit=BEGINNING) if len(r.text) > SHORT else None,
        published_at=r.first_published_at,
        in_reply_to=r.in_reply_to,
        root_reference=r.root_reference,
        is_reply=r.parent_id is not None,
        is_question=r.kind == ContributionKind.QUESTION,
        is_unconfirmed=r.is_unconfirmed,
        question=r.Question,
        space=r.Space,
        forum=r.Forum,
    )
