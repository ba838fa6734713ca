"""Whatever is typed is a bounded amount of work and gets an ordinary answer.

Work is counted, not timed: characters analysed, forms of the plan, lists that the index is asked
for, statements to the database.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from consult.core.db import db
from consult.discussion.states import Removed, RevisionState
from consult.search import grammar, lexemes, sync
from consult.search.analysis import analyse, written_words
from consult.search.backends import postgresql
from consult.search.backends.whoosh_shelf import Shelf
from consult.search.plan import MAX_EXPANSION, MAX_FORMS, make
from consult.search.queries import finding
from tests import factories as make_rows

WORD = "heronries"
SECRET = "quagmirish"

MOST_CHARACTERS = 10 * grammar.MAX_CHARACTERS
"""Of a query, which is read in three languages, and again for a suggestion."""
MOST_LISTS = 2 * grammar.MAX_TERMS * MAX_EXPANSION + 12 * MAX_FORMS
"""Lists of texts that an index is asked for: twenty beginnings of words, each in text and title."""
MOST_STATEMENTS = 60
"""In the index that lies in PostgreSQL, the page's own left out."""
MOST_BYTES = 2_000_000
"""Of what these statements hand over."""

HOSTILE = {
    "100,000 characters": "a" * 100_000,
    "100,000 characters of words": "otter " * 16_700,
    "5,000 brackets": "(" * 5_000,
    "5,000 brackets in pairs": "(" * 2_500 + WORD + ")" * 2_500,
    "nested operators": "(a OR (b OR (c " * 100,
    "a quote without its other half": f'{WORD} "otter',
    "nothing but quotes": '"' * 4_999,
    "lone wildcards": "* ** *? ? a* ab* *otter o*er",
    "beginnings": " ".join(f"{first}e{last}*" for first in "hrstm" for last in "raln"),
    "a beginning of everything": "the* pla* her*",
    "a regular expression": "(a+)+$ (.*)*b ^(([a-z])+.)+[A-Z]([a-z])+$ " + "a" * 60 + "!",
    "control characters": "\x00\x01\x07\x08\x1b[31m\x7f\x85 \u2028\u202e heronries\x00",
    "half a character": "heron\udcc3 \ud800",
    "accents without letters": "\u0301" * 190,
    "a letter with 190 accents": "e" + "\u0301" * 190,
    "digits": "9" * 190 + " 1" * 50,
    "minus signs": "-" * 190,
    "only exclusions": " ".join(f"-word{n}" for n in range(30)),
    "operators": "OR OR OU O OR AND NOT",
    "hyphens": "-".join("abcdefghijklmnopqrstuvwxyz" * 4),
    "apostrophes": "l'" * 60 + "’" * 60,
    "a field": "status:pending state:hidden removed:none id:1",
    "a field with a secret": f"text:{SECRET} title:{SECRET}",
    "Whoosh": f"lexemes:* {WORD}^5 ~2 [a TO z] {{x TO}} id:[1 TO 99] *:* =otter en:otter ~otter",
    "tsquery": f"{WORD} & !otter | (a <-> b):* <2> 'c':AB \\",
    "SQL": "'; DROP TABLE contribution; -- ' OR '1'='1' UNION SELECT text FROM revision quagmirish",
    "format strings": "%s %(x)s {0} {{7*7}} ${jndi:ldap://x} %n%n",
    "markup": "<script>alert(1)</script> <mark> &amp; &#0; ]]>",
    "ligatures and wide letters": "ﬃ" * 100 + "ＯＲ ＯＲ ｔｅｒｍ＊",
    "emoji": "👩‍👩‍👧‍👦" * 40 + "🇫🇷" * 40,
    "right to left": "\u202eabc\u202c " + "م" * 100,
}


@pytest.fixture
def stacks(app, session):
    """Three public texts, a pending and a hidden one."""
    forum = make_rows.make_forum(session)
    space = make_rows.make_space(session, forum=forum)
    author = make_rows.make_author(session, forum=forum)
    kinds = [(RevisionState.PUBLISHED, Removed.NONE)] * 3
    kinds += [(RevisionState.PENDING, Removed.NONE), (RevisionState.PUBLISHED, Removed.HIDDEN)]
    for number, (state, removed) in enumerate(kinds):
        words = f"The {WORD} of place{number}." + f" {SECRET}" * (number > 2)
        make_rows.make_contribution(
            session, space=space, author=author, state=state, removed=removed, source=words
        )
    session.commit()
    sources = app.extensions["consult.ports"].documents.values()
    sync.rebuild(session, backend=app.extensions["consult.search"], sources=sources)


