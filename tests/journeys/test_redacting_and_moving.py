"""A moderator takes something out of a text, and moves texts, through HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.core.authz import Role
from consult.discussion.models import Contribution
from consult.discussion.services import removing, revising
from consult.discussion.services.gaps import PHRASES
from consult.discussion.states import ContributionKind, RevisionState
from consult.moderation import services
from consult.moderation.states import Verdict
from consult.spaces.models import Space
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.integration.discussion.attached import make_attachment
from tests.integration.moderation.desk import WHY, Desk, make_desk
from tests.signing_in import sign_in, token_of

GAP = PHRASES["en"]
SOURCE = "We agree.\n\nCall **Zebra** Finch today.\n\nThank you."


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


@pytest.fixture
def elsewhere(desk: Desk) -> Space:
    """Another space that the first moderator moderates."""
    space = make.make_space(desk.session, forum=desk.forum)
    make.grant(desk.session, user=desk.users[0], role=Role.MODERATOR, space=space)
    return space


@pytest.fixture
def browser(client: FlaskClient, session: Any, desk: Desk, elsewhere: Space) -> FlaskClient:
    sign_in(client, session, desk.users[0])
    return client


def at(contribution: Contribution, act: str = "") -> str:
    return f"/en/moderation/{contribution.receipt}{act}"


def send(
    browser: FlaskClient, item: Contribution, act: str, *, revision: int = 1, **fields: Any
) -> Any:
    page = browser.get(at(item)).text
    data = {"csrf_token": token_of(page), "revision": str(revision), **fields}
    return browser.post(at(item, act), data=data)


def redact(browser: FlaskClient, item: Contribution, **fields: Any) -> Any:
    values = {"passages": "Zebra Finch", "reason": "personal-data", "action": "redact"}
    return send(browser, item, "/redact", **values | fields)


def test_a_passage_is_previewed_and_taken_out_and_readers_see_a_mark(
    app: Flask, browser: FlaskClient, desk: Desk
) -> None:
    item = desk.published(source=SOURCE)
    assert at(item, "/redact") in browser.get(at(item)).text
    page = browser.get(at(item, "/redact"))
    assert page.status_code == 200
    assert "Take it out" not in page.text
    preview = redact(browser, item, action="preview")
    assert preview.status_code == 200
    assert "What readers will see" in preview.text
    assert "<del>" in preview.text
    assert GAP in preview.text
    assert "Take it out" in preview.text
    assert desk.text(item).state == RevisionState.PUBLISHED
    done = redact(browser, item, message=WHY)
    assert done.status_code == 303
    after = browser.get(done.location).text
    assert "Undo" in after
    reader = app.test_client()
    for address in (
        f"/en/contributions/{item.reference}",
        f"/en/spaces/{desk.space.slug}/questions/1",
        f"/en/spaces/{desk.space.slug}/questions/1/feed.atom",
    ):
        shown = reader.get(address)
        assert shown.status_code == 200, address
        assert "Zebra" not in shown.text
        assert "Finch" not in shown.text
        assert GAP in shown.text
        assert "Moderator One" not in shown.text
    mark = reader.get(f"/en/contributions/{item.reference}").text
    assert re.search(r"Shortened by the moderators on [^<]+ Reason: personal-data\.", mark)
    assert WHY not in mark


def test_the_author_sees_what_was_taken_out_and_why_and_edits_from_the_rest(
    app: Flask, session: Any, browser: FlaskClient, desk: Desk
) -> None:
    item = desk.published(source=SOURCE)
    redact(browser, item, message=WHY)
    author = app.test_client()
    sign_in(author, session, desk.writer)
    history = author.get(f"/en/contributions/{item.reference}/history").text
    assert "Zebra" in history
    assert WHY in history
    assert "Moderator One" not in history
    form = author.get(f"/en/contributions/{item.reference}/edit").text
    body = form[form.index("<textarea") : form.index("</textarea>")]
    assert GAP in body
    assert "Zebra" not in body


def test_undo_gives_the_text_back(browser: FlaskClient, desk: Desk) -> None:
    item = desk.published(source=SOURCE)
    page = browser.get(redact(browser, item).location).text
    undone = browser.post(at(item, "/undo"), data={"csrf_token": token_of(page)})
    assert undone.status_code == 303
    assert "Zebra" in browser.get(f"/en/contributions/{item.reference}").text
    assert desk.text(item, 2).state == RevisionState.CANCELLED


def test_a_mistake_names_the_words_and_keeps_everything(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending(source=SOURCE)
    file = make_attachment(desk.session, revision_id=desk.text(item).id, name="list.pdf")
    desk.decide(item, Verdict.APPROVE)
    answer = redact(
        browser,
        item,
        passages="Zebra Finch\nWolverine <b>",
        files=file.token,
        reason="other",
        message="Short.",
    )
    assert answer.status_code == 422
    assert "“Wolverine &lt;b&gt;” does not stand in the text." in answer.text
    assert "“Zebra" not in answer.text
    assert "at least 20 characters" in answer.text
    assert "Zebra Finch\nWolverine &lt;b&gt;</textarea>" in answer.text
    assert re.search(rf'value="{file.token}"[^>]* checked', answer.text)
    assert '<option value="other" selected>' in answer.text
    assert desk.text(item).state == RevisionState.PUBLISHED


def test_a_colleague_who_was_faster_is_told_with_both_texts(
    browser: FlaskClient, desk: Desk
) -> None:
    item = desk.published(source=SOURCE)
    redact(browser, item)
    answer = redact(browser, item, passages="Thank you", message=WHY)
    assert answer.status_code == 409
    assert "Zebra" in answer.text
    assert GAP in answer.text
    assert WHY in answer.text


def test_a_text_that_its_author_changed_is_not_put_down_to_a_colleague(
    browser: FlaskClient, desk: Desk
) -> None:
    item = desk.published(source=SOURCE)
    desk.edit(item, "A newer text.")
    page = browser.get(at(item, "/move")).text
    revising.take_back(
        desk.session,
        actor=make.actor_for(user=desk.writer, author=desk.author),
        contribution=item,
        space=desk.space,
        now=clock.now(),
    )
    desk.session.commit()
    values = {"revision": "2", "target": f"{desk.space.slug}/2", "reason": "off-topic"}
    answer = browser.post(at(item, "/move"), data={"csrf_token": token_of(page), **values})
    assert answer.status_code == 409
    assert "Its author changed or took back the text" in answer.text
    assert "Moderator One" not in answer.text.partition("<main")[2]


@pytest.mark.parametrize(
    ("act", "action"),
    [("", "decide"), ("/redact", "preview"), ("/redact", "redact"), ("/move", "")],
)
def test_a_decision_on_an_erased_text_changes_nothing_and_says_so(
    browser: FlaskClient, desk: Desk, act: str, action: str
) -> None:
    item = desk.published(source=SOURCE)
    page = browser.get(at(item)).text
    removing.erase(
        desk.session,
        contribution=item,
        actor=make.actor_for(user=desk.writer, author=desk.author),
        now=clock.now(),
    )
    desk.session.commit()
    before = (item.version, item.public_version, len(desk.decisions(item)))
    values = {
        "csrf_token": token_of(page),
        "revision": "1",
        "verdict": "hide",
        "reason": "off-topic",
        "passages": "Zebra",
        "target": f"{desk.space.slug}/2",
        "message": WHY,
    }
    answer = browser.post(at(item, act), data={**values, "action": action})
    assert answer.status_code == 409
    assert "there is nothing left to decide" in answer.text
    assert WHY in answer.text
    desk.session.expire_all()
    assert (item.version, item.public_version, len(desk.decisions(item))) == before


def test_what_waits_or_is_hidden_offers_no_redaction(browser: FlaskClient, desk: Desk) -> None:
    waiting, hidden = desk.pending(), desk.published()
    desk.decide(hidden, Verdict.HIDE)
    for item in (waiting, hidden):
        assert at(item, "/redact") not in browser.get(at(item)).text
        assert browser.get(at(item, "/redact")).status_code == 403


@pytest.mark.parametrize("act", ["/redact", "/move"])
def test_own_texts_strangers_and_readers_get_no_form(
    app: Flask, session: Any, browser: FlaskClient, desk: Desk, act: str
) -> None:
    item = desk.published()
    own = desk.published()
    desk.text(own).submitted_by = desk.users[0].id
    session.commit()
    assert browser.get(at(own, act)).status_code == 403
    assert act not in re.findall(r'href="[^"]*(/redact|/move)"', browser.get(at(own)).text)
    stranger = app.test_client()
    sign_in(stranger, session, desk.writer)
    assert stranger.get(at(item, act)).status_code in {403, 404}
    assert app.test_client().get(at(item, act)).status_code in {302, 303, 401, 403}


def move(browser: FlaskClient, item: Contribution, target: str, **fields: Any) -> Any:
    return send(browser, item, "/move", target=target, reason="off-topic", **fields)


def test_a_public_text_is_moved_and_old_links_lead_to_it(
    app: Flask, browser: FlaskClient, desk: Desk, elsewhere: Space
) -> None:
    item = desk.published(source="zebrafinch")
    old = item.reference
    page = browser.get(at(item, "/move")).text
    assert f'value="{elsewhere.slug}/2"' in page
    assert f'value="{desk.space.slug}/1"' not in page
    done = move(browser, item, f"{elsewhere.slug}/2", message=WHY)
    assert done.status_code == 303
    after = browser.get(done.location).text
    new = f"{elsewhere.code}-Q2-0001"
    assert new in after
    reader = app.test_client()
    for lang in ("en", "fr", "es"):
        answer = reader.get(f"/{lang}/contributions/{old}")
        assert (answer.status_code, answer.location) == (303, f"/{lang}/contributions/{new}")
    assert "zebrafinch" in reader.get(f"/en/contributions/{new}").text
    here = reader.get(f"/en/spaces/{elsewhere.slug}/questions/2").text
    there = reader.get(f"/en/spaces/{desk.space.slug}/questions/1").text
    assert "zebrafinch" in here
    assert "zebrafinch" not in there
    assert str(old) not in there


def test_the_page_and_the_feed_of_a_moved_question_lead_to_where_it_is(
    app: Flask, browser: FlaskClient, desk: Desk, elsewhere: Space
) -> None:
    item = desk.pending(kind=ContributionKind.QUESTION, question_id=None, source="zebrafinch?")
    item.thread_id, item.path = None, ""
    desk.session.flush()
    desk.decide(item, Verdict.APPROVE)
    reader, old = app.test_client(), f"spaces/{desk.space.slug}/questions/4"
    assert "zebrafinch?" in reader.get(f"/en/{old}").text
    assert move(browser, item, elsewhere.slug).status_code == 303
    for lang in ("en", "fr"):
        for part in ("", "/feed.atom"):
            there = f"/{lang}/spaces/{elsewhere.slug}/questions/4{part}"
            answer = reader.get(f"/{lang}/{old}{part}")
            assert (answer.status_code, answer.location) == (303, there)
            assert "zebrafinch?" in reader.get(there).text
    elsewhere.visibility = SpaceVisibility.UNANNOUNCED
    desk.session.commit()
    for part in ("", "/feed.atom"):
        assert reader.get(f"/en/{old}{part}").status_code == 404
    assert reader.get(f"/en/spaces/{desk.space.slug}/questions/99").status_code == 404


def test_what_waits_keeps_its_receipt_when_it_is_moved(
    browser: FlaskClient, desk: Desk, elsewhere: Space
) -> None:
    item = desk.pending()
    done = move(browser, item, f"{elsewhere.slug}/2")
    after = browser.get(done.location).text
    assert done.location.endswith(f"/moderation/{item.receipt}")
    assert "It was moved." in after
    assert "Its name is now" not in after


def test_mistakes_of_a_move_keep_everything(
    browser: FlaskClient, desk: Desk, elsewhere: Space
) -> None:
    item = desk.pending()
    answer = move(browser, item, "")
    assert answer.status_code == 422
    assert "Please choose where the contribution goes." in answer.text
    answer = move(browser, item, f"{desk.space.slug}/1", message=WHY)
    assert "stands there already" in answer.text
    assert WHY in answer.text
    answer = send(browser, item, "/move", target=f"{elsewhere.slug}/1", reason="")
    assert answer.status_code == 422
    assert f'<option value="{elsewhere.slug}/1" selected>' in answer.text
    assert move(browser, item, f"{elsewhere.slug}/1", revision=9).status_code == 409


def test_a_moderator_of_one_space_sees_no_other_target(
    app: Flask, session: Any, desk: Desk, elsewhere: Space
) -> None:
    item = desk.pending()
    second = app.test_client()
    sign_in(second, session, desk.users[1])
    page = second.get(at(item, "/move")).text
    assert elsewhere.slug not in page
    assert f'value="{desk.space.slug}/2"' in page
    services.claim(session, actor=desk.first, contribution_id=item.id, now=clock.now())
    session.commit()
    assert move(second, item, f"{desk.space.slug}/2").status_code == 409
