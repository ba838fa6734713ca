"""Numbers, references and counts that an import moves, locked until the commit."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from consult.discussion.interchange import QuestionLine
from consult.discussion.models import Contribution, ReferenceRedirect
from consult.discussion.services.import_places import Node, QuestionRef, SpaceFacts, chunks
from consult.discussion.states import ContributionKind
from consult.spaces.models import Question, Space
from consult.spaces.states import QuestionKind

MOST_REFERENCE = 9_999_999
"""A higher number in a file is given anew, so that a slip cannot use up the counter."""


class Counters:
    """Numbers and references of the questions that an import touches."""

    def __init__(self, session: Session, nodes: Sequence[Node]) -> None:
        self.session = session
        self.nodes = nodes
        self.spaces: dict[int, SpaceFacts] = {node.space.id: node.space for node in nodes}
        questions = {node.question.id for node in nodes if node.question and node.question.id}
        self.next_reference = self._locked(Question, Question.next_reference, questions)
        self.next_number = self._locked(Space, Space.next_question_number, self.spaces)
        self.taken = self._taken()

    def _locked(self, model: Any, column: Any, ids: Any) -> dict[int, int]:
        statement = (
            select(model.id, column)
            .where(model.id.in_(sorted(ids)))
            .order_by(model.id)
            .with_for_update()
        )
        return {row[0]: row[1] for row in self.session.execute(statement)}

    def _taken(self) -> set[str]:
        wanted = {node.line.reference for node in self.nodes if node.line.reference}
        wanted |= {
            f"{node.space.code}-Q{node.line.number}"
            for node in self.nodes
            if isinstance(node.line, QuestionLine) and node.line.number
        }
        taken: set[str] = set()
        for some in chunks(sorted(wanted)):
            for column in (Contribution.reference, ReferenceRedirect.reference):
                found = self.session.scalars(select(column).where(column.in_(some)))
                taken.update(reference for reference in found if reference)
        return taken

    def number_questions(self) -> None:
        """Make the rows of participants' questions; a number is kept where it is free."""
        asked = [node for node in self.nodes if node.own is not None and not node.own.id]
        for keeps in (True, False):
            for node in asked:
                number = self._wanted_number(node) if keeps else self.next_number[node.space.id]
                if node.own is None or node.own.number or not number:
                    continue
                node.own.number = number
                node.space.by_number[number] = node.own
                node.reference = f"{node.space.code}-Q{number}"
                self.taken.add(node.reference)
                following = max(self.next_number[node.space.id], number + 1)
                self.next_number[node.space.id] = following
        for node in asked:
            if node.own is not None:
                self._insert_question(node.own)

    def _wanted_number(self, node: Node) -> int | None:
        line = node.line
        number = line.number if isinstance(line, QuestionLine) else None
        is_free = number not in node.space.by_number
        return number if is_free and f"{node.space.code}-Q{number}" not in self.taken else None

    def _insert_question(self, ref: QuestionRef) -> None:
        question = Question(space_id=ref.space_id, number=ref.number, kind=QuestionKind.PARTICIPANT)
        self.session.add(question)
        self.session.flush()
        ref.id = question.id
        self.next_reference[ref.id] = 1

    def refer(self) -> None:
        """Give references: those of the file where they are free, then new ones in its order."""
        comments = [node for node in self.nodes if node.question is not None]
        for node in comments:
            number = self._kept_number(node)
            if number is not None and node.question is not None:
                node.reference = node.line.reference
                self.taken.add(node.reference or "")
                following = max(self.next_reference[node.question.id], number + 1)
                self.next_reference[node.question.id] = following
        for node in comments:
            if node.reference is None and node.question and node.line.state == "published":
                number = self.next_reference[node.question.id]
                node.reference = f"{node.space.code}-Q{node.question.number}-{number:04d}"
                self.next_reference[node.question.id] = number + 1

    def _kept_number(self, node: Node) -> int | None:
        reference = node.line.reference
        if reference is None or node.question is None or reference in self.taken:
            return None
        prefix = re.escape(f"{node.space.code}-Q{node.question.number}-")
        match = re.fullmatch(prefix + r"(0*([0-9]+))", reference, re.ASCII)
        if match is None or len(match[2]) > 7 or not 1 <= int(match[2]) <= MOST_REFERENCE:
            return None
        return int(match[2]) if match[1] == f"{int(match[2]):04d}" else None

    def store(self, *, now: dt.datetime) -> None:
        """Write the counters, the public counts and what readers' pages hang on."""
        public, changed, in_space = Counter[int](), Counter[int](), Counter[int]()
        for node in self.nodes:
            ref = node.question or node.own
            if ref is None or node.line.state != "published":
                continue
            changed[ref.id] += 1
            in_space[node.space.id] += 1
            if node.kind == ContributionKind.COMMENT and node.is_public:
                public[ref.id] += 1
        for question_id, following in sorted(self.next_reference.items()):
            self._raise(
                Question,
                question_id,
                next_reference=following,
                public_count=Question.public_count + public[question_id],
                public_version=Question.public_version + changed[question_id],
            )
        for space_id, following in sorted(self.next_number.items()):
            changes: dict[str, Any] = {"next_question_number": following}
            if in_space[space_id]:
                changes["public_version"] = Space.public_version + in_space[space_id]
                changes["last_change_at"] = now
            self._raise(Space, space_id, **changes)

    def _raise(self, model: Any, row_id: int, **values: Any) -> None:
        self.session.execute(
            update(model)
            .where(model.id == row_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
