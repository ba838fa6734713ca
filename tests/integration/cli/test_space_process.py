"""`flask space process`: telling what became of the contributions."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.audit import AuditEntry
from consult.spaces.models import Space
from tests.factories import make_space

OUTCOME = """\
text:
  en: We wrote a note.
  fr: Nous avons écrit une note.
  es: Escribimos una nota.
links:
  - title: {en: The note}
    url: https://example.org/note
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "outcome.yaml"
    path.write_text(OUTCOME)
    return path


def run(app: Flask, session: Session, *args: str) -> Result:
    session.commit()
    result = app.test_cli_runner().invoke(args=["space", *args])
    session.expire_all()
    return result


def closed_space(app: Flask, session: Session) -> str:
    slug = make_space(session).slug
    assert run(app, session, "close", slug).exit_code == 0
    return slug


def now_of(session: Session, slug: str) -> Space:
    """Return the space as it is; a command leaves no object of ours behind."""
    return session.scalars(select(Space).where(Space.slug == slug)).one()


def test_a_closed_space_gets_its_outcome_and_its_page_a_new_version(
    app: Flask, session: Session, file: Path
) -> None:
    slug = closed_space(app, session)
    version = now_of(session, slug).public_version
    result = run(app, session, "process", slug, "--file", str(file))
    assert result.exit_code == 0
    space = now_of(session, slug)
    assert space.outcome is not None
    assert space.outcome.texts["es"] == "Escribimos una nota."
    assert space.processed_at is not None
    assert space.public_version == version + 1
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "space.process")).one()
    assert (entry.subject_kind, entry.subject_id) == ("space", space.id)
    assert entry.facts == {"languages": ["en", "es", "fr"], "links": 1}


def test_the_same_outcome_again_changes_nothing(app: Flask, session: Session, file: Path) -> None:
    slug = closed_space(app, session)
    run(app, session, "process", slug, "--file", str(file))
    first = now_of(session, slug)
    before = (first.public_version, first.processed_at)
    assert run(app, session, "process", slug, "--file", str(file)).exit_code == 0
    again = now_of(session, slug)
    assert (again.public_version, again.processed_at) == before


def test_a_space_that_has_not_closed_is_refused_in_one_line(
    app: Flask, session: Session, file: Path
) -> None:
    slug = make_space(session).slug
    result = run(app, session, "process", slug, "--file", str(file))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{slug}: has not closed yet; what was done can be told only afterwards"
    ]
    assert now_of(session, slug).outcome is None


def test_a_broken_file_is_refused_by_its_line(app: Flask, session: Session, file: Path) -> None:
    slug = closed_space(app, session)
    file.write_text(OUTCOME.replace("https://", "ftp://"))
    result = run(app, session, "process", slug, "--file", str(file))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{file}:7: “url” must be an address that begins with https://"
    ]


def test_an_unknown_space_is_refused(app: Flask, session: Session, file: Path) -> None:
    result = run(app, session, "process", "nowhere", "--file", str(file))
    assert result.exit_code == 2
    assert "There is no space" in result.stderr
