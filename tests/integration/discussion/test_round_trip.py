"""Out of one installation into an empty one and out again: the same lines, byte for byte."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.app import create_app
from consult.core import clock
from consult.core.db import db
from consult.core.storage import Blob, FileStorage
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, RevisionAttachment, RevisionTag
from consult.discussion.services import removing, threads
from consult.discussion.states import RevisionState, TagRole
from consult.spaces.models import Author, Forum, Objective, Question, Space
from consult.spaces.states import DisplayChoice
from tests import factories as make
from tests import papers, postgresql
from tests.conftest import DATABASES, Template
from tests.integration.discussion.lines import (
    bring_in,
    comment,
    forum_and_space,
    question,
    take_out,
    tombstone,
    write,
)

PAPERS = {"Señal – œuvre.pdf": papers.pdf(), "Notes.txt": b"Our notes."}
HERE = "2f7e0f5e-8d5a-4c5e-9a55-1f6d3c2b7a1{}"


@dataclass
class Installation:
    """An installation with the same forum and space as every other one, and nothing said yet."""

    app: Flask
    folder: Path

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A committed unit of work in this installation."""
        with self.app.app_context(), unit_of_work() as session:
            yield session

    @property
    def storage(self) -> FileStorage:
        """Where its files lie."""
        return FileStorage(self.folder / "blobs")

    def export(self, name: str) -> tuple[Path, list[bytes]]:
        """Export everything; return the file and its lines behind the header."""
        path = self.folder / name
        with self.app.app_context():
            take_out(db.session(), path, storage=self.storage)
            db.session.rollback()
        return path, path.read_bytes().split(b"\n")[1:]

    def bring_in(self, path: Path, **over: str) -> int:
        """Import a file; return how many lines were new."""
        with self.session() as session:
            return bring_in(session, path, storage=self.storage, **over).new


@pytest.fixture(params=DATABASES)
def two(
    request: pytest.FixtureRequest, templates: dict[str, Template], tmp_path: Path
) -> Iterator[tuple[Installation, Installation]]:
    """Two installations on their own databases."""
    made = []
    for name in ("first", "second"):
        folder = tmp_path / name
        app = create_app(templates[request.param].copy(folder))
        installation = Installation(app, folder)
        with installation.session() as session:
            forum_and_space(session)
        made.append(installation)
    yield made[0], made[1]
    for installation in made:
        with installation.app.app_context():
            url = db.engine.url
            db.session.remove()
            db.engine.dispose()
        if request.param == "postgresql" and url.database:
            postgresql.drop_database(url.database)


def same(first: Installation, second: Installation) -> list[bytes]:
    """Go round between two installations; return the lines, which must have stayed the same."""
    path, lines = first.export("out.jsonl")
    told = len([line for line in lines if line])
    assert first.bring_in(path) == 0
    assert first.export("again.jsonl")[1] == lines
    assert second.bring_in(path) == told
    assert second.export("out.jsonl")[1] == lines
    assert second.bring_in(path) == 0
    return lines


def test_an_archive_goes_round(two: tuple[Installation, Installation], tmp_path: Path) -> None:
    desk = {
        "id": "p1",
        "name": "Desk",
        "organisation": "City of Example",
        "category": "local-authorities",
        "country": "NG",
        "on_behalf_of": "Twelve cities",
    }
    dated = "2022-01-20T10:00:00.123456Z"
    path = write(
        tmp_path / "archive.jsonl",
        [
            comment("undated"),
            comment("dated", created_at=dated, author=desk, objectives=[20, 15]),
            comment("after", format="text", language="es", body="Las remesas.\n\n*No es cursiva*"),
            comment("twin", created_at=dated, edited_at="2022-02-01T00:00:00Z"),
            comment("r1", parent="dated", author=desk),
            comment("r2", parent="dated"),
            comment("r1r", parent="r1"),
            tombstone("gone", question=2, created_at=dated, reference="RT3-Q2-0009"),
            comment("below", question=2, parent="gone", author={"name": "Desk"}),
            question("q", author=desk, number=None),
            comment("to-q", question="q"),
            comment("spans", tags=[{"objective": 16, "start": 0, "end": 4, "by": "moderator"}]),
        ],
    )
    first, second = two
    assert first.bring_in(path) == 12
    assert len(same(first, second)) == 13


def test_what_was_written_here_goes_round(two: tuple[Installation, Installation]) -> None:
    first, second = two
    with first.session() as session:
        _write_here(session, first.storage)
    lines = b"\n".join(same(first, second))
    assert b"Secret Name" not in lines
    assert b"Participant 3" in lines
    assert b'"removed":"withdrawn"' in lines
    for content in PAPERS.values():
        with second.storage.open(hashlib.sha256(content).hexdigest()) as stream:
            assert stream.read() == content


