"""Definition files: what is taken, and how a broken one is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from consult.core.errors import BrokenInput
from consult.spaces import definitions

IMRF = Path(__file__).resolve().parents[3] / "consult/definitions/imrf2022.yaml"
SMALL = """\
version: 1
forum:
  slug: small
  title: {en: Small forum}
  short_title: {en: Small}
  time_zone: America/New_York
  disclaimer: {text: {en: Views are personal.}}
  licence: {en: CC BY 4.0}
objectives:
  - number: 1
    title: {en: Collect data, fr: Collecter des données}
    short_title: {en: Data}
    provenance: {en: verified, fr: ours}
  - number: 2
    title: {en: Drivers}
    short_title: {en: Drivers}
categories:
  - slug: youth
    name: {en: Youth}
reasons:
  - code: other
    label: {en: Other}
    explanation: {en: See below.}
spaces:
  - slug: round-table-1
    code: RT1
    title: {en: Title}
    kicker: {en: Round table 1}
    aim: {en: Aim}
    objectives: [1, 2]
    visibility: announced
    opens: 2022-01-11
    closes: 2022-01-31
    note: {words: 1000}
    questions:
      - number: 1
        text: {en: "What matters?"}
        short_text: {en: Priorities}
glossary:
  - term: {en: [data]}
    objectives: [1]
"""


def broken(old: str, new: str) -> BrokenInput:
    assert old in SMALL
    with pytest.raises(BrokenInput) as caught:
        definitions.parse(SMALL.replace(old, new, 1).encode(), source="small.yaml")
    return caught.value


def line(words: str, text: str = SMALL) -> int:
    return next(n for n, row in enumerate(text.splitlines(), 1) if words in row)


def test_the_shipped_definition_is_whole() -> None:
    content = definitions.read(IMRF).content
    assert [space.code for space in content.spaces] == ["RT1", "RT2", "RT3", "RT4"]
    assert [objective.number for objective in content.objectives] == list(range(1, 24))


def test_the_shipped_glossary_speaks_three_languages_of_every_objective() -> None:
    glossary = definitions.read(IMRF).content.glossary
    assert all(entry.term.en and entry.term.fr and entry.term.es for entry in glossary)
    numbers = [number for entry in glossary for number in entry.objectives]
    assert min(numbers.count(number) for number in range(1, 24)) >= 10


def test_a_bare_closing_day_ends_with_its_last_second_in_new_york() -> None:
    definition = definitions.parse(SMALL.encode(), source="small.yaml")
    space = definition.content.spaces[0]
    assert definition.instant(space.closes, is_closing=True) == dt.datetime(
        2022, 2, 1, 4, 59, 59, tzinfo=dt.UTC
    )
    assert definition.instant(space.opens, is_closing=False) == dt.datetime(
        2022, 1, 11, 5, 0, tzinfo=dt.UTC
    )
    assert definitions.is_bare_day(space.closes)


def test_a_closing_with_hour_and_zone_is_taken_as_it_is() -> None:
    text = SMALL.replace("closes: 2022-01-31", "closes: 2022-01-31T12:00:00+01:00")
    definition = definitions.parse(text.encode(), source="small.yaml")
    closes = definition.content.spaces[0].closes
    assert definition.instant(closes, is_closing=True) == dt.datetime(
        2022, 1, 31, 11, 0, tzinfo=dt.UTC
    )
    assert not definitions.is_bare_day(closes)


def test_provenance_is_kept_only_for_languages_that_are_there() -> None:
    definition = definitions.parse(SMALL.encode(), source="small.yaml")
    first = definition.content.objectives[0]
    assert first.title.translated(first.provenance).provenance == {"en": "verified", "fr": "ours"}
    assert first.short_title.translated(first.provenance).provenance == {"en": "verified"}


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("visibility: announced", "visibility: open", "visibility", "announced, members, unann"),
        ("    aim: {en: Aim}\n", "", "slug: round-table-1", "add the key “aim”"),
        ("aim: {en: Aim}", "aim: {fr: But}", "aim:", "add the key “en”"),
        ("aim: {en: Aim}", "goal: {en: Aim}\n    aim: {en: Aim}", "aim:", "the keys allowed here"),
        ("slug: round-table-1", "slug: Round Table", "slug: round", "small letters"),
        ("objectives: [1, 2]", "objectives: [1, 7]", "objectives: [1, 2]", "no objective 7"),
        ("closes: 2022-01-31", "closes: 2021-01-31", "closes", "after “opens”"),
        ("closes: 2022-01-31", "closes: soon", "closes", "a day such as"),
        ("closes: 2022-01-31", "closes: 2022-02-31", "closes", "no such day"),
        ("- number: 1\n        text", "- number: 2\n        text", "      - number", "number 1"),
        ("- number: 2\n", "- number: 1\n", "- number: 2", "stands twice"),
        ("code: other", "code: off-topic", "reasons", "“other”"),
        ("time_zone: America/New_York", "time_zone: New York", "time_zone", "time zone such as"),
        ("title: {en: Title}", "title: {en: 12}", "title: {en: Title}", "must be text"),
        ("title: {en: Title}", 'title: {en: " "}', "title: {en: Title}", "must not be empty"),
        ("version: 1", "version: 2", "version", "must be one of: 1"),
        ("code: RT1", "code: RT1\n    code: RT2", "title: {en: Title}", "stands here twice"),
        ("aim: {en: Aim}", "aim: {en: [Aim", "visibility", "mend the YAML"),
        ("aim: {en: Aim}", "aim: &a {en: Aim}\n    aim2: *a", "objectives: [1, 2]", "not allowed"),
        ("objectives: [1, 2]", "objectives: [1, 1]", "objectives: [1, 2]", "stands here twice"),
        ("provenance: {en: verified", "provenance: {en: sure", "provenance", "verified, recalled"),
    ],
)
def test_a_broken_file_is_refused_with_its_line_and_what_to_change(
    old: str, new: str, at: str, words: str
) -> None:
    error = broken(old, new)
    assert words in error.message
    if "mend" not in words:
        assert error.line == line(at)
    assert str(error) == f"small.yaml:{error.line}: {error.message}"


def test_the_first_of_several_mistakes_is_told() -> None:
    text = SMALL.replace("time_zone: America/New_York", "time_zone: Mars").replace("announced", "x")
    with pytest.raises(BrokenInput) as caught:
        definitions.parse(text.encode(), source="small.yaml")
    assert caught.value.line == line("time_zone")


def test_bytes_that_are_no_utf_8_are_refused_with_their_line() -> None:
    with pytest.raises(BrokenInput, match="UTF-8") as caught:
        definitions.parse(b"version: 1\nforum: \xff\n", source="x.yaml")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"[" * 5000, "nest at most"),
        (b"a: " + b"x" * 2_000_001, "2 MB"),
        (b"", "must begin with keys"),
        (b"a: \x07", "control character"),
        (b"? [1]\n: 2\n", "one word"),
    ],
)
def test_a_file_made_to_do_harm_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(BrokenInput, match=words):
        definitions.parse(raw, source="x.yaml")


def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput, match="cannot be read"):
        definitions.read(tmp_path / "none.yaml")


# A question about one objective, and an outcome --------------------------------------------

QUESTION = "        short_text: {en: Priorities}\n"
OUTCOME = """\
    outcome:
      text: {en: We wrote a note., fr: Nous avons écrit une note.}
      links:
        - title: {en: The note}
          url: https://example.org/note
