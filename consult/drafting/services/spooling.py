"""Lines on their way to a file: read once, counted and summed, handed out as rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import IO

from consult.core.clock import iso
from consult.discussion.queries.lines import (
    Line,
    LineAttachment,
    LineAuthor,
)
from consult.drafting.exports.rows import (
    ExportQuestion,
    ExportRow,
    encoded,
    to_line,
)
from consult.drafting.services.wording import ExportWords


class Spool:
    """The rows of one export in a temporary file: read once, written out as often as needed."""

    def __init__(self, stream: IO[bytes], lines: Iterator[Line], *, words: ExportWords) -> None:
        self.stream = stream
        self.lines = 0
        self.counts = {"questions": 0, "comments": 0, "context": 0}
        self.questions: list[ExportQuestion] = []
        self.files: dict[str, str] = {}
        """Digests by path of what is attached."""
        digest = hashlib.sha256()
        for line in lines:
            row = export_row(line, words=words)
            digest.update(encoded(to_line(row), sort_keys=True) + b"\n")
            self._count(row)
            kept = {key.name: getattr(row, key.name) for key in fields(ExportRow)}
            stream.write(encoded(kept) + b"\n")
        self.sha256 = digest.hexdigest()

    def _count(self, row: ExportRow) -> None:
        self.lines += 1
        if not row.unconfirmed:
            self.counts["questions" if row.type == "question" else "comments"] += 1
            self.counts["context"] += int(row.context)
        if row.type == "question" and row.number:
            self.questions.append(ExportQuestion(row.number, row.plain_text, "participant"))
        if not row.is_tombstone:
            self.files.update((file["path"], file["sha256"]) for file in row.attachments)

    def rows(self) -> Iterator[ExportRow]:
        """Yield the rows again, one in memory at a time."""
        self.stream.seek(0)
        for kept in self.stream:
            yield ExportRow(**json.loads(kept))


def export_row(line: Line, *, words: ExportWords) -> ExportRow:
    """Turn a line into a row of the writers, with the labels of the export's language."""
    author = line.author
    return ExportRow(
        type="question" if line.kind == "question" else "comment",
        id=line.id,
        source=line.source,
        space=line.space,
        question=line.question,
        number=line.number,
        kind="participant" if line.kind == "question" else None,
        parent=line.parent,
        author=_author(author) if author else None,
        language=line.language,
        format=line.format,
        body=line.body,
        html=line.html or None,
        text=line.text,
        objectives=line.objectives,
        tags=[
            {"objective": tag.objective, "start": tag.start, "end": tag.end, "by": tag.by}
            for tag in line.tags
        ],
        state=str(line.state),
        created_at=iso(line.created_at),
        published_at=iso(line.published_at),
        edited_at=iso(line.edited_at),
        reference=line.reference,
        context=line.context,
        removed=str(line.removed),
        attachments=[_attachment(file) for file in line.attachments],
        depth=line.depth - 1,
        permalink=line.permalink,
        in_reply_to=line.in_reply_to,
        category_label=words.categories.get(author.category or "") if author else None,
        region_label=words.regions.get(author.region or "") if author else None,
        language_label=words.languages.get(line.language or ""),
        unconfirmed=line.is_unconfirmed,
    )


def _author(author: LineAuthor) -> dict[str, str | None]:
    return {
        "id": author.id,
        "name": author.name,
        "organisation": author.organisation,
        "category": author.category,
        "country": author.country,
        "region": author.region,
        "on_behalf_of": author.on_behalf_of,
    }


def _attachment(file: LineAttachment) -> dict[str, str]:
    return {
        "name": file.name,
        "sha256": file.sha256,
        "type": file.media_type,
        "path": f"{file.sha256[:2]}/{file.sha256}",
    }
