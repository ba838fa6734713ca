"""Deciding several texts of the queue through HTTP, and working where claims are wanted."""

from __future__ import annotations

import datetime as dt
import re
from email import message_from_bytes, policy
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consult.core import clock
from consult.core.outbox import OutboxEntry
from consult.discussion.models import Contribution
from consult.discussion.states import Removed, RevisionState
from consult.moderation import services
from consult.moderation.forms import preview as previewing
from consult.moderation.models import Claim
from consult.moderation.queries.decisions import decision_facts
from consult.moderation.states import Verdict
from consult.notifications.queries import mail_about, who_is_told
from consult.notifications.rendering import make_renderer
from consult.spaces.states import ClaimRule
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, make_desk
from tests.signing_in import sign_in, token_of

QUEUE = "/en/moderation"
BULK = "/en/moderation/bulk"


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


@pytest.fixture
def browser(client: FlaskClient, session: Any, desk: Desk) -> FlaskClient:
    """The first moderator's browser."""
    sign_in(client, session, desk.users[0])
    return client


def at(contribution: Contribution) -> str:
    return f"/en/moderation/{contribution.receipt}"


def box(contribution: Contribution, revision: int = 1) -> str:
    return f"{contribution.receipt}:{revision}"


def send(browser: FlaskClient, *items: str, to: str = BULK, **values: str) -> Any:
    values = {"csrf_token": token_of(browser.get(QUEUE).text), **values}
    return browser.post(to, data={**values, "items": list(items)})


def fields(page: str, **values: str) -> dict[str, str]:
    """Return what the decision form of a page sends."""
    found = re.search(r'name="revision"[^>]* value="(\d+)"', page)
    assert found is not None
    return {"csrf_token": token_of(page), "revision": found[1], **values}


def test_the_chosen_texts_are_decided_and_taken_back_with_one_button(
    browser: FlaskClient, desk: Desk
) -> None:
    items, other = [desk.pending() for _ in range(3)], desk.pending()
    page = browser.get(QUEUE).text
    assert all(f'value="{box(item)}"' in page for item in (*items, other))
    answer = send(browser, *map(box, items), verdict="approve")
    assert answer.status_code == 303
    done = browser.get(answer.location).text
    assert "<h1" in done
    assert "You approved 3 texts." in done
    assert desk.text(other).state == RevisionState.PENDING
    assert "You approved 3 texts." in browser.get(QUEUE).text
    batch = parse_qs(urlsplit(answer.location).query)["batch"][0]
    undone = browser.post(f"{BULK}/undo", data={"csrf_token": token_of(done), "batch": batch})
    assert undone.status_code == 303
    assert "3 decisions are taken back." in browser.get(undone.location).text
    assert {desk.text(item).state for item in items} == {RevisionState.PENDING}
    assert "All of it was taken back" in browser.get(answer.location).text
    again = browser.post(f"{BULK}/undo", data={"csrf_token": token_of(done), "batch": batch})
    assert again.status_code == 409
    assert "Nothing could be taken back" in again.text
    assert f'href="{QUEUE}"' in again.text


def test_one_of_them_is_taken_back_on_its_own_page(browser: FlaskClient, desk: Desk) -> None:
    one, two = desk.pending(), desk.pending()
    send(browser, box(one), box(two), verdict="return", reason="off-topic")
    page = browser.get(at(one)).text
    undone = browser.post(at(one) + "/undo", data={"csrf_token": token_of(page)})
    assert undone.status_code == 303
    assert desk.text(one).state == RevisionState.PENDING
    assert desk.text(two).state == RevisionState.RETURNED


def test_what_was_left_out_is_told_by_name_and_reason(browser: FlaskClient, desk: Desk) -> None:
    free, decided, own = desk.pending(), desk.pending(), desk.pending()
    desk.text(own).submitted_by = desk.users[0].id
    desk.decide(decided, Verdict.REJECT, actor=desk.second)
    answer = send(browser, box(free), box(decided), box(own), verdict="approve")
    assert answer.status_code == 303
    page = browser.get(answer.location).text
    assert "You approved 1 text." in page
    assert "2 chosen texts were left out" in page
    assert "Moderator Two" in page
    assert "Yours: a colleague decides it" in page
    assert f'href="{at(decided)}"' in page


