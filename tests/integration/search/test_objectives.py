"""The profile of a forum's objectives: made from its rows, learned from what is public, kept."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.core import clock, outbox
from consult.core.markup import render
from consult.core.passages import passages
from consult.core.ports import Ports, Suggester
from consult.core.worker import drain
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.states import Removed, RevisionOrigin, RevisionState, TagRole
from consult.moderation.models import Decision
from consult.moderation.states import Verdict
from consult.search.models import ObjectiveLesson
from consult.search.objectives.keeping import profile_of
from consult.search.objectives.proposing import propose, propose_for_text
from consult.spaces.models import Forum, GlossaryTerm, Objective, Space
from consult.spaces.notions import new_edition
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.integration.test_budgets import counted

LEARN = "objectives.learn"
WORDS = "Our members bring telescopes to the observatory."


@pytest.fixture
def forum(session: Any) -> Forum:
    forum = make.make_forum(session)
    forum.glossary_edition = new_edition()
    objective(session, forum, 20).about = make.said("Families wait for money, wires and fees.")
    objective(session, forum, 15).about = make.said("Doctors, nurses, vaccines and hospitals.")
    session.commit()
    return forum


@pytest.fixture
def space(session: Any, forum: Forum) -> Space:
    return make.make_space(session, forum=forum)


def objective(session: Any, forum: Forum, number: int) -> Objective:
    found: Objective = session.scalars(
        select(Objective).where(Objective.forum_id == forum.id, Objective.number == number)
    ).one()
    return found


def proposed(session: Any, forum: Forum, source: str, *, least: float = 0.5) -> list[int]:
    found = propose_for_text(
        session,
        passages(render(source)),
        forum_id=forum.id,
        numbers={15, 16, 20},
        language="en",
        least=least,
    )
    return [one.objective for one in found]


def tagged(
    session: Any, space: Space, number: int, source: str = WORDS, *, times: int = 3, **over: Any
) -> list[Contribution]:
    """Make texts of several authors that a moderator decided and gave an objective."""
    role = over.pop("role", TagRole.MODERATOR)
    origin = over.pop("origin", RevisionOrigin.AUTHOR)
    made = []
    for _ in range(times):
        author = make.make_author(session, forum=session.get(Forum, space.forum_id))
        one = make.make_contribution(session, space=space, author=author, source=source, **over)
        revision = session.scalars(select(Revision).where(Revision.contribution_id == one.id)).one()
        revision.decided_at, revision.origin = clock.now(), origin
        forum = session.get(Forum, space.forum_id)
        session.add(
            RevisionTag(
                revision_id=revision.id,
                objective_id=objective(session, forum, number).id,
                role=role,
            )
        )
        made.append(one)
    session.commit()
    return made


def learn(session: Any) -> None:
    """Have the worker learn now; it leaves a session behind that knows no rows."""
    outbox.plant_timetable(session, now=clock.now(), only=[LEARN])
    due = select(outbox.OutboxEntry).where(outbox.OutboxEntry.handler == LEARN)
    for row in session.scalars(due):
        row.not_before = clock.now()
    session.commit()
    known = list(session.identity_map.values())
    drain(only=[LEARN])
    session.expunge_all()
    session.add_all(known)
    session.expire_all()


def learned(session: Any, forum: Forum, number: int) -> set[str]:
    row = session.get(ObjectiveLesson, forum.id)
    return set(row.weights.get(str(number), {})) if row is not None else set()


def others(session: Any, space: Space, *, times: int = 4) -> None:
    """Make texts about two other objectives, from which a word can be told."""
    tagged(session, space, 15, "Doctors and nurses vaccinate in hospitals.", times=times)
    tagged(session, space, 20, "Families wait for money and fees.", times=times)


def test_an_objective_is_proposed_by_what_it_is_about(session: Any, forum: Forum) -> None:
    assert proposed(session, forum, "My family lost money to fees on all the wires.") == [20]
    assert proposed(session, forum, "Nurses came with vaccines from the hospital.") == [15]
    assert proposed(session, forum, "The train arrived.") == []


def test_the_bound_suggester_proposes_for_passages(app: Flask, session: Any, forum: Forum) -> None:
    ports: Ports = app.extensions["consult.ports"]
    port: Suggester = propose
    assert ports.suggester is port
    (one,) = port(
        session,
        passages(render("My family lost money to fees on all the wires.")),
        forum_id=forum.id,
        numbers={20},
        language=None,
    )
    assert (one.objective, one.passage, one.is_named) == (20, 0, False)


def test_the_profile_is_kept_and_costs_one_statement(session: Any, forum: Forum) -> None:
    first = profile_of(session, forum_id=forum.id)
    with counted() as statements:
        assert profile_of(session, forum_id=forum.id) is first
    assert len(statements) == 1


def test_a_changed_glossary_is_taken_up_at_once(session: Any, forum: Forum) -> None:
    assert proposed(session, forum, "Zakat crowdfunding and hawala brokers.") == []
    session.add(
        GlossaryTerm(
            forum_id=forum.id,
            key="hawala",
            terms={"en": ["hawala brokers", "zakat crowdfunding"]},
            objectives=[20],
            provenance={},
        )
    )
    forum.glossary_edition = new_edition()
    session.commit()
    assert proposed(session, forum, "Zakat crowdfunding and hawala brokers.") == [20]


def test_two_forums_keep_their_own_profiles(session: Any, forum: Forum) -> None:
    other = make.make_forum(session)
    other.glossary_edition = new_edition()
    session.commit()
    text = "My family lost money to fees on all the wires."
    assert proposed(session, other, text) == []
    assert proposed(session, forum, text) == [20]


def test_the_worker_learns_from_what_moderators_tagged(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space, times=12)
    tagged(session, space, 16, times=12)
    before = proposed(session, forum, WORDS, least=0.2)
    learn(session)
    assert before == []
    assert {"en:telescop", "en:observatori"} <= learned(session, forum, 16)
    assert proposed(session, forum, WORDS, least=0.2) == [16]
    row = session.get(ObjectiveLesson, forum.id)
    assert row.texts == 36


def test_tags_of_an_author_that_a_moderator_let_stand_teach_too(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    tagged(session, space, 16, role=TagRole.AUTHOR)
    learn(session)
    assert "en:telescop" in learned(session, forum, 16)


def decided(session: Any, texts: list[Contribution], *, policy: str | None) -> None:
    """Keep a decision on each of the texts, a policy's or somebody's."""
    for one in texts:
        session.add(
            Decision(
                revision_id=one.published_revision_id,
                verdict=Verdict.APPROVE,
                policy=policy,
                decided_at=clock.now(),
            )
        )
    session.commit()


def test_tags_of_an_author_that_a_policy_published_teach_only_once_somebody_decided(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    texts = tagged(session, space, 16, role=TagRole.AUTHOR)
    decided(session, texts, policy="trusted")
    learn(session)
    assert learned(session, forum, 16) == set()
    decided(session, texts, policy=None)
    learn(session)
    assert "en:telescop" in learned(session, forum, 16)


def test_tags_of_a_moderator_teach_whoever_published_the_text(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    decided(session, tagged(session, space, 16), policy="trusted")
    learn(session)
    assert "en:telescop" in learned(session, forum, 16)


@pytest.mark.parametrize(
    "over",
    [
        {"removed": Removed.HIDDEN},
        {"removed": Removed.WITHDRAWN},
        {"removed": Removed.ERASED},
        {"state": RevisionState.PENDING},
        {"is_unconfirmed": True},
        {"origin": RevisionOrigin.IMPORT, "role": TagRole.AUTHOR},
    ],
)
def test_nothing_is_learned_from_what_is_not_public_or_not_confirmed(
    session: Any, forum: Forum, space: Space, over: dict[str, Any]
) -> None:
    others(session, space)
    tagged(session, space, 16, **over)
    learn(session)
    assert learned(session, forum, 16) == set()
    assert learned(session, forum, 15)


def test_nothing_is_learned_from_a_space_that_not_everybody_sees(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    secret = make.make_space(session, forum=forum, visibility=SpaceVisibility.MEMBERS)
    tagged(session, secret, 16)
    learn(session)
    assert learned(session, forum, 16) == set()


def test_a_tag_that_was_taken_away_teaches_nothing(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    tagged(session, space, 16)
    for tag in session.scalars(
        select(RevisionTag).where(RevisionTag.objective_id == objective(session, forum, 16).id)
    ):
        tag.is_public = False
    session.commit()
    learn(session)
    assert learned(session, forum, 16) == set()


def test_what_is_hidden_later_is_forgotten_with_the_next_lesson(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    made = tagged(session, space, 16)
    learn(session)
    first = session.get(ObjectiveLesson, forum.id).edition
    assert learned(session, forum, 16)
    made[0].removed = Removed.HIDDEN
    session.commit()
    learn(session)
    assert learned(session, forum, 16) == set()
    assert session.get(ObjectiveLesson, forum.id).edition != first


def test_a_lesson_that_teaches_nothing_new_keeps_the_profile(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    learn(session)
    first = profile_of(session, forum_id=forum.id)
    learn(session)
    assert profile_of(session, forum_id=forum.id) is first


def test_a_tagged_passage_teaches_by_its_own_words_only(
    session: Any, forum: Forum, space: Space
) -> None:
    others(session, space)
    source = f"{WORDS}\n\nThe orchestra plays on Sundays."
    for one in tagged(session, space, 16, source):
        revision = session.get(Revision, one.published_revision_id)
        tag = session.scalars(
            select(RevisionTag).where(RevisionTag.revision_id == revision.id)
        ).one()
        tag.start = revision.text.index("The orchestra")
        tag.end = len(revision.text)
    session.commit()
    learn(session)
    assert "en:orchestra" in learned(session, forum, 16)
    assert "en:telescop" not in learned(session, forum, 16)
