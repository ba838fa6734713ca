"""What waits on a moderator's desk, oldest first, by keyset."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from consult.accounts.models import User
from consult.core.authz import Actor, Role
from consult.core.paging import Page
from consult.core.text import truncate
from consult.discussion.models import Contribution, Intake, Revision
from consult.discussion.states import INSIDE_STATES, ContributionKind, Removed, RevisionState
from consult.moderation.models import Appeal, Claim
from consult.moderation.policy import Rejection, on_desk_of
from consult.moderation.queries.appeals import waiting_appeals
from consult.moderation.queries.figures import age, clock
from consult.moderation.queries.queue_shapes import Held as Held
from consult.moderation.queries.queue_shapes import ItemKind as ItemKind
from consult.moderation.queries.queue_shapes import Queue as Queue
from consult.moderation.queries.queue_shapes import QueueFilter as QueueFilter
from consult.moderation.queries.queue_shapes import QueueRow as QueueRow
from consult.spaces.models import Author, Category, Organisation, Question, Space
from consult.spaces.queries import shown_in

TEASER = 160
"""Characters of a text that the list shows."""

ASKED = waiting_appeals()
"""The appeals that wait, beside the texts they are about."""


def kind_of() -> ColumnElement[str]:
    """Return why a text of a `Contribution` is decided, an appeal apart, as SQL."""
    return case(
        (Contribution.published_revision_id.is_not(None), ItemKind.EDIT.value),
        (Contribution.kind == ContributionKind.QUESTION, ItemKind.QUESTION.value),
        else_=ItemKind.NEW.value,
    )


def _kind() -> ColumnElement[str]:
    """Return why a row that waits does."""
    return case((ASKED.c.id.is_not(None), ItemKind.APPEAL.value), else_=kind_of())


def _since() -> ColumnElement[Any]:
    """Return since when a row waits; an import may have no instant.

    What a delegation's focal point released waits from then on.
    """
    return func.coalesce(ASKED.c.created_at, Revision.released_at, _sent())


def _sent() -> ColumnElement[Any]:
    """Return when a text was sent; the first one that staff filed, when it was received."""
    is_filed = and_(Intake.id.is_not(None), Revision.number == 1)
    return case((is_filed, Contribution.sent_at), else_=Revision.sent_at)


def waiting_on(actor: Actor, *, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition for `Revision` joined with its `Contribution` and `ASKED`: waits on
    this desk.
    """
    is_undecided = and_(
        Revision.state == RevisionState.PENDING, Contribution.open_revision_id == Revision.id
    )
    return and_(
        # Said apart, so that the index of states is used.
        Revision.state.in_([RevisionState.PENDING, RevisionState.REJECTED]),
        or_(is_undecided, ASKED.c.id.is_not(None)),
        Contribution.removed.in_([Removed.NONE, Removed.HIDDEN]),
        on_desk_of(actor, now=now),
    )


def queue(session: Session, *, actor: Actor, wanted: QueueFilter, now: dt.datetime) -> Queue:
    """Return one page of what waits, with counts and clock; five statements at most."""
    counted = session.execute(_counts(actor, now=now)).all()
    ids = actor.space_ids(Role.MODERATOR) | {row.space_id for row in counted}
    spaces = session.scalars(
        select(Space).where(Space.id.in_(sorted(ids))).order_by(Space.forum_id, Space.position)
    ).all()
    slugs = {space.id: space.slug for space in spaces}
    by_kind, by_space, by_language = Counter[str](), Counter[str](), Counter[str]()
    for row in counted:
        by_kind[row.kind] += row.n
        by_space[slugs[row.space_id]] += row.n
        by_language[row.language] += row.n
    waiting = sum(by_kind.values())
    appeals = [row.oldest for row in counted if row.kind == ItemKind.APPEAL]
    texts = [row.oldest for row in counted if row.kind != ItemKind.APPEAL]
    return Queue(
        page=_page(session, actor=actor, wanted=wanted, now=now, waiting=waiting),
        clock=clock(
            spaces,
            waiting=waiting,
            oldest=min(texts, default=None),
            oldest_appeal=min(appeals, default=None),
            now=now,
        ),
        by_kind=by_kind,
        by_space=by_space,
        by_language=by_language,
        spaces=spaces,
    )


