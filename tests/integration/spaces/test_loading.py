"""Loading definitions: additive by key, idempotent, edits win."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core.audit import AuditEntry
from consult.core.db import Base
from consult.core.errors import BrokenInput
from consult.core.i18n import Translated
from consult.spaces import definitions
from consult.spaces.definitions import Definition
from consult.spaces.models import (
    ConsentText,
    Forum,
    GlossaryTerm,
    Objective,
    Question,
    Reason,
    Space,
    SpaceObjective,
)
from consult.spaces.queries import question_objective
from consult.spaces.services.loading import load_forum
from consult.spaces.states import QuestionKind
from tests.factories import make_forum, make_question, make_space

IMRF = Path(__file__).resolve().parents[3] / "consult/definitions/imrf2022.yaml"
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@cache
def imrf(**replaced: str) -> Definition:
    text = IMRF.read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new, 1)
    return definitions.parse(text.encode(), source="imrf2022.yaml")


def changed(old: str, new: str) -> Definition:
    return imrf(**{old: new})


def snapshot(session: Session) -> dict[str, list[Any]]:
    return {
        table.name: [tuple(row) for row in session.execute(select(table))]
        for table in Base.metadata.sorted_tables
    }


def space(session: Session, slug: str = "round-table-3") -> Space:
    return session.scalars(select(Space).where(Space.slug == slug)).one()


def test_the_whole_forum_is_there_after_loading(session: Session) -> None:
    loaded = load_forum(session, imrf(), now=NOW)
    assert loaded.added > 100
    assert session.scalar(select(func.count(Objective.id))) == 23
    third = space(session)
    assert third.code == "RT3"
    assert third.dates_assumed
    assert third.next_question_number == 4
    numbers = session.scalars(
        select(Objective.number)
        .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
        .where(SpaceObjective.space_id == third.id)
        .order_by(Objective.number)
    ).all()
    assert 20 in numbers
    assert third.title.is_complete()
    first = space(session, "round-table-1")
    assert first.title.provenance == {"en": "verified", "fr": "ours", "es": "ours"}


def test_a_closing_day_is_an_instant_in_new_york(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    assert space(session, "round-table-1").closes_at == dt.datetime(
        2022, 2, 1, 4, 59, 59, tzinfo=dt.UTC
    )


def test_loading_twice_changes_nothing(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    session.flush()
    before = snapshot(session)
    again = load_forum(session, imrf(), now=NOW + dt.timedelta(days=1))
    assert (again.added, again.changed) == (0, 0)
    assert snapshot(session) == before
    overwritten = load_forum(session, imrf(), overwrite=True, now=NOW)
    assert (overwritten.added, overwritten.changed) == (0, 0)
    assert snapshot(session) == before


def test_a_text_edited_on_a_page_wins_unless_overwritten(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    third = space(session)
    ours = Translated(texts={"en": "As we say it"})
    third.title, third.closes_at = ours, NOW
    session.flush()
    load_forum(session, imrf(), now=NOW)
    assert third.title == ours
    version = third.public_version
    load_forum(session, imrf(), overwrite=True, now=NOW)
    assert third.title.texts["en"].startswith("Supporting migrants")
    assert space(session).closes_at is None
    assert third.public_version > version


def test_what_the_file_gained_is_added(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    version = space(session).public_version
    gained = changed(
        "  - code: off-topic",
        "  - code: unkind\n    label: {en: U}\n    explanation: {en: U}\n  - code: off-topic",
    )
    loaded = load_forum(session, gained, now=NOW)
    assert loaded.added == 1
    reason = session.scalars(select(Reason).where(Reason.code == "unkind")).one()
    assert reason.position == 1
    assert space(session).public_version == version + 1


def test_loading_is_on_the_record(session: Session) -> None:
    loaded = load_forum(session, imrf(), now=NOW, actor_id=None)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "forum.load")).one()
    assert entry.subject_id == loaded.forum.id
    assert entry.facts["added"] == loaded.added


def test_the_glossary_keeps_every_synonym(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    term = session.scalars(select(GlossaryTerm).where(GlossaryTerm.key == "return")).one()
    assert term.terms["es"][:2] == ["regreso", "retorno"]


def test_a_slug_of_another_forum_is_refused_with_its_line(session: Session) -> None:
    make_space(session, forum=make_forum(session), slug="round-table-3", code="OLD")
    definition = imrf()
    with pytest.raises(BrokenInput, match="another forum has a space") as caught:
        load_forum(session, definition, now=NOW)
    assert caught.value.line == definition.lines["spaces", 2, "slug"]


def test_a_code_of_another_space_is_refused_with_its_line(session: Session) -> None:
    make_space(session, slug="older", code="RT4")
    definition = imrf()
    with pytest.raises(BrokenInput, match="the space “older” has the code RT4") as caught:
        load_forum(session, definition, now=NOW)
    assert caught.value.line == definition.lines["spaces", 3, "code"]


def test_the_code_of_a_space_stays(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    with pytest.raises(BrokenInput, match="a code cannot be changed"):
        load_forum(session, changed("code: RT3", "code: RTX"), now=NOW, overwrite=True)


def test_a_guiding_question_does_not_take_a_participants_number(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    first = space(session, "round-table-1")
    make_question(session, space=first, number=4, kind=QuestionKind.PARTICIPANT, text=None)
    more = (
        "      - number: 4\n        text: {en: And now}\n        short_text: {en: Now}\n"
        "  - slug: round-table-2"
    )
    with pytest.raises(BrokenInput, match="posed by a participant"):
        load_forum(session, changed("  - slug: round-table-2", more), now=NOW)


def test_an_added_guiding_question_moves_the_counter(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    more = (
        "      - number: 4\n        text: {en: And now}\n        short_text: {en: Now}\n"
        "  - slug: round-table-2"
    )
    load_forum(session, changed("  - slug: round-table-2", more), now=NOW)
    first = space(session, "round-table-1")
    assert first.next_question_number == 5
    numbers = session.scalars(select(Question.number).where(Question.space_id == first.id)).all()
    assert sorted(numbers) == [1, 2, 3, 4]


# A question about one objective, and an outcome --------------------------------------------

FIRST_QUESTION = "        short_text: {en: Priorities, fr: Priorités, es: Prioridades}\n"
FIRST_SPACE = "    contact: null\n    visibility: announced\n"
OUTCOME = """\
    outcome:
      text: {en: We wrote a note., fr: Nous avons écrit une note.}
      links:
        - {title: {en: The note}, url: "https://example.org/note"}
