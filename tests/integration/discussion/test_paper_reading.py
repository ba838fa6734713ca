"""What the worker does with a file: scan, read, tell readers and the index."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consult.core import clock, outbox, worker
from consult.core.db import db
from consult.core.outbox import OutboxEntry, Reactions, emit
from consult.core.storage import FileStorage
from consult.discussion.events import FileKept, PublicTextChanged
from consult.discussion.handlers import reader_of_papers
from consult.discussion.models import Contribution, Paper
from consult.discussion.papers import isolation
from consult.discussion.papers.scanning import Clamd
from consult.discussion.papers.shapes import Kind, PaperText
from consult.discussion.services import paper_reading
from consult.discussion.services.paper_reading import READ_PAPER
from consult.discussion.states import Reading, RevisionState, Scan
from consult.spaces.models import Forum, Question, Space
from tests import factories as make
from tests import papers
from tests.clamd import MARK, FakeClamd, fake_clamd
from tests.factories import AnySession
from tests.integration.discussion.attached import keep_content, make_attachment
from tests.integration.discussion.lines import real

NEW: dict[str, Any] = {
    "scan": Scan.WAITING,
    "reading": Reading.WAITING,
    "pages": None,
    "paragraphs": None,
}


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "blobs")


@pytest.fixture
def clamd() -> Iterator[FakeClamd]:
    with fake_clamd() as daemon:
        yield daemon


@pytest.fixture
def reactions(monkeypatch: pytest.MonkeyPatch) -> Reactions:
    """Reactions of this test alone; nothing else is run."""
    mine = Reactions()
    monkeypatch.setattr(outbox, "reactions", mine)
    return mine


class Bench:
    """A worker with one handler, and contents for it."""

    def __init__(self, session: AnySession, reactions: Reactions, storage: FileStorage) -> None:
        self.session, self.reactions, self.storage = session, reactions, storage

    def bind(self, clamd: FakeClamd | None = None, *, holds: bool = False) -> None:
        scanner = Clamd(clamd.url, seconds=1) if clamd else None
        handler = reader_of_papers(storage=self.storage, scanner=scanner, holds=holds)
        self.reactions.subscribe(handler, FileKept)

    def keep(self, content: bytes, **over: object) -> str:
        sha256 = keep_content(self.session, content, storage=self.storage, **(NEW | over))
        emit(real(self.session), FileKept(sha256=sha256), now=clock.now())
        self.session.commit()
        return sha256

    def work(self) -> None:
        worker.drain(only=[READ_PAPER])
        self.session.expire_all()

    def paper(self, sha256: str) -> Paper:
        return self.session.get_one(Paper, sha256)

    def waiting(self) -> list[OutboxEntry]:
        return list(
            self.session.scalars(select(OutboxEntry).where(OutboxEntry.handler == READ_PAPER))
        )


@pytest.fixture
def bench(session: AnySession, reactions: Reactions, storage: FileStorage) -> Bench:
    return Bench(session, reactions, storage)


def test_a_file_is_scanned_and_read(bench: Bench, clamd: FakeClamd) -> None:
    bench.bind(clamd, holds=True)
    content = papers.pdf(["Our city has learned."], ["Second page."])
    sha256 = bench.keep(content)
    bench.work()
    paper = bench.paper(sha256)
    assert (paper.scan, paper.reading) == (Scan.CLEAN, Reading.READ)
    assert (paper.pages, paper.words) == (2, 6)
    assert paper.paragraphs == [[1, "Our city has learned."], [2, "Second page."]]
    assert paper.scanned_at is not None
    assert clamd.scanned == [content]
    assert bench.waiting() == []


def test_an_infected_file_is_not_read(
    bench: Bench, clamd: FakeClamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "read", lambda *_a, **_k: pytest.fail("it was read"))
    bench.bind(clamd)
    sha256 = bench.keep(papers.pdf([MARK.decode()], more=[b"(%s)" % MARK]))
    bench.work()
    paper = bench.paper(sha256)
    assert (paper.scan, paper.reading) == (Scan.INFECTED, Reading.WAITING)
    assert paper.paragraphs is None


def test_without_a_scanner_a_file_is_read_unscanned_unless_it_is_held(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.bind(holds=True)
    sha256 = bench.keep(b"Our city has learned.", media_type="text/plain")
    bench.work()
    assert bench.paper(sha256).scan == Scan.WAITING
    assert bench.paper(sha256).reading == Reading.WAITING
    bench.bind(holds=False)
    bench.keep(b"Our city has learned.")
    bench.work()
    assert bench.paper(sha256).scan == Scan.SKIPPED
    assert bench.paper(sha256).paragraphs == [[None, "Our city has learned."]]


def test_a_scanner_that_is_away_is_asked_again_later_and_nothing_is_lost(
    bench: Bench, clamd: FakeClamd
) -> None:
    bench.bind(clamd)
    clamd.mood = "hangs up"
    sha256 = bench.keep(papers.pdf())
    before = clock.now()
    bench.work()
    [row] = bench.waiting()
    assert (row.attempts, row.parked_at) == (1, None)
    assert row.not_before > before + dt.timedelta(seconds=3)
    assert "ScannerAway" in (row.last_error or "")
    assert bench.paper(sha256).scan == Scan.WAITING
    clamd.mood = "well"
    row.not_before = before
    bench.session.commit()
    bench.work()
    assert bench.paper(sha256).scan == Scan.CLEAN
    assert bench.waiting() == []


def test_no_transaction_is_open_while_a_file_is_scanned_and_read(
    app: Flask, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def read(_stream: object, *, kind: Kind) -> PaperText:
        seen.append((kind, db.session().in_transaction()))
        return PaperText(((1, "Words."),), pages=1)

    monkeypatch.setattr(isolation, "read", read)
    bench.bind()
    bench.keep(papers.pdf())
    bench.work()
    assert seen == [(Kind.PDF, False)]


@pytest.mark.parametrize(
    ("content", "media_type", "reading"),
    [
        (papers.pdf([]), "application/pdf", Reading.EMPTY),
        (b"%PDF-1.7 broken", "application/pdf", Reading.FAILED),
        (b"hello", "image/png", Reading.FAILED),
    ],
)
def test_a_file_without_words_is_done_with_all_the_same(
    bench: Bench, content: bytes, media_type: str, reading: Reading
) -> None:
    bench.bind()
    sha256 = bench.keep(content, media_type=media_type)
    bench.work()
    assert bench.paper(sha256).reading == reading
    assert bench.waiting() == []


def test_a_file_that_is_missing_in_the_storage_stops_nothing(bench: Bench) -> None:
    bench.bind()
    sha256 = bench.keep(b"gone", media_type="text/plain")
    bench.storage.delete(sha256)
    bench.work()
    assert bench.paper(sha256).reading == Reading.FAILED
    emit(real(bench.session), FileKept(sha256="0" * 64), now=clock.now())
    bench.session.commit()
    bench.work()
    assert bench.waiting() == []


# --- Telling readers ----------------------------------------------------------------------------


class Told:
    """A public text and a pending one with the same file."""

    def __init__(self, bench: Bench) -> None:
        session = self.session = bench.session
        space = make.make_space(session)
        forum = session.get_one(Forum, space.forum_id)
        author = make.make_author(session, forum=forum)
        public = make.make_contribution(session, space=space, author=author)
        pending = make.make_contribution(
            session, space=space, author=author, state=RevisionState.PENDING
        )
        for revision_id in (public.published_revision_id, pending.open_revision_id):
            assert revision_id is not None
            file = make_attachment(
                session,
                revision_id=revision_id,
                content=papers.pdf(),
                storage=bench.storage,
                **NEW,
            )
        assert file.sha256 is not None
        self.sha256 = file.sha256
        self.public_id, self.pending_id = public.id, pending.id
        self.question_id, self.space_id = public.question_id, space.id

    def tell(self) -> None:
        emit(real(self.session), FileKept(sha256=self.sha256), now=clock.now())
        self.session.commit()

    def versions(self) -> tuple[int, ...]:
        self.session.expire_all()
        own = [
            self.session.get_one(Contribution, key).public_version
            for key in (self.public_id, self.pending_id)
        ]
        question = self.session.get_one(Question, self.question_id)
        space = self.session.get_one(Space, self.space_id)
        return (*own, question.public_version, space.public_version)


def test_readers_and_the_index_are_told_of_public_texts_only(
    bench: Bench, clamd: FakeClamd
) -> None:
    bench.bind(clamd, holds=True)
    listener = outbox.Handler("test.told", run=lambda *_a, **_k: None)
    bench.reactions.subscribe(listener, PublicTextChanged)
    told = Told(bench)
    before = told.versions()
    told.tell()
    bench.work()
    after = told.versions()
    assert after == (before[0] + 1, before[1], before[2] + 1, before[3] + 1)
    changed = bench.session.scalars(
        select(OutboxEntry.payload).where(OutboxEntry.handler == "test.told")
    ).all()
    assert [payload["contribution_id"] for payload in changed] == [told.public_id]


def test_a_second_look_that_finds_nothing_new_tells_nobody(bench: Bench, clamd: FakeClamd) -> None:
    bench.bind(clamd)
    told = Told(bench)
    told.tell()
    bench.work()
    versions = told.versions()
    told.tell()
    bench.work()
    assert told.versions() == versions
    assert len(clamd.scanned) == 1


# --- Taking up what was left --------------------------------------------------------------------


def ask_again(bench: Bench, **over: bool) -> int:
    values = {"scans": True, "holds": True} | over
    found = paper_reading.ask_again(real(bench.session), now=clock.now(), **values)
    bench.session.commit()
    return found


OLD = {"created_at": clock.now() - dt.timedelta(hours=2)}


def test_what_gave_up_is_taken_up_again_once(bench: Bench, clamd: FakeClamd) -> None:
    bench.bind(clamd)
    bench.keep(papers.pdf(), **OLD)
    [row] = bench.waiting()
    row.parked_at = clock.now()
    bench.session.commit()
    assert ask_again(bench) == 1
    assert ask_again(bench) == 0
    [fresh] = bench.waiting()
    assert fresh.parked_at is None


def test_what_is_under_way_or_finished_or_infected_is_left_alone(
    bench: Bench, clamd: FakeClamd
) -> None:
    bench.bind(clamd)
    bench.keep(b"under way", **OLD)
    keep_content(bench.session, b"fresh", storage=bench.storage, **NEW)
    keep_content(bench.session, b"done", storage=bench.storage, **OLD)
    infected = {"scan": Scan.INFECTED, "reading": Reading.WAITING}
    keep_content(bench.session, b"bad", storage=bench.storage, **(OLD | infected))
    assert ask_again(bench) == 0


@pytest.mark.parametrize(
    ("scans", "holds", "scan"),
    [
        (True, True, Scan.WAITING),
        (True, False, Scan.WAITING),
        (False, True, Scan.WAITING),
        (False, False, Scan.SKIPPED),
    ],
)
def test_what_nobody_scanned_waits_once_there_is_a_scanner_or_a_hold(
    bench: Bench, scans: bool, holds: bool, scan: Scan
) -> None:
    bench.bind()
    sha256 = keep_content(
        bench.session, b"skipped", storage=bench.storage, scan=Scan.SKIPPED, **OLD
    )
    assert ask_again(bench, scans=scans, holds=holds) == int(scans)
    assert bench.paper(sha256).scan == scan


def test_files_from_before_get_read_too(bench: Bench, session: AnySession) -> None:
    bench.bind()
    told = Told(bench)
    session.delete(session.get_one(Paper, told.sha256))
    session.commit()
    assert ask_again(bench, scans=False, holds=False) == 1
    bench.work()
    assert bench.paper(told.sha256).reading == Reading.READ
