"""`flask search query` and `flask export --search`: what scripts rely on, what people read."""

from __future__ import annotations

import json

import pytest

from consult.core.authz import Role
from consult.search.documents import IndexUnavailable
from consult.spaces.states import SpaceVisibility
from tests import factories as make
from tests.integration.cli.commands import one_line, run
from tests.journeys.archive import Archive


@pytest.fixture
def archive(app, session):
    return Archive(app, session)


def query(archive, *args):
    return run(archive.app, archive.session, "search", "query", *args)


def test_json_is_what_the_contract_says(archive):
    result = query(archive, "remittances", "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert set(answer) == {"total", "hits"}
    assert answer["total"] == len(answer["hits"]) == 3
    for hit in answer["hits"]:
        assert list(hit) == ["id", "reference", "language", "via", "score", "excerpt"]
    by_language = {hit["language"]: hit for hit in answer["hits"]}
    assert by_language["en"]["via"] is None
    assert by_language["es"]["via"] == "remesas"
    assert by_language["fr"]["via"] == "envois de fonds"
    assert by_language["en"]["score"] > by_language["es"]["score"]
    assert "remesas pagan" in by_language["es"]["excerpt"]


def test_people_read_how_a_text_was_found(archive):
    result = query(archive, "remittances families money")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{archive.english.reference}  en  Amina: ")
    assert any("of the words" in line for line in lines[1:])
    assert "1 of them with all words" in result.stderr
    assert "[via remesas]" in query(archive, "remittances").stdout


@pytest.mark.parametrize(
    ("options", "total"),
    [
        (("--own-words",), 1),
        (("--language", "fr"), 1),
        (("--region", "africa"), 2),
        (("--space", "first", "--category", "civil-society"), 1),
        (("--month", "2026-09", "--kind", "comment", "--sort", "newest"), 3),
        (("--objective", "20"), 1),
        (("--space", "first", "--question", "2"), 0),
        (("--space", "third"), 0),
    ],
)
def test_options_narrow_as_the_page_does(archive, options, total):
    result = query(archive, "remittances", *options, "--json")
    assert json.loads(result.stdout)["total"] == total
    assert query(archive, "remittances", *options).exit_code == (0 if total else 1)


@pytest.mark.parametrize(
    "options",
    [("--space", "A Space"), ("--month", "yesterday"), ("--objective", "x"), ("--limit", "1001")],
)
def test_a_value_that_cannot_be_is_a_wrong_call(archive, options):
    result = query(archive, "remittances", *options)
    assert result.exit_code == 2
    assert not result.stdout


def test_the_limit_bounds_the_hits_and_not_the_total(archive):
    answer = json.loads(query(archive, "remittances", "--limit", "1", "--json").stdout)
    assert (answer["total"], len(answer["hits"])) == (3, 1)


def test_a_search_as_somebody_sees_what_they_see(archive):
    secret = make.make_space(
        archive.session,
        forum=archive.forum,
        slug="secret",
        visibility=SpaceVisibility.UNANNOUNCED,
    )
    archive.write(secret, "Hidden remittances.")
    kofi = make.make_user(archive.session, email="kofi@example.org")
    make.grant(archive.session, user=kofi, role=Role.DRAFTER, space=secret)
    make.make_user(archive.session, email="lena@example.org")
    archive.index()
    totals = {
        email: json.loads(query(archive, "remittances", "--as", email, "--json").stdout)["total"]
        for email in ("kofi@example.org", "lena@example.org")
    }
    assert totals == {"kofi@example.org": 4, "lena@example.org": 3}


def test_an_export_is_narrowed_by_a_search(archive, tmp_path):
    path = tmp_path / "out.jsonl"
    names = [archive.english.reference, archive.spanish.reference]
    asked = ("export", "--space", "first", "--search", "remesas", "--format", "jsonl")
    result = run(archive.app, archive.session, *asked, "--language", "es", "-o", str(path))
    assert result.exit_code == 0
    header, *lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert header["filter"] == {"search": "remesas", "language": "es"}
    assert [line["reference"] for line in lines] == names
    assert [line["context"] for line in lines] == [True, False]


def test_no_export_of_a_search_without_an_index(archive, tmp_path, monkeypatch):
    def unavailable(*_args, **_kwargs):
        raise IndexUnavailable

    monkeypatch.setattr(archive.app.extensions["consult.search"], "search", unavailable)
    path = tmp_path / "out.csv"
    asked = ("export", "--space", "first", "--search", "remesas", "--format", "csv")
    result = run(archive.app, archive.session, *asked, "-o", str(path))
    assert result.exit_code == 1
    assert "flask search rebuild" in one_line(result)
    assert not path.exists()
