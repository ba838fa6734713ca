"""Finding something in the queue by its words, its author or its receipt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from consult.discussion.models import RevisionTag
from consult.spaces.models import Objective
from consult.spaces.states import DisplayChoice
from tests import factories as make
from tests.integration.moderation.desk import Desk, moderator_of
from tests.integration.moderation.queues import names, queue, waiting


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context("/en/moderation"):
        yield


@pytest.mark.parametrize(
    ("q", "is_found"),
    [
        ("écoles", True),
        ("ECOLES", True),
        ("ecol", True),
        ("cent% d'ecoles_ici", True),
        ("cent%ici", False),
        ("ecoles_", True),
        ("ecole_", False),
        ("familles écoles", True),
        ("familles usines", False),
        ("[a-z]", False),
        ("*", False),
        ("?", True),
    ],
)
def test_words_are_found_without_case_and_accents(desk: Desk, q: str, is_found: bool) -> None:
    made = waiting(desk, 1, source="Les familles, à cent% d'Écoles_ici ?")
    waiting(desk, 2, source="Something else.")
    found = queue(desk, q=q)
    assert names(found) == ([made.receipt] if is_found else [])
    assert found.page.total == int(is_found)


def test_it_is_found_by_what_is_shown_of_its_author_and_by_nothing_else(desk: Desk) -> None:
    full = make.make_author(
        desk.session, forum=desk.forum, name="Élodie Zanzibar", organisation="Ville de Portclair"
    )
    nameless = make.make_author(
        desk.session,
        forum=desk.forum,
        name="Ernst Zanzibar",
        organisation="Portclair Secret Works",
        display=DisplayChoice.PSEUDONYM,
        pseudonym_number=5838,
    )
    of_full, of_nameless = waiting(desk, 2, author=full), waiting(desk, 1, author=nameless)
    assert names(queue(desk, q="zanzibar")) == [of_full.receipt]
    assert names(queue(desk, q="elodie portclair")) == [of_full.receipt]
    assert names(queue(desk, q="5838")) == [of_nameless.receipt]


def test_it_is_found_by_its_receipt_however_it_is_typed(desk: Desk) -> None:
    made = waiting(desk, 1)
    waiting(desk, 2)
    assert names(queue(desk, q=(made.receipt or "").lower())) == [made.receipt]


def test_nobody_finds_what_is_not_on_their_desk(desk: Desk) -> None:
    waiting(desk, 1, source="A very special word.")
    _, stranger = moderator_of(desk.session, make.make_space(desk.session, forum=desk.forum))
    assert names(queue(desk, actor=stranger, q="special")) == []


def test_questions_of_the_chosen_consultation_are_offered_with_what_waits(desk: Desk) -> None:
    waiting(desk, 1, question=make.question_of(desk.session, desk.space, 2))
    found = queue(desk, category="local-authorities")
    assert [(one.value, one.count) for one in found.questions] == [("1", 0), ("2", 1), ("3", 0)]
    assert {one.value: one.count for one in found.categories} == {
        "civil-society": 0,
        "local-authorities": 1,
    }
    assert [one.value for one in found.objectives] == ["15", "16", "20"]


def test_objectives_narrow_the_list(desk: Desk) -> None:
    objective = next(iter(queue(desk).objectives))
    assert objective.value == "15"
    of_it = waiting(desk, 2)
    waiting(desk, 1)
    objective_id = desk.session.scalars(
        select(Objective.id).where(Objective.forum_id == desk.forum.id, Objective.number == 15)
    ).one()
    tag = RevisionTag(revision_id=desk.text(of_it).id, objective_id=objective_id)
    desk.session.add(tag)
    desk.session.flush()
    assert names(queue(desk, objective=15)) == [of_it.receipt]