"""


def test_a_question_is_limited_to_its_objective(session: Session) -> None:
    load_forum(session, changed(FIRST_QUESTION, FIRST_QUESTION + "        objective: 6\n"), now=NOW)
    first, second = session.scalars(
        select(Question)
        .where(Question.space_id == space(session, "round-table-1").id)
        .order_by(Question.number)
        .limit(2)
    )
    limited = question_objective(session, first)
    assert limited is not None
    assert limited.number == 6
    assert question_objective(session, second) is None


def test_an_outcome_is_told_once_and_a_page_edit_stays_unless_the_file_wins(
    session: Session,
) -> None:
    load_forum(session, imrf(), now=NOW)
    told = changed(FIRST_SPACE, FIRST_SPACE + OUTCOME)
    assert load_forum(session, told, now=NOW).added == 1
    first = space(session, "round-table-1")
    version = first.public_version
    assert first.processed_at == NOW
    assert first.outcome is not None
    assert first.outcome.texts["fr"] == "Nous avons écrit une note."
    assert first.outcome_links == [{"title": {"en": "The note"}, "url": "https://example.org/note"}]
    again = load_forum(session, told, now=NOW)
    assert (again.added, again.changed, first.public_version) == (0, 0, version)
    first.outcome = Translated(texts={"en": "Edited on a page."})
    load_forum(session, told, now=NOW)
    assert first.outcome.texts["en"] == "Edited on a page."
    assert load_forum(session, told, overwrite=True, now=NOW).changed == 1
    assert first.outcome.texts["en"] == "We wrote a note."


def test_an_outcome_of_a_space_that_has_not_closed_is_refused_where_it_stands(
    session: Session,
) -> None:
    told = changed(FIRST_SPACE, FIRST_SPACE + OUTCOME)
    early = dt.datetime(2022, 1, 31, 12, tzinfo=dt.UTC)
    with pytest.raises(BrokenInput, match="has not closed") as caught:
        load_forum(session, told, now=early)
    assert caught.value.line == told.lines["spaces", 0, "outcome"]


def test_how_one_takes_part_comes_from_the_file(session: Session) -> None:
    forum = load_forum(
        session,
        changed(
            "registration: open  # open, approval (the organisers’ queue) or invitation",
            "registration: approval",
        ),
        now=NOW,
    ).forum
    assert (forum.registration, forum.erasure) == ("approval", "choice")
    texts = session.scalars(select(ConsentText).order_by(ConsentText.id)).all()
    assert [(text.purpose, text.version, text.is_required) for text in texts] == [
        ("publish", 1, True),
        ("notify", 1, False),
        ("archive", 1, False),
    ]
    assert all(set(text.text.texts) == {"en", "fr", "es"} for text in texts)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_text_that_people_agreed_to_changes_only_with_its_version(
    session: Session, overwrite: bool
) -> None:
    load_forum(session, imrf(), now=NOW)
    edited = changed("I would like to get mail", "I want mail")
    with pytest.raises(BrokenInput, match="version 2") as refused:
        load_forum(session, edited, now=NOW, overwrite=overwrite)
    assert refused.value.line > 80
    session.rollback()
    newer = imrf(**{"purpose: notify\n    version: 1": "purpose: notify\n    version: 2"})
    load_forum(session, newer, now=NOW, overwrite=overwrite)
    versions = session.scalars(
        select(ConsentText.version).where(ConsentText.purpose == "notify")
    ).all()
    assert 2 in versions


def test_what_objectives_are_about_is_loaded_and_what_was_edited_stays(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    about = {row.number: row.about for row in session.scalars(select(Objective))}
    assert all(one and set(one.texts) == {"en", "fr", "es"} for one in about.values())
    row = session.scalars(select(Objective).where(Objective.number == 20)).one()
    row.about = Translated(texts={"en": "As we say it"})
    session.flush()
    assert load_forum(session, imrf(), now=NOW).changed == 0
    assert row.about.texts == {"en": "As we say it"}


def test_objectives_loaded_before_there_was_such_a_text_get_it(session: Session) -> None:
    load_forum(session, imrf(), now=NOW)
    row = session.scalars(select(Objective).where(Objective.number == 20)).one()
    edition = session.scalars(select(Forum.glossary_edition)).one()
    row.about = None
    session.flush()
    assert load_forum(session, imrf(), now=NOW).changed == 1
    about = session.scalars(select(Objective.about).where(Objective.number == 20)).one()
    assert about is not None
    assert "money" in about.texts["en"]
    assert session.scalars(select(Forum.glossary_edition)).one() != edition
