"""From the spaces of a definition to rows: dates, objectives, questions, outcomes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from consult.core.errors import Invalid
from consult.spaces.definitions import (
    Definition,
    OutcomeEntry,
    QuestionEntry,
    SpaceEntry,
    is_bare_day,
)
from consult.spaces.models import Forum, Objective, Question, Space, SpaceObjective
from consult.spaces.services.loading_rows import Rows
from consult.spaces.services.outcome import process_space
from consult.spaces.states import QuestionKind, SpaceVisibility


class SpaceLoading:
    """Puts the spaces of one file into the database."""

    def __init__(self, rows: Rows, definition: Definition, *, now: dt.datetime) -> None:
        self.session, self.rows = rows.session, rows
        self.definition, self.now = definition, now

    def load(self, forum: Forum, entry: SpaceEntry, *, position: int) -> None:
        """Make what is missing of one space; raises `BrokenInput` as `load_forum` says."""
        self._refuse_clash(forum, entry, position=position)
        definition = self.definition
        space, _ = self.rows.put(
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
                "note": entry.note.model_dump(exclude_none=True),
                # What the file leaves out stays as the organisers set it, also when overwriting.
                **entry.moderation.said,
            },
            forum_id=forum.id,
            code=entry.code,
        )
        self._space_objectives(space, entry)
        if entry.outcome is not None:
            self._outcome(space, entry.outcome, where=("spaces", position, "outcome"))
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
                self.rows.added += 1
        self.session.flush()

    def _outcome(self, space: Space, entry: OutcomeEntry, *, where: tuple[str | int, ...]) -> None:
        """Tell what became of the contributions; what was told on a page stays."""
        if space.outcome is not None and not self.rows.overwrite:
            return
        was_told = space.outcome is not None
        try:
            is_new = process_space(
                self.session,
                space=space,
                text=entry.text.translated(),
                links=entry.rows_of_links(),
                now=self.now,
            )
        except Invalid:
            raise self.definition.broken(
                "this consultation has not closed; its outcome can be told only afterwards", *where
            ) from None
        self.rows.added += is_new and not was_told
        self.rows.changed += is_new and was_told

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
        self.rows.put(
            Question,
            {"space_id": space.id, "number": entry.number},
            {
                "text": entry.text.translated(entry.provenance),
                "short_text": entry.short_text.translated(),
                "objective_id": self._objective_id(space, entry.objective),
            },
            kind=QuestionKind.GUIDING,
        )
        space.next_question_number = max(space.next_question_number or 1, entry.number + 1)
        self.session.flush()

    def _objective_id(self, space: Space, number: int | None) -> int | None:
        """Return the row of an objective that the file has; None for none."""
        if number is None:
            return None
        return self.session.scalars(
            select(Objective.id).where(
                Objective.forum_id == space.forum_id, Objective.number == number
            )
        ).one()
