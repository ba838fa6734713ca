"""One rule in two languages: Python and SQL agree on who sees what, whoever looks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from consult.core.authz import SPACE_ROLES, SYSTEM, Actor, Grant, Role
from consult.discussion.models import Contribution, Revision
from consult.discussion.policy import (
    Place,
    Sight,
    is_visible,
    sight_of,
    visible_contributions,
    visible_revisions,
)
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Space
from consult.spaces.policy import is_space_visible, visible_spaces
from consult.spaces.states import SpaceVisibility
from tests import factories as make


class Bed:
    """One contribution per state and removal, in spaces of each visibility, by two authors."""

    def __init__(self, session):
        self.forums = [make.make_forum(session), make.make_forum(session)]
        self.spaces = [
            make.make_space(session, forum=forum, visibility=visibility)
            for forum in self.forums
            for visibility in SpaceVisibility
        ]
        self.authors = [
            make.make_author(session, forum=forum) for forum in self.forums for _ in range(2)
        ]
        self.contributions = []
        for space in self.spaces:
            ours = [a for a in self.authors if a.forum_id == space.forum_id]
            kinds = itertools.product(RevisionState, Removed)
            for number, (state, removed) in enumerate(kinds):
                contribution = make.make_contribution(
                    session,
                    space=space,
                    author=ours[number % 2],
                    state=state,
                    removed=removed,
                )
                if number % 3 == 0:
                    # An edit waits beside the published text, or an older one lies below it.
                    other = (
                        RevisionState.PENDING
                        if state in {RevisionState.PUBLISHED, RevisionState.REJECTED}
                        else RevisionState.SUPERSEDED
                    )
                    make.make_revision(session, contribution=contribution, state=other)
                self.contributions.append((contribution, space))
        session.flush()


def actors(bed):
    grants = st.builds(
        lambda role, space: Grant(role, space.forum_id, space.id if role in SPACE_ROLES else None),
        st.sampled_from(list(Role)),
        st.sampled_from(bed.spaces),
    )
    return st.one_of(
        st.just(Actor()),
        st.just(SYSTEM),
        st.builds(
            Actor,
            user_id=st.just(1),
            grants=st.frozensets(grants, max_size=3),
            author_ids=st.frozensets(
                st.sampled_from([author.id for author in bed.authors]), max_size=2
            ),
            forum_ids=st.frozensets(
                st.sampled_from([forum.id for forum in bed.forums]), max_size=2
            ),
            opened_ids=st.frozensets(
                st.sampled_from([contribution.id for contribution, _ in bed.contributions]),
                max_size=3,
            ),
        ),
    )


def test_python_and_sql_agree_on_every_contribution_and_revision(session):
    bed = Bed(session)
    revisions = {r.id: r for r in session.scalars(select(Revision))}

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(actor=actors(bed))
    def check(actor):
        in_sql = set(session.scalars(select(Contribution.id).where(visible_contributions(actor))))
        in_python = {
            contribution.id
            for contribution, space in bed.contributions
            if is_visible(
                actor,
                contribution,
                space=space,
                state=revisions[contribution.published_revision_id].state
                if contribution.published_revision_id
                else None,
            )
        }
        assert in_sql == in_python
        texts_in_sql = set(
            session.scalars(
                select(Revision.id)
                .join(Contribution, Contribution.id == Revision.contribution_id)
                .where(visible_revisions(actor))
            )
        )
        by_id = {
            contribution.id: (contribution, space) for contribution, space in bed.contributions
        }
        texts_in_python = set()
        for revision in revisions.values():
            contribution, space = by_id[revision.contribution_id]
            sight = sight_of(
                actor,
                place=Place(
                    space=space,
                    author_id=contribution.author_id,
                    contribution_id=contribution.id,
                ),
                removed=contribution.removed,
                state=revision.state,
            )
            if sight is Sight.FULL:
                texts_in_python.add(revision.id)
        assert texts_in_sql == texts_in_python
        spaces_in_sql = set(session.scalars(select(Space.id).where(visible_spaces(actor))))
        assert spaces_in_sql == {s.id for s in bed.spaces if is_space_visible(actor, s)}

    check()


def test_an_opened_item_is_read_in_a_space_that_does_not_exist_for_the_reader(session):
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum, visibility=SpaceVisibility.UNANNOUNCED)
    author = make.make_author(session, forum=forum)
    opened, shut = [
        make.make_contribution(session, space=space, author=author, state=RevisionState.REJECTED)
        for _ in range(2)
    ]
    actor = Actor(user_id=1, opened_ids=frozenset({opened.id}))
    seen = session.scalars(
        select(Contribution.id)
        .join(Revision, Revision.contribution_id == Contribution.id)
        .where(visible_revisions(actor))
    ).all()
    assert seen == [opened.id]
    assert shut.id not in seen


@pytest.mark.parametrize("removed", list(Removed))
@pytest.mark.parametrize("state", list(RevisionState))
def test_a_visitor_reads_published_texts_and_nothing_else(session, state, removed):
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    author = make.make_author(session, forum=forum)
    make.make_contribution(session, space=space, author=author, state=state, removed=removed)
    seen = session.scalars(select(Contribution.id).where(visible_contributions(Actor()))).all()
    is_public = state is RevisionState.PUBLISHED and removed is Removed.NONE
    assert bool(seen) is is_public


def test_an_unannounced_space_hides_even_published_texts(session):
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum, visibility=SpaceVisibility.UNANNOUNCED)
    author = make.make_author(session, forum=forum)
    make.make_contribution(session, space=space, author=author)
    assert not session.scalars(select(Contribution.id).where(visible_contributions(Actor()))).all()
    assert session.scalars(select(Contribution.id).where(visible_contributions(SYSTEM))).all()
