"""Writing what an import brings: rows by the hundred, counters once, everything in one go."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from consult.core import markup
from consult.core.outbox import emit
from consult.core.storage import BlobStorage
from consult.discussion.events import FileKept, PublicTextChanged
from consult.discussion.models import (
    Contribution,
    Revision,
    RevisionAttachment,
    RevisionTag,
)
from consult.discussion.services.files import keep, put
from consult.discussion.services.import_counters import Counters
from consult.discussion.services.import_places import Node, chunks
from consult.discussion.services.threads import base36, new_receipt
from consult.discussion.states import ContributionKind, RevisionOrigin, RevisionState


def write_all(session: Session, nodes: Sequence[Node], *, now: dt.datetime) -> None:
    """Make the contributions, in the order of the file, and move every counter past them.

    Authors have their ids already. Locks go threads, questions, spaces, as in publishing.
    """
    _lock_threads(session, nodes)
    counters = Counters(session, nodes)
    counters.number_questions()
    counters.refer()
    _place_replies(nodes)
    for _, wave in groupby(sorted(nodes, key=_wave), key=_wave):
        _insert_heads(session, list(wave), now=now)
    _insert_texts(session, nodes, now=now)
    _count_replies(session, nodes)
    counters.store(now=now)
    for number, node in enumerate(nodes, 1):
        if node.is_public:
            emit(session, PublicTextChanged(contribution_id=node.id), now=now)
        if number % 1000 == 0:
            session.flush()
    session.flush()


def keep_files(
    session: Session, nodes: Sequence[Node], *, storage: BlobStorage, now: dt.datetime
) -> None:
    """Put the files of the lines into the storage, each content once; the worker reads them."""
    files = {file.sha256: file for node in nodes for file in node.files}
    for sha256, file in sorted(files.items()):
        with file.path.open("rb") as stream:
            keep(
                session,
                sha256=sha256,
                size=file.path.stat().st_size,
                media_type=file.media_type,
                is_scanned=True,
                now=now,
            )
            put(storage, sha256=sha256, stream=stream)
        emit(session, FileKept(sha256=sha256), now=now)
    session.flush()


def _wave(node: Node) -> int:
    """Return when a row can be inserted: questions first, then level by level."""
    return 0 if node.kind == ContributionKind.QUESTION else node.depth


def _lock_threads(session: Session, nodes: Sequence[Node]) -> None:
    roots = {node.root.id: node.root for node in nodes if node.root is not None and node.root.id}
    for ids in chunks(sorted(roots)):
        for row in session.execute(
            select(Contribution.id, Contribution.next_child)
            .where(Contribution.id.in_(ids))
            .order_by(Contribution.id)
            .with_for_update()
        ):
            roots[row.id].next_child = row.next_child


def _place_replies(nodes: Sequence[Node]) -> None:
    for node in nodes:
        if node.root is None or node.parent is None:
            continue
        node.path = node.parent.path + base36(node.root.next_child)
        node.root.next_child += 1
        node.root.new_replies += int(node.is_public)


# Rows ----------------------------------------------------------------------------------------


def _insert_heads(session: Session, nodes: Sequence[Node], *, now: dt.datetime) -> None:
    for some in chunks(nodes):
        ids = session.scalars(
            insert(Contribution).returning(Contribution.id, sort_by_parameter_order=True),
            [_head(node, now=now) for node in some],
        ).all()
        for node, contribution_id in zip(some, ids, strict=True):
            node.id = contribution_id


def _head(node: Node, *, now: dt.datetime) -> dict[str, Any]:
    line = node.line
    source, external_id = node.key
    is_published = line.state == "published"
    published_at = line.published_at or (now if is_published and not line.is_tombstone else None)
    return {
        "uid": external_id if source is None else str(uuid.uuid4()),
        "source": source,
        "external_id": external_id if source is not None else None,
        "kind": node.kind,
        "space_id": node.space.id,
        "question_id": node.question.id if node.question else None,
        "own_question_id": node.own.id if node.own else None,
        "parent_id": node.parent.id if node.parent else None,
        "author_id": node.author.id if node.author else None,
        "thread_id": node.root.id if node.root else None,
        "thread_ordinal": (node.root or node).ordinal or 0,
        "path": node.path,
        "depth": node.depth,
        "next_child": node.next_child,
        "thread_size": node.new_replies,
        "removed": line.removed,
        "removed_at": now if line.removed != "none" else None,
        "receipt": new_receipt(),
        "reference": node.reference,
        "sent_at": line.created_at,
        "first_published_at": published_at,
        "edited_at": line.edited_at,
        "created_at": now,
    }


def _insert_texts(session: Session, nodes: Sequence[Node], *, now: dt.datetime) -> None:
    for some in chunks(nodes):
        ids = session.scalars(
            insert(Revision).returning(Revision.id, sort_by_parameter_order=True),
            [_revision(node, now=now) for node in some],
        ).all()
        pairs = list(zip(some, ids, strict=True))
        session.execute(update(Contribution), [_pointers(*pair) for pair in pairs])
        _insert_all(session, RevisionTag, [tag for pair in pairs for tag in _tags(*pair)])
        _insert_all(session, RevisionAttachment, [file for pair in pairs for file in _files(*pair)])


def _insert_all(session: Session, model: Any, values: list[dict[str, Any]]) -> None:
    if values:
        session.execute(insert(model), values)


def _revision(node: Node, *, now: dt.datetime) -> dict[str, Any]:
    line, prepared = node.line, node.prepared
    return {
        "contribution_id": node.id,
        "number": 1,
        "state": RevisionState(line.state),
        "origin": RevisionOrigin.IMPORT,
        "format": line.format,
        "source": prepared.source if prepared else "",
        "html": prepared.html if prepared else "",
        "text": prepared.text if prepared else "",
        "words": prepared.words if prepared else 0,
        "language": prepared.language if prepared else line.language or "en",
        "renderer_version": markup.RENDERER_VERSION,
        "sent_at": line.created_at or now,
        "decided_at": None if line.state == "pending" else line.published_at or now,
        "created_at": now,
        "saved_at": now,
    }


def _pointers(node: Node, revision_id: int) -> dict[str, Any]:
    state = node.line.state
    if node.kind == ContributionKind.QUESTION:
        thread_id = None
    else:
        thread_id = node.root.id if node.root else node.id
    return {
        "id": node.id,
        "thread_id": thread_id,
        "published_revision_id": revision_id if state == "published" else None,
        # A returned text stays the open one until its author begins a new draft.
        "open_revision_id": revision_id if state in {"pending", "returned"} else None,
    }


def _tags(node: Node, revision_id: int) -> Iterator[dict[str, Any]]:
    line = node.line
    told = {tag.objective for tag in line.tags}
    wholes = [(number, None, None, "author") for number in set(line.objectives) - told]
    for number, start, end, by in [
        *sorted(wholes),
        *((tag.objective, tag.start, tag.end, tag.by) for tag in line.tags),
    ]:
        yield {
            "revision_id": revision_id,
            "objective_id": node.space.objectives[number],
            "start": start,
            "end": end,
            "role": by,
        }


def _files(node: Node, revision_id: int) -> Iterator[dict[str, Any]]:
    for position, file in enumerate(node.files):
        yield {
            "token": secrets.token_hex(16),
            "revision_id": revision_id,
            "name": file.name,
            "media_type": file.media_type,
            "sha256": file.sha256,
            "position": position,
        }


def _count_replies(session: Session, nodes: Sequence[Node]) -> None:
    """Move the counters of threads that were there before."""
    made = {id(node) for node in nodes}
    roots = {
        node.root.id: node.root
        for node in nodes
        if node.root is not None and id(node.root) not in made
    }
    for root in roots.values():
        session.execute(
            update(Contribution)
            .where(Contribution.id == root.id)
            .values(
                next_child=root.next_child,
                thread_size=Contribution.thread_size + root.new_replies,
            )
            .execution_options(synchronize_session=False)
        )
