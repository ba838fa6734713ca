"""The texts of the demonstration, told in the order in which they would have happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core import audit
from consult.core.authz import Actor
from consult.core.errors import DomainError
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing, removing, revising, revisions, sending
from consult.discussion.services.texts import Words
from consult.discussion.states import Capacity
from consult.moderation.models import Decision
from consult.moderation.services import appeal
from consult.moderation.states import Verdict
from consult.spaces.models import Question, Space

SOURCE = "demonstration"
"""Source of everything that the demonstration wrote, and name of its deciding policy."""
MOMENT = dt.timedelta(minutes=1)
NO_GRACE = dt.timedelta(0)

log = structlog.get_logger("consult.demonstration")


@dataclass(frozen=True)
class Voice(Actor):
    """An author of the demonstration; services take one without an account as signed in."""

    @property
    def is_signed_in(self) -> bool:
        """Always: the demonstration speaks for its authors."""
        return True


@dataclass(frozen=True)
class Step:
    """Something that happens at an instant; `order` decides between equal ones."""

    at: dt.datetime
    order: int
    do: Callable[[dt.datetime], None]


class Discussion:
    """Sends, decides and removes the texts of the file that are not there yet."""

    def __init__(
        self,
        session: Session,
        *,
        entries: Sequence[dict[str, Any]],
        spaces: Mapping[str, Space],
        voices: Mapping[str, Actor],
        now: dt.datetime,
    ) -> None:
        self.session, self.entries, self.now = session, entries, now
        self.spaces, self.voices = spaces, voices
        self.by_key: dict[str, Contribution] = {
            row.external_id or "": row
            for row in session.scalars(select(Contribution).where(Contribution.source == SOURCE))
        }
        self.sent = {entry["key"]: self._ago(entry["days"]) for entry in entries}
        self.official = {entry["key"] for entry in entries if entry.get("official")}
        self.steps: list[Step] = []

    def run(self) -> int:
        """Tell the missing texts in the order of their instants; return how many were added."""
        missing = [entry for entry in self.entries if entry["key"] not in self.by_key]
        for number, entry in enumerate(missing):
            self._plan(entry, number=number)
        for step in sorted(self.steps, key=lambda step: (step.at, step.order)):
            step.do(step.at)
        return sum(entry["key"] in self.by_key for entry in missing)

    # When -----------------------------------------------------------------------------------

    def _ago(self, days: float) -> dt.datetime:
        return self.now - dt.timedelta(days=days)

    def _decided(self, entry: dict[str, Any], *, number: int) -> dt.datetime:
        """Return when a text was decided: within hours, and before anything that follows it."""
        key = entry["key"]
        hours = 1 + (number * 7) % 11
        limits = [self.sent[key] + dt.timedelta(hours=hours), self.now - MOMENT]
        limits += [self.sent[child["key"]] - MOMENT for child in self._below(key)]
        if "edited_days" in entry:
            limits.append(self._ago(entry["edited_days"]) - dt.timedelta(hours=2))
        return max(min(limits), self.sent[key] + dt.timedelta(seconds=1))

    def _below(self, key: str) -> list[dict[str, Any]]:
        return [e for e in self.entries if key in (e.get("parent"), e.get("question"))]

    def _removed(self, entry: dict[str, Any], *, decided: dt.datetime) -> dt.datetime:
        """Return when a text was taken from view: after every reply to it was sent."""
        replies = [self.sent[child["key"]] for child in self._below(entry["key"])]
        after = max([decided, *replies]) + dt.timedelta(hours=6)
        return max(min(after, self.now - MOMENT), decided + MOMENT)

    # What -----------------------------------------------------------------------------------

    def _plan(self, entry: dict[str, Any], *, number: int) -> None:
        key, state = entry["key"], entry["state"]
        self._step(self.sent[key], number, lambda at: self._send(entry, at))
        if state in {"pending", "clearance"}:
            return
        decided = self._decided(entry, number=number)
        if state in {"returned", "rejected"}:
            self._step(decided, number, lambda at: self._refuse(entry, at))
            if "appeal" in entry:
                asked = self._ago(entry["appeal"]["days"])
                self._step(asked, number, lambda at: self._appeal(entry, at))
            return
        self._step(decided, number, lambda at: self._publish(key, at))
        if "edited_days" in entry:
            edited = self._ago(entry["edited_days"])
            body = entry["body"]
            self._step(
                edited - dt.timedelta(hours=1), number, lambda at: self._edit(entry, body, at)
            )
            self._step(edited, number, lambda at: self._publish(key, at))
        if "edit" in entry:
            edit = entry["edit"]
            self._step(
                self._ago(edit["days"]), number, lambda at: self._edit(entry, edit["body"], at)
            )
        removed = self._removed(entry, decided=decided)
        if state == "hidden":
            self._step(removed, number, lambda at: self._hide(entry, at))
        if state == "withdrawn":
            self._step(removed, number, lambda at: self._withdraw(entry, at))

    def _step(self, at: dt.datetime, order: int, do: Callable[[dt.datetime], None]) -> None:
        self.steps.append(Step(at, order, do))

    def _words(self, entry: dict[str, Any], body: str) -> Words:
        return Words(source=body, language=entry["language"], objectives=tuple(entry["objectives"]))

    def _send(self, entry: dict[str, Any], at: dt.datetime) -> None:
        space = self.spaces[entry["space"]]
        parent = self.by_key.get(entry.get("parent", ""))
        if "parent" in entry and parent is None:
            return
        try:
            with self.session.begin_nested():
                contribution = sending.send(
                    self.session,
                    actor=self.voices[entry.get("by", entry["author"])],
                    space=space,
                    question=self._question(space, entry.get("question")),
                    parent=parent,
                    draft=None,
                    words=self._words(entry, entry.get("previous_body") or entry["body"]),
                    now=at,
                    grace=NO_GRACE,
                )
        except DomainError as error:
            # People may have hidden what it replies to, or closed its space, since the first time.
            log.info("left out of the demonstration", key=entry["key"], reason=str(error))
            return
        contribution.source, contribution.external_id = SOURCE, entry["key"]
        contribution.capacity = Capacity(entry.get("capacity", Capacity.PARTICIPANT))
        self.by_key[entry["key"]] = contribution

    def _question(self, space: Space, wanted: int | str | None) -> Question | None:
        if wanted is None:
            return None
        if isinstance(wanted, str):
            asked = self.by_key.get(wanted)
            own = asked.own_question_id if asked is not None else None
            return self.session.get(Question, own) if own is not None else None
        return self.session.scalars(
            select(Question).where(Question.space_id == space.id, Question.number == wanted)
        ).one()

    def _publish(self, key: str, at: dt.datetime) -> None:
        contribution = self.by_key.get(key)
        if contribution is None:
            return
        revision = self._open(contribution)
        space = self.session.get_one(Space, contribution.space_id)
        if key in self.official:
            contribution.official_at = at
        publishing.publish(
            self.session, contribution=contribution, revision=revision, space=space, now=at
        )
        self._note(revision.id, Verdict.APPROVE, {}, at)

    def _refuse(self, entry: dict[str, Any], at: dt.datetime) -> None:
        contribution = self.by_key.get(entry["key"])
        if contribution is None:
            return
        revision = self._open(contribution)
        is_return = entry["state"] == "returned"
        act = publishing.send_back if is_return else publishing.reject
        act(self.session, contribution=contribution, revision=revision, now=at)
        self._note(revision.id, Verdict.RETURN if is_return else Verdict.REJECT, entry, at)

    def _appeal(self, entry: dict[str, Any], at: dt.datetime) -> None:
        contribution = self.by_key.get(entry["key"])
        if contribution is None:
            return
        appeal(
            self.session,
            actor=self.voices[entry.get("by", entry["author"])],
            contribution_id=contribution.id,
            words=entry["appeal"]["words"],
            now=at,
        )

    def _edit(self, entry: dict[str, Any], body: str, at: dt.datetime) -> None:
        contribution = self.by_key.get(entry["key"])
        if contribution is None:
            return
        newest = revisions.newest_revision(self.session, contribution_id=contribution.id)
        revising.send_revision(
            self.session,
            actor=self.voices[entry.get("by", entry["author"])],
            contribution=contribution,
            space=self.spaces[entry["space"]],
            seen=newest.number,
            words=self._words(entry, body),
            now=at,
            grace=NO_GRACE,
        )

    def _hide(self, entry: dict[str, Any], at: dt.datetime) -> None:
        contribution = self.by_key.get(entry["key"])
        if contribution is None or contribution.published_revision_id is None:
            return
        seen = contribution.published_revision_id
        removing.hide(self.session, contribution=contribution, seen=seen, now=at)
        self._note(seen, Verdict.HIDE, entry, at)

    def _withdraw(self, entry: dict[str, Any], at: dt.datetime) -> None:
        contribution = self.by_key.get(entry["key"])
        if contribution is None:
            return
        removing.withdraw(
            self.session,
            actor=self.voices[entry.get("by", entry["author"])],
            contribution=contribution,
            space=self.spaces[entry["space"]],
            now=at,
        )

    def _open(self, contribution: Contribution) -> Revision:
        return self.session.get_one(Revision, contribution.open_revision_id)

    def _note(
        self, revision_id: int, verdict: Verdict, entry: Mapping[str, Any], at: dt.datetime
    ) -> None:
        decision = Decision(
            revision_id=revision_id,
            verdict=verdict,
            reason=entry.get("reason"),
            message=entry.get("message"),
            policy=SOURCE,
            decided_at=at,
        )
        self.session.add(decision)
        self.session.flush()
        revision = self.session.get_one(Revision, revision_id)
        audit.record(
            self.session,
            verdict.value,
            actor_id=None,
            now=at,
            subject=("contribution", revision.contribution_id),
            decision=decision.id,
            undoes=None,
            revision=revision.id,
            number=revision.number,
            reason=decision.reason,
            policy=SOURCE,
        )
