"""Amina answers a question, sees her text wait, corrects it, replies, and takes back her words."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Forum, Space
from tests import factories as make
from tests.signing_in import sign_in, token_of


class Amina:
    """A stakeholder with a browser without scripts."""

    def __init__(self, app, session, space):
        self.app, self.session, self.space = app, session, space
        self.user = make.make_user(session, name="Amina")
        forum = session.get_one(Forum, space.forum_id)
        self.author = make.make_author(session, forum=forum, user=self.user)
        self.browser = app.test_client()
        sign_in(self.browser, session, self.user)
        self.question = f"/en/spaces/{space.slug}/questions/1"

    def hidden(self, page):
        """Return the hidden fields of a page's writing form."""
        form = page[page.index('data-draft="') :]
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))

    def send(self, address, page, **values):
        """Send the writing form of a page with what was typed into it."""
        self.session.commit()
        data = self.hidden(page) | {"language": "en", "action": "send"} | values
        response = self.browser.post(address, data=data)
        self.session.expire_all()
        return response

    def answer(self, body="What our city has learned.", **values):
        """Answer the question and return the response."""
        page = self.browser.get(self.question).text
        return self.send(self.question, page, body=body, **values)


@pytest.fixture
def amina(app, session, client):
    space = make.make_space(session)
    session.commit()
    return Amina(app, session, space)


def only(session):
    return session.scalars(select(Contribution).order_by(Contribution.id.desc()).limit(1)).one()


def publish(session, contribution):
    revision = session.get_one(Revision, contribution.open_revision_id)
    publishing.publish(
        session,
        contribution=contribution,
        revision=revision,
        space=session.get_one(Space, contribution.space_id),
        now=clock.now(),
    )
    session.commit()
    return contribution.reference


def test_an_answer_gets_a_receipt_and_waits_where_only_its_author_sees_it(amina, session, client):
    response = amina.answer("We opened a one-stop desk.", objectives=["15", "16"])
    assert response.status_code == 303
    receipt = only(session).receipt
    assert receipt in response.headers["Location"]
    assert receipt in amina.browser.get(response.headers["Location"]).text
    assert "one-stop desk" in amina.browser.get(amina.question).text
    assert "one-stop desk" in amina.browser.get("/en/account").text
    assert "one-stop desk" not in client.get(amina.question).text
    assert client.get(response.headers["Location"]).status_code == 404


def test_the_same_form_sent_twice_gives_one_contribution(amina, session):
    page = amina.browser.get(amina.question).text
    first = amina.send(amina.question, page, body="Once is enough.")
    second = amina.send(amina.question, page, body="Once is enough.")
    assert first.headers["Location"] == second.headers["Location"]
    assert session.scalar(select(func.count()).select_from(Contribution)) == 1


def test_the_same_key_with_another_text_is_refused_and_keeps_the_text(amina, session):
    page = amina.browser.get(amina.question).text
    amina.send(amina.question, page, body="The first text.")
    response = amina.send(amina.question, page, body="Another text.")
    assert response.status_code == 422
    assert "Another text." in response.text
    assert session.scalar(select(func.count()).select_from(Contribution)) == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"body": "   "}, "Please write your text."),
        ({"body": "x" * 50_001}, "A text can have at most 50,000 characters."),
        (
            {"body": "Fine words.", "objectives": ["15", "99"]},
            "Please choose only objectives under review here.",
        ),
        (
            {"body": "Fine words.", "objectives": ["abc"]},
            "Please choose only objectives under review here.",
        ),
    ],
)
def test_a_mistake_is_told_beside_the_field_and_nothing_typed_is_lost(amina, values, sentence):
    page = amina.browser.get(amina.question).text
    response = amina.send(amina.question, page, **values)
    assert response.status_code == 422
    assert response.text.count(sentence) >= 2
    assert values["body"].strip()[:40] in response.text


def test_mistakes_are_told_in_the_language_of_the_page(amina):
    address = amina.question.replace("/en/", "/fr/")
    page = amina.browser.get(address).text
    response = amina.send(address, page, body="")
    assert "Please write your text." not in response.text


def test_hostile_characters_are_replaced_not_refused(amina, session):
    response = amina.answer("one\x00two \ufffe three")
    assert response.status_code == 303
    source = session.scalars(select(Revision.source)).one()
    assert "\x00" not in source
    assert source.startswith("one\ufffdtwo")


def test_a_body_of_ten_megabytes_is_refused_with_413(amina):
    response = amina.browser.post(amina.question, data={"body": "x" * 10_000_000})
    assert response.status_code == 413


def test_a_preview_shows_the_text_and_keeps_nothing(amina, session):
    page = amina.browser.get(amina.question).text
    response = amina.send(amina.question, page, body="**Bold** words", action="preview")
    assert response.status_code == 200
    assert "<strong>Bold</strong>" in response.text
    assert "**Bold** words" in response.text
    assert session.scalar(select(func.count()).select_from(Contribution)) == 0


