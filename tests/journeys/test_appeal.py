"""An appeal through HTTP: an author asks, the one who rejected cannot answer, a colleague does."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consult.core import clock
from consult.core.outbox import OutboxEntry, reactions
from consult.discussion.models import Contribution
from consult.discussion.states import RevisionState
from consult.moderation.models import Appeal
from consult.moderation.states import Verdict
from consult.notifications.models import Delivery
from tests import factories as make
from tests.integration.moderation.desk import WHY, Desk, make_desk, moderator_of
from tests.journeys.test_moderator import hidden_fields
from tests.signing_in import sign_in, token_of

WORDS = "Le deuxième paragraphe répond à la question posée."
KEY = re.compile(r'name="idempotency_key" value="([^"]+)"')


@pytest.fixture
def desk(session: Any) -> Desk:
    return make_desk(session)


@pytest.fixture
def author(app: Flask, session: Any, desk: Desk) -> FlaskClient:
    browser = app.test_client()
    sign_in(browser, session, desk.writer)
    return browser


@pytest.fixture
def moderators(app: Flask, session: Any, desk: Desk) -> tuple[FlaskClient, FlaskClient]:
    """The one who rejects and a colleague."""
    browsers = app.test_client(), app.test_client()
    for browser, user in zip(browsers, desk.users, strict=True):
        sign_in(browser, session, user)
    return browsers


@pytest.fixture
def item(desk: Desk) -> Contribution:
    """A text that the first moderator rejected with a sentence."""
    made = desk.pending(source="zebrafinch and what it means")
    desk.decide(made, Verdict.REJECT, message="It does not answer the question, we think.")
    return made


def page_of(item: Contribution) -> str:
    return f"/en/contributions/{item.receipt}/appeal"


def desk_of(item: Contribution) -> str:
    return f"/en/moderation/{item.receipt}"


def fields(page: str, **over: str) -> dict[str, str]:
    found = KEY.search(page)
    assert found is not None
    return {"csrf_token": token_of(page), "idempotency_key": found[1], "words": WORDS} | over


def send(browser: FlaskClient, item: Contribution, **over: str) -> Any:
    page = browser.get(page_of(item)).text
    return browser.post(page_of(item), data=fields(page, **over))


def answer(browser: FlaskClient, item: Contribution, **over: str) -> Any:
    page = browser.get(desk_of(item)).text
    return browser.post(desk_of(item), data=hidden_fields(page) | over)


def mails(session: Any) -> list[tuple[str, dict[str, Any]]]:
    """Run the handlers of mail on what was told since, and return what is queued."""
    for entry in session.scalars(select(OutboxEntry).order_by(OutboxEntry.id)).all():
        if entry.handler.startswith("notifications."):
            reactions.handlers[entry.handler].run(session(), [entry.payload], now=clock.now())
            session.delete(entry)
    session.flush()
    rows = session.scalars(select(Delivery).order_by(Delivery.id))
    return [(row.event, {"user": row.user_id, "due": row.not_before}) for row in rows]


def test_the_page_tells_what_will_happen_beside_text_and_reason(
    author: FlaskClient, item: Contribution
) -> None:
    page = author.get(page_of(item))
    assert page.status_code == 200
    for part in ("zebrafinch", "off-topic", "It does not answer the question", "seven days"):
        assert part in page.text
    assert "Moderator One" not in page.text


def test_an_author_appeals_and_a_colleague_upholds_it(
    author: FlaskClient,
    moderators: tuple[FlaskClient, FlaskClient],
    client: FlaskClient,
    session: Any,
    item: Contribution,
    desk: Desk,
) -> None:
    sent = send(author, item)
    assert (sent.status_code, sent.location) == (303, f"/en/contributions/{item.receipt}")
    assert "Your appeal was sent." in author.get(sent.location).text
    assert ("appealed", desk.writer.id) in [(e, m["user"]) for e, m in mails(session)]

    rejecter, colleague = moderators
    queue = colleague.get("/en/moderation?kind=appeal").text
    assert desk_of(item) in queue
    assert WORDS in colleague.get(desk_of(item)).text
    shown = rejecter.get(desk_of(item))
    assert "You rejected this text." in shown.text
    assert 'name="verdict"' not in shown.text
    token = token_of(shown.text)
    refused = rejecter.post(
        desk_of(item), data={"csrf_token": token, "revision": "1", "verdict": "approve"}
    )
    assert refused.status_code == 403
    assert desk.text(item).state == RevisionState.REJECTED

    page = colleague.get(desk_of(item)).text
    assert 'value="return"' not in page
    upheld = answer(colleague, item, verdict="approve", message="You are right.")
    assert upheld.status_code == 303
    public = client.get(f"/en/contributions/{item.reference}")
    assert public.status_code == 200
    assert "zebrafinch" in public.text
    assert WORDS not in public.text
    event, mail = mails(session)[-1]
    assert (event, mail["user"]) == ("appeal-upheld", desk.writer.id)
    decided_at = desk.text(item).decided_at
    assert decided_at is not None
    assert mail["due"] >= decided_at + dt.timedelta(seconds=60)


def test_a_dismissed_appeal_is_answered_by_mail_and_there_is_no_second_one(
    author: FlaskClient,
    moderators: tuple[FlaskClient, FlaskClient],
    client: FlaskClient,
    session: Any,
    item: Contribution,
) -> None:
    page = author.get(page_of(item)).text
    send(author, item)
    done = answer(moderators[1], item, verdict="reject", reason="other", message=WHY)
    assert done.status_code == 303
    assert mails(session)[-1][0] == "appeal-dismissed"
    assert client.get(f"/en/contributions/{item.receipt}").status_code == 404
    again = author.get(page_of(item))
    assert again.status_code == 403
    assert "You can appeal once against each decision." in again.text
    late = author.post(page_of(item), data=fields(page, idempotency_key="another-key-1"))
    assert late.status_code == 403
    assert WORDS in late.text
    assert len(session.scalars(select(Appeal)).all()) == 1


def test_dismissing_without_a_reason_keeps_what_was_typed(
    author: FlaskClient, moderators: tuple[FlaskClient, FlaskClient], item: Contribution
) -> None:
    send(author, item)
    again = answer(moderators[1], item, verdict="reject", message=WHY)
    assert again.status_code == 422
    assert "Please choose a reason." in again.text
    assert WHY in again.text
    preview = answer(
        moderators[1], item, verdict="reject", reason="other", message=WHY, action="preview"
    )
    assert preview.status_code == 200
    assert 'lang="fr"' in preview.text


def test_returning_is_no_answer(
    author: FlaskClient, moderators: tuple[FlaskClient, FlaskClient], item: Contribution
) -> None:
    send(author, item)
    again = answer(moderators[1], item, verdict="return", reason="other", message=WHY)
    assert again.status_code == 422
    assert "confirm the rejection" in again.text


def test_a_short_appeal_keeps_its_words(author: FlaskClient, item: Contribution) -> None:
    sent = send(author, item, words="Why, please?")
    assert sent.status_code == 422
    assert "Why, please?" in sent.text
    assert "at least 20 characters" in sent.text


def test_sent_twice_it_is_made_once(author: FlaskClient, session: Any, item: Contribution) -> None:
    data = fields(author.get(page_of(item)).text)
    first, second = (author.post(page_of(item), data=data) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.location == second.location
    assert len(session.scalars(select(Appeal)).all()) == 1


def test_a_key_that_came_with_other_words_or_none_keeps_them(
    author: FlaskClient, item: Contribution
) -> None:
    for key in ("", "x"):
        sent = send(author, item, idempotency_key=key)
        assert sent.status_code == 422
        assert WORDS in sent.text
        assert KEY.search(sent.text)


def test_after_fourteen_days_it_is_too_late(
    author: FlaskClient, desk: Desk, client: FlaskClient
) -> None:
    item = desk.pending()
    desk.decide(item, Verdict.REJECT, now=clock.now() - dt.timedelta(days=14, seconds=5))
    late = author.get(page_of(item))
    assert late.status_code == 403
    assert "The fourteen days" in late.text


def test_it_is_the_authors_page_and_nobody_elses(
    app: Flask,
    session: Any,
    client: FlaskClient,
    moderators: tuple[FlaskClient, FlaskClient],
    desk: Desk,
    item: Contribution,
) -> None:
    assert "/sign-in" in client.get(page_of(item)).location
    assert moderators[0].get(page_of(item)).status_code == 403
    other = app.test_client()
    sign_in(other, session, make.make_user(session))
    assert other.get(page_of(item)).status_code == 404
    public = desk.published()
    assert other.get(f"/en/contributions/{public.reference}/appeal").status_code == 403


def test_of_two_colleagues_the_slower_hears_who_answered(
    app: Flask,
    session: Any,
    author: FlaskClient,
    moderators: tuple[FlaskClient, FlaskClient],
    desk: Desk,
    item: Contribution,
) -> None:
    send(author, item)
    third = app.test_client()
    sign_in(third, session, moderator_of(session, desk.space)[0])
    page = third.get(desk_of(item)).text
    answer(moderators[1], item, verdict="approve")
    late = third.post(
        desk_of(item),
        data=hidden_fields(page) | {"verdict": "reject", "reason": "other", "message": WHY},
    )
    assert late.status_code == 409
    assert "Moderator Two" in late.text
    assert WHY in late.text


def test_an_answer_is_taken_back_with_one_button(
    author: FlaskClient, moderators: tuple[FlaskClient, FlaskClient], desk: Desk, item: Contribution
) -> None:
    send(author, item)
    after = moderators[1].get(answer(moderators[1], item, verdict="approve").location).text
    assert "You upheld the appeal on" in after
    undone = moderators[1].post(desk_of(item) + "/undo", data={"csrf_token": token_of(after)})
    assert undone.status_code == 303
    assert desk.text(item).state == RevisionState.REJECTED
    assert 'name="verdict"' in moderators[1].get(desk_of(item)).text


def test_without_a_colleague_another_spaces_moderator_answers_from_their_queue(
    app: Flask, session: Any, author: FlaskClient, desk: Desk, item: Contribution
) -> None:
    send(author, item)
    elsewhere = app.test_client()
    user, _ = moderator_of(session, make.make_space(session, forum=desk.forum))
    sign_in(elsewhere, session, user)
    assert elsewhere.get(desk_of(item)).status_code == 404
    desk.users[1].confirmed_at = None
    session.flush()
    assert desk_of(item) in elsewhere.get("/en/moderation").text
    assert WORDS in elsewhere.get(desk_of(item)).text
    done = answer(elsewhere, item, verdict="reject", reason="off-topic")
    assert done.status_code == 303
    page = elsewhere.get(desk_of(item))
    assert page.status_code == 200
    assert "There is nothing to decide here now." in page.text