def test_where_none_can_be_decided_nothing_typed_is_lost(browser: FlaskClient, desk: Desk) -> None:
    item, _other = desk.pending(), desk.pending()
    desk.decide(item, Verdict.APPROVE, actor=desk.second)
    answer = send(browser, box(item), verdict="return", reason="other", message=WHY)
    assert answer.status_code == 409
    assert "None of the chosen texts could be decided" in answer.text
    assert WHY in answer.text
    assert "Moderator Two" in answer.text


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"verdict": ""}, "Please choose a decision."),
        ({"verdict": "hide", "reason": "off-topic"}, "Please choose a decision."),
        ({"verdict": "return"}, "Please choose a reason."),
        ({"verdict": "reject", "reason": "other", "message": "Short."}, "at least 20 characters"),
    ],
)
def test_a_mistake_keeps_choice_words_and_place(
    browser: FlaskClient, desk: Desk, values: dict[str, str], says: str
) -> None:
    items = [desk.pending() for _ in range(3)]
    there = f"{BULK}?language=en&after={items[0].receipt}"
    answer = send(browser, *map(box, items[1:]), to=there, **values)
    assert answer.status_code == 422
    assert says in answer.text
    for item in items[1:]:
        assert re.search(rf'value="{box(item)}"[^>]* checked', answer.text)
    assert f"language=en&amp;after={items[0].receipt}" in answer.text
    assert values.get("message", "") in answer.text
    assert {desk.text(item).state for item in items} == {RevisionState.PENDING}


def test_an_empty_choice_is_a_mistake(browser: FlaskClient, desk: Desk) -> None:
    desk.pending()
    answer = send(browser, verdict="approve")
    assert answer.status_code == 422
    assert "Please choose at least one text" in answer.text


def test_the_place_in_the_queue_is_kept(browser: FlaskClient, desk: Desk) -> None:
    one, two = desk.pending(), desk.pending()
    there = f"{BULK}?language=en&after={one.receipt}"
    answer = send(browser, box(two), to=there, verdict="approve")
    assert f"after={one.receipt}" in answer.location
    assert (
        f'href="/en/moderation?language=en&amp;after={one.receipt}"'
        in browser.get(answer.location).text
    )


@pytest.mark.parametrize("item", ["AAAA-AAAA-AAAA-AAAA:1", "<script>:1", ":", "x"])
def test_a_forged_choice_is_a_page_that_does_not_exist(
    browser: FlaskClient, desk: Desk, item: str
) -> None:
    waiting = desk.pending()
    answer = send(browser, box(waiting), item, verdict="approve")
    assert answer.status_code == 404
    assert desk.text(waiting).state == RevisionState.PENDING


def test_another_moderators_act_is_a_page_that_does_not_exist(
    browser: FlaskClient, app: Flask, session: Any, desk: Desk
) -> None:
    answer = send(browser, box(desk.pending()), verdict="approve")
    other = app.test_client()
    sign_in(other, session, desk.users[1])
    assert other.get(answer.location).status_code == 404
    assert browser.get(f"{BULK}?batch=nothing").status_code == 404
    assert browser.get(BULK).status_code == 404


def test_the_mails_are_shown_one_for_each_language(browser: FlaskClient, desk: Desk) -> None:
    english = make.make_user(desk.session, locale="en")
    author = make.make_author(desk.session, forum=desk.forum, user=english)
    french, both = desk.pending(), desk.pending()
    third = desk.pending(author=author)
    desk.text(third).submitted_by = english.id
    desk.session.flush()
    answer = send(
        browser,
        *map(box, (french, both, third)),
        verdict="return",
        reason="personal-data",
        message=WHY,
        action="preview",
    )
    assert answer.status_code == 200
    assert re.findall(r'class="preview top" lang="(..)"', answer.text) == ["en", "fr"]
    assert "personal-data (fr)" in answer.text
    assert WHY in answer.text
    assert f'value="{box(french)}" checked' in answer.text
    assert desk.decisions(french) == []


@pytest.mark.parametrize("verdict", ["return", "reject", "hide"])
def test_the_preview_is_the_mail_that_is_sent(
    browser: FlaskClient, desk: Desk, verdict: str
) -> None:
    item = desk.published() if verdict == "hide" else desk.pending()
    page = browser.get(at(item)).text
    values = {"verdict": verdict, "reason": "other", "message": WHY + "\nSecond line."}
    if verdict == "hide":
        values["published_revision"] = "1"
    shown = browser.post(at(item), data=fields(page, **values, action="preview")).text
    answer = browser.post(at(item), data=fields(page, **values))
    assert answer.status_code == 303
    decision = desk.decisions(item)[-1]
    facts = decision_facts(desk.session, decision.id)
    text = desk.text(item)
    to = who_is_told(desk.session, contribution=item, revision=text)
    assert facts is not None
    assert facts.event is not None
    assert to is not None
    mail = make_renderer()(
        mail_about(
            facts.event,
            to=to,
            written_at=clock.now(),
            contribution=item,
            revision=text,
            space=desk.space,
            forum=desk.forum,
            decision=facts,
        ),
        message_id=None,
    )
    sent = message_from_bytes(mail.as_bytes(), policy=policy.default)
    body = sent.get_body(("plain",))
    assert body is not None
    preview = re.search(r'<div class="preview.*?</div>', shown, re.DOTALL)
    assert preview is not None
    said = words_of(preview[0])
    # The day until which something may be done can lie a minute further on.
    assert said[0] == sent["Subject"]
    assert [line for line in said[1:] if ":" not in line or "http" in line] == [
        line for line in lines_of(body.get_content()) if ":" not in line or "http" in line
    ]


