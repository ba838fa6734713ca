"""A moderator's day through HTTP: queue, item, decisions, conflicts, taking back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.discussion.models import Contribution
from consult.discussion.states import Removed, RevisionState, Scan
from consult.moderation import services
from consult.moderation.states import Verdict
from tests import factories as make
from tests.integration.discussion.attached import make_attachment
from tests.integration.moderation.desk import WHY, Desk, make_desk, moderator_of
from tests.signing_in import sign_in, token_of

ITEM = re.compile(r'href="(/en/moderation/[A-Z0-9][A-Z0-9-]+)[?#"]')


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


@pytest.fixture
def browsers(
    client: FlaskClient, app: Flask, session: Any, desk: Desk
) -> tuple[FlaskClient, FlaskClient]:
    """Two moderators, each signed in with a browser of their own."""
    second = app.test_client()
    sign_in(client, session, desk.users[0])
    sign_in(second, session, desk.users[1])
    return client, second


@pytest.fixture
def browser(browsers: tuple[FlaskClient, FlaskClient]) -> FlaskClient:
    return browsers[0]


def at(contribution: Contribution, lang: str = "en") -> str:
    return f"/{lang}/moderation/{contribution.receipt}"


def hidden_fields(page: str) -> dict[str, str]:
    """Return the hidden fields of the decision form of a page."""
    form = page[page.index('name="revision"') - 600 :]
    pairs = re.findall(r'<input type="hidden" name="([a-z_]+)"[^>]* value="([^"]*)"', form)
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in {"revision", "published_revision"}:
            fields.setdefault(name, value)
    return fields | {"csrf_token": token_of(page)}


def test_an_item_is_found_in_the_queue_and_approved(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending(source="zebrafinch and nothing else")
    queue = browser.get("/en/moderation").text
    assert "zebrafinch" in queue
    assert ITEM.findall(queue) == [at(item)]
    page = browser.get(at(item)).text
    assert "zebrafinch" in page
    assert 'name="verdict"' in page
    answer = browser.post(at(item), data=hidden_fields(page) | {"verdict": "approve"})
    assert answer.status_code == 303
    assert answer.location == "/en/moderation"
    after = browser.get(answer.location)
    assert after.status_code == 200
    assert "You approved" in after.text
    assert item.published_revision_id is not None


def test_after_a_decision_the_next_item_opens_and_the_filter_stays(
    browser: FlaskClient, desk: Desk
) -> None:
    first, other, third = desk.pending(), desk.pending(language="fr"), desk.pending()
    for hours, item in ((3, first), (2, other), (1, third)):
        desk.text(item).sent_at = clock.now() - dt.timedelta(hours=hours)
    page = browser.get(at(first) + "?language=en").text
    answer = browser.post(
        at(first) + "?language=en", data=hidden_fields(page) | {"verdict": "approve"}
    )
    assert answer.location == at(third) + "?language=en"
    assert browser.get(answer.location).status_code == 200


def test_the_decision_follows_the_text_and_what_else_is_known_follows_both(
    browser: FlaskClient, desk: Desk
) -> None:
    page = browser.get(at(desk.pending())).text
    order = ['id="item"', 'class="prose"', 'id="decision"', 'id="context"', 'id="history"']
    places = [page.index(mark) for mark in order]
    assert places == sorted(places)


def test_a_page_shows_the_words_of_one_waiting_text_only(browser: FlaskClient, desk: Desk) -> None:
    shown, other = desk.pending(source="zebrafinch"), desk.pending(source="wolverine")
    page = browser.get(at(shown)).text
    assert "wolverine" not in page
    assert at(other) in page


@pytest.mark.parametrize("verdict", ["return", "reject"])
def test_a_mistake_keeps_everything_that_was_typed(
    browser: FlaskClient, desk: Desk, verdict: str
) -> None:
    item = desk.pending()
    page = browser.get(at(item)).text
    answer = browser.post(
        at(item),
        data=hidden_fields(page)
        | {"verdict": verdict, "reason": "other", "message": "Short.", "language": "es"},
    )
    assert answer.status_code == 422
    assert "at least 20 characters" in answer.text
    assert "Short." in answer.text
    assert re.search(rf'value="{verdict}"[^>]* checked', answer.text)
    assert '<option value="other" selected>' in answer.text
    assert '<option value="es" selected>' in answer.text
    assert desk.text(item).state == RevisionState.PENDING


def test_without_a_verdict_the_form_says_so(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending()
    answer = browser.post(at(item), data=hidden_fields(browser.get(at(item)).text))
    assert answer.status_code == 422
    assert "Please choose a decision." in answer.text


def test_the_second_of_two_moderators_sees_who_decided_what(
    browsers: tuple[FlaskClient, FlaskClient], desk: Desk
) -> None:
    item = desk.pending()
    one, two = (browser.get(at(item)).text for browser in browsers)
    assert (
        browsers[0].post(at(item), data=hidden_fields(one) | {"verdict": "approve"}).status_code
        == 303
    )
    late = browsers[1].post(
        at(item),
        data=hidden_fields(two) | {"verdict": "reject", "reason": "other", "message": WHY},
    )
    assert late.status_code == 409
    assert "Moderator One" in late.text
    assert "approved" in late.text
    assert WHY in late.text
    assert desk.text(item).state == RevisionState.PUBLISHED


def test_a_text_that_moved_is_shown_beside_the_one_that_was_seen(
    browser: FlaskClient, desk: Desk
) -> None:
    item = desk.pending(source="What was seen.")
    page = browser.get(at(item)).text
    desk.text(item).state = RevisionState.CANCELLED
    desk.session.flush()
    desk.edit(item, "What stands there now.")
    answer = browser.post(at(item), data=hidden_fields(page) | {"verdict": "approve"})
    assert answer.status_code == 409
    assert "What was seen." in answer.text
    assert "What stands there now." in answer.text
    assert item.published_revision_id is None


def test_a_form_that_comes_back_is_never_about_a_text_nobody_has_read(
    browser: FlaskClient, desk: Desk
) -> None:
    item = desk.pending(source="What was seen.")
    page = browser.get(at(item)).text
    desk.text(item).state = RevisionState.CANCELLED
    desk.session.flush()
    desk.edit(item, "What stands there now.")
    for data in ({}, {"action": "preview", "verdict": "return", "reason": "off-topic"}):
        assert browser.post(at(item), data=hidden_fields(page) | data).status_code == 409


def test_a_published_text_is_hidden_and_shown_again_from_its_fresh_page(
    browser: FlaskClient, desk: Desk
) -> None:
    item = desk.pending()
    page = browser.get(at(item)).text
    browser.post(at(item), data=hidden_fields(page) | {"verdict": "approve"})
    page = browser.get(at(item)).text
    hide = {"verdict": "hide", "reason": "other", "message": WHY}
    assert browser.post(at(item), data=hidden_fields(page) | hide).status_code == 303
    assert desk.removed(item) == Removed.HIDDEN
    page = browser.get(at(item)).text
    restored = browser.post(at(item), data=hidden_fields(page) | {"verdict": "restore"})
    assert restored.status_code == 303
    assert desk.removed(item) == Removed.NONE


def test_an_edit_is_approved_from_the_page_that_shows_it(browser: FlaskClient, desk: Desk) -> None:
    item = desk.published(source="We count 1,200 families.")
    desk.edit(item, "We count 1,340 families.")
    page = browser.get(at(item)).text
    assert re.search(r"<del><span[^>]*>\[removed:\] </span>1,200 <span", page)
    assert re.search(r"<ins><span[^>]*>\[added:\] </span>1,340 <span", page)
    fields = hidden_fields(page)
    assert (fields["revision"], fields["published_revision"]) == ("2", "1")
    assert browser.post(at(item), data=fields | {"verdict": "approve"}).status_code == 303
    assert item.published_revision_id == desk.text(item, 2).id


@pytest.mark.parametrize("policy", ["served", "held"])
def test_a_moderator_gets_an_unscanned_file_unless_those_are_held(
    browser: FlaskClient, app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    item = desk.pending()
    revision_id = desk.text(item).id
    paper = make_attachment(desk.session, revision_id=revision_id, scan=Scan.WAITING)
    before = app.extensions["consult.config"]
    config = dataclasses.replace(before, unscanned_files=policy)
    monkeypatch.setitem(app.extensions, "consult.config", config)
    page = browser.get(at(item)).text
    assert (f"/en/files/{paper.token}" in page) is (policy == "served")
    assert ("waits for the virus scan" in page) is (policy == "held")


def test_a_decision_is_taken_back_with_one_button(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending()
    page = browser.get(at(item)).text
    browser.post(at(item), data=hidden_fields(page) | {"verdict": "approve"})
    queue = browser.get("/en/moderation").text
    assert f'action="{at(item)}/undo"' in queue
    answer = browser.post(at(item) + "/undo", data={"csrf_token": token_of(queue)})
    assert answer.status_code == 303
    assert "is taken back" in browser.get(answer.location).text
    assert desk.text(item).state == RevisionState.PENDING


def test_a_colleagues_decision_is_not_taken_back(
    browsers: tuple[FlaskClient, FlaskClient], desk: Desk
) -> None:
    item = desk.published()
    token = token_of(browsers[1].get("/en/moderation/" + (item.receipt or "")).text)
    answer = browsers[1].post(at(item) + "/undo", data={"csrf_token": token})
    assert answer.status_code == 403
    assert desk.text(item).state == RevisionState.PUBLISHED


def test_the_mail_is_previewed_in_the_authors_language(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending()
    page = browser.get(at(item)).text
    answer = browser.post(
        at(item),
        data=hidden_fields(page)
        | {"verdict": "return", "reason": "personal-data", "message": WHY, "action": "preview"},
    )
    assert answer.status_code == 200
    preview = answer.text[answer.text.index('class="preview') :]
    assert preview.startswith('class="preview top" lang="fr"')
    assert "Why personal-data (fr)" in preview
    assert WHY in preview
    assert desk.text(item).state == RevisionState.PENDING
    assert desk.audited(item) == []


def test_a_claim_is_told_and_keeps_colleagues_out(
    browsers: tuple[FlaskClient, FlaskClient], desk: Desk
) -> None:
    item = desk.pending()
    one, two = (browser.get(at(item)).text for browser in browsers)
    claimed = browsers[0].post(at(item) + "/claim", data={"csrf_token": token_of(one)})
    assert claimed.status_code == 303
    page = browsers[1].get(at(item)).text
    assert "Claimed by Moderator One until" in page
    assert 'name="verdict"' in page
    refused = browsers[1].post(at(item), data=hidden_fields(two) | {"verdict": "approve"})
    assert refused.status_code == 409
    assert "Moderator One has claimed it until" in refused.text
    released = browsers[0].post(at(item) + "/release", data={"csrf_token": token_of(one)})
    assert released.status_code == 303
    taken = browsers[1].post(at(item), data=hidden_fields(two) | {"verdict": "approve"})
    assert taken.status_code == 303


def test_looking_takes_no_claim_and_changes_nothing(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending()
    version = item.version
    browser.get(at(item))
    assert (item.version, desk.audited(item)) == (version, [])


def test_an_own_text_shows_why_there_is_no_form(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending()
    desk.text(item).submitted_by = desk.users[0].id
    page = browser.get(at(item)).text
    assert 'name="verdict"' not in page
    assert "A colleague has to" in page
    other = browser.get(at(desk.pending())).text
    answer = browser.post(at(item), data=hidden_fields(other) | {"verdict": "approve"})
    assert answer.status_code == 403
    assert desk.text(item).state == RevisionState.PENDING


@pytest.mark.parametrize("path", ["", "/undo", "/claim", "/release"])
def test_an_item_of_another_space_does_not_exist(
    client: FlaskClient, session: Any, desk: Desk, path: str
) -> None:
    item = desk.pending()
    elsewhere = make.make_space(session, forum=desk.forum)
    stranger, actor = moderator_of(session, elsewhere)
    other_author = make.make_author(session, forum=desk.forum)
    own = make.make_contribution(
        session, space=elsewhere, author=other_author, state=RevisionState.PENDING
    )
    sign_in(client, session, stranger)
    token = token_of(client.get(at(own)).text)
    data = {"csrf_token": token, "verdict": "approve", "revision": "1"}
    answer = client.post(at(item) + path, data=data)
    unknown = client.post("/en/moderation/AAAA-BBBB-CCCC-DDDD" + path, data=data)
    assert answer.status_code == unknown.status_code == 404
    assert answer.data == unknown.data
    assert client.get(at(item)).status_code == 404
    assert desk.text(item).state == RevisionState.PENDING
    assert actor.user_id == stranger.id


def test_without_the_forms_token_nothing_is_decided(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending()
    answer = browser.post(at(item), data={"verdict": "approve", "revision": "1"})
    assert answer.status_code == 400
    assert desk.text(item).state == RevisionState.PENDING


def test_visitors_are_asked_to_sign_in_and_authors_find_no_desk(
    client: FlaskClient, app: Flask, session: Any, desk: Desk
) -> None:
    desk.pending()
    answer = client.get("/en/moderation")
    assert answer.status_code == 303
    assert "/sign-in" in answer.location
    writer = app.test_client()
    sign_in(writer, session, desk.writer)
    assert writer.get("/en/moderation").status_code == 404


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_the_desk_speaks_each_language(browser: FlaskClient, desk: Desk, lang: str) -> None:
    item = desk.published(source="First.")
    desk.edit(item, "Second.")
    services.claim(desk.session, actor=desk.second, contribution_id=item.id, now=clock.now())
    hidden = desk.published()
    desk.decide(hidden, Verdict.HIDE, message=WHY)
    for path in ("", f"/{item.receipt}", f"/{hidden.receipt}"):
        answer = browser.get(f"/{lang}/moderation{path}")
        assert answer.status_code == 200
        assert f'<html lang="{lang}"' in answer.text
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert " style=" not in answer.text
        assert "onclick" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["after=x", "kind=%00", "space=%27--", "question=9999999999999", "language=xx", "per_page=a"],
)
def test_a_nonsense_filter_is_no_filter_or_an_empty_list(
    browser: FlaskClient, desk: Desk, query: str
) -> None:
    desk.pending()
    assert browser.get(f"/en/moderation?{query}").status_code == 200
