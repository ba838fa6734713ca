"""Plain functions that make rows for tests; every value can be overridden."""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import insert, inspect, select, update
from sqlalchemy.orm import Session, scoped_session

from consult.accounts.models import User
from consult.core import clock, markup
from consult.core.authz import SPACE_ROLES, Actor, Grant, Role
from consult.core.i18n import Translated
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.services.threads import base36
from consult.discussion.states import ContributionKind, Removed, RevisionState
from consult.spaces.models import (
    Author,
    AuthorMember,
    Category,
    Forum,
    Objective,
    Organisation,
    Question,
    Reason,
    RoleGrant,
    Space,
    SpaceObjective,
)
from consult.spaces.states import DisplayChoice, Membership, QuestionKind, SpaceVisibility

AnySession = Session | scoped_session[Session]

_numbers = itertools.count(1)


def said(text: str) -> Translated:
    """Return one text in three languages, recognisable by its language."""
    return Translated(texts={"en": text, "fr": f"{text} (fr)", "es": f"{text} (es)"})


def _add(session: AnySession, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def make_forum(session: AnySession, **over: Any) -> Forum:
    """Make a forum with two categories, objectives 15, 16 and 20 and the reasons."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "slug": f"forum-{number}",
        "title": said("Review forum"),
        "short_title": said("Forum"),
        "contact": "office@example.org",
        "time_zone": "America/New_York",
        "disclaimer": said("Views are those of the participants."),
        "licence": said("CC BY 4.0"),
        "created_at": clock.now(),
    }
    forum = _add(session, Forum(**values | over))
    for position, slug in enumerate(("civil-society", "local-authorities"), 1):
        session.add(
            Category(forum_id=forum.id, slug=slug, position=position, name=said(slug.title()))
        )
    for objective in (15, 16, 20):
        session.add(
            Objective(
                forum_id=forum.id,
                number=objective,
                title=said(f"Objective title {objective}"),
                short_title=said(f"Short {objective}"),
            )
        )
    for position, code in enumerate(("off-topic", "personal-data", "other"), 1):
        session.add(
            Reason(
                forum_id=forum.id,
                code=code,
                position=position,
                label=said(code),
                explanation=said(f"Why {code}"),
            )
        )
    session.flush()
    return forum  # type: ignore[no-any-return]


def make_space(session: AnySession, *, forum: Forum | None = None, **over: Any) -> Space:
    """Make an open space with three guiding questions and the forum's objectives."""
    forum = forum or make_forum(session)
    number = next(_numbers)
    now = clock.now()
    values: dict[str, Any] = {
        "forum_id": forum.id,
        "slug": f"space-{number}",
        "code": f"S{number}",
        "position": number,
        "title": said(f"Space {number}"),
        "kicker": said(f"Round table {number}"),
        "aim": said("To gather what people say."),
        "co_chairs": [],
        "drafting": [],
        "visibility": SpaceVisibility.ANNOUNCED,
        "opens_at": now - dt.timedelta(days=10),
        "closes_at": now + dt.timedelta(days=10),
        "note": {"words": 1000, "sections": []},
        "next_question_number": 4,
    }
    space = _add(session, Space(**values | over))
    for question in (1, 2, 3):
        make_question(session, space=space, number=question)
    for objective_id in session.scalars(select(Objective.id).where(Objective.forum_id == forum.id)):
        session.add(SpaceObjective(space_id=space.id, objective_id=objective_id))
    session.flush()
    return space  # type: ignore[no-any-return]


def make_question(session: AnySession, *, space: Space, **over: Any) -> Question:
    """Make a guiding question."""
    values: dict[str, Any] = {
        "space_id": space.id,
        "number": next(_numbers) + 100,
        "kind": QuestionKind.GUIDING,
        "text": said("What matters?"),
        "short_text": said("Priorities"),
    }
    return _add(session, Question(**values | over))  # type: ignore[no-any-return]


def question_of(session: AnySession, space: Space, number: int = 1) -> Question:
    """Return a space's question by number."""
    return session.scalars(
        select(Question).where(Question.space_id == space.id, Question.number == number)
    ).one()


def make_user(session: AnySession, **over: Any) -> User:
    """Make a confirmed user without a password."""
    number = next(_numbers)
    email = over.pop("email", f"user{number}@example.org")
    values: dict[str, Any] = {
        "email": email,
        "email_key": email.casefold(),
        "name": f"User {number}",
        "locale": "en",
        "confirmed_at": clock.now(),
        "created_at": clock.now(),
    }
    return _add(session, User(**values | over))  # type: ignore[no-any-return]


def make_author(
    session: AnySession, *, forum: Forum, user: User | None = None, **over: Any
) -> Author:
    """Make an Author of a local authority, spoken for by `user` where one is given."""
    number = next(_numbers)
    organisation_name = over.pop("organisation", f"City of Example {number}")
    organisation = _add(
        session,
        Organisation(
            forum_id=forum.id, name=organisation_name, name_key=organisation_name.casefold()
        ),
    )
    category = session.scalars(
        select(Category).where(
            Category.forum_id == forum.id,
            Category.slug == over.pop("category", "local-authorities"),
        )
    ).one()
    values: dict[str, Any] = {
        "forum_id": forum.id,
        "uid": str(uuid.uuid4()),
        "name": f"Desk officer {number}",
        "organisation_id": organisation.id,
        "category_id": category.id,
        "created_at": clock.now(),
    }
    author = _add(session, Author(**values | over))
    if user is not None:
        _add(
            session,
            AuthorMember(author_id=author.id, user_id=user.id, membership=Membership.SELF),
        )
    return author  # type: ignore[no-any-return]


def grant(session: AnySession, *, user: User, role: Role, space: Space) -> RoleGrant:
    """Give a role in a space, or in its forum for roles of a whole forum."""
    return _add(  # type: ignore[no-any-return]
        session,
        RoleGrant(
            user_id=user.id,
            role=role,
            forum_id=space.forum_id,
            space_id=space.id if role in SPACE_ROLES else None,
            granted_at=clock.now(),
        ),
    )


def actor_for(
    *,
    user: User | None = None,
    author: Author | None = None,
    role: Role | None = None,
    space: Space | None = None,
) -> Actor:
    """Return the actor that a signed-in user would be."""
    grants: frozenset[Grant] = frozenset()
    if role is not None:
        assert space is not None
        grants = frozenset({Grant(role, space.forum_id, space.id if role in SPACE_ROLES else None)})
    return Actor(
        user_id=user.id if user else None,
        name=user.name if user else "",
        grants=grants,
        author_ids=frozenset({author.id}) if author else frozenset(),
        forum_ids=frozenset({author.forum_id}) if author else frozenset(),
    )


def make_revision(
    session: AnySession, *, contribution: Contribution, state: RevisionState, **over: Any
) -> Revision:
    """Make one text of a contribution; pointers are left to the caller."""
    source = over.pop("source", "What our city has learned.")
    objectives = over.pop("objectives", ())
    now = clock.now()
    html = markup.render(source)
    number = 1 + len(
        session.scalars(
            select(Revision.id).where(Revision.contribution_id == contribution.id)
        ).all()
    )
    values: dict[str, Any] = {
        "contribution_id": contribution.id,
        "number": number,
        "state": state,
        "source": source,
        "html": str(html),
        "text": markup.to_text(html),
        "language": "en",
        "renderer_version": markup.RENDERER_VERSION,
        "sent_at": None if state is RevisionState.DRAFT else now,
        "created_at": now,
        "saved_at": now,
    }
    revision = _add(session, Revision(**values | over))
    for objective_id in objectives:
        session.add(RevisionTag(revision_id=revision.id, objective_id=objective_id))
    session.flush()
    return revision  # type: ignore[no-any-return]


def _step(number: int) -> str:
    """Return a step of a path that `threads.place`, which counts from one, does not come to."""
    return "z" + base36(number)[1:]


def make_contribution(
    session: AnySession,
    *,
    space: Space,
    author: Author,
    state: RevisionState = RevisionState.PUBLISHED,
    removed: Removed = Removed.NONE,
    parent: Contribution | None = None,
    question: Question | None = None,
    **over: Any,
) -> Contribution:
    """Make a comment with one revision in `state`, its pointers set as the services set them."""
    number = next(_numbers)
    now = clock.now()
    question = question or question_of(session, space)
    revision_values = {
        key: over.pop(key) for key in ("source", "language", "objectives", "text") if key in over
    }
    was_public = state in {RevisionState.PUBLISHED, RevisionState.SUPERSEDED}
    values: dict[str, Any] = {
        "uid": str(uuid.uuid4()),
        "kind": ContributionKind.COMMENT,
        "space_id": space.id,
        "question_id": question.id,
        "parent_id": parent.id if parent else None,
        "author_id": author.id,
        "thread_ordinal": parent.thread_ordinal if parent else int(now.timestamp() * 1_000_000),
        "path": parent.path + _step(number) if parent else "",
        "depth": parent.depth + 1 if parent else 1,
        "removed": removed,
        "removed_at": None if removed == Removed.NONE else now,
        "receipt": None if state is RevisionState.DRAFT else _receipt(),
        "reference": f"{space.code}-Q{question.number}-{number:04d}" if was_public else None,
        "sent_at": None if state is RevisionState.DRAFT else now,
        "first_published_at": now if was_public else None,
        "created_at": now,
    }
    contribution = _add(session, Contribution(**values | over))
    contribution.thread_id = parent.thread_id if parent else contribution.id
    revision = make_revision(session, contribution=contribution, state=state, **revision_values)
    if state is RevisionState.PUBLISHED:
        contribution.published_revision_id = revision.id
    elif state not in {RevisionState.REJECTED, RevisionState.CANCELLED, RevisionState.SUPERSEDED}:
        contribution.open_revision_id = revision.id
    session.flush()
    return contribution  # type: ignore[no-any-return]


def make_long_thread(
    session: AnySession, *, space: Space, author: Author, length: int, source: str
) -> None:
    """Make that many public comments under the first question, every second one a reply.

    Three statements instead of several a comment.
    """
    model = make_contribution(session, space=space, author=author, source=source)
    revision = session.get_one(Revision, model.published_revision_id)
    head, text = _values(model), _values(revision)
    first = 1_000_000
    heads, texts = [], []
    for number in range(length):
        root = number - number % 2
        is_reply = number != root
        heads.append(
            head
            | {
                "id": first + number,
                "uid": str(uuid.uuid4()),
                "parent_id": first + root if is_reply else None,
                "thread_id": first + root,
                "thread_ordinal": head["thread_ordinal"] + root,
                "path": "0001" if is_reply else "",
                "depth": 2 if is_reply else 1,
                "receipt": _receipt(),
                "reference": f"{space.code}-Q1-{9000 + number}",
                "published_revision_id": None,
            }
        )
        texts.append(text | {"id": first + number, "contribution_id": first + number})
    _forget(session, model, revision)
    session.execute(insert(Contribution), heads)
    session.execute(insert(Revision), texts)
    session.execute(
        update(Contribution)
        .where(Contribution.id >= first)
        .values(published_revision_id=Contribution.id)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def _values(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _forget(session: AnySession, contribution: Contribution, revision: Revision) -> None:
    contribution.published_revision_id = None
    contribution.thread_id = None
    session.flush()
    session.delete(revision)
    session.flush()
    session.delete(contribution)
    session.flush()


def _receipt() -> str:
    letters = "".join(secrets.choice("ABCDEFGHJKMNPQRSTVWXYZ23456789") for _ in range(16))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))


def make_delegation(
    session: AnySession,
    *,
    forum: Forum,
    focal_point: User | None = None,
    contributors: Iterable[User] = (),
    **over: Any,
) -> Author:
    """Make the delegation of an organisation with its members; it wants clearance by default."""
    organisation = over.pop("organisation", f"Union of Example {next(_numbers)}")
    author = make_author(
        session,
        forum=forum,
        organisation=organisation,
        **{"name": organisation, "display": DisplayChoice.ORGANISATION}
        | {"is_delegation": True, "wants_clearance": True}
        | over,
    )
    memberships = [(user, Membership.CONTRIBUTOR) for user in contributors]
    if focal_point is not None:
        memberships.append((focal_point, Membership.FOCAL_POINT))
    for user, membership in memberships:
        _add(
            session,
            AuthorMember(
                author_id=author.id, user_id=user.id, membership=membership, joined_at=clock.now()
            ),
        )
    return author