def _write_here(session: Session, storage: FileStorage) -> None:
    space = session.scalars(select(Space)).one()
    forum = session.get_one(Forum, space.forum_id)
    user = make.make_user(session)
    full = make.make_author(session, forum=forum, country="FR", on_behalf_of="Twelve cities")
    shy = make.make_author(
        session,
        forum=forum,
        user=user,
        name="Secret Name",
        country="CO",
        display=DisplayChoice.PSEUDONYM,
        pseudonym_number=3,
    )
    office = make.make_author(
        session, forum=forum, name="Secret Name", display=DisplayChoice.ORGANISATION
    )
    sixteen = session.scalars(select(Objective.id).where(Objective.number == 16)).one()
    root = _say(session, space, full, objectives=(sixteen,))
    gone = _say(session, space, shy, parent=root)
    alone = _say(session, space, shy)
    _say(session, space, office, parent=gone)
    _say(session, space, shy, state=RevisionState.PENDING)
    _say(session, space, shy)
    for row in (gone, alone):
        removing.withdraw(
            session,
            actor=make.actor_for(user=user, author=shy),
            contribution=row,
            space=space,
            now=clock.now(),
        )
    _tag_and_attach(session, root, objective_id=sixteen, storage=storage)


def _tag_and_attach(
    session: Session, row: Contribution, *, objective_id: int, storage: FileStorage
) -> None:
    revision_id = row.published_revision_id
    assert revision_id is not None
    session.add(
        RevisionTag(revision_id=revision_id, objective_id=objective_id, role=TagRole.MODERATOR)
    )
    # The first one of the text came last.
    for position, (name, content) in reversed(list(enumerate(PAPERS.items()))):
        sha256, size = storage.put(io.BytesIO(content))
        session.add(Blob(sha256=sha256, size=size))
        session.flush()
        session.add(
            RevisionAttachment(
                token=f"t{position}",
                revision_id=revision_id,
                name=name,
                media_type="application/pdf" if name.endswith("pdf") else "text/plain",
                sha256=sha256,
                position=position,
            )
        )


def _say(
    session: Session,
    space: Space,
    author: Author,
    *,
    parent: Contribution | None = None,
    **over: Any,
) -> Contribution:
    row = make.make_contribution(session, space=space, author=author, parent=parent, **over)
    threads.place(session, row, parent=parent, at=threads.ordinal(clock.now()))
    if row.published_revision_id is not None:
        row.reference = None
        threads.give_reference(session, row, space=space)
    session.flush()
    return row


def test_texts_of_several_sources_in_one_thread_go_round(
    two: tuple[Installation, Installation], tmp_path: Path
) -> None:
    first, second = two
    for name in ("one", "two"):
        path = write(
            tmp_path / f"{name}.jsonl",
            [
                comment("1", body=f"Of {name}."),
                comment("2", parent="1"),
                question("q", body="Why?"),
            ],
        )
        assert first.bring_in(path) == 3
    number = first_question(first, "two")
    local = write(
        tmp_path / "local.jsonl",
        [
            comment("1", body="Of two.", source="two"),
            comment(HERE.format(1), parent="1", source=None),
            comment(HERE.format(2), parent=HERE.format(1), source=None),
            comment(HERE.format(3), question=number, source=None),
        ],
    )
    assert first.bring_in(local) == 3
    same(first, second)


def first_question(installation: Installation, source: str) -> int:
    """Return the number of the participant's question that came from a source."""
    with installation.session() as session:
        return session.scalars(
            select(Question.number)
            .join(Contribution, Contribution.own_question_id == Question.id)
            .where(Contribution.source == source)
        ).one()


def test_a_number_that_is_taken_elsewhere_is_given_anew_and_its_answers_follow(
    two: tuple[Installation, Installation], tmp_path: Path
) -> None:
    first, second = two
    asked = write(tmp_path / "a.jsonl", [question("q"), comment("to-q", question="q")])
    assert first.bring_in(asked) == 2
    path, lines = first.export("out.jsonl")
    other = write(tmp_path / "b.jsonl", [question("other"), comment("to-other", question="other")])
    assert second.bring_in(other) == 2
    assert second.bring_in(path) == 2
    assert second.bring_in(path) == 0
    merged = second.export("out.jsonl")[1]
    assert len(merged) == len(lines) + 2
    assert any(b'"number":5' in line and b'"reference":"RT3-Q5"' in line for line in merged)