def _counts(actor: Actor, *, now: dt.datetime) -> Select[Any]:
    """Return the statement that counts what waits by space, kind and language."""
    waiting = (
        select(
            Contribution.space_id,
            _kind().label("kind"),
            Revision.language,
            func.coalesce(_since(), Revision.created_at).label("since"),
        )
        .select_from(Contribution)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .outerjoin(ASKED, ASKED.c.revision_id == Revision.id)
        .outerjoin(Intake, Intake.contribution_id == Contribution.id)
        .where(waiting_on(actor, now=now))
        .subquery()
    )
    groups = (waiting.c.space_id, waiting.c.kind, waiting.c.language)
    counts = (func.count().label("n"), func.min(waiting.c.since).label("oldest"))
    return select(*groups, *counts).group_by(*groups)


def next_in_queue(
    session: Session, *, actor: Actor, wanted: QueueFilter, name: str, now: dt.datetime
) -> str | None:
    """Return the receipt of the next item after `name` that the actor may decide, None at the end.

    Texts of one's own, those that a colleague has claimed and appeals against rejections of one's
    own are passed over.
    """
    statement = _narrowed(_ordered(select(Contribution.receipt, Contribution.reference)), wanted)
    typed = aliased(Revision)
    statement = (
        statement.where(
            waiting_on(actor, now=now),
            or_(ASKED.c.id.is_(None), ASKED.c.rejected_by.is_distinct_from(actor.user_id)),
            Contribution.author_id.not_in(sorted(actor.author_ids)),
            Contribution.id.not_in(
                select(typed.contribution_id).where(typed.submitted_by == actor.user_id)
            ),
            or_(Claim.until.is_(None), Claim.until <= now, Claim.user_id == actor.user_id),
        )
        .outerjoin(Claim, Claim.contribution_id == Contribution.id)
        .limit(1)
    )
    place = _place(session, actor=actor, name=name, now=now)
    if place is not None:
        statement = statement.where(place)
    row = session.execute(statement).first()
    return (row.receipt or row.reference) if row is not None else None


def _page(
    session: Session, *, actor: Actor, wanted: QueueFilter, now: dt.datetime, waiting: int
) -> Page[QueueRow]:
    statement = _narrowed(_select_rows(), wanted).where(waiting_on(actor, now=now))
    place = _place(session, actor=actor, name=wanted.after, now=now) if wanted.after else None
    if place is not None:
        statement = statement.where(place)
    raw: Sequence[Any] = session.execute(statement.limit(wanted.per_page + 1)).all()
    has_more, raw = len(raw) > wanted.per_page, raw[: wanted.per_page]
    own = _typed_by(session, actor=actor, ids=[r.id for r in raw])
    rows = [_row(r, actor=actor, is_own=r.id in own, now=now) for r in raw]
    return Page(
        items=rows,
        per_page=wanted.per_page,
        total=_total(session, actor=actor, wanted=wanted, now=now) if wanted.values else waiting,
        next_after=rows[-1].name if has_more else None,
    )


