"""`flask glossary`: out to a spreadsheet and back, all or nothing."""

from __future__ import annotations

import pytest

from consult.core import clock
from consult.spaces.notions import NotionKind, SaidNotion
from consult.spaces.queries import notions_of
from consult.spaces.services.glossary import add_notion
from tests import factories as make

HEAD = "key,en,fr,es,objectives,note\n"


@pytest.fixture
def forum(session):
    forum = make.make_forum(session)
    for term in ("return", "diaspora"):
        said = SaidNotion(terms={"en": term})
        add_notion(session, forum=forum, said=said, by=None, now=clock.now())
    session.commit()
    return forum


@pytest.fixture
def run(app, forum, tmp_path):
    """Run a command on a file with this text; return its result."""

    def command(act, text=None, *options):
        file = tmp_path / "terms.csv"
        if text is not None:
            file.write_text(text, encoding="utf-8")
        return app.test_cli_runner().invoke(args=["glossary", act, str(file), *options])

    return command


def keys(session):
    session.expire_all()
    return {n.key for n in notions_of(session) if n.kind is NotionKind.TERM}


def test_what_is_exported_is_imported_without_a_change(run, forum):
    assert run("export", None, "--forum", forum.slug).exit_code == 0
    done = run("import", None, "--forum", forum.slug)
    assert (done.exit_code, done.stderr) == (0, "0 added, 0 changed, 0 taken out\n")


def test_an_import_adds_changes_and_keeps_what_the_file_does_not_hold(run, session):
    done = run("import", f"{HEAD}return,return,retour,,,\n,visa,,,,\n")
    assert done.exit_code == 0
    assert done.stderr == "1 added, 1 changed, 0 taken out, 1 not in the file stay\n"
    assert keys(session) == {"return", "diaspora", "visa"}


def test_an_import_takes_out_only_where_it_is_told_to(run, session):
    done = run("import", f"{HEAD}return,return,,,,\n", "--remove")
    assert done.stderr == "0 added, 0 changed, 1 taken out\n"
    assert keys(session) == {"return"}


def test_a_dry_run_writes_nothing(run, session):
    done = run("import", f"{HEAD},visa,,,,\n", "--dry-run")
    assert done.stderr == (
        "1 added, 0 changed, 0 taken out, 2 not in the file stay; nothing was written\n"
    )
    assert keys(session) == {"return", "diaspora"}


def test_a_broken_line_is_told_with_its_place_and_nothing_is_taken(run, session):
    done = run("import", f"{HEAD},visa,,,,\n,asylum,,,99,\n")
    assert done.exit_code == 2
    assert done.stderr.endswith(
        "terms.csv:3: objectives: Please name only objectives of this forum.\n"
    )
    assert keys(session) == {"return", "diaspora"}


@pytest.mark.parametrize(
    ("act", "options", "told"),
    [
        ("import", (), "terms.csv:1: this file cannot be read"),
        ("export", ("--forum", "nowhere"), "There is no forum “nowhere”."),
    ],
)
def test_a_wrong_call_exits_with_two_and_says_why(run, act, options, told):
    done = run(act, None, *options)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_full_glossary_is_told_in_words(run):
    lines = "".join(f",term {number},,,,\n" for number in range(1999))
    done = run("import", HEAD + lines)
    assert (done.exit_code, done.stderr) == (2, "A glossary can have at most 2,000 entries.\n")
