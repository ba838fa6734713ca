"""What can be followed, and what somebody follows, as pages name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.authz import Actor
from consult.core.errors import Gone, NotVisible
from consult.core.i18n import Translated
from consult.discussion.models import Contribution
from consult.discussion.policy import public_contributions
from consult.discussion.queries import answers, single
from consult.discussion.queries.spaces import teaser
from consult.discussion.states import ContributionKind
from consult.notifications.models import MailPreference, SavedSearch, Subscription
from consult.notifications.states import Rhythm, Subject
from consult.spaces import queries as spaces
from consult.spaces.models import Author, Objective, Organisation, Question, Space
from consult.spaces.policy import visible_spaces
from consult.spaces.queries import shown_in
from consult.spaces.states import SpaceVisibility


@dataclass(frozen=True)
class Target:
    """Something that can be followed, with the words by which pages tell what it is."""

    kind: Subject
    id: int | None
    """None for a search that nobody has saved yet."""
    name: str
    """Its name in addresses; empty for searches."""
    space: Space | None = None
    question: Question | None = None
    posed: str | None = None
    """How a participant's question begins."""
    language: str | None = None
    """Of what a participant wrote."""
    objective: Translated | None = None
    number: int | None = None
    """Of an objective."""
    author: str | None = None
    """Who began a thread, as they chose to be shown."""
    words: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_feed(self) -> bool:
        """Whether a feed tells visitors the same: not of one thread, nor of a members' space."""
        if self.kind is Subject.THREAD:
            return False
        return self.space is None or self.space.visibility == SpaceVisibility.ANNOUNCED


@dataclass(frozen=True)
class Followed:
    """Something that somebody follows or has stopped."""

    subscription: Subscription
    target: Target | None
    """None where they may not see it any more."""

    @property
    def rhythm(self) -> Rhythm:
        """How often they hear of it."""
        return Rhythm(self.subscription.rhythm)


def find_target(session: Session, *, kind: str, name: str, actor: Actor) -> Target:
    """Return what an address names, as the actor may see it; raises `NotVisible` otherwise."""
    if kind == Subject.SPACE:
        view = spaces.space_view(session, slug=name, actor=actor)
        return Target(Subject.SPACE, view.space.id, name, space=view.space)
    if kind == Subject.QUESTION:
        return _question(session, name=name, actor=actor)
    if kind == Subject.OBJECTIVE:
        return _objective(session, name=name)
    if kind == Subject.THREAD:
        return _thread(session, name=name, actor=actor)
    raise NotVisible


def _question(session: Session, *, name: str, actor: Actor) -> Target:
    slug, _, number = name.rpartition("/")
    if not _is_number(number):
        raise NotVisible
    view = spaces.space_view(session, slug=slug, actor=actor)
    question = view.question(int(number))
    target = Target(Subject.QUESTION, question.id, name, space=view.space, question=question)
    posed = None
    if question.text is None:
        posed = answers.posed_question(session, question_id=question.id)
    if posed is None:
        return target
    return replace(target, posed=teaser(posed.text), language=posed.language)


def _objective(session: Session, *, name: str) -> Target:
    forum = spaces.current_forum(session)
    if forum is None or not _is_number(name):
        raise NotVisible
    for one in spaces.objectives_of_forum(session, forum_id=forum.id):
        if one.number == int(name):
            return Target(Subject.OBJECTIVE, one.id, name, objective=one.title, number=one.number)
    raise NotVisible


def _thread(session: Session, *, name: str, actor: Actor) -> Target:
    try:
        found = single.find(session, name=name, actor=actor)
    except Gone as gone:
        raise NotVisible from gone
    contribution = found.contribution
    if not found.is_public or contribution.kind == ContributionKind.QUESTION:
        raise NotVisible
    roots = _threads(session, ids=[contribution.thread_id or contribution.id], actor=actor)
    if not roots:
        raise NotVisible
    return next(iter(roots.values()))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6


# Everything that somebody follows ----------------------------------------------------------


