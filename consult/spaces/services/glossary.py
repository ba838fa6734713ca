"""Keeping a forum's glossary: adding notions, changing them, taking them out, putting them back.

Each act draws a new edition of the glossary, by which the search knows that it has changed; nothing
is indexed anew, because other words are looked for when somebody asks.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.errors import Invalid, NotVisible, StaleState
from consult.core.i18n import LOCALES
from consult.spaces.models import Forum, GlossaryTerm
from consult.spaces.notions import (
    LONGEST_KEY,
    MOST_NOTIONS,
    SEPARATOR,
    CheckedNotion,
    SaidNotion,
    checked,
    new_edition,
)
from consult.spaces.queries.notions import notion_row, objective_numbers


def add_notion(
    session: Session, *, forum: Forum, said: SaidNotion, by: int | None, now: dt.datetime
) -> GlossaryTerm:
    """Add a notion; one that was taken out under the same first term comes back as it is said now.

    Raises `Invalid` by field, as `checked` does, and (`terms_…`) where the glossary has it already.
    """
    lock_glossary(session, forum=forum)
    notion = checked(said, objectives=objective_numbers(session, forum_id=forum.id))
    key = notion.key[:LONGEST_KEY]
    row = _find(session, forum_id=forum.id, key=key)
    if row is not None and row.removed_at is None:
        first = next(code for code in LOCALES if code in notion.terms)
        raise Invalid({f"terms_{first}": ["glossary-known"]})
    row = put_notion(session, forum=forum, key=key, notion=notion, row=row)
    _note(session, "glossary.add", row, by=by, now=now)
    return row


def change_notion(
    session: Session,
    *,
    forum: Forum,
    key: str,
    said: SaidNotion,
    seen: int,
    by: int | None,
    now: dt.datetime,
) -> bool:
    """Change a notion and return whether anything is other than before; `seen` is the version that
    the form showed.

    Raises `NotVisible` for an unknown one, `Invalid` by field, `StaleState` with the row that
    stands there (`theirs`) where somebody else changed it or took it out.
    """
    lock_glossary(session, forum=forum)
    row = _seen(session, forum=forum, key=key, seen=seen)
    notion = checked(said, objectives=objective_numbers(session, forum_id=forum.id))
    if differs(row, notion):
        put_notion(session, forum=forum, key=key, notion=notion, row=row)
        _note(session, "glossary.change", row, by=by, now=now)
        return True
    return False


def remove_notion(
    session: Session, *, forum: Forum, key: str, seen: int, by: int | None, now: dt.datetime
) -> None:
    """Take a notion out; it can be put back, and no definition brings it back by itself.

    Raises as `change_notion` does.
    """
    lock_glossary(session, forum=forum)
    row = _seen(session, forum=forum, key=key, seen=seen)
    take_out(row, now=now)
    renew(session, forum=forum)
    _note(session, "glossary.remove", row, by=by, now=now)


def restore_notion(
    session: Session, *, forum: Forum, key: str, by: int | None, now: dt.datetime
) -> None:
    """Put a notion back that was taken out; one that stands there stays. Raises `NotVisible`."""
    lock_glossary(session, forum=forum)
    row = _find(session, forum_id=forum.id, key=key)
    if row is None:
        raise NotVisible
    if row.removed_at is None:
        return
    require_room(session, forum_id=forum.id, more=1)
    row.removed_at, row.version = None, row.version + 1
    renew(session, forum=forum)
    _note(session, "glossary.restore", row, by=by, now=now)


def lock_glossary(session: Session, *, forum: Forum) -> None:
    """Let one change of a forum's glossary pass at a time, and read the forum as it stands."""
    session.execute(
        select(Forum)
        .where(Forum.id == forum.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def put_notion(
    session: Session, *, forum: Forum, key: str, notion: CheckedNotion, row: GlossaryTerm | None
) -> GlossaryTerm:
    """Write a notion into its row or a new one; raises `Invalid` where the glossary is full."""
    if row is None or row.removed_at is not None:
        require_room(session, forum_id=forum.id, more=1)
    row = written(session, forum=forum, key=key, notion=notion, row=row)
    renew(session, forum=forum)
    return row


def written(
    session: Session, *, forum: Forum, key: str, notion: CheckedNotion, row: GlossaryTerm | None
) -> GlossaryTerm:
    """Return the row of a notion, filled with what it says.

    What is said anew in a language is ours from then on, wherever it came from before.
    """
    if row is None:
        row = GlossaryTerm(forum_id=forum.id, key=key, terms={}, provenance={}, version=0)
        session.add(row)
    sources = {
        code: row.provenance.get(code) if row.terms.get(code) == words else "ours"
        for code, words in notion.terms.items()
    }
    row.provenance = {code: source for code, source in sources.items() if source}
    row.terms, row.objectives, row.note = notion.terms, notion.objectives, notion.note
    row.removed_at, row.version = None, row.version + 1
    return row


def take_out(row: GlossaryTerm, *, now: dt.datetime) -> None:
    """Mark a notion as taken out."""
    row.removed_at, row.version = now, row.version + 1


def renew(session: Session, *, forum: Forum) -> None:
    """Write what was changed, under a new edition of the glossary."""
    forum.glossary_edition = new_edition()
    session.flush()


def differs(row: GlossaryTerm, notion: CheckedNotion) -> bool:
    """Whether a row says something else than a notion."""
    terms = {code: words for code, words in row.terms.items() if words}
    said = (notion.terms, notion.objectives, notion.note)
    return (terms, sorted(row.objectives), row.note) != said


def require_room(session: Session, *, forum_id: int, more: int) -> None:
    """Raise `Invalid` where a forum's glossary cannot take so many more notions."""
    count = session.scalar(
        select(func.count(GlossaryTerm.id)).where(
            GlossaryTerm.forum_id == forum_id, GlossaryTerm.removed_at.is_(None)
        )
    )
    if (count or 0) + more > MOST_NOTIONS:
        raise Invalid({"": ["glossary-full"]})


def _find(session: Session, *, forum_id: int, key: str) -> GlossaryTerm | None:
    return session.scalars(
        select(GlossaryTerm)
        .where(GlossaryTerm.forum_id == forum_id, GlossaryTerm.key == key)
        .execution_options(populate_existing=True)
    ).first()


def _seen(session: Session, *, forum: Forum, key: str, seen: int) -> GlossaryTerm:
    """Return the row of a key that stands as it was seen."""
    row = _find(session, forum_id=forum.id, key=key)
    if row is None:
        raise NotVisible
    if row.version != seen or row.removed_at is not None:
        raise StaleState(theirs=notion_row(row))
    return row


def _note(
    session: Session, act: str, row: GlossaryTerm, *, by: int | None, now: dt.datetime
) -> None:
    words = {code: f" {SEPARATOR} ".join(found) for code, found in row.terms.items() if found}
    audit.record(
        session,
        act,
        actor_id=by,
        now=now,
        subject=("forum", row.forum_id),
        words={"key": row.key, "note": row.note, **words},
        notion=row.id,
        objectives=list(row.objectives),
    )
