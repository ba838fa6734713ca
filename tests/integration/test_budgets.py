"""A page costs the same few statements and the same little markup, whatever its length."""

from __future__ import annotations

import gzip
import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from consult.discussion.states import ContributionKind
from consult.spaces.models import Forum
from consult.spaces.states import QuestionKind, SpaceVisibility
from tests import factories as make
from tests.signing_in import sign_in

READER, SIGNED_IN = 5, 8
LENGTHS = (20, 50, 200, 500)


@contextmanager
def counted():
    """Yield the list of statements that are executed inside the block."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        # What an index is asked counts as little where it lies in PostgreSQL as in a folder.
        asks_index = any(
            name in statement for name in ("search_passage", "search_word", "enable_seqscan")
        )
        if not asks_index and not statement.startswith(
            ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")
        ):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def thread(session):
    """A question with 500 public comments, half of them replies."""
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    author = make.make_author(session, forum=forum)
    make.make_long_thread(
        session,
        space=space,
        author=author,
        length=500,
        source="What our city has learned in ten years of practice. " * 4,
    )
    question = make.question_of(session, space)
    question.public_count = 500
    session.commit()
    return space


def test_a_reader_costs_the_same_few_statements_whatever_the_length(app, client, thread):
    costs = set()
    for length in LENGTHS:
        path = f"/fr/spaces/{thread.slug}/questions/1?per_page={length}"
        client.get(path)
        with counted() as statements:
            response = app.test_client().get(path)
        assert response.text.count("<article") == length
        assert len(statements) <= READER, "\n".join(statements)
        costs.add(len(statements))
    assert len(costs) == 1


def test_somebody_signed_in_costs_the_same_few_statements_whatever_the_length(
    app, session, client, thread
):
    user = make.make_user(session)
    make.make_author(session, forum=session.get_one(Forum, thread.forum_id), user=user)
    browser = app.test_client()
    sign_in(browser, session, user)
    costs = []
    for length in (LENGTHS[0], *LENGTHS):
        path = f"/en/spaces/{thread.slug}/questions/1?per_page={length}"
        with counted() as statements:
            response = browser.get(path)
        assert "idempotency_key" in response.text
        assert len(statements) <= SIGNED_IN, "\n".join(statements)
        costs.append(len(statements))
    # The first time the visit is noted, in a statement of its own.
    assert costs == [costs[0], *([costs[0] - 1] * len(LENGTHS))]


@pytest.mark.parametrize("query", ["after", "before", "sort=newest&after", "language=en&after"])
def test_any_page_costs_as_few_statements_as_the_first(app, session, client, thread, query):
    user = make.make_user(session)
    make.make_author(session, forum=session.get_one(Forum, thread.forum_id), user=user)
    signed_in = app.test_client()
    sign_in(signed_in, session, user)
    question = f"/en/spaces/{thread.slug}/questions/1"
    names = re.findall(r'<article class="contribution" id="([^"]+)"', client.get(question).text)
    path = f"{question}?per_page=20&{query}={names[30].upper()}"
    for browser, most in ((app.test_client(), READER), (signed_in, SIGNED_IN)):
        browser.get(path)
        with counted() as statements:
            response = browser.get(path)
        assert response.text.count("<article") == 20
        assert len(statements) <= most, "\n".join(statements)


def test_the_question_of_a_participant_costs_no_more(app, session, client, thread):
    forum = session.get_one(Forum, thread.forum_id)
    user = make.make_user(session)
    author = make.make_author(session, forum=forum, user=user)
    asked = make.make_question(
        session, space=thread, number=4, kind=QuestionKind.PARTICIPANT, text=None
    )
    make.make_contribution(
        session,
        space=thread,
        author=author,
        kind=ContributionKind.QUESTION,
        question_id=None,
        own_question_id=asked.id,
        reference=f"{thread.code}-Q4",
    )
    answer = make.make_contribution(session, space=thread, author=author, question=asked)
    answer.official_at = answer.sent_at
    signed_in = app.test_client()
    sign_in(signed_in, session, user)
    path = f"/en/spaces/{thread.slug}/questions/4"
    for browser, most in ((app.test_client(), READER), (signed_in, SIGNED_IN)):
        browser.get(path)
        with counted() as statements:
            response = browser.get(path)
        assert "Official answer" in response.text
        assert len(statements) <= most, "\n".join(statements)


def test_a_page_of_fifty_is_light(app, session, client, thread):
    page = app.test_client().get(f"/fr/spaces/{thread.slug}/questions/1?per_page=50").text
    markup = len(page.encode()) - len(re.sub(r"<[^>]*>", "", page).encode())
    assert len(gzip.compress(page.encode(), 1)) <= 60_000
    assert markup <= 15_000 + 1_200 * page.count("<article")


def test_a_page_of_fifty_is_as_light_for_somebody_signed_in(app, session, client, thread):
    user = make.make_user(session)
    make.make_author(session, forum=session.get_one(Forum, thread.forum_id), user=user)
    browser = app.test_client()
    sign_in(browser, session, user)
    page = browser.get(f"/fr/spaces/{thread.slug}/questions/1?per_page=50").text
    assert page.count("/flag") == page.count("<article")
    lists = re.findall(r"<article.*?</article>", page, re.DOTALL)
    markup = sum(len(one.encode()) - len(re.sub(r"<[^>]*>", "", one).encode()) for one in lists)
    assert markup <= 1_200 * len(lists)
    assert len(gzip.compress(page.encode(), 1)) <= 60_000


def test_an_unchanged_page_is_answered_from_one_statement(app, session, client, thread):
    path = f"/en/spaces/{thread.slug}/questions/1"
    browser = app.test_client()
    tag = browser.get(path).headers["ETag"]
    with counted() as statements:
        response = browser.get(path, headers={"If-None-Match": tag})
    assert response.status_code == 304
    assert not response.data
    assert len(statements) == 1
    question = make.question_of(session, thread)
    question.public_version += 1
    assert browser.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_validator_opens_no_hidden_space(app, session, client, thread):
    path = f"/en/spaces/{thread.slug}/questions/1"
    tag = client.get(path).headers["ETag"]
    thread.visibility = SpaceVisibility.UNANNOUNCED
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 404


def test_a_reader_gets_no_cookie(app, session, client, thread):
    for path in ("/en/", f"/en/spaces/{thread.slug}", f"/en/spaces/{thread.slug}/questions/1"):
        response = app.test_client().get(path)
        assert "Set-Cookie" not in response.headers
        assert "Accept-Language" not in response.headers.get("Vary", "")


def test_pages_are_walked_by_keyset_without_gap_or_repetition(app, session, client, thread):
    browser = app.test_client()
    seen: list[str] = []
    path = f"/en/spaces/{thread.slug}/questions/1?per_page=100"
    for sort in ("oldest", "newest", "discussed"):
        seen.clear()
        address = f"{path}&sort={sort}"
        while address:
            page = browser.get(address).text
            seen += re.findall(r'<article class="contribution[^"]*" id="([^"]+)"', page)
            following = re.search(r'rel="next" href="([^"#]+)', page)
            address = following.group(1).replace("&amp;", "&") if following else ""
        assert len(seen) == len(set(seen)) == 500, sort
