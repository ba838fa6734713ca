"""From lines to places: spaces, questions, parents and authors that a file names, looked up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.errors import BrokenInput
from consult.discussion.interchange import (
    CommentLine,
    HeaderLine,
    QuestionLine,
    shown,
)
from consult.discussion.models import Contribution
from consult.discussion.services.import_authors import Authors
from consult.discussion.services.import_facts import space_facts
from consult.discussion.services.import_files import file_of
from consult.discussion.services.import_matching import Existing, find_existing
from consult.discussion.services.import_places import (
    Key,
    Node,
    Parsed,
    QuestionRef,
    SpaceFacts,
    asks,
)
from consult.discussion.services.import_texts import source_of
from consult.discussion.states import MAX_DEPTH, ContributionKind
from consult.spaces.models import (
    Forum,
    Space,
)


class Reading:
    """The lines of one file against what is there; writes nothing."""

    def __init__(
        self, session: Session, *, path: Path, header: HeaderLine | None, parsed: Sequence[Parsed]
    ) -> None:
        self.session = session
        self.folder = path.with_name(f"{path.name}.files")
        self.parsed = parsed
        self.forum_id = _forum_id(session, path=path, header=header)
        self.spaces: dict[str, SpaceFacts] = {}
        self.existing = find_existing(session, {key for p in parsed for key in asks(p)})
        self.authors = Authors(session, parsed)
        self.seen: dict[Key, Node] = {}
        self.latest: dict[tuple[ContributionKind, str], Node] = {}
        """The nearest line before with an id, whatever its source."""
        self.numbered: dict[tuple[int, int], Node] = {}
        """Question lines by space and the number that the file gives them."""
        self.rows: dict[int, Node] = {}

    def nodes(self) -> list[Node]:
        """Return a node for each line, those that are there already with their row's id.

        Raises `BrokenInput` for the first line that names something unknown.
        """
        return [node for parsed in self.parsed if (node := self._node(parsed)) is not None]

    def _node(self, parsed: Parsed) -> Node | None:
        """Return the node of a line; None for one that repeats an earlier line of the file."""
        facts = self._space(parsed)
        before = self.seen.get(parsed.key)
        if before is not None and before.parsed is not None:
            if before.parsed.line != parsed.line:
                raise parsed.wrong(
                    f"Give the line another id: {shown(parsed.line.id)} stands in line"
                    f" {before.parsed.number} with something else."
                )
            return None
        question, parent = self._hangs_on(parsed, facts)
        there = self.existing.get(parsed.key)
        if there is not None:
            node = self._matched(parsed, there, question=question, parent=parent)
        else:
            node = self._made(parsed, facts, question=question, parent=parent)
        self.seen[parsed.key] = node
        self.latest[node.kind, parsed.line.id] = node
        if isinstance(parsed.line, QuestionLine) and parsed.line.number and node.own:
            self.numbered[facts.id, parsed.line.number] = node
        return node

    def _hangs_on(
        self, parsed: Parsed, facts: SpaceFacts
    ) -> tuple[QuestionRef | None, Node | None]:
        line = parsed.line
        if isinstance(line, QuestionLine):
            return None, None
        question = self._question(parsed, line, facts)
        if line.parent is None:
            return question, None
        parent = self._named(parsed, ContributionKind.COMMENT, line.parent)
        if parent is None:
            raise parsed.wrong(
                f'Put the line {shown(line.parent)}, which "parent" names, before this one.'
            )
        if parent.question is not question:
            raise parsed.wrong('Write the "question" of the parent: a reply stays with it.')
        return question, parent

    def _question(self, parsed: Parsed, line: CommentLine, facts: SpaceFacts) -> QuestionRef:
        if isinstance(line.question, int):
            node = self.numbered.get((facts.id, line.question))
            ref = node.own if node is not None else facts.by_number.get(line.question)
            if ref is None:
                raise parsed.wrong(
                    f'Change "question": the space {facts.slug} has no question {line.question}.'
                )
            return ref
        node = self._named(parsed, ContributionKind.QUESTION, line.question)
        if node is None:
            raise parsed.wrong(
                f'Put the question line {shown(line.question)}, which "question" names, before'
                " this one."
            )
        if node.own is None or node.space is not facts:
            raise parsed.wrong(
                'Change "question": only a published question of the same space can be answered.'
            )
        return node.own

    def _named(self, parsed: Parsed, kind: ContributionKind, name: str) -> Node | None:
        """Return what an id names: of the same source, else the nearest line before with it.

        A reply that was written here may answer a text that came from elsewhere.
        """
        node = self.seen.get((parsed.source, name))
        if node is not None and node.kind == kind:
            return node
        near = self.latest.get((kind, name))
        if near is not None:
            return near
        for key in ((parsed.source, name), (None, name)):
            there = self.existing.get(key)
            if there is not None and there.row.kind == kind:
                return self._row_node(key, there.row)
        return None

    # Rows that are there --------------------------------------------------------------------

    def _matched(
        self,
        parsed: Parsed,
        there: Existing,
        *,
        question: QuestionRef | None,
        parent: Node | None,
    ) -> Node:
        node = self._row_node(parsed.key, there.row)
        node.parsed = parsed
        is_same = (
            node.kind == parsed.kind
            and node.space is self.spaces[parsed.line.space]
            and node.question is question
            and there.row.parent_id == (parent.id if parent else None)
        )
        if not is_same:
            raise parsed.wrong(
                f"Give the line another id: {shown(parsed.line.id)} is there already in another"
                " place."
            )
        return node

    def _row_node(self, key: Key, row: Any) -> Node:
        if row.id in self.rows:
            return self.rows[row.id]
        facts = self._space_of_row(row.space_id)
        root = None
        if row.thread_id not in {None, row.id}:
            root = self._root(row.thread_id)
        self.rows[row.id] = Node(
            key=key,
            kind=ContributionKind(row.kind),
            space=facts,
            question=facts.by_id.get(row.question_id),
            own=facts.by_id.get(row.own_question_id),
            root=root,
            id=row.id,
            path=row.path,
            depth=row.depth,
            ordinal=row.thread_ordinal,
            was_public=row.reference is not None,
        )
        return self.rows[row.id]

    def _root(self, row_id: int) -> Node:
        if row_id in self.rows:
            return self.rows[row_id]
        table = Contribution.__table__
        row = self.session.execute(select(table).where(table.c.id == row_id)).one()
        return self._row_node((row.source, row.external_id or row.uid), row)

    # Rows to be made ------------------------------------------------------------------------

    def _made(
        self,
        parsed: Parsed,
        facts: SpaceFacts,
        *,
        question: QuestionRef | None,
        parent: Node | None,
    ) -> Node:
        line = parsed.line
        if parsed.source is None and len(line.id) > 36:
            raise parsed.wrong("Name a source, or give the line a UUID as id.")
        if parent is not None and not parent.was_public:
            raise parsed.wrong('Change "parent": only to what was published there are replies.')
        if parent is not None and parent.depth >= MAX_DEPTH:
            raise parsed.wrong(f"Reply to an earlier line: replies nest {MAX_DEPTH} deep at most.")
        unknown = sorted(
            {*line.objectives, *(tag.objective for tag in line.tags)} - set(facts.objectives)
        )
        if unknown:
            raise parsed.wrong(
                f'Change "objectives": {unknown[0]} is not under review in {facts.slug}.'
            )
        is_published = line.state == "published"
        is_question = parsed.kind == ContributionKind.QUESTION
        return Node(
            key=parsed.key,
            kind=parsed.kind,
            space=facts,
            question=question,
            own=QuestionRef(facts.id) if is_question and is_published else None,
            parent=parent,
            root=(parent.root or parent) if parent else None,
            depth=parent.depth + 1 if parent else 1,
            was_public=is_published,
            parsed=parsed,
            author=self.authors.of(parsed, facts),
            source=source_of(parsed),
            files=tuple(file_of(parsed, part, folder=self.folder) for part in line.attachments),
        )

    # Spaces ---------------------------------------------------------------------------------

    def _space(self, parsed: Parsed) -> SpaceFacts:
        slug = parsed.line.space
        if slug not in self.spaces:
            found = space_facts(self.session, Space.slug == slug)
            if found is None:
                raise parsed.wrong(f'Change "space": there is no space {shown(slug)}.')
            self.spaces[slug] = found
        facts = self.spaces[slug]
        if self.forum_id is not None and facts.forum_id != self.forum_id:
            raise parsed.wrong(f'Change "space": {slug} is not in the forum that the header names.')
        return facts

    def _space_of_row(self, space_id: int) -> SpaceFacts:
        for known in self.spaces.values():
            if known.id == space_id:
                return known
        facts = space_facts(self.session, Space.id == space_id)
        if facts is None:
            raise LookupError(f"a contribution stands in the unknown space {space_id}")
        self.spaces[facts.slug] = facts
        return facts


def _forum_id(session: Session, *, path: Path, header: HeaderLine | None) -> int | None:
    if header is None or header.forum is None:
        return None
    forum_id = session.scalar(select(Forum.id).where(Forum.slug == header.forum))
    if forum_id is None:
        raise BrokenInput(
            str(path), 1, f'Change "forum": there is no forum {shown(header.forum)} here.'
        )
    return forum_id
