"""What goes wrong in real life costs nobody a text and shows nobody what is not theirs."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.core.errors import StaleState
from consult.core.limits import Attempt
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing, removing, revising
from consult.discussion.services.texts import Words
from consult.discussion.states import RevisionState
from consult.search import sync
from consult.spaces.models import Space
from tests import factories as make
from tests.journeys.test_stakeholder import Amina, only, publish


@pytest.fixture
def amina(app, session, client):
    space = make.make_space(session)
    session.commit()
    return Amina(app, session, space)


@pytest.mark.parametrize("number", ["9" * 20, "9" * 5000, "²", "-1", "1e3"])
def test_a_strange_objective_is_a_mistake_told_beside_the_field(amina, number):
    response = amina.answer("Fine words.", objectives=[number])
    assert response.status_code == 422
    assert "Fine words." in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/en/contributions/a%00b",
        "/en/spaces/%00",
        "/en/search?q=%00&language=%00",
        "/en/search?q=water&page=99999999999999999999",
        "/en/spaces/{slug}/questions/1?category=%00&after=%00x",
        "/en/spaces/{slug}/questions/99999999999999999999",
    ],
)
def test_a_nul_or_a_huge_number_in_an_address_breaks_nothing(amina, client, path):
    response = client.get(path.format(slug=amina.space.slug))
    assert response.status_code in {200, 404}


@pytest.mark.parametrize("field", ["parent", "idempotency_key", "language", "draft", "seen"])
def test_a_nul_in_a_hidden_field_breaks_nothing(amina, field):
    response = amina.answer("Precious words.", **{field: "a\x00b" * 4})
    assert response.status_code in {303, 422}
    if response.status_code == 422:
        assert "Precious words." in response.text


def test_a_window_that_knows_of_no_draft_does_not_overwrite_it(amina, session):
    old_window = amina.browser.get(amina.question).text
    amina.send(amina.question, old_window, body="A long and careful draft.", action="save")
    saved = amina.send(amina.question, old_window, body="Hasty.", action="save")
    assert saved.status_code == 409
    assert "A long and careful draft." in saved.text
    assert "Hasty." in saved.text
    assert amina.send(amina.question, old_window, body="Short and sent.").status_code == 303
    assert "A long and careful draft." in amina.browser.get(amina.question).text


def test_two_windows_on_one_draft_do_not_overwrite_each_other(amina):
    page = amina.browser.get(amina.question).text
    amina.send(amina.question, page, body="First.", action="save")
    one = amina.browser.get(amina.question).text
    other = amina.browser.get(amina.question).text
    assert amina.send(amina.question, one, body="Second.", action="save").status_code == 303
    response = amina.send(amina.question, other, body="Third.", action="save")
    assert response.status_code == 409
    assert "Second." in response.text
    assert "Third." in response.text


def test_a_repeated_reply_gets_its_first_answer_though_the_parent_is_gone(amina, session):
    amina.answer("To be hidden.")
    root = only(session)
    reference = publish(session, root)
    form = amina.browser.get(f"/en/contributions/{reference}/reply").text
    first = amina.send(amina.question, form, body="A reply.", parent=reference)
    root = session.get_one(Contribution, root.id)
    removing.hide(session, contribution=root, seen=root.published_revision_id, now=clock.now())
    again = amina.send(amina.question, form, body="A reply.", parent=reference)
    assert (again.status_code, again.location) == (303, first.location)


def test_an_edit_is_never_sent_by_a_button_that_only_keeps(amina, session):
    amina.answer("The first version.")
    edit = f"/en/contributions/{publish(session, only(session))}/edit"
    response = amina.send(edit, amina.browser.get(edit).text, body="Half done.", action="save")
    assert response.status_code == 303
    assert "Half done." in amina.browser.get(edit).text
    states = set(session.scalars(select(Revision.state)))
    assert states == {RevisionState.PUBLISHED, RevisionState.DRAFT}


def test_undoing_a_withdrawal_puts_the_waiting_edit_back_into_the_queue(amina, session):
    amina.answer("The public text.")
    contribution = only(session)
    publish(session, contribution)
    space = session.get_one(Space, contribution.space_id)
    actor = make.actor_for(user=amina.user, author=amina.author)
    now = clock.now()
    revision = revising.send_revision(
        session,
        actor=actor,
        contribution=contribution,
        space=space,
        seen=1,
        words=Words(source="The waiting edit.", language="en"),
        now=now,
        grace=now - now,
    )
    arguments = {"actor": actor, "contribution": contribution, "space": space, "now": now}
    removing.withdraw(session, **arguments)
    assert session.get_one(Revision, revision.id).state == RevisionState.CANCELLED
    removing.undo_withdrawal(session, **arguments)
    assert contribution.open_revision_id == revision.id
    assert session.get_one(Revision, revision.id).state == RevisionState.PENDING


def test_a_returned_text_that_never_was_public_can_be_withdrawn_unseen(amina, session):
    amina.answer("Sent back.")
    contribution = only(session)
    space = session.get_one(Space, contribution.space_id)
    revision = session.get_one(Revision, contribution.open_revision_id)
    publishing.send_back(session, contribution=contribution, revision=revision, now=clock.now())
    version, changed = space.public_version, space.last_change_at
    removing.withdraw(
        session,
        actor=make.actor_for(user=amina.user, author=amina.author),
        contribution=contribution,
        space=space,
        now=clock.now(),
    )
    session.refresh(space)
    assert (space.public_version, space.last_change_at) == (version, changed)


def test_an_undone_edit_is_no_longer_called_edited(amina, session):
    amina.answer("The first version.")
    contribution = only(session)
    publish(session, contribution)
    edit = f"/en/contributions/{contribution.reference}/edit"
    amina.send(edit, amina.browser.get(edit).text, body="The second version.")
    contribution = only(session)
    publish(session, contribution)
    assert contribution.edited_at is not None
    newer = session.get_one(Revision, contribution.published_revision_id)
    publishing.take_back_decision(
        session, contribution=contribution, revision=newer, now=clock.now()
    )
    assert contribution.edited_at is None


def test_mistakes_and_repetitions_do_not_use_up_the_limit(amina, app, session):
    config = app.extensions["consult.config"]
    app.extensions["consult.config"] = dataclasses.replace(config, rate_limits=True)
    try:
        for _ in range(12):
            assert amina.answer("").status_code == 422
        page = amina.browser.get(amina.question).text
        for _ in range(12):
            assert amina.send(amina.question, page, body="Once.").status_code == 303
        assert session.scalar(select(func.count()).where(Attempt.bucket == "post-account")) == 1
    finally:
        app.extensions["consult.config"] = config


def test_a_page_that_sets_a_cookie_is_nobody_elses(client):
    response = client.get("/en/sign-in")
    assert "Set-Cookie" in response.headers
    assert response.headers["Cache-Control"] == "private, no-store"


def test_a_lagging_index_tells_nothing_of_a_hidden_text(app, amina, session, client):
    amina.answer("A word like zanzibarium.")
    contribution = only(session)
    publish(session, contribution)
    ports = app.extensions["consult.ports"]
    sync.rebuild(
        session, backend=app.extensions["consult.search"], sources=ports.documents.values()
    )
    removing.hide(
        session,
        contribution=contribution,
        seen=contribution.published_revision_id,
        now=clock.now(),
    )
    hidden = client.get("/en/search?q=zanzibarium&page=2").text
    unknown = client.get("/en/search?q=zanzibarius&page=2").text
    assert hidden.replace("zanzibarium", "…") == unknown.replace("zanzibarius", "…")


def test_a_hidden_question_keeps_the_answers_below_it_and_none_of_its_words(amina, session, client):
    address = f"/en/spaces/{amina.space.slug}/ask"
    amina.send(address, amina.browser.get(address).text, body="A question to be hidden?")
    asked = only(session)
    publish(session, asked)
    page = f"/en/spaces/{amina.space.slug}/questions/4"
    removing.hide(session, contribution=asked, seen=asked.published_revision_id, now=clock.now())
    assert client.get(page).status_code == 410
    asked = session.get_one(Contribution, asked.id)
    removing.restore(session, contribution=asked, seen=asked.published_revision_id, now=clock.now())
    amina.send(page, amina.browser.get(page).text, body="An answer that stays.")
    publish(session, only(session))
    asked = session.get_one(Contribution, asked.id)
    removing.hide(session, contribution=asked, seen=asked.published_revision_id, now=clock.now())
    shown = client.get(page)
    assert shown.status_code == 200
    assert "An answer that stays." in shown.text
    assert "A question to be hidden?" not in shown.text


def test_a_place_without_words_is_never_shown_again(amina, session, client):
    amina.answer("Words that an import never had.")
    contribution = only(session)
    publish(session, contribution)
    published = contribution.published_revision_id
    removing.hide(session, contribution=contribution, seen=published, now=clock.now())
    revision = session.get_one(Revision, published)
    revision.source, revision.html, revision.text = "", "", ""
    session.flush()
    with pytest.raises(StaleState):
        removing.restore(session, contribution=contribution, seen=published, now=clock.now())
