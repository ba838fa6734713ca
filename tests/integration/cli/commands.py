"""Runs `flask` commands on a test's own connection."""

from __future__ import annotations

import json

from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session


def run(app: Flask, session: Session, *args: str, stdin: str | None = None) -> Result:
    """Run a command that sees what the test prepared; forget what was read before it."""
    session.commit()
    result = app.test_cli_runner().invoke(args=list(args), input=stdin)
    session.expire_all()
    return result


def one_line(result: Result) -> str:
    """Return the one line that a command ended with."""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def examine(app: Flask, session: Session) -> dict[str, list[str]]:
    """Return what `flask doctor` found by check, the search index apart."""
    result = run(app, session, "doctor", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == (0 if answer["ok"] else 1)
    found: dict[str, list[str]] = {}
    for finding in answer["findings"]:
        found.setdefault(finding["check"], []).append(finding["message"])
    found.pop("search", None)
    return found