def _select_rows() -> Select[Any]:
    columns = _ordered(
        select(
            Contribution.id,
            Contribution.receipt,
            Contribution.reference,
            Contribution.author_id,
            Contribution.is_unconfirmed,
            Intake.filed_by,
            _kind().label("kind"),
            ASKED.c.rejected_by,
            _since().label("since"),
            _sent().label("sent_at"),
            Revision.created_at,
            Revision.language,
            func.substr(Revision.text, 1, TEASER * 2).label("text"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Author.on_behalf_of,
            Organisation.name.label("organisation"),
            Category.name.label("category"),
            Question.number.label("question"),
            Space.kicker.label("space"),
            Claim.until,
            Claim.user_id.label("claimed_by"),
            User.name.label("claimer"),
        )
    )
    return (
        columns.outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .outerjoin(Claim, Claim.contribution_id == Contribution.id)
        .outerjoin(User, User.id == Claim.user_id)
    )


def _ordered(statement: Select[Any]) -> Select[Any]:
    """Join what conditions need and put the oldest first."""
    return (
        statement.select_from(Contribution)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .join(Space, Space.id == Contribution.space_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Category, Category.id == Author.category_id)
        .outerjoin(Question, Question.id == Contribution.question_id)
        .outerjoin(ASKED, ASKED.c.revision_id == Revision.id)
        .outerjoin(Intake, Intake.contribution_id == Contribution.id)
        .order_by(_since().asc().nulls_first(), Revision.id)
    )


def _narrowed(statement: Select[Any], wanted: QueueFilter) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.space is not None:
        conditions.append(Space.slug == wanted.space)
    if wanted.question is not None:
        conditions.append(Question.number == wanted.question)
    if wanted.language is not None:
        conditions.append(Revision.language == wanted.language)
    if wanted.category is not None:
        conditions.append(Category.slug == wanted.category)
    if wanted.kind is not None:
        conditions.append(_kind() == wanted.kind.value)
    return statement.where(*conditions)


def _total(session: Session, *, actor: Actor, wanted: QueueFilter, now: dt.datetime) -> int:
    narrowed = _narrowed(_ordered(select(Revision.id)), wanted)
    narrowed = narrowed.where(waiting_on(actor, now=now))
    return session.scalar(select(func.count()).select_from(narrowed.subquery())) or 0


def _place(
    session: Session, *, actor: Actor, name: str, now: dt.datetime
) -> ColumnElement[bool] | None:
    """Return the condition that a row comes after the named item, decided meanwhile or not."""
    here = session.execute(
        select(func.coalesce(Appeal.created_at, Revision.released_at, _sent()), Revision.id)
        .select_from(Revision)
        .join(Contribution, Contribution.id == Revision.contribution_id)
        .outerjoin(Intake, Intake.contribution_id == Contribution.id)
        .outerjoin(Rejection, Rejection.revision_id == Revision.id)
        .outerjoin(Appeal, Appeal.decision_id == Rejection.id)
        .where(
            or_(Contribution.receipt == name, Contribution.reference == name),
            Revision.state.not_in(INSIDE_STATES),
            on_desk_of(actor, now=now),
        )
        .order_by(Revision.number.desc(), Appeal.id.desc().nulls_last())
        .limit(1)
    ).first()
    if here is None:
        return None
    since, revision_id = here
    if since is None:
        later = and_(_since().is_(None), Revision.id > revision_id)
        return or_(_since().is_not(None), later)
    same = and_(_since() == since, Revision.id > revision_id)
    return or_(_since() > since, same)


def _typed_by(session: Session, *, actor: Actor, ids: Sequence[int]) -> set[int]:
    """Return which of the contributions are the actor's own."""
    if not ids:
        return set()
    typed = select(Revision.contribution_id).where(Revision.submitted_by == actor.user_id)
    return set(
        session.scalars(
            select(Contribution.id).where(
                Contribution.id.in_(ids),
                or_(
                    Contribution.author_id.in_(sorted(actor.author_ids)),
                    Contribution.id.in_(typed),
                ),
            )
        )
    )


def _row(r: Any, *, actor: Actor, is_own: bool, now: dt.datetime) -> QueueRow:
    is_held = r.until is not None and r.until > now
    return QueueRow(
        name=r.receipt or r.reference or "",
        reference=r.reference,
        kind=ItemKind(r.kind),
        space=r.space,
        question=r.question,
        author=shown_in(r, category=r.category, on_behalf_of=r.on_behalf_of),
        sent_at=r.sent_at,
        waits=age(r.since or r.created_at, now=now),
        teaser=truncate(" ".join(r.text.split()), limit=TEASER) if r.text else "",
        language=r.language,
        claim=Held(r.claimer, r.until, r.claimed_by == actor.user_id) if is_held else None,
        is_own=is_own,
        is_before=r.rejected_by is not None and r.rejected_by == actor.user_id,
        is_unconfirmed=r.is_unconfirmed,
        is_filed=r.filed_by is not None and r.filed_by == actor.user_id,
    )
