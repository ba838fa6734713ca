"""Files of lines for the tests of import and export."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core import clock
from consult.core.authz import SYSTEM, Actor
from consult.core.storage import BlobStorage
from consult.discussion.models import Contribution
from consult.discussion.queries.lines import ExportFilter
from consult.discussion.services.importing import ImportResult, import_lines
from consult.drafting.services import make_export
from consult.spaces.models import Space
from tests.factories import AnySession, make_forum, make_space

SLUG = "round-table-3"
BASE = "http://example.org"


def real(session: AnySession) -> Session:
    """Return the session itself behind a scoped one."""
    return session if isinstance(session, Session) else session()


def forum_and_space(session: AnySession) -> Space:
    """Make the same forum and space in every installation."""
    forum = make_forum(session, slug="forum")
    return make_space(session, forum=forum, slug=SLUG, code="RT3")


def comment(id: str, **over: Any) -> dict[str, Any]:
    """Return a comment's line with the least keys, and what is given."""
    return {
        "type": "comment",
        "id": id,
        "space": SLUG,
        "question": 1,
        "author": {"name": "City of Example"},
        "body": f"What our city has learned, part {id}.",
        **over,
    }


def question(id: str, **over: Any) -> dict[str, Any]:
    """Return the line of a participant's question."""
    line = comment(id, **over) | {"type": "question"}
    del line["question"]
    return line


def tombstone(id: str, **over: Any) -> dict[str, Any]:
    """Return the line of a removed comment."""
    return comment(id, author=None, body=None, removed="withdrawn", **over)


def write(path: Path, lines: Iterable[dict[str, Any]]) -> Path:
    """Write lines to a file."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def bring_in(session: AnySession, path: Path, *lines: dict[str, Any], **over: Any) -> ImportResult:
    """Import lines, written to `path` first where some are given."""
    if lines:
        write(path, lines)
    return import_lines(real(session), path=path, now=clock.now(), **over)


def take_out(
    session: AnySession,
    path: Path,
    *,
    actor: Actor = SYSTEM,
    storage: BlobStorage | None = None,
    holds: bool = False,
    **wanted: Any,
) -> list[dict[str, Any]]:
    """Export the space as JSON Lines; return the header and the lines."""
    make_export(
        real(session),
        space_slug=SLUG,
        actor=actor,
        wanted=ExportFilter(**wanted),
        format="jsonl",
        path=path,
        locale="en",
        base_url=BASE,
        holds=holds,
        storage=storage,
    )
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def count(session: AnySession) -> int:
    """Return how many contributions there are."""
    return session.execute(select(func.count()).select_from(Contribution)).scalar_one()


def by_id(session: AnySession, external_id: str) -> Contribution:
    """Return an imported contribution."""
    return session.scalars(
        select(Contribution).where(Contribution.external_id == external_id)
    ).one()