"""


def test_a_question_may_be_about_one_objective_under_review() -> None:
    text = SMALL.replace(QUESTION, QUESTION + "        objective: 2\n")
    content = definitions.parse(text.encode(), source="small.yaml").content
    assert content.spaces[0].questions[0].objective == 2


def test_a_question_about_an_objective_that_is_not_under_review_is_refused() -> None:
    text = SMALL.replace("    objectives: [1, 2]\n", "    objectives: [1]\n", 1)
    text = text.replace(QUESTION, QUESTION + "        objective: 2\n")
    with pytest.raises(BrokenInput) as caught:
        definitions.parse(text.encode(), source="small.yaml")
    assert str(caught.value) == (
        f"small.yaml:{line('objective: 2', text)}: "
        "objective 2 is not among the space’s “objectives”; add it or remove it"
    )


def test_an_outcome_has_a_text_and_links() -> None:
    text = SMALL.replace("glossary:\n", OUTCOME + "glossary:\n")
    outcome = definitions.parse(text.encode(), source="small.yaml").content.spaces[0].outcome
    assert outcome is not None
    assert outcome.text.translated().texts["fr"] == "Nous avons écrit une note."
    assert outcome.rows_of_links() == [
        {"title": {"en": "The note"}, "url": "https://example.org/note"}
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("https://example.org/note", "javascript:alert(1)", "javascript", "begins with https://"),
        ("      text:", "      words:", "outcome:", "add the key “text”"),
        ("links:", "liens:", "liens:", "the keys allowed here are links, text"),
    ],
)
def test_a_broken_outcome_is_refused_where_it_stands(
    old: str, new: str, where: str, words: str
) -> None:
    text = SMALL.replace("glossary:\n", OUTCOME.replace(old, new) + "glossary:\n")
    with pytest.raises(BrokenInput) as caught:
        definitions.parse(text.encode(), source="small.yaml")
    assert caught.value.line == line(where, text)
    assert words in str(caught.value)


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_outcome_stands_in_a_file_of_its_own(tmp_path: Path, wrapped: bool) -> None:
    path = tmp_path / "outcome.yaml"
    body = OUTCOME.replace("    outcome:\n", "outcome:\n") if wrapped else OUTCOME.split("\n", 1)[1]
    path.write_text(body)
    outcome = definitions.read_outcome(path)
    assert outcome.text.en == "We wrote a note."
    assert [link.url for link in outcome.links] == ["https://example.org/note"]


def test_a_broken_file_with_an_outcome_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "outcome.yaml"
    for body, number in (
        ("- no keys", 1),
        ("text: {en: A}\nlink: []\n", 2),
        ("outcome:\n  text: {en: A}\n  links:\n    - url: x\n", 4),
    ):
        path.write_text(body)
        with pytest.raises(BrokenInput) as caught:
            definitions.read_outcome(path)
        assert (caught.value.source, caught.value.line) == (str(path), number)
    with pytest.raises(BrokenInput):
        definitions.read_outcome(tmp_path / "missing.yaml")
