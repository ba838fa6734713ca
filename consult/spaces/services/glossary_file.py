"""A glossary from a table: what it would change, shown first, then all of it or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.errors import StaleState
from consult.spaces.definitions.glossary_csv import FileNotion, write_table
from consult.spaces.models import Forum, GlossaryTerm
from consult.spaces.notions import CheckedNotion
from consult.spaces.queries.notions import NotionRow, notion_row
from consult.spaces.services.glossary import (
    differs,
    lock_glossary,
    renew,
    require_room,
    take_out,
    written,
)


@dataclass(frozen=True)
class Change:
    """A notion that a table says otherwise than the glossary."""

    key: str
    before: NotionRow
    after: CheckedNotion


@dataclass(frozen=True)
class Differences:
    """What a table would do to a glossary, each by key."""

    edition: str
    """Of the glossary that it was compared with."""
    added: Sequence[tuple[str, CheckedNotion]]
    """New ones, and those that were taken out before."""
    changed: Sequence[Change]
    same: int
    absent: Sequence[NotionRow]
    """Stand in the glossary and not in the table: they stay unless somebody says otherwise."""


@dataclass(frozen=True)
class Applied:
    """How many notions a table has changed."""

    added: int
    changed: int
    removed: int
    stayed: int
    """Stand in the glossary and not in the table."""


def compare(session: Session, *, forum: Forum, table: Sequence[FileNotion]) -> Differences:
    """Return what a table would change; nothing is written."""
    rows = _rows(session, forum)
    pairs = [(entry.key, rows.get(entry.key), _after(entry, rows)) for entry in table]
    live = [(key, row, after) for key, row, after in pairs if row is not None and _stands(row)]
    changed = [
        Change(key, before=notion_row(row), after=after)
        for key, row, after in live
        if differs(row, after)
    ]
    known = {entry.key for entry in table}
    return Differences(
        edition=forum.glossary_edition,
        added=[(key, after) for key, row, after in pairs if row is None or not _stands(row)],
        changed=changed,
        same=len(live) - len(changed),
        absent=[notion_row(row) for key, row in rows.items() if key not in known and _stands(row)],
    )


def apply_table(
    session: Session,
    *,
    forum: Forum,
    table: Sequence[FileNotion],
    remove: Collection[str],
    seen: str | None,
    by: int | None,
    now: dt.datetime,
) -> Applied:
    """Write a whole table, and take out those of the absent notions whose keys are in `remove`.

    `seen` is the edition of the glossary that the differences were shown for, None where nobody
    looked. Raises `StaleState` where it has changed since, `Invalid` where it would be too full.
    """
    lock_glossary(session, forum=forum)
    found = compare(session, forum=forum, table=table)
    if seen is not None and found.edition != seen:
        raise StaleState
    rows = _rows(session, forum)
    gone = [row for row in found.absent if row.key in remove]
    require_room(session, forum_id=forum.id, more=len(found.added) - len(gone))
    news = [*found.added, *((change.key, change.after) for change in found.changed)]
    for key, notion in news:
        written(session, forum=forum, key=key, notion=notion, row=rows.get(key))
    for row in gone:
        take_out(rows[row.key], now=now)
    applied = Applied(
        added=len(found.added),
        changed=len(found.changed),
        removed=len(gone),
        stayed=len(found.absent) - len(gone),
    )
    if news or gone:
        renew(session, forum=forum)
        _note(session, forum, applied, keys=[row.key for row in gone], by=by, now=now)
    return applied


def glossary_table(session: Session, *, forum: Forum) -> bytes:
    """Return the notions that stand in a forum's glossary as a table, by key."""
    rows = _rows(session, forum)
    return write_table((key, _said(row)) for key, row in sorted(rows.items()) if _stands(row))


def _rows(session: Session, forum: Forum) -> Mapping[str, GlossaryTerm]:
    rows = session.scalars(
        select(GlossaryTerm).where(GlossaryTerm.forum_id == forum.id).order_by(GlossaryTerm.key)
    )
    return {row.key: row for row in rows}


def _stands(row: GlossaryTerm) -> bool:
    return row.removed_at is None


def _said(row: GlossaryTerm) -> CheckedNotion:
    terms = {code: words for code, words in row.terms.items() if words}
    return CheckedNotion(terms=terms, objectives=sorted(row.objectives), note=row.note)


def _after(entry: FileNotion, rows: Mapping[str, GlossaryTerm]) -> CheckedNotion:
    """Return what a notion will say: what the table has no column for stays as it is."""
    row = rows.get(entry.key)
    if row is None:
        return entry.notion
    before = _said(row)
    return replace(entry.notion, **{name: getattr(before, name) for name in entry.keeps})


def _note(
    session: Session,
    forum: Forum,
    applied: Applied,
    *,
    keys: Sequence[str],
    by: int | None,
    now: dt.datetime,
) -> None:
    audit.record(
        session,
        "glossary.import",
        actor_id=by,
        now=now,
        subject=("forum", forum.id),
        words={"removed": "\n".join(keys) or None},
        added=applied.added,
        changed=applied.changed,
        removed=applied.removed,
    )
