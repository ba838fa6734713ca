"""`flask objectives suggest`: what it reads, prints and refuses."""

from __future__ import annotations

import json
from typing import Any

from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from tests.conftest import ROOT
from tests.factories import make_forum

IMRF = ROOT / "consult/definitions/imrf2022.yaml"


def suggest(app: Flask, session: Session, text: str | bytes, *options: str) -> Result:
    session.commit()
    arguments = ["objectives", "suggest", *options]
    result = app.test_cli_runner().invoke(args=arguments, input=text)
    session.expire_all()
    return result


def suggested(app: Flask, session: Session, text: str, *options: str) -> list[dict[str, Any]]:
    result = suggest(app, session, text, *options, "--json")
    assert result.exit_code == 0
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def load_imrf(app: Flask, session: Session) -> None:
    session.commit()
    app.test_cli_runner().invoke(args=["forum", "load", str(IMRF)])


def test_objectives_of_the_forum_are_suggested_best_first(app: Flask, session: Session) -> None:
    load_imrf(app, session)
    text = "## Objectif 3\n\nDes mots simples.\n\nPara el objetivo 20, y GCM 17, tarifas.\n"
    assert suggested(app, session, text) == [
        {"number": 17, "score": 1.0, "why": "GCM 17"},
        {"number": 20, "score": 1.0, "why": "objetivo 20"},
        {"number": 3, "score": 0.8, "why": "Objectif 3"},
    ]


def test_an_objective_comes_once_with_its_best_score(app: Flask, session: Session) -> None:
    load_imrf(app, session)
    text = "# Objective 16\n\nClasses.\n\nSee Obj. 16.\n\nAnd objective 16.\n"
    assert suggested(app, session, text) == [{"number": 16, "score": 1.0, "why": "Obj. 16"}]


def test_with_a_space_only_its_objectives_are_suggested(app: Flask, session: Session) -> None:
    load_imrf(app, session)
    found = suggested(app, session, "Objectives 16 and 17.", "--space", "round-table-3")
    assert [one["number"] for one in found] == [16]


def test_a_text_that_speaks_of_nothing_gets_an_empty_list(app: Flask, session: Session) -> None:
    make_forum(session)
    assert suggested(app, session, "SDG 16 is another list.") == []
    assert suggested(app, session, "") == []


def test_a_person_reads_a_table(app: Flask, session: Session) -> None:
    load_imrf(app, session)
    result = suggest(app, session, "Objective 20 first.")
    assert result.exit_code == 0
    assert result.stdout.startswith("1.00  20 – ")
    assert result.stdout.endswith("  (Objective 20)\n")


def test_a_person_is_told_that_nothing_is_spoken_of(app: Flask, session: Session) -> None:
    make_forum(session)
    result = suggest(app, session, "Nothing.")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "This text speaks of no objective.\n"


def test_bytes_that_are_no_utf_8_are_refused_with_their_line(app: Flask, session: Session) -> None:
    make_forum(session)
    result = suggest(app, session, b"Objectif 3\nL\xe9gal\n", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "stdin:2: save the text as UTF-8\n"


def test_a_space_nobody_knows_is_refused(app: Flask, session: Session) -> None:
    make_forum(session)
    result = suggest(app, session, "Objective 3", "--space", "nowhere", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere" in result.stderr


def test_without_a_forum_there_is_nothing_to_suggest(app: Flask, session: Session) -> None:
    result = suggest(app, session, "Objective 3")
    assert result.exit_code == 2
    assert "There is no forum yet" in result.stderr
