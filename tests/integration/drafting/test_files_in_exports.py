"""An export gives no file away that the pages do not give away."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from consult.core.errors import BrokenInput
from consult.core.storage import FileStorage
from consult.discussion.models import Contribution, Paper
from consult.discussion.states import Scan
from tests.factories import AnySession
from tests.integration.discussion.attached import make_attachment
from tests.integration.discussion.lines import (
    bring_in,
    by_id,
    comment,
    forum_and_space,
    take_out,
    write,
)

CLEAN, SKIPPED, WAITING, INFECTED = Scan.CLEAN, Scan.SKIPPED, Scan.WAITING, Scan.INFECTED
EVERY: tuple[Scan | None, ...] = (CLEAN, SKIPPED, WAITING, INFECTED, None)


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "blobs")


@pytest.fixture
def row(session: AnySession, storage: FileStorage, tmp_path: Path) -> Contribution:
    """A public text with a file of each verdict, and one of which nothing is known."""
    forum_and_space(session)
    bring_in(session, tmp_path / "in.jsonl", comment("a"))
    row = by_id(session, "a")
    for position, scan in enumerate(EVERY):
        name = str(scan or "unknown")
        kept = make_attachment(
            session,
            revision_id=row.published_revision_id,
            content=name.encode(),
            name=f"{name}.txt",
            media_type="text/plain",
            position=position,
            storage=storage,
            scan=scan or Scan.WAITING,
        )
        if scan is None:
            session.delete(session.get_one(Paper, kept.sha256))
    session.flush()
    return row


def export(
    session: AnySession, tmp_path: Path, storage: FileStorage, *, holds: bool
) -> tuple[Path, dict[str, Any], set[str]]:
    """Export; return the file, the line, and what lies in the folder beside it."""
    path = tmp_path / "out.jsonl"
    line = take_out(session, path, storage=storage, holds=holds)[1]
    folder = tmp_path / "out.jsonl.files"
    return path, line, {file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("holds", "names"),
    [
        (False, ["clean", "skipped", "waiting", "unknown"]),
        (True, ["clean", "skipped"]),
    ],
)
def test_only_files_that_readers_get_are_named_and_written(
    session: AnySession,
    row: Contribution,
    storage: FileStorage,
    tmp_path: Path,
    holds: bool,
    names: list[str],
) -> None:
    _path, line, written = export(session, tmp_path, storage, holds=holds)
    assert [file["name"] for file in line["attachments"]] == [f"{name}.txt" for name in names]
    assert written == set(names)


@pytest.mark.parametrize("holds", [False, True])
def test_an_export_without_the_held_files_is_no_other_state_for_the_import(
    session: AnySession, row: Contribution, storage: FileStorage, tmp_path: Path, holds: bool
) -> None:
    path, _line, _written = export(session, tmp_path, storage, holds=holds)
    assert bring_in(session, path).skipped == 1


def test_an_older_export_that_names_every_file_is_no_other_state_either(
    session: AnySession, row: Contribution, storage: FileStorage, tmp_path: Path
) -> None:
    path, line, _written = export(session, tmp_path, storage, holds=False)
    digest = hashlib.sha256(b"infected").hexdigest()
    infected = {"name": "infected.txt", "sha256": digest, "type": "text/plain", "path": "infected"}
    (tmp_path / "out.jsonl.files" / "infected").write_bytes(b"infected")
    write(path, [line | {"attachments": [*line["attachments"], infected]}])
    assert bring_in(session, path).skipped == 1


def test_a_clean_file_that_a_line_leaves_out_is_a_difference(
    session: AnySession, row: Contribution, storage: FileStorage, tmp_path: Path
) -> None:
    path, line, _written = export(session, tmp_path, storage, holds=True)
    write(path, [line | {"attachments": line["attachments"][1:]}])
    with pytest.raises(BrokenInput):
        bring_in(session, path)