def followed(session: Session, *, actor: Actor) -> list[Followed]:
    """Return everything that the actor follows or has stopped, in six statements at most."""
    rows = session.scalars(
        select(Subscription)
        .where(Subscription.user_id == actor.user_id)
        .order_by(Subscription.created_at, Subscription.id)
    ).all()
    ids: dict[Subject, list[int]] = {kind: [] for kind in Subject}
    for row in rows:
        ids[Subject(row.subject_kind)].append(row.subject_id)
    found: dict[Subject, dict[int, Target]] = {
        Subject.SPACE: _spaces(session, ids=ids[Subject.SPACE], actor=actor),
        Subject.QUESTION: _questions(session, ids=ids[Subject.QUESTION], actor=actor),
        Subject.OBJECTIVE: _objectives(session, ids=ids[Subject.OBJECTIVE]),
        Subject.THREAD: _threads(session, ids=ids[Subject.THREAD], actor=actor),
        Subject.SEARCH: _searches(session, actor=actor),
    }
    return [Followed(row, found[Subject(row.subject_kind)].get(row.subject_id)) for row in rows]


def follows_own(session: Session, *, user_id: int) -> bool:
    """Whether threads in which somebody writes are followed by themselves."""
    preference = session.get(MailPreference, user_id)
    return preference is None or preference.follows_own


def choice(session: Session, *, user_id: int, kind: Subject, subject_id: int) -> Rhythm | None:
    """Return how often somebody hears of something; None where they never chose."""
    said = session.scalar(
        select(Subscription.rhythm).where(
            Subscription.user_id == user_id,
            Subscription.subject_kind == kind,
            Subscription.subject_id == subject_id,
        )
    )
    return Rhythm(said) if said is not None else None


def _spaces(session: Session, *, ids: Sequence[int], actor: Actor) -> dict[int, Target]:
    if not ids:
        return {}
    rows = session.scalars(select(Space).where(Space.id.in_(ids), visible_spaces(actor)))
    return {row.id: Target(Subject.SPACE, row.id, row.slug, space=row) for row in rows}


def _questions(session: Session, *, ids: Sequence[int], actor: Actor) -> dict[int, Target]:
    if not ids:
        return {}
    rows = session.execute(
        select(Question, Space)
        .join(Space, Space.id == Question.space_id)
        .where(Question.id.in_(ids), visible_spaces(actor))
    )
    return {
        question.id: Target(
            Subject.QUESTION,
            question.id,
            f"{space.slug}/{question.number}",
            space=space,
            question=question,
        )
        for question, space in rows
    }


def _objectives(session: Session, *, ids: Sequence[int]) -> dict[int, Target]:
    if not ids:
        return {}
    rows = session.scalars(select(Objective).where(Objective.id.in_(ids)))
    return {
        row.id: Target(
            Subject.OBJECTIVE, row.id, str(row.number), objective=row.title, number=row.number
        )
        for row in rows
    }


def _threads(session: Session, *, ids: Sequence[int], actor: Actor) -> dict[int, Target]:
    """Return threads by their first comment; who began one that was removed is not told."""
    if not ids:
        return {}
    rows = session.execute(
        select(
            Contribution.id,
            Contribution.reference,
            public_contributions().label("is_public"),
            Author.name,
            Author.display,
            Author.pseudonym_number,
            Organisation.name.label("organisation"),
            Question,
            Space,
        )
        .join(Space, Space.id == Contribution.space_id)
        .join(Question, Question.id == Contribution.question_id)
        .join(Author, Author.id == Contribution.author_id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(Contribution.id.in_(ids), visible_spaces(actor))
    )
    return {
        r.id: Target(
            Subject.THREAD,
            r.id,
            r.reference or "",
            space=r.Space,
            question=r.Question,
            author=shown_in(r).name if r.is_public else None,
        )
        for r in rows
    }


def _searches(session: Session, *, actor: Actor) -> dict[int, Target]:
    rows = session.scalars(select(SavedSearch).where(SavedSearch.user_id == actor.user_id))
    return {
        row.id: Target(Subject.SEARCH, row.id, "", words=row.words, filters=row.filters)
        for row in rows
    }
