"""One line at a time: what is taken, and what a wrong one is told to change."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from consult.core.errors import BrokenInput
from consult.discussion.interchange import CommentLine, HeaderLine, QuestionLine, parse

LEAST: dict[str, Any] = {
    "type": "comment",
    "id": "c1",
    "space": "round-table-3",
    "question": 1,
    "author": {"name": "City of Example"},
    "body": "What our city has learned.",
}


def read(**over: Any) -> Any:
    return parse(json.dumps({**LEAST, **over}), source="in.jsonl", number=7)


def told(**over: Any) -> str:
    return told_of(json.dumps({**LEAST, **over}))


def told_of(text: str) -> str:
    with pytest.raises(BrokenInput) as caught:
        parse(text, source="in.jsonl", number=7)
    where, _, message = str(caught.value).partition(": ")
    assert where == "in.jsonl:7"
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_a_comment_needs_only_six_keys() -> None:
    line = read()
    assert isinstance(line, CommentLine)
    assert (line.state, line.removed, line.format, line.objectives) == (
        "published",
        "none",
        "markdown",
        [],
    )
    assert line.author is not None
    assert line.author.organisation is None


def test_a_missing_source_is_not_a_source_of_null() -> None:
    assert not read().says_source
    assert read(source=None).says_source


def test_null_says_nothing() -> None:
    assert not read(created_at=None).says("created_at")
    assert read(created_at="2022-01-20T10:00:00Z").says("created_at")


def test_an_instant_is_told_in_utc() -> None:
    line = read(created_at="2022-01-20T10:00:00+02:00")
    assert line.created_at == dt.datetime(2022, 1, 20, 8, tzinfo=dt.UTC)


def test_a_question_may_be_named_by_the_id_of_its_line() -> None:
    assert read(question="q-p1").question == "q-p1"


def test_a_header_and_a_question_are_lines_too() -> None:
    header = parse('{"type":"header","version":1,"forum":"f"}', source="f", number=1)
    assert isinstance(header, HeaderLine)
    values = {key: value for key, value in LEAST.items() if key != "question"}
    question = parse(
        json.dumps(values | {"type": "question", "number": None}), source="f", number=1
    )
    assert isinstance(question, QuestionLine)


def test_a_tombstone_has_no_words_and_no_author() -> None:
    line = read(removed="hidden", author=None, body=None, reference="RT3-Q1-0001")
    assert line.is_tombstone


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"type":"comment","id":', "Correct the JSON at column"),
        ("[]", "Write one JSON object"),
        ('"comment"', "Write one JSON object"),
        ("{}", 'Add the key "type"'),
        ('{"type":"note"}', 'instead of "note"'),
        ('{"type":7}', "instead of 7"),
        ('{"type":"header","version":2}', "as 1 instead of 2"),
        ('{"id":"a","id":"b"}', 'the key "id" stands there twice'),
        ('{"x":NaN}', "NaN is not a number"),
        ("[" * 100_000, "nesting"),
        ('{"x":' + "9" * 5000 + "}", "Correct the JSON"),
    ],
)
def test_what_is_no_line_is_told_how_to_become_one(text: str, words: str) -> None:
    assert words in told_of(text)


@pytest.mark.parametrize("key", sorted(LEAST.keys() - {"type"}))
def test_a_missing_key_is_named(key: str) -> None:
    values = {name: value for name, value in LEAST.items() if name != key}
    assert told_of(json.dumps(values)) == f'Add the key "{key}".'


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"colour": "red"}, 'Take away the key "colour"'),
        ({"author": {"name": "A", "mail": "x"}}, 'Take away the key "mail" in "author"'),
        ({"author": {}}, 'Add the key "name" in "author"'),
        ({"id": 7}, 'Write "id" as a text in quotes'),
        ({"id": ""}, 'Fill in "id"'),
        ({"question": True}, 'Write "question" as the number'),
        ({"question": 1.5}, 'Write "question" as the number'),
        ({"objectives": "20"}, 'Write "objectives" as a list'),
        ({"objectives": [0]}, 'Write a possible number in entry 1 in "objectives"'),
        ({"context": "no"}, 'Write "context" as true or false'),
        ({"state": "approved"}, 'instead of "approved"'),
        ({"state": "draft"}, 'instead of "draft"'),
        ({"removed": "gone"}, 'instead of "gone"'),
        ({"language": "xx"}, 'instead of "xx"'),
        ({"format": "rtf"}, 'instead of "rtf"'),
        ({"created_at": "yesterday"}, 'Give "created_at" an instant such as'),
        ({"created_at": "2022-01-20T10:00:00"}, "with its zone"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, 'Give "created_at" an instant'),
        ({"created_at": 5}, 'Give "created_at" an instant'),
        ({"body": None}, 'an "author" and a "body" with words'),
        ({"body": " \n "}, 'an "author" and a "body" with words'),
        ({"author": None}, 'an "author" and a "body" with words'),
        ({"body": "x" * 50_001}, 'Shorten "body" to at most 50,000 characters'),
        ({"author": {"name": "x" * 201}}, 'Shorten "name" in "author" to at most 200'),
        ({"removed": "erased"}, "what is erased has no words"),
        ({"removed": "hidden", "state": "pending"}, 'the state "published"'),
        ({"removed": "hidden", "body": None}, 'null for both "author" and "body"'),
        ({"tags": [{"objective": 20, "start": 3}]}, 'both "start" and "end"'),
        ({"tags": [{"objective": 20, "start": 3, "end": 3}]}, 'smaller than the "end"'),
        ({"tags": [{"objective": 20}], "objectives": [15]}, 'in "objectives" too, here 20'),
        ({"attachments": [{"name": "a"}]}, 'Add the key "sha256" in entry 1 in "attachments"'),
        ({"body": "a\x00b"}, 'Take NUL characters and lone surrogates out of "body"'),
        ({"author": {"name": "a\ud800"}}, 'out of "name"'),
        ({"a\x00": 1}, "out of the keys"),
    ],
)
def test_a_wrong_value_is_told_what_to_become(over: dict[str, Any], words: str) -> None:
    assert words in told(**over)


def test_a_message_repeats_nothing_that_a_terminal_would_obey() -> None:
    assert "\x1b" not in told(**{"\x1b[2J": 1})
    assert len(told(state="x" * 10_000)) < 200
