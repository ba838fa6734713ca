"""A file of lines becomes threads: all of it or nothing, twice as well as once."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from consult.core import clock
from consult.core.audit import AuditEntry
from consult.core.errors import BrokenInput
from consult.core.outbox import OutboxEntry
from consult.core.storage import Blob, FileStorage
from consult.discussion.models import Contribution, Paper, Revision, RevisionAttachment
from consult.discussion.services import removing
from consult.discussion.services.paper_reading import READ_PAPER
from consult.discussion.states import (
    ContributionKind,
    Reading,
    Removed,
    RevisionOrigin,
    RevisionState,
    Scan,
)
from consult.spaces.models import Author, Organisation, Question, Space
from consult.spaces.states import QuestionKind
from tests import papers
from tests.factories import AnySession, question_of
from tests.integration.discussion.lines import (
    bring_in,
    by_id,
    comment,
    count,
    forum_and_space,
    question,
    real,
    tombstone,
    write,
)


@pytest.fixture
def space(session: AnySession) -> Space:
    return forum_and_space(session)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "archive.jsonl"


def refused(session: AnySession, file: Path, *lines: dict[str, Any]) -> str:
    """Import lines that must be refused, and return the message; nothing may be left of them."""
    before = count(session)
    with pytest.raises(BrokenInput) as caught:
        bring_in(session, file, *lines)
    assert count(session) == before
    return str(caught.value)


def text_of(session: AnySession, external_id: str) -> Revision:
    contribution = by_id(session, external_id)
    return session.scalars(
        select(Revision).where(Revision.contribution_id == contribution.id)
    ).one()


def test_a_published_text_is_there_as_a_moderator_would_have_published_it(
    session: AnySession, space: Space, file: Path
) -> None:
    result = bring_in(session, file, comment("c1", objectives=[20, 15]))
    row, text = by_id(session, "c1"), text_of(session, "c1")
    assert (result.new, result.skipped, result.by_kind["comment"]) == (1, 0, 1)
    assert row.published_revision_id == text.id
    assert row.open_revision_id is None
    assert (row.source, row.reference, row.thread_id) == ("archive", "RT3-Q1-0001", row.id)
    assert row.receipt is not None
    assert (text.state, text.origin) == (RevisionState.PUBLISHED, RevisionOrigin.IMPORT)
    assert text.text == "What our city has learned, part c1."
    assert question_of(session, space).public_count == 1
    assert question_of(session, space).next_reference == 2


def test_replies_hang_where_the_file_hangs_them(
    session: AnySession, space: Space, file: Path
) -> None:
    bring_in(
        session,
        file,
        comment("a"),
        comment("b", parent="a"),
        comment("c", parent="b"),
        comment("d", parent="a"),
    )
    root, b, c, d = (by_id(session, name) for name in "abcd")
    assert [row.path for row in (root, b, c, d)] == ["", "0001", "00010002", "0003"]
    assert [row.depth for row in (root, b, c, d)] == [1, 2, 3, 2]
    assert {row.thread_id for row in (b, c, d)} == {root.id}
    assert (root.thread_size, root.next_child) == (3, 4)
    assert question_of(session, space).public_count == 4


def test_a_later_file_may_continue_a_thread(session: AnySession, space: Space, file: Path) -> None:
    bring_in(session, file, comment("a"), comment("b", parent="a"))
    bring_in(session, file, comment("e", parent="a"), source="archive")
    root = by_id(session, "a")
    assert by_id(session, "e").path == "0002"
    assert (root.thread_size, root.next_child) == (2, 3)


def test_twice_changes_nothing(session: AnySession, space: Space, file: Path) -> None:
    lines = [
        comment("a", objectives=[20]),
        comment("b", parent="a", created_at="2022-01-20T10:00:00Z"),
        comment("w", state="pending"),
        question("q"),
        tombstone("t", reference="RT3-Q1-0007"),
    ]
    assert bring_in(session, file, *lines).new == 5
    session.refresh(space)
    before = (space.public_version, space.last_change_at, space.next_question_number)
    acts = session.scalar(select(func.count()).select_from(AuditEntry))
    again = bring_in(session, file)
    assert (again.new, again.skipped) == (0, 5)
    session.refresh(space)
    assert (space.public_version, space.last_change_at, space.next_question_number) == before
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == acts
    assert count(session) == 5


def test_a_dry_run_counts_and_writes_nothing(session: AnySession, space: Space, file: Path) -> None:
    result = bring_in(session, file, comment("a"), comment("b", parent="a"), dry_run=True)
    assert result.new == 2
    assert count(session) == 0
    assert session.scalars(select(Author)).all() == []


def test_a_broken_line_in_the_middle_brings_nothing(
    session: AnySession, space: Space, file: Path
) -> None:
    write(file, [comment("a"), comment("b")])
    text = file.read_text() + '{"type":"comment","id":\n'
    file.write_text(text + text.split("\n")[0].replace('"a"', '"c"') + "\n")
    message = refused(session, file)
    assert message.startswith(f"{file}:3: Correct the JSON")


def test_a_line_that_is_not_utf_8_is_named(session: AnySession, space: Space, file: Path) -> None:
    write(file, [comment("a")])
    file.write_bytes(file.read_bytes() + b'{"type":"\xff"}\n')
    assert f"{file}:2: Save the file as UTF-8" in refused(session, file)


@pytest.mark.parametrize(
    ("lines", "number", "words"),
    [
        ([comment("a", space="elsewhere")], 1, 'there is no space "elsewhere"'),
        ([comment("a", question=9)], 1, "has no question 9"),
        ([comment("a", question="q")], 1, 'Put the question line "q"'),
        ([comment("a"), comment("b", parent="z")], 2, 'Put the line "z"'),
        ([comment("b", parent="a"), comment("a")], 1, 'Put the line "a"'),
        ([comment("a"), comment("b", parent="a", question=2)], 2, "the parent"),
        ([comment("a", objectives=[99])], 1, "99 is not under review"),
        ([comment("a", author={"name": "A", "category": "nobody"})], 1, 'not know "nobody"'),
        ([comment("a", author={"name": "A", "region": "moon"})], 1, 'not know "moon"'),
        ([comment("a", author={"name": "A", "country": "XX"})], 1, "ISO 3166"),
        ([comment("a", author={"name": "A\u202eB"})], 1, 'Correct "name"'),
        ([comment("a", state="pending"), comment("b", parent="a")], 2, "what was published"),
        ([question("q", state="pending"), comment("b", question="q")], 2, "published question"),
        ([comment("a", tags=[{"objective": 20, "start": 0, "end": 999}])], 1, "the plain text has"),
        ([comment("a"), {"type": "header", "version": 1}], 2, "as the first line only"),
        ([{"type": "header", "version": 1, "forum": "x"}], 1, 'there is no forum "x"'),
        ([comment("a"), comment("a", body="Another text.")], 2, "stands in line 1 with something"),
        (
            [
                comment("a", author={"id": "p", "name": "A"}),
                comment("b", author={"id": "p", "name": "B"}),
            ],
            2,
            "is another author in this file",
        ),
    ],
)
def test_what_is_unknown_is_named_with_its_line(
    session: AnySession,
    space: Space,
    file: Path,
    lines: list[dict[str, Any]],
    number: int,
    words: str,
) -> None:
    message = refused(session, file, *lines)
    assert message.startswith(f"{file}:{number}: ")
    assert words in message


def test_a_reply_of_depth_101_is_refused_and_one_of_100_is_taken(
    session: AnySession, space: Space, file: Path
) -> None:
    chain = [comment("0")] + [comment(str(n), parent=str(n - 1)) for n in range(1, 101)]
    assert f"{file}:101: Reply to an earlier line" in refused(session, file, *chain)
    assert bring_in(session, file, *chain[:100]).new == 100
    assert by_id(session, "99").depth == 100


@pytest.mark.parametrize(
    "over",
    [
        {"body": "Another text."},
        {"language": "es"},
        {"format": "text"},
        {"objectives": [15]},
        {"created_at": "2021-01-01T00:00:00Z"},
        {"state": "pending"},
        {"author": {"name": "Somebody else"}},
        {"question": 2},
    ],
)
def test_a_repeated_id_with_something_else_is_refused(
    session: AnySession, space: Space, file: Path, over: dict[str, Any]
) -> None:
    line = comment("a", language="en", objectives=[20], created_at="2022-01-20T10:00:00Z")
    bring_in(session, file, line)
    assert "Give the line another id" in refused(session, file, line | over)


def test_what_a_moderator_changed_since_does_not_make_a_line_wrong(
    session: AnySession, space: Space, file: Path
) -> None:
    line = comment("a", objectives=[20])
    bring_in(session, file, line)
    row = by_id(session, "a")
    assert row.published_revision_id
    removing.hide(real(session), contribution=row, seen=row.published_revision_id, now=clock.now())
    assert bring_in(session, file, line).skipped == 1
    assert by_id(session, "a").removed == Removed.HIDDEN


def test_equal_ids_of_two_files_stay_two(session: AnySession, space: Space, tmp_path: Path) -> None:
    author = {"id": "p1", "name": "One of the first"}
    bring_in(session, tmp_path / "first.jsonl", comment("1", author=author, body="First."))
    author = {"id": "p1", "name": "One of the second"}
    bring_in(
        session,
        tmp_path / "second.jsonl",
        comment("1", author=author, body="Second."),
        comment("2", parent="1"),
    )
    first, second = session.scalars(
        select(Contribution).where(Contribution.external_id == "1").order_by(Contribution.id)
    ).all()
    assert (first.source, second.source) == ("first", "second")
    assert by_id(session, "2").parent_id == second.id
    assert first.author_id != second.author_id


def test_a_line_that_says_null_as_source_keeps_its_uuid(
    session: AnySession, space: Space, file: Path
) -> None:
    uid = "0f7e0f5e-8d5a-4c5e-9a55-1f6d3c2b7a10"
    bring_in(session, file, comment(uid, source=None))
    row = session.scalars(select(Contribution)).one()
    assert (row.uid, row.source, row.external_id) == (uid, None, None)
    assert bring_in(session, file).skipped == 1


def test_an_author_is_one_by_id_and_by_what_is_said_of_them(
    session: AnySession, space: Space, file: Path
) -> None:
    said = {"name": "Desk", "organisation": "U.N.C.T.A.D.", "category": "civil-society"}
    bring_in(
        session,
        file,
        comment("a", author={"id": "p", **said}),
        comment("b", author={"id": "p", **said}),
        comment("c", author=said),
        comment("d", author=said | {"organisation": "UNCTAD"}),
        comment("e", author=said | {"country": "NG"}),
    )
    a, b, c, d, e = (by_id(session, name).author_id for name in "abcde")
    assert a == b
    assert c == d
    assert len({a, c, e}) == 3
    assert session.scalars(select(Organisation.name)).all() == ["U.N.C.T.A.D."]
    bring_in(session, file, comment("f", author=said), source="archive")
    assert by_id(session, "f").author_id == c


def test_threads_without_a_date_keep_the_order_of_the_file(
    session: AnySession, space: Space, file: Path
) -> None:
    bring_in(
        session,
        file,
        comment("a"),
        comment("b", created_at="2022-01-21T00:00:00Z"),
        comment("c"),
        comment("d", created_at="2022-01-20T00:00:00Z"),
        comment("e", question=2),
    )
    order = session.scalars(
        select(Contribution.external_id)
        .where(Contribution.question_id == question_of(session, space).id)
        .order_by(Contribution.thread_ordinal, Contribution.thread_id)
    ).all()
    assert order == ["d", "a", "b", "c"]
    assert by_id(session, "a").sent_at is None
    assert by_id(session, "b").sent_at == dt.datetime(2022, 1, 21, tzinfo=dt.UTC)


def test_references_are_kept_where_free_and_counters_move_past_them(
    session: AnySession, space: Space, file: Path
) -> None:
    bring_in(
        session,
        file,
        comment("a"),
        comment("b", reference="RT3-Q1-0007"),
        comment("c", reference="RT3-Q1-0007"),
        comment("d", reference="RT3-Q2-0003"),
        comment("e", reference="RT1-Q1-0003"),
        comment("f", reference="RT3-Q1-00004"),
        comment("g", reference="RT3-Q1-99999999999999999999"),
        comment("w", state="pending"),
    )
    assert by_id(session, "b").reference == "RT3-Q1-0007"
    others = [by_id(session, name).reference for name in "acdefg"]
    assert others == [f"RT3-Q1-{number:04d}" for number in range(8, 14)]
    assert by_id(session, "w").reference is None
    assert question_of(session, space).next_reference == 14


def test_a_participants_question_gets_its_row_and_takes_answers(
    session: AnySession, space: Space, file: Path
) -> None:
    bring_in(
        session,
        file,
        question("q", number=None),
        question("p", number=7),
        question("o", number=2),
        comment("a", question="q"),
        comment("b", question=7),
        comment("c", question=2),
        comment("d", question=1),
    )
    numbers = {
        name: session.get_one(Question, by_id(session, name).own_question_id).number
        for name in "qpo"
    }
    assert numbers == {"p": 7, "q": 8, "o": 9}
    assert by_id(session, "q").kind == ContributionKind.QUESTION
    assert by_id(session, "q").reference == "RT3-Q8"
    assert by_id(session, "a").reference == "RT3-Q8-0001"
    assert by_id(session, "b").question_id == by_id(session, "p").own_question_id
    assert by_id(session, "c").question_id == by_id(session, "o").own_question_id
    asked = session.get_one(Question, by_id(session, "q").own_question_id)
    assert (asked.kind, asked.public_count) == (QuestionKind.PARTICIPANT, 1)
    session.refresh(space)
    assert space.next_question_number == 10


@pytest.mark.parametrize(
    ("state", "is_open"), [("pending", True), ("returned", True), ("rejected", False)]
)
def test_what_is_not_published_has_no_public_trace(
    session: AnySession, space: Space, file: Path, state: str, is_open: bool
) -> None:
    session.refresh(space)
    before = space.public_version
    bring_in(session, file, comment("a", state=state))
    row, text = by_id(session, "a"), text_of(session, "a")
    assert text.state == state
    assert row.published_revision_id is None
    assert row.open_revision_id == (text.id if is_open else None)
    assert row.reference is None
    session.refresh(space)
    assert (space.public_version, space.last_change_at) == (before, None)
    assert question_of(session, space).public_count == 0
    assert _indexed(session) == []


def test_a_tombstone_keeps_the_place_and_no_name(
    session: AnySession, space: Space, file: Path
) -> None:
    bring_in(session, file, tombstone("a", reference="RT3-Q1-0004"), comment("b", parent="a"))
    row, text = by_id(session, "a"), text_of(session, "a")
    author = session.get_one(Author, row.author_id)
    assert (row.removed, row.reference) == (Removed.WITHDRAWN, "RT3-Q1-0004")
    assert (text.source, text.html, text.text) == ("", "", "")
    assert (author.name, author.is_erased) == ("", True)
    assert question_of(session, space).public_count == 1


def test_the_language_is_detected_where_it_is_not_said(
    session: AnySession, space: Space, file: Path
) -> None:
    words = "Las remesas que envían nuestras familias pagan la escuela de los niños en la región."
    bring_in(session, file, comment("a", body=words, language=None), comment("b", body="OK."))
    assert text_of(session, "a").language == "es"
    assert text_of(session, "b").language == "en"


def test_readers_and_the_index_learn_of_what_is_public_and_nobody_gets_a_mail(
    session: AnySession, space: Space, file: Path
) -> None:
    bring_in(session, file, comment("a"), comment("b", parent="a"), comment("w", state="pending"))
    told = session.scalars(select(OutboxEntry)).all()
    assert {entry.payload.get("event") for entry in told} <= {"PublicTextChanged"}
    assert _indexed(session) == sorted(by_id(session, name).id for name in "ab")


def _indexed(session: AnySession) -> list[int]:
    rows = session.scalars(select(OutboxEntry).where(OutboxEntry.handler == "search.index"))
    return sorted(row.payload["contribution_id"] for row in rows)


def test_a_closed_space_takes_an_import(session: AnySession, space: Space, file: Path) -> None:
    space.closes_at = clock.now() - dt.timedelta(days=1)
    session.flush()
    assert bring_in(session, file, comment("a")).new == 1


def test_an_import_is_one_entry_of_the_audit_log(
    session: AnySession, space: Space, file: Path
) -> None:
    bring_in(session, file, comment("a"), comment("b"))
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "import")).one()
    assert entry.facts == {"new": 2, "skipped": 0}


def test_files_beside_the_lines_are_checked_and_kept(
    session: AnySession, space: Space, file: Path, tmp_path: Path
) -> None:
    content = papers.pdf()
    digest = hashlib.sha256(content).hexdigest()
    folder = tmp_path / "archive.jsonl.files"
    folder.mkdir()
    (folder / "paper").write_bytes(content)
    part = {"name": "Paper.pdf", "sha256": digest, "type": "application/pdf", "path": "paper"}
    storage = FileStorage(tmp_path / "blobs")
    bring_in(session, file, comment("a", attachments=[part]), storage=storage)
    kept = session.scalars(select(RevisionAttachment)).one()
    assert (kept.name, kept.sha256) == ("Paper.pdf", digest)
    assert session.get_one(Blob, digest).size == len(content)
    with storage.open(digest) as stream:
        assert stream.read() == content
    assert bring_in(session, file, storage=storage).skipped == 1
    paper = session.get_one(Paper, digest)
    assert (paper.scan, paper.reading) == (Scan.WAITING, Reading.WAITING)
    told = session.scalars(select(OutboxEntry).where(OutboxEntry.handler == READ_PAPER)).all()
    assert [row.payload["sha256"] for row in told] == [digest]


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"path": "../secret"}, "into the folder"),
        ({"path": "missing"}, "into the folder"),
        ({"sha256": "0" * 64}, "has the digest"),
        ({"type": "application/pdf"}, 'Write "text/plain" as "type" of the file "paper"'),
        ({"name": "P.pdf"}, 'Write "P.pdf.txt" as "name" of the file "paper"'),
        ({"name": "../P.txt"}, 'Write "P.txt" as "name" of the file "paper"'),
    ],
)
def test_a_file_that_is_not_what_the_line_says_is_refused(
    session: AnySession,
    space: Space,
    file: Path,
    tmp_path: Path,
    over: dict[str, str],
    words: str,
) -> None:
    folder = tmp_path / "archive.jsonl.files"
    folder.mkdir()
    (folder / "paper").write_bytes(b"paper")
    (tmp_path / "secret").write_bytes(b"paper")
    digest = hashlib.sha256(b"paper").hexdigest()
    part = {"name": "P.txt", "sha256": digest, "type": "text/plain", "path": "paper"} | over
    assert words in refused(session, file, comment("a", attachments=[part]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it has 0 bytes"),
        (b"x" * (20 * 1024 * 1024 + 1), "it has more than 20 MB"),
        (b"<script>alert(1)</script>", "it is a web page, a drawing or a script"),
        (papers.encrypted_pdf(), "it is protected by a password"),
        (papers.changed(papers.word(), {"word/vbaProject.bin": b"x"}), "it holds macros"),
        (papers.bomb(150 << 20), "it unpacks to many times its size"),
    ],
    ids=range(6),
)
def test_a_file_that_nobody_may_hand_in_is_not_imported_either(
    session: AnySession, space: Space, file: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    folder = tmp_path / "archive.jsonl.files"
    folder.mkdir()
    (folder / "paper").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    part = {"name": "P.pdf", "sha256": digest, "type": "application/pdf", "path": "paper"}
    message = refused(session, file, comment("b"), comment("a", attachments=[part]))
    assert message.startswith(f'{file}:2: Leave out the file "paper": {words}')