class Work:
    """What one search made the machine do."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.plans: list[int] = []

    def check(self) -> None:
        """Compare with what a search may cost at most."""
        assert self.counts["characters"] <= MOST_CHARACTERS, self.counts
        assert self.counts["lists"] <= MOST_LISTS, self.counts
        assert self.counts["statements"] <= MOST_STATEMENTS, self.counts
        assert self.counts["bytes"] <= MOST_BYTES, self.counts
        assert max(self.plans, default=0) <= MAX_FORMS, self.plans


@contextmanager
def counted(monkeypatch):
    work = Work()
    # What was analysed before is known by heart.
    lexemes.of_word.cache_clear()
    lexemes.of_whole.cache_clear()
    texts = Shelf.texts

    def counting(text, *args, **over):
        work.counts["characters"] += len(text)
        return analyse(text, *args, **over)

    def reading(text):
        work.counts["characters"] += len(text)
        return written_words(text)

    def listing(shelf, *args, **over):
        work.counts["lists"] += 1
        return texts(shelf, *args, **over)

    def planning(*args, **over):
        plan = make(*args, **over)
        work.plans.append(plan.size)
        return plan

    def executing(_connection, _cursor, statement, parameters, *_more):
        if re.search(r"search_(passage|word|state)", statement):
            work.counts["statements"] += 1
            work.counts["bytes"] += len(str(parameters))

    with monkeypatch.context() as patch:
        patch.setattr(grammar, "written_words", reading)
        patch.setattr(Shelf, "texts", listing)
        patch.setattr(finding, "make", planning)
        patch.setattr(lexemes, "analyse", counting)
        # Passages of what is found are analysed, too; here is counted what the query costs.
        patch.setattr(finding, "passages_of", lambda *_args, **_over: {})
        event.listen(db.engine.engine, "before_cursor_execute", executing)
        try:
            yield work
        finally:
            event.remove(db.engine.engine, "before_cursor_execute", executing)


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_is_typed_costs_a_bounded_amount_of_work(stacks, client, monkeypatch, kind):
    text = HOSTILE[kind].encode("utf-8", "surrogatepass")
    with counted(monkeypatch) as work:
        response = client.get("/en/search", query_string={"q": text})
    assert response.status_code == 200
    assert "<h1>" in response.text
    assert "place3" not in response.text
    assert "place4" not in response.text
    work.check()


@pytest.mark.parametrize("kind", ["a field with a secret", "SQL", "a field", "Whoosh", "tsquery"])
def test_syntax_of_the_engines_finds_nothing_that_words_do_not(stacks, client, kind):
    page = client.get("/en/search", query_string={"q": HOSTILE[kind]}).text
    assert "place3" not in page
    assert "place4" not in page


def test_the_command_answers_whatever_is_typed(app, stacks):
    runner = app.test_cli_runner()
    for kind, text in HOSTILE.items():
        if "\x00" in text or "\udcc3" in text:
            # No system hands these over to a command.
            continue
        told = runner.invoke(args=["search", "query", "--json", "--", text])
        assert told.exit_code == 0, (kind, told.output)
        assert '"total"' in told.output
        assert "place3" not in told.output


@pytest.mark.parametrize(
    "values",
    [
        {"sort": "id; DROP TABLE x", "page": "-1"},
        {"page": "9" * 400, "space": "../" * 50, "question": "1e9"},
        {"objective": "²", "language": "zz", "month": "2022-13", "kind": "status:pending"},
        {"category": "%00", "region": "\x00", "across": "maybe"},
    ],
)
def test_filters_that_cannot_be_are_no_error(stacks, client, values):
    response = client.get("/en/search", query_string={"q": WORD} | values)
    assert response.status_code == 200
    assert "place4" not in response.text


def test_the_answer_to_a_bomb_is_the_answer_to_its_words(stacks, client):
    """What is cut is said; what is left is looked for."""
    page = client.get("/en/search", query_string={"q": HOSTILE["5,000 brackets in pairs"]}).text
    assert "Only the first 200 characters were searched for." in page
    page = client.get("/en/search", query_string={"q": f"((((({WORD})))))"}).text
    assert page.count('class="result"') == 3


def test_a_statement_of_the_search_is_ended_by_the_server_in_the_end():
    assert postgresql.SEARCH_LIMIT_MS <= 5_000