def test_a_draft_is_there_again_and_can_be_thrown_away(amina, session):
    page = amina.browser.get(amina.question).text
    assert amina.send(amina.question, page, body="Half a thought", action="save").status_code == 303
    page = amina.browser.get(amina.question).text
    assert "Half a thought" in page
    assert amina.send(amina.question, page, body="", action="discard").status_code == 303
    assert "Half a thought" not in amina.browser.get(amina.question).text


def test_a_closed_space_refuses_with_the_text_returned(amina, session):
    page = amina.browser.get(amina.question).text
    amina.space.closes_at = clock.now().replace(year=2020)
    amina.space.opens_at = clock.now().replace(year=2019)
    response = amina.send(amina.question, page, body="Too late, alas.")
    assert response.status_code == 403
    assert "Too late, alas." in response.text


def test_an_edit_waits_while_readers_keep_the_published_text(amina, session, client):
    amina.answer("The first version.")
    reference = publish(session, only(session))
    link = f"/en/contributions/{reference}"
    edit = f"{link}/edit"
    assert f'href="{edit}"' in amina.browser.get(link).text
    response = amina.send(edit, amina.browser.get(edit).text, body="The second version.")
    assert response.status_code == 303
    assert "The first version." in client.get(link).text
    assert "The second version." not in client.get(link).text
    assert "The second version." in amina.browser.get(link).text
    assert only(session).open_revision_id is not None


def test_an_edit_from_a_stale_form_is_409_with_both_texts(amina, session):
    amina.answer("The first version.")
    edit = f"/en/contributions/{publish(session, only(session))}/edit"
    old_form = amina.browser.get(edit).text
    amina.send(edit, amina.browser.get(edit).text, body="From one window.")
    response = amina.send(edit, old_form, body="From another window.")
    assert response.status_code == 409
    assert "From one window." in response.text
    assert "From another window." in response.text


def test_nobody_edits_somebody_elses_text(amina, app, session):
    amina.answer("Mine alone.")
    reference = publish(session, only(session))
    other = Amina(app, session, amina.space)
    assert other.browser.get(f"/en/contributions/{reference}/edit").status_code == 403
    amina.answer("Another of mine, waiting.")
    receipt = only(session).receipt
    assert other.browser.get(f"/en/contributions/{receipt}/edit").status_code == 404


def test_a_reply_stands_under_what_it_answers_and_says_so(amina, session, client):
    amina.answer("A question for you all.")
    reference = publish(session, only(session))
    form = amina.browser.get(f"/en/contributions/{reference}/reply?quote=1").text
    assert "&gt; A question for you all." in form
    response = amina.send(amina.question, form, body="An answer to it.", parent=reference)
    assert response.status_code == 303
    reply = only(session)
    assert reply.parent_id is not None
    publish(session, reply)
    page = client.get(amina.question).text
    assert page.index("A question for you all.") < page.index("An answer to it.")
    assert "In reply to" in page


def test_a_withdrawn_text_with_replies_leaves_a_nameless_place(amina, session, client):
    amina.answer("Words to be taken back.")
    root = only(session)
    reference = publish(session, root)
    amina.send(
        amina.question, amina.browser.get(amina.question).text, body="Below.", parent=reference
    )
    publish(session, only(session))
    address = f"/en/contributions/{reference}/withdraw"
    data = {"csrf_token": token_of(amina.browser.get(address).text)}
    assert amina.browser.post(address, data=data).status_code == 303
    page = client.get(amina.question).text
    assert "Words to be taken back." not in page
    assert reference in page
    assert "Below." in page
    assert client.get(f"/en/contributions/{reference}").status_code == 410
    own = amina.browser.get(f"/en/contributions/{reference}").text
    assert "undo-withdrawal" in own
    session.expire_all()
    assert session.get_one(Contribution, root.id).removed == Removed.WITHDRAWN


def test_a_question_of_ones_own_is_moderated_and_then_numbered(amina, session, client):
    address = f"/en/spaces/{amina.space.slug}/ask"
    response = amina.send(address, amina.browser.get(address).text, body="Who reads all this?")
    assert response.status_code == 303
    asked = only(session)
    assert session.get_one(Revision, asked.open_revision_id).state == RevisionState.PENDING
    publish(session, asked)
    page = client.get(f"/en/spaces/{amina.space.slug}/questions/4")
    assert page.status_code == 200
    assert "Who reads all this?" in page.text


def test_a_form_without_its_token_is_refused_and_gives_the_text_back(amina):
    response = amina.browser.post(amina.question, data={"body": "Precious words."})
    assert response.status_code == 400
    assert "Precious words." in response.text


def test_a_receipt_leads_to_the_reference_once_the_text_is_public(amina, session, client):
    amina.answer("Soon to be public.")
    contribution = only(session)
    reference = publish(session, contribution)
    response = client.get(f"/en/contributions/{contribution.receipt}")
    assert response.status_code == 303
    assert response.headers["Location"].endswith(reference)
