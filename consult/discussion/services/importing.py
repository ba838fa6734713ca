"""Taking in a file of JSON Lines: all of it or nothing, twice as well as once.

Everything is looked up and compared before the first row is written, so that a wrong line
costs nothing. Closing dates do not count here, and nobody gets a mail.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.storage import BlobStorage
from consult.discussion.services.import_authors import make_authors
from consult.discussion.services.import_matching import difference, load_authors, load_texts
from consult.discussion.services.import_places import Node, Parsed, chunks, order_threads, read
from consult.discussion.services.import_reading import Reading
from consult.discussion.services.import_texts import prepare_all
from consult.discussion.services.import_writing import keep_files, write_all
from consult.discussion.states import ContributionKind


@dataclass(frozen=True)
class ImportResult:
    """How many lines brought something, and how many said what was there already."""

    new: int
    skipped: int
    by_kind: Mapping[str, int]
    """New ones: `comment` and `question`."""


def import_lines(
    session: Session,
    *,
    path: Path,
    source: str | None = None,
    dry_run: bool = False,
    now: dt.datetime,
    storage: BlobStorage | None = None,
    actor_id: int | None = None,
) -> ImportResult:
    """Bring the lines of a file in, in the caller's transaction.

    `source` names where the file comes from; None takes its name without suffix. `dry_run` only
    looks. `storage` is needed where lines have attachments, which lie in `FILE.files/` beside the
    file. Raises `BrokenInput` for the first line that cannot be taken; nothing is written then.
    """
    header, parsed = read(path, source=source)
    reading = Reading(session, path=path, header=header, parsed=parsed)
    nodes = reading.nodes()
    _compare(session, reading, nodes)
    new = [node for node in nodes if not node.id]
    prepare_all(new)
    result = ImportResult(
        new=len(new),
        skipped=len(parsed) - len(new),
        by_kind={kind.value: _count(new, kind) for kind in ContributionKind},
    )
    if dry_run or not new:
        return result
    _order(nodes, now=now)
    _write(session, reading, new, storage=storage, now=now)
    audit.record(
        session,
        "import",
        actor_id=actor_id,
        now=now,
        subject=("space", new[0].space.id),
        words={"file": path.name},
        new=result.new,
        skipped=result.skipped,
    )
    session.flush()
    session.expire_all()
    return result


def _count(nodes: Sequence[Node], kind: ContributionKind) -> int:
    return Counter(node.kind for node in nodes)[kind]


def _compare(session: Session, reading: Reading, nodes: Sequence[Node]) -> None:
    """Raise `BrokenInput` for the first line whose id stands for something else already."""
    matched = [node for node in nodes if node.id]
    for some in chunks(matched):
        rows = [reading.existing[node.key] for node in some]
        load_texts(session, rows)
        authors = load_authors(session, (one.row.author_id for one in rows))
        for node, one in zip(some, rows, strict=True):
            if node.parsed is None:
                continue
            key = difference(node.parsed, one, author=authors[one.row.author_id])
            if key is not None:
                raise _already(node.parsed, key)
            one.texts.clear()


def _already(parsed: Parsed, key: str) -> Exception:
    return parsed.wrong(
        f'Give the line another id: "{parsed.line.id}" is there already with another "{key}".'
    )


def _order(nodes: Sequence[Node], *, now: dt.datetime) -> None:
    threads: dict[int, list[Node]] = {}
    for node in nodes:
        if node.question is not None and node.root is None:
            threads.setdefault(id(node.question), []).append(node)
    for roots in threads.values():
        order_threads(roots, now=now)


def _write(
    session: Session,
    reading: Reading,
    new: Sequence[Node],
    *,
    storage: BlobStorage | None,
    now: dt.datetime,
) -> None:
    forums = {facts.forum_id: facts for facts in reading.spaces.values()}
    make_authors(
        session,
        reading.authors.new(),
        categories={key: facts.categories for key, facts in forums.items()},
        regions={key: facts.regions for key, facts in forums.items()},
        now=now,
    )
    if any(node.files for node in new):
        if storage is None:
            raise ValueError("lines with attachments need a storage for the files")
        keep_files(session, new, storage=storage, now=now)
    write_all(session, new, now=now)