def words_of(html: str) -> list[str]:
    plain = re.sub(r"<[^>]+>", "", re.sub(r"<br>|</p>", "\n", html))
    return lines_of(unescape(plain))


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_nothing_is_previewed_by_words_of_our_own() -> None:
    """The preview knows no sentence: each comes from the templates of the mails."""
    assert not hasattr(previewing, "gettext")


def test_where_claims_are_wanted_a_decision_without_one_loses_nothing(
    browser: FlaskClient, desk: Desk
) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    item = desk.pending()
    page = browser.get(at(item)).text
    assert 'name="verdict"' in page
    values = {"verdict": "reject", "reason": "other", "message": WHY}
    refused = browser.post(at(item), data=fields(page, **values))
    assert refused.status_code == 409
    assert "Claim the text first." in refused.text
    assert WHY in refused.text
    assert re.search(r'value="reject"[^>]* checked', refused.text)
    assert desk.decisions(item) == []
    kept = browser.post(at(item), data=fields(refused.text, **values, action="claim"))
    assert kept.status_code == 200
    assert "Claimed by you until" in kept.text
    assert WHY in kept.text
    assert browser.post(at(item), data=fields(kept.text, **values)).status_code == 303
    assert desk.text(item).state == RevisionState.REJECTED


def test_a_lapsed_claim_is_told_in_clear_words(browser: FlaskClient, desk: Desk) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    item = desk.pending()
    services.claim(
        desk.session,
        actor=desk.first,
        contribution_id=item.id,
        now=clock.now() - dt.timedelta(minutes=11),
    )
    page = browser.get(at(item)).text
    refused = browser.post(at(item), data=fields(page, verdict="approve"))
    assert refused.status_code == 409
    assert "Your claim ended on" in refused.text


def test_a_script_renews_a_claim_and_hears_who_has_it(
    browser: FlaskClient, app: Flask, session: Any, desk: Desk
) -> None:
    item = desk.pending()
    token = {"csrf_token": token_of(browser.get(at(item)).text)}
    json = {"Accept": "application/json"}
    held = browser.post(at(item) + "/claim", data=token, headers=json)
    assert held.status_code == 200
    assert dt.datetime.fromisoformat(held.get_json()["until"]) > clock.now()
    assert browser.post(at(item) + "/claim", data=token, headers=json).status_code == 200
    assert desk.audited(item) == ["claim"]
    other = app.test_client()
    sign_in(other, session, desk.users[1])
    token = {"csrf_token": token_of(other.get(at(item)).text)}
    refused = other.post(at(item) + "/claim", data=token, headers=json)
    assert (refused.status_code, refused.json) == (409, {"by": "Moderator One"})


def test_looking_at_any_page_of_the_desk_takes_no_claim(browser: FlaskClient, desk: Desk) -> None:
    desk.space.claims = ClaimRule.REQUIRED
    item = desk.pending()
    for path in (at(item), QUEUE):
        assert browser.get(path).status_code == 200
    assert desk.session.get(Claim, item.id) is None


def test_signing_out_gives_everything_back(browser: FlaskClient, desk: Desk) -> None:
    item = desk.pending()
    token = {"csrf_token": token_of(browser.get(at(item)).text)}
    browser.post(at(item) + "/claim", data=token)
    browser.post("/en/sign-out", data=token)
    rows = desk.session.query(OutboxEntry).filter_by(handler="moderation.release-claims").all()
    assert [row.payload["user_id"] for row in rows] == [desk.users[0].id]


def test_deciding_an_erased_text_says_so_and_changes_nothing(
    browser: FlaskClient, desk: Desk
) -> None:
    item = desk.pending()
    page = browser.get(at(item)).text
    text = desk.text(item)
    text.state, text.source, text.text, text.html = RevisionState.CANCELLED, "", "", ""
    item.open_revision_id, item.removed = None, Removed.ERASED
    desk.session.flush()
    answer = browser.post(
        at(item), data=fields(page, verdict="reject", reason="other", message=WHY)
    )
    assert answer.status_code == 409
    assert "Its words were erased." in answer.text
    assert WHY in answer.text
    assert desk.decisions(item) == []
    claimed = browser.post(at(item) + "/claim", data={"csrf_token": token_of(page)})
    assert claimed.status_code == 409


def test_the_next_one_is_a_link_that_decides_nothing(browser: FlaskClient, desk: Desk) -> None:
    one, two = desk.pending(), desk.pending()
    page = browser.get(at(one)).text
    there = re.search(r'<a href="([^"]+)" data-next', page)
    assert there is not None
    assert there[1] == at(two)
    assert browser.get(there[1]).status_code == 200
    assert desk.decisions(one) == []
