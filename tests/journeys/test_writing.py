"""Bintou writes a long text in two languages and says which paragraph is about what."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from consult.core.authz import Role
from consult.discussion.models import Contribution, Revision, RevisionTag
from consult.discussion.states import Capacity, RevisionState
from consult.spaces.models import Objective
from tests import factories as make
from tests.journeys.test_stakeholder import Amina, only, publish

LONG = (
    "Our city keeps a register of good practice.\n\n"
    "Objective 16: newcomers meet their neighbours at a weekly table, and most come back.\n\n"
    "Nous avons aussi appris que les cours du soir aident davantage les parents que les jeunes."
)
JSON = {"Accept": "application/json"}


@pytest.fixture
def bintou(app, session, client):
    space = make.make_space(session)
    session.commit()
    return Amina(app, session, space)


def _offered(page, *, passage, objective):
    """Return the value of the box that gives a passage an objective."""
    values = re.findall(r'name="passages" value="([^"]+)"', page)
    return next(v for v in values if re.fullmatch(rf"{passage}\.[0-9a-f]+\.{objective}", v))


def _preview(bintou, body=LONG, **values):
    page = bintou.browser.get(bintou.question).text
    return bintou.send(bintou.question, page, body=body, action="preview", **values).text


def _tags(session):
    return [
        (tag.start, tag.end, objective.number)
        for tag, objective in session.execute(
            select(RevisionTag, Objective).join(Objective).order_by(RevisionTag.start)
        )
    ]


def test_the_preview_proposes_the_objective_that_a_paragraph_names_and_ticks_nothing(bintou):
    page = _preview(bintou)
    proposed = re.search(r'name="passages" value="(1\.[0-9a-f]{8}\.16)">', page)
    assert proposed, "offered, not ticked"
    assert "it says “Objective 16”" in page
    assert " checked" not in page.split('name="objectives"')[0]


def test_a_ticked_paragraph_is_tagged_with_its_span(bintou, session):
    page = _preview(bintou)
    value = _offered(page, passage=1, objective=16)
    response = bintou.answer(LONG, passages=[value])
    assert response.status_code == 303
    revision = session.scalars(select(Revision)).one()
    ((start, end, number),) = _tags(session)
    assert number == 16
    assert revision.text[start:end].startswith("Objective 16: newcomers")


def test_all_proposals_are_taken_over_only_when_asked(bintou):
    page = bintou.browser.get(bintou.question).text
    taken = bintou.send(bintou.question, page, body=LONG, take_over="1", action=[]).text
    assert re.search(r'name="passages" value="1\.[0-9a-f]{8}\.16" checked', taken)


def test_a_paragraph_in_another_language_is_told_so_on_the_page(bintou, session, client):
    page = _preview(bintou)
    spoken = re.findall(r'<option value="(2\.[0-9a-f]{8}\.fr)"', page)
    assert spoken
    bintou.answer(LONG, passage_languages=spoken)
    publish(session, only(session))
    revision = session.scalars(select(Revision)).one()
    assert revision.language == "en"
    assert revision.language_spans[0][2] == "fr"
    assert '<p lang="fr">Nous avons aussi' in client.get(bintou.question).text


def test_what_was_said_of_paragraphs_comes_back_with_the_draft_and_with_an_edit(bintou, session):
    page = _preview(bintou)
    value = _offered(page, passage=1, objective=16)
    bintou.answer(LONG, passages=[value], action="save")
    draft = bintou.browser.get(bintou.question).text
    assert f'name="passages" value="{value}" checked' in draft
    bintou.answer(LONG, passages=[value])
    name = only(session).receipt
    edit = bintou.browser.get(f"/en/contributions/{name}/edit").text
    assert f'name="passages" value="{value}" checked' in edit


def test_an_objective_that_is_not_under_review_is_refused_for_a_paragraph_too(bintou, session):
    page = _preview(bintou)
    value = _offered(page, passage=1, objective=16)
    response = bintou.answer(LONG, passages=[value.removesuffix("16") + "9999"])
    assert response.status_code == 422
    assert "newcomers meet" in response.text
    assert session.scalars(select(Contribution)).all() == []


def test_answers_inherit_the_objective_that_their_question_is_limited_to(bintou, session):
    question = make.question_of(session, bintou.space)
    question.objective_id = session.scalars(
        select(Objective.id).where(Objective.number == 16)
    ).one()
    session.commit()
    page = bintou.browser.get(bintou.question).text
    assert "from the question" in page
    bintou.answer("Short and to the point, on one page.")
    assert _tags(session) == [(None, None, 16)]


def test_the_script_keeps_a_draft_and_learns_how_to_go_on(bintou, session):
    page = bintou.browser.get(bintou.question).text
    values = bintou.hidden(page) | {"body": "Half a sentence", "action": "save"}
    first = bintou.browser.post(bintou.question, data=values, headers=JSON)
    assert first.status_code == 200
    assert first.json["saved"].startswith("Draft kept on")
    values |= {"draft": first.json["draft"], "body": "Half a sentence and more"}
    second = bintou.browser.post(bintou.question, data=values, headers=JSON)
    session.expire_all()
    revision = session.scalars(select(Revision)).one()
    assert revision.source == "Half a sentence and more"
    assert revision.state == RevisionState.DRAFT
    assert second.json["draft"] != first.json["draft"]


def test_the_script_of_an_older_window_overwrites_nothing(bintou, session):
    page = bintou.browser.get(bintou.question).text
    values = bintou.hidden(page) | {"body": "From one window.", "action": "save"}
    first = bintou.browser.post(bintou.question, data=values, headers=JSON)
    values |= {"draft": first.json["draft"], "body": "Newer."}
    bintou.browser.post(bintou.question, data=values, headers=JSON)
    late = bintou.browser.post(bintou.question, data=values | {"body": "Older."}, headers=JSON)
    assert late.status_code == 409
    assert "Another window" in late.json["message"]
    session.expire_all()
    assert session.scalars(select(Revision.source)).one() == "Newer."


def test_a_save_whose_answer_was_lost_does_not_make_the_window_a_stranger(bintou, session):
    page = bintou.browser.get(bintou.question).text
    values = bintou.hidden(page) | {"action": "save", "window": "a" * 32, "language": "en"}
    bintou.browser.post(bintou.question, data=values | {"body": "Half a"}, headers=JSON)
    again = bintou.browser.post(
        bintou.question, data=values | {"body": "Half a sentence"}, headers=JSON
    )
    assert again.status_code == 200
    values |= {"body": "A whole sentence.", "action": "send"}
    assert bintou.browser.post(bintou.question, data=values).status_code == 303
    session.expire_all()
    assert [one.source for one in session.scalars(select(Revision))] == ["A whole sentence."]


def test_a_copied_window_is_another_one(bintou, session):
    page = bintou.browser.get(bintou.question).text
    values = bintou.hidden(page) | {"action": "save", "window": "a" * 32}
    bintou.browser.post(bintou.question, data=values | {"body": "From one."}, headers=JSON)
    copied = values | {"window": "b" * 32, "body": "From its copy."}
    assert bintou.browser.post(bintou.question, data=copied, headers=JSON).status_code == 409


def test_the_same_words_with_another_file_or_objective_are_not_dropped(bintou, session):
    bintou.answer("We share one register of skills.", objectives=["15"])
    other = bintou.answer("We share one register of skills.", objectives=["16"])
    assert other.status_code == 422
    assert "You sent these very words a moment ago" in other.text
    assert len(session.scalars(select(Contribution)).all()) == 1


def test_a_form_whose_draft_was_sent_from_another_window_makes_no_second_text(bintou, session):
    bintou.answer("Kept first.", action="save")
    one = bintou.browser.get(bintou.question).text
    other = bintou.browser.get(bintou.question).text
    sent = bintou.send(bintou.question, one, body="Kept first, then sent.")
    same = bintou.send(bintou.question, other, body="Kept first, then sent.")
    assert same.headers["Location"] == sent.headers["Location"]
    differs = bintou.send(bintou.question, other, body="Kept first, then changed.")
    assert differs.status_code == 409
    assert "Kept first, then sent." in differs.text
    assert "Kept first, then changed." in differs.text
    assert len(session.scalars(select(Contribution)).all()) == 1


def test_an_older_window_does_not_discard_what_a_newer_one_kept(bintou, session):
    bintou.answer("On the laptop.", action="save")
    laptop = bintou.browser.get(bintou.question).text
    bintou.answer("On the telephone, an hour of work.", action="save")
    refused = bintou.send(bintou.question, laptop, body="On the laptop.", action="discard")
    assert refused.status_code == 409
    assert "an hour of work" in bintou.browser.get(bintou.question).text


def test_after_a_refusal_every_choice_is_still_there(bintou, session):
    bintou.answer("First.", action="save")
    page = bintou.browser.get(bintou.question).text
    bintou.answer("Second.", action="save")
    late = bintou.send(bintou.question, page, body="Third.", action="save", objectives=["16"])
    assert late.status_code == 409
    assert re.search(r'name="objectives" value="16"[^>]* checked', late.text)
    again = bintou.send(bintou.question, late.text, body="Third.", action="save")
    assert again.status_code == 303


def test_a_role_that_was_taken_away_stays_away_with_the_draft(bintou, session):
    make.grant(session, user=bintou.user, role=Role.MODERATOR, space=bintou.space)
    session.commit()
    bintou.answer("As anybody.", action="save")
    assert 'name="in_role" value="1">' in bintou.browser.get(bintou.question).text


def test_the_script_is_told_in_a_sentence_why_a_draft_is_not_kept(bintou):
    page = bintou.browser.get(bintou.question).text
    values = bintou.hidden(page) | {"body": "x" * 50_001, "action": "save"}
    response = bintou.browser.post(bintou.question, data=values, headers=JSON)
    assert response.status_code == 422
    assert "50,000" in response.json["message"]


def test_an_unfinished_text_in_any_language_is_kept_as_a_draft(bintou, session):
    text = "Dies ist ein deutscher Text, der noch lange nicht fertig ist und übersetzt werden soll."
    response = bintou.answer(text, language="", action="save")
    assert response.status_code == 303
    assert text in bintou.browser.get(bintou.question).text


def test_the_same_words_from_a_second_window_are_sent_once(bintou, session):
    first_page = bintou.browser.get(bintou.question).text
    second_page = bintou.browser.get(bintou.question).text
    first = bintou.send(bintou.question, first_page, body="Said once, from two windows.")
    second = bintou.send(bintou.question, second_page, body="Said once, from two windows.")
    assert first.headers["Location"] == second.headers["Location"]
    assert len(session.scalars(select(Contribution)).all()) == 1


def test_other_words_from_a_second_window_are_a_second_contribution(bintou, session):
    page = bintou.browser.get(bintou.question).text
    other = bintou.browser.get(bintou.question).text
    bintou.send(bintou.question, page, body="The first thing to say.")
    bintou.send(bintou.question, other, body="The second thing to say.")
    assert len(session.scalars(select(Contribution)).all()) == 2


def test_the_proposals_name_language_and_objectives_and_keep_nothing(bintou, session):
    page = bintou.browser.get(bintou.question).text
    token = bintou.hidden(page)["csrf_token"]
    address = f"/en/spaces/{bintou.space.slug}/proposals"
    body = "Objectif 16 : nos communes ont ouvert des guichets pour accueillir les nouveaux venus."
    answer = bintou.browser.post(address, data={"csrf_token": token, "body": body}).json
    assert answer["language"] == "fr"
    assert [one["objective"] for one in answer["suggestions"]] == [16]
    assert "“Objectif 16”" in answer["suggestions"][0]["sentence"]
    assert session.scalars(select(Revision)).all() == []


@pytest.mark.parametrize(
    ("role", "capacity"),
    [
        (Role.MODERATOR, Capacity.MODERATOR),
        (Role.DRAFTER, Capacity.DRAFTER),
        (Role.ORGANISER, Capacity.SECRETARIAT),
    ],
)
def test_who_has_a_role_shows_it_unless_they_take_it_away(bintou, session, role, capacity):
    make.grant(session, user=bintou.user, role=role, space=bintou.space)
    session.commit()
    assert 'name="in_role" value="1" checked' in bintou.browser.get(bintou.question).text
    bintou.answer("With my role beside the name.", in_role="1")
    assert only(session).capacity == capacity
    bintou.answer("As anybody else would say it.")
    assert only(session).capacity == Capacity.PARTICIPANT


def test_nobody_takes_a_role_they_do_not_have(bintou, session):
    bintou.answer("I pretend to be somebody.", in_role="1")
    assert only(session).capacity == Capacity.PARTICIPANT
