"""Objectives are proposed for what a text speaks of, with the reason, and never ticked silently."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consult.discussion.models import Revision, RevisionTag
from consult.discussion.states import RevisionOrigin
from consult.spaces.models import Forum, Objective
from consult.spaces.notions import new_edition
from tests import factories as make
from tests.integration.moderation.desk import Desk, make_desk
from tests.journeys.test_stakeholder import Amina
from tests.signing_in import sign_in

MONEY = "My mother waits for the money, and the agent who wires it keeps a fee of nine per cent."
MIXED = f"We met in the town hall on Monday.\n\n{MONEY}"


def tell(session: Any, forum_id: int) -> None:
    """Say what objective 20 of a forum is about."""
    objective = session.scalars(
        select(Objective).where(Objective.forum_id == forum_id, Objective.number == 20)
    ).one()
    objective.about = make.said("Mothers wait for money that daughters wire; agents keep a fee.")
    forum = session.get(Forum, forum_id)
    forum.glossary_edition = new_edition()
    session.commit()


@pytest.fixture
def amina(app: Flask, session: Any, client: FlaskClient) -> Amina:
    space = make.make_space(session)
    tell(session, space.forum_id)
    return Amina(app, session, space)


def preview(amina: Amina, body: str, **values: Any) -> str:
    page = amina.browser.get(amina.question).text
    shown: str = amina.send(amina.question, page, body=body, action="preview", **values).text
    return shown


def test_the_preview_proposes_what_a_paragraph_speaks_of_and_ticks_nothing(amina: Amina) -> None:
    page = preview(amina, MIXED)
    assert re.search(r'name="passages" value="1\.[0-9a-f]{8}\.20">', page)
    reason = re.search(r"it speaks of “([^”]+)”", page)
    assert reason is not None
    assert set(reason[1].split(", ")) <= {
        "mother",
        "money",
        "agent",
        "wires",
        "keeps",
        "fee",
        "waits",
    }
    assert not re.search(r'name="(passages|objectives)" value="[^"]+"[^>]* checked', page)


def test_nothing_is_proposed_of_a_paragraph_that_the_whole_text_is_said_to_be_about(
    amina: Amina,
) -> None:
    assert "it speaks of" not in preview(amina, MIXED, objectives=["20"])


def test_a_text_of_one_paragraph_is_proposed_it_at_the_boxes_of_the_whole_text(
    amina: Amina,
) -> None:
    page = preview(amina, MONEY)
    reasons = re.findall(r'name="objectives" value="20"[^>]*>(.*?)</label>', page)
    assert ["Proposed: it speaks of “" in one for one in reasons] == [True]
    assert page.count("Proposed: it speaks of") == 1
    assert not re.search(r'name="(passages|objectives)" value="[^"]+"[^>]* checked', page)
    assert "it speaks of" not in preview(amina, MONEY, objectives=["20"])


def test_the_beginning_of_a_paragraph_ends_with_a_whole_word(amina: Amina) -> None:
    beginning = re.search(
        r"<summary>2\. <span[^>]*>(.*?)…</span>", preview(amina, f"{MIXED} {MONEY}")
    )
    assert beginning is not None
    assert f"{MONEY} {MONEY}".startswith(f"{beginning[1]} ")


def test_a_text_that_was_sent_without_a_tick_has_no_tag(amina: Amina, session: Any) -> None:
    preview(amina, MIXED)
    amina.answer(MIXED)
    assert session.scalars(select(Revision)).one()
    assert session.scalars(select(RevisionTag)).all() == []


def test_the_script_of_the_form_gets_the_question_with_its_reason(amina: Amina) -> None:
    page = amina.browser.get(amina.question).text
    fields = {"csrf_token": amina.hidden(page)["csrf_token"], "body": MIXED}
    answer = amina.browser.post(f"/en/spaces/{amina.space.slug}/proposals", data=fields).json
    (one,) = answer["suggestions"]
    assert (one["objective"], one["value"].split(".")[0]) == (20, "1")
    assert one["sentence"].startswith("Paragraph 2 speaks of “")
    assert one["sentence"].endswith("”. Is it about objective 20?")


@pytest.fixture
def desk(session: Any) -> Desk:
    desk = make_desk(session)
    tell(session, desk.forum.id)
    return desk


def test_a_moderator_sees_the_proposal_beside_the_boxes_and_ticks_it_or_not(
    desk: Desk, session: Any, client: FlaskClient
) -> None:
    made = desk.pending(source=MONEY)
    session.commit()
    sign_in(client, session, desk.users[0])
    page = client.get(f"/en/moderation/{made.receipt}").text
    box = re.search(
        r'<label><input type="checkbox" name="objectives" value="20"(.*?)</label>', page
    )
    assert box is not None
    assert "checked" not in box[1]
    assert "Proposed: it speaks of “" in box[1]
    assert page.count("Proposed:") == 1


def test_what_a_text_is_tagged_with_is_not_proposed_again(
    desk: Desk, session: Any, client: FlaskClient
) -> None:
    objective = session.scalars(
        select(Objective.id).where(Objective.forum_id == desk.forum.id, Objective.number == 20)
    ).one()
    made = desk.pending(source=MONEY, objectives=[objective])
    session.commit()
    sign_in(client, session, desk.users[0])
    assert "Proposed:" not in client.get(f"/en/moderation/{made.receipt}").text


def test_an_imported_text_keeps_its_tags_and_its_moderator_gets_a_proposal(
    desk: Desk, session: Any, client: FlaskClient
) -> None:
    made = make.make_contribution(session, space=desk.space, author=desk.author, source=MONEY)
    revision = session.get(Revision, made.published_revision_id)
    revision.origin = RevisionOrigin.IMPORT
    session.commit()
    sign_in(client, session, desk.users[0])
    page = client.get(
        f"/en/moderation/{made.reference or made.receipt}", follow_redirects=True
    ).text
    assert "Proposed: it speaks of “" in page
    assert session.scalars(select(RevisionTag)).all() == []
