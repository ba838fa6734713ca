"""From a definition to rows: additive by key, and idempotent.

A key that is there already keeps its texts, because somebody may have edited them on a page,
unless the caller overwrites. Nothing is ever removed: texts may hang on it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.spaces.definitions import Definition, GlossaryEntry, NamedEntry
from consult.spaces.models import (
    Category,
    ConsentText,
    Document,
    Forum,
    GlossaryTerm,
    Objective,
    Principle,
    Question,
    Reason,
    Region,
    Space,
)
from consult.spaces.notions import new_edition
from consult.spaces.services.loading_rows import Rows
from consult.spaces.services.loading_spaces import SpaceLoading
from consult.spaces.states import OTHER_IS_LAST, ConsentPurpose, ErasureRule, Registration


@dataclass
class Loaded:
    """What loading did."""

    forum: Forum
    added: int = 0
    changed: int = 0


def load_forum(
    session: Session,
    definition: Definition,
    *,
    overwrite: bool = False,
    now: dt.datetime,
    actor_id: int | None = None,
) -> Loaded:
    """Make the rows of a definition that are missing; loading it twice changes nothing.

    With `overwrite` the texts and dates of the file replace those of existing rows. Raises
    `BrokenInput` where a slug or code belongs to a space of another forum, where a space has
    another code already, where a question's number is a participant's, where an outcome is told of
    a space that has not closed, or where a text of consent changed under its version.
    """
    return _Loading(session, definition, overwrite=overwrite, now=now).run(actor_id)


class _Loading:
    """One run over one file."""

    def __init__(
        self, session: Session, definition: Definition, *, overwrite: bool, now: dt.datetime
    ) -> None:
        self.session, self.definition, self.now = session, definition, now
        self.content = definition.content
        self.rows = Rows(session, overwrite=overwrite)

    def run(self, actor_id: int | None) -> Loaded:
        forum = self._forum()
        self._objectives(forum)
        self._named(forum, Principle, self.content.principles)
        self._named(forum, Category, self.content.categories)
        self._named(forum, Region, self.content.regions)
        self._reasons(forum)
        self._documents(forum)
        self._glossary(forum)
        self._consents(forum)
        spaces = SpaceLoading(self.rows, self.definition, now=self.now)
        for position, entry in enumerate(self.content.spaces):
            spaces.load(forum, entry, position=position)
        if self.rows.added or self.rows.changed:
            self._renew_pages(forum)
            audit.record(
                self.session,
                "forum.load",
                actor_id=actor_id,
                now=self.now,
                subject=("forum", forum.id),
                added=self.rows.added,
                changed=self.rows.changed,
                overwrite=self.rows.overwrite,
            )
        return Loaded(forum=forum, added=self.rows.added, changed=self.rows.changed)

    def _renew_pages(self, forum: Forum) -> None:
        """Raise the versions that readers' pages hang on: any text may stand on any of them.

        The glossary and the objectives' titles may be new, so that the search reads them again.
        """
        forum.glossary_edition = new_edition()
        self.session.flush()
        for space in self.session.scalars(select(Space).where(Space.forum_id == forum.id)):
            space.public_version += 1
            for question in self.session.scalars(
                select(Question).where(Question.space_id == space.id)
            ):
                question.public_version += 1
        self.session.flush()

    def _forum(self) -> Forum:
        entry = self.content.forum
        statement = entry.disclaimer
        forum, _ = self.rows.put(
            Forum,
            {"slug": entry.slug},
            {
                "title": entry.title.translated(),
                "short_title": entry.short_title.translated(),
                "contact": entry.contact,
                "time_zone": entry.time_zone,
                "disclaimer": statement.text.translated(statement.provenance),
                "licence": entry.licence.translated(),
                "registration": Registration(entry.registration),
                "erasure": ErasureRule(entry.erasure),
            },
            created_at=self.now,
        )
        assert isinstance(forum, Forum)  # noqa: S101 - tells the type checker what was made
        return forum

    def _objectives(self, forum: Forum) -> None:
        for entry in self.content.objectives:
            about = entry.about.translated() if entry.about else None
            row, is_fresh = self.rows.put(
                Objective,
                {"forum_id": forum.id, "number": entry.number},
                {
                    "title": entry.title.translated(entry.provenance),
                    "short_title": entry.short_title.translated(),
                    "about": about,
                },
            )
            if about is not None and row.about is None and not is_fresh:
                # It was loaded when definitions had no such text: nobody can have edited it.
                row.about = about
                self.rows.changed += 1

    def _named(
        self,
        forum: Forum,
        model: type[Principle] | type[Category] | type[Region],
        entries: list[NamedEntry],
    ) -> None:
        for position, entry in enumerate(entries, 1):
            self.rows.put(
                model,
                {"forum_id": forum.id, "slug": entry.slug},
                {"name": entry.name.translated(entry.provenance), "position": position},
            )

    def _reasons(self, forum: Forum) -> None:
        for number, entry in enumerate(self.content.reasons, 1):
            position = OTHER_IS_LAST if entry.code == "other" else number
            self.rows.put(
                Reason,
                {"forum_id": forum.id, "code": entry.code},
                {
                    "label": entry.label.translated(entry.provenance),
                    "explanation": entry.explanation.translated(entry.provenance),
                    "position": position,
                },
            )

    def _documents(self, forum: Forum) -> None:
        for position, entry in enumerate(self.content.documents, 1):
            self.rows.put(
                Document,
                {"forum_id": forum.id, "url": entry.url},
                {
                    "title": entry.title.translated(entry.provenance),
                    "symbol": entry.symbol,
                    "position": position,
                },
            )

    def _consents(self, forum: Forum) -> None:
        """Add versions; what somebody may have agreed to is never changed, not by overwriting."""
        for index, entry in enumerate(self.content.consents):
            said = {
                "text": entry.text.translated(),
                "is_required": entry.required,
            }
            row, is_new = self.rows.keep(
                ConsentText,
                {
                    "forum_id": forum.id,
                    "purpose": ConsentPurpose(entry.purpose),
                    "version": entry.version,
                },
                said,
            )
            if not is_new and any(getattr(row, name) != value for name, value in said.items()):
                raise self.definition.broken(
                    f"people may have agreed to version {entry.version} of “{entry.purpose}” as it"
                    f" stood; leave it as it was, and give the new text version"
                    f" {entry.version + 1}",
                    *("consents", index, "version"),
                )

    def _glossary(self, forum: Forum) -> None:
        """Put notions in by key; what organisers took out stays out, also when overwriting."""
        entries = ((entry.term.en[0], _said(entry)) for entry in self.content.glossary)
        self.rows.put_all(GlossaryTerm, entries, forum_id=forum.id)


def _said(entry: GlossaryEntry) -> dict[str, Any]:
    """Return the columns of a notion; a note that the file leaves out stays as it is."""
    sources = entry.provenance.model_dump(exclude_none=True) if entry.provenance else {}
    said = {
        "terms": entry.term.model_dump(exclude_defaults=True),
        "objectives": list(entry.objectives),
        "provenance": sources,
    }
    return said if entry.note is None else said | {"note": entry.note}
