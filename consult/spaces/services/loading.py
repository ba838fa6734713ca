"""From a definition to rows: additive by key, and idempotent.

A key that is there already keeps its texts, because somebody may have edited them on a page,
unless the caller overwrites. Nothing is ever removed: texts may hang on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.db import Base
from consult.spaces.definitions import (
    Definition,
    NamedEntry,
    QuestionEntry,
    SpaceEntry,
    is_bare_day,
)
from consult.spaces.models import (
    Category,
    Document,
    Forum,
    GlossaryTerm,
    Objective,
    Principle,
    Question,
    Reason,
    Region,
    Space,
    SpaceObjective,
)
from consult.spaces.states import QuestionKind, SpaceVisibility


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
    another code already, or where a question's number is a participant's.
    """
    return _Loading(session, definition, overwrite=overwrite, now=now).run(actor_id)


class _Loading:
    """One run over one file."""

    def __init__(
        self, session: Session, definition: Definition, *, overwrite: bool, now: dt.datetime
    ) -> None:
        self.session, self.definition = session, definition
        self.content, self.overwrite, self.now = definition.content, overwrite, now
        self.added = self.changed = 0

    def run(self, actor_id: int | None) -> Loaded:
        forum = self._forum()
        self._objectives(forum)
        self._named(forum, Principle, self.content.principles)
        self._named(forum, Category, self.content.categories)
        self._named(forum, Region, self.content.regions)
        self._reasons(forum)
        self._documents(forum)
        self._glossary(forum)
        for position, entry in enumerate(self.content.spaces):
            self._space(forum, entry, position=position)
        if self.added or self.changed:
            self._renew_pages(forum)
            audit.record(
                self.session,
                "forum.load",
                actor_id=actor_id,
                now=self.now,
                subject=("forum", forum.id),
                added=self.added,
                changed=self.changed,
                overwrite=self.overwrite,
            )
        return Loaded(forum=forum, added=self.added, changed=self.changed)

    def _renew_pages(self, forum: Forum) -> None:
        """Raise the versions that readers' pages hang on: any text may stand on any of them."""
        self.session.flush()
        for space in self.session.scalars(select(Space).where(Space.forum_id == forum.id)):
            space.public_version += 1
            for question in self.session.scalars(
                select(Question).where(Question.space_id == space.id)
            ):
                question.public_version += 1
        self.session.flush()

    def _put(
        self,
        model: type[Base],
        key: Mapping[str, Any],
        texts: Mapping[str, Any],
        **first: Any,
    ) -> tuple[Any, bool]:
        """Return the row of a key and whether it was made or changed; `first` is set only once."""
        conditions = [getattr(model, name) == value for name, value in key.items()]
        row: Any = self.session.scalars(select(model).where(*conditions)).first()
        if row is None:
            row = model(**key, **texts, **first)
            self.session.add(row)
            self.session.flush()
            self.added += 1
            return row, True
        fresh = {name: value for name, value in texts.items() if getattr(row, name) != value}
        if not self.overwrite or not fresh:
            return row, False
        for name, value in fresh.items():
            setattr(row, name, value)
        self.session.flush()
        self.changed += 1
        return row, True

    def _forum(self) -> Forum:
        entry = self.content.forum
        statement = entry.disclaimer
        forum, _ = self._put(
            Forum,
            {"slug": entry.slug},
            {
                "title": entry.title.translated(),
                "short_title": entry.short_title.translated(),
                "contact": entry.contact,
                "time_zone": entry.time_zone,
                "disclaimer": statement.text.translated(statement.provenance),
                "licence": entry.licence.translated(),
            },
            created_at=self.now,
        )
        assert isinstance(forum, Forum)  # noqa: S101 - tells the type checker what was made
        return forum

    def _objectives(self, forum: Forum) -> None:
        for entry in self.content.objectives:
            self._put(
                Objective,
                {"forum_id": forum.id, "number": entry.number},
                {
                    "title": entry.title.translated(entry.provenance),
                    "short_title": entry.short_title.translated(),
                },
            )

    def _named(
        self,
        forum: Forum,
        model: type[Principle] | type[Category] | type[Region],
        entries: list[NamedEntry],
    ) -> None:
        for position, entry in enumerate(entries, 1):
            self._put(
                model,
                {"forum_id": forum.id, "slug": entry.slug},
                {"name": entry.name.translated(entry.provenance), "position": position},
            )

    def _reasons(self, forum: Forum) -> None:
        for position, entry in enumerate(self.content.reasons, 1):
            self._put(
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
            self._put(
                Document,
                {"forum_id": forum.id, "url": entry.url},
                {
                    "title": entry.title.translated(entry.provenance),
                    "symbol": entry.symbol,
                    "position": position,
                },
            )

    def _glossary(self, forum: Forum) -> None:
        for entry in self.content.glossary:
            sources = entry.provenance.model_dump(exclude_none=True) if entry.provenance else {}
            self._put(
                GlossaryTerm,
                {"forum_id": forum.id, "key": entry.term.en[0]},
                {
                    "terms": entry.term.model_dump(),
                    "objectives": list(entry.objectives),
                    "provenance": sources,
                },
            )

    def _space(self, forum: Forum, entry: SpaceEntry, *, position: int) -> None:
        self._refuse_clash(forum, entry, position=position)
        definition = self.definition
        space, _ = self._put(
            Space,
            {"slug": entry.slug},
            {
                "position": position + 1,
                "title": entry.title.translated(entry.provenance.title),
                "kicker": entry.kicker.translated(),
                "aim": entry.aim.translated(entry.provenance.aim),
                "co_chairs": list(entry.co_chairs),
                "drafting": list(entry.drafting),
                "contact": entry.contact,
                "visibility": SpaceVisibility(entry.visibility),
                "opens_at": definition.instant(entry.opens, is_closing=False),
                "closes_at": definition.instant(entry.closes, is_closing=True),
                "dates_assumed": is_bare_day(entry.opens) or is_bare_day(entry.closes),
                "meets_on": entry.meets,
                "moderation": entry.moderation,
                "note": entry.note.model_dump(exclude_none=True),
            },
            forum_id=forum.id,
            code=entry.code,
        )
        self._space_objectives(space, entry)
        for index, question in enumerate(entry.questions):
            self._question(space, question, where=("spaces", position, "questions", index))

    def _refuse_clash(self, forum: Forum, entry: SpaceEntry, *, position: int) -> None:
        """Slugs and codes are unique in the installation: references begin with the code."""
        rows = self.session.scalars(
            select(Space).where((Space.slug == entry.slug) | (Space.code == entry.code))
        )
        for other in rows:
            if other.slug == entry.slug and other.forum_id != forum.id:
                raise self.definition.broken(
                    f"another forum has a space “{entry.slug}” already; choose another slug",
                    *("spaces", position, "slug"),
                )
            if other.slug != entry.slug:
                raise self.definition.broken(
                    f"the space “{other.slug}” has the code {entry.code} already; choose another",
                    *("spaces", position, "code"),
                )
            if other.code != entry.code:
                raise self.definition.broken(
                    f"this space has the code {other.code}, which its references begin with; "
                    "a code cannot be changed",
                    *("spaces", position, "code"),
                )

    def _space_objectives(self, space: Space, entry: SpaceEntry) -> None:
        ids = self.session.scalars(
            select(Objective.id).where(
                Objective.forum_id == space.forum_id, Objective.number.in_(entry.objectives)
            )
        ).all()
        linked = set(
            self.session.scalars(
                select(SpaceObjective.objective_id).where(SpaceObjective.space_id == space.id)
            )
        )
        for objective_id in ids:
            if objective_id not in linked:
                self.session.add(SpaceObjective(space_id=space.id, objective_id=objective_id))
                self.added += 1
        self.session.flush()

    def _question(
        self, space: Space, entry: QuestionEntry, *, where: tuple[str | int, ...]
    ) -> None:
        taken = self.session.scalars(
            select(Question.kind).where(
                Question.space_id == space.id, Question.number == entry.number
            )
        ).first()
        if taken == QuestionKind.PARTICIPANT:
            raise self.definition.broken(
                f"question {entry.number} of {space.code} was posed by a participant; "
                "guiding questions cannot be added any more",
                *where,
                "number",
            )
        self._put(
            Question,
            {"space_id": space.id, "number": entry.number},
            {
                "text": entry.text.translated(entry.provenance),
                "short_text": entry.short_text.translated(),
            },
            kind=QuestionKind.GUIDING,
        )
        space.next_question_number = max(space.next_question_number or 1, entry.number + 1)
        self.session.flush()
