"""The index is compared, repaired and rebuilt: only what differs is touched, nothing gets lost."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager

import pytest
from sqlalchemy import select, update
from sqlalchemy import text as sql

from consult.cli.progress import Progress
from consult.core import clock, outbox, worker
from consult.core.authz import VISITOR
from consult.core.outbox import OutboxEntry
from consult.discussion.events import PublicTextChanged
from consult.discussion.models import Contribution
from consult.discussion.states import Removed, RevisionState
from consult.search import handlers, sync
from consult.search.documents import IndexBusy, IndexUnavailable
from consult.search.queries import INDEXING, Asked, find
from tests import factories as make
from tests.indexes import TEXTS, InPostgresql, search


class Bed:
    """Three public texts in the index of the application, and what writes into it counted."""

    def __init__(self, app, session):
        self.session = session
        self.backend = app.extensions["consult.search"]
        self.sources = list(app.extensions["consult.ports"].documents.values())
        self.forum = make.make_forum(session)
        self.space = make.make_space(session, forum=self.forum)
        self.texts = [self.write(f"Heronries of number{n}.") for n in range(3)]
        self.parts = {"backend": self.backend, "sources": self.sources}
        self.session.commit()
        sync.rebuild(session, **self.parts)

    def write(self, source, **over):
        author = make.make_author(self.session, forum=self.forum)
        return make.make_contribution(
            self.session, space=self.space, author=author, source=source, **over
        )

    def found(self, words):
        answer = find(
            self.session, backend=self.backend, actor=VISITOR, asked=Asked(words, relaxes=False)
        )
        return answer.total

    def change(self, contribution):
        """Raise a text's version as every change of what readers see does."""
        self.session.execute(
            update(Contribution)
            .where(Contribution.id == contribution.id)
            .values(public_version=Contribution.public_version + 1)
        )
        self.session.commit()

    def put_row(self, contribution, **over):
        outbox.emit(self.session, PublicTextChanged(contribution.id), now=clock.now())
        self.session.flush()
        row = self.session.scalars(
            select(OutboxEntry).where(OutboxEntry.handler == INDEXING)
        ).all()[-1]
        for name, value in over.items():
            setattr(row, name, value)
        self.session.commit()
        return row.id


@pytest.fixture
def bed(app, session):
    return Bed(app, session)


@contextmanager
def counting_writes(bed, monkeypatch):
    written = []
    original = type(bed.backend).write

    def write(self, documents, deletions=()):
        documents = list(documents)
        written.append(({one.id for one in documents}, set(deletions)))
        original(self, documents, deletions)

    with monkeypatch.context() as patch:
        patch.setattr(type(bed.backend), "write", write)
        yield written


def test_what_is_missing_stale_or_surplus_is_told_apart_and_repaired_alone(bed, monkeypatch):
    changed, hidden, kept = bed.texts
    bed.change(changed)
    hidden.removed = Removed.HIDDEN
    new = bed.write("Heronries that nobody has indexed.")
    bed.session.commit()
    found = sync.verify(bed.session, **bed.parts)
    assert (found.missing, found.stale, found.surplus) == ((new.id,), (changed.id,), (hidden.id,))
    with counting_writes(bed, monkeypatch) as written:
        assert sync.repair(bed.session, **bed.parts) == found
    touched = set().union(*(documents | deletions for documents, deletions in written))
    assert touched == {changed.id, hidden.id, new.id}
    assert kept.id not in touched
    assert sync.verify(bed.session, **bed.parts).is_clean
    assert bed.found("nobody indexed") == 1


def test_an_index_that_is_ahead_of_the_database_is_set_back(bed):
    """As after a backup of the database was restored beside a newer index."""
    text = bed.texts[0]
    held = next(sync.as_document(one) for one in bed.sources[0].documents(bed.session, [text.id]))
    bed.backend.write([dataclasses.replace(held, version=held.version + 5, text="Otters.")])
    assert sync.verify(bed.session, **bed.parts).stale == (text.id,)
    sync.repair(bed.session, **bed.parts)
    assert sync.verify(bed.session, **bed.parts).is_clean
    assert bed.found("otters") == 0
    assert bed.found("number0") == 1


def test_what_waits_in_the_outbox_is_no_difference_and_what_was_put_aside_is_one(bed):
    first, second = bed.texts[:2]
    bed.change(first)
    bed.change(second)
    bed.put_row(first)
    bed.put_row(second, parked_at=clock.now(), attempts=8)
    assert sync.verify(bed.session, **bed.parts).ids == (second.id,)


def test_a_text_whose_row_was_put_aside_is_found_again_after_a_repair(bed):
    text = bed.texts[0]
    bed.put_row(text, parked_at=clock.now(), attempts=8)
    assert bed.found("number0") == 0
    began = clock.now()
    sync.repair(bed.session, **bed.parts)
    handlers.settle(bed.session, before=began)
    assert bed.found("number0") == 1


def test_where_more_differs_than_is_worth_repairing_the_index_is_filled_anew(bed, monkeypatch):
    monkeypatch.setattr(sync, "MOST_REPAIRED", 1)
    for text in bed.texts:
        bed.change(text)
    with counting_writes(bed, monkeypatch) as written:
        sync.repair(bed.session, **bed.parts)
    assert written == []
    assert sync.verify(bed.session, **bed.parts).is_clean


def test_a_repair_writes_in_batches_so_that_others_get_their_turn(bed, monkeypatch):
    monkeypatch.setattr(sync, "BATCH", 2)
    for text in bed.texts:
        bed.change(text)
    with counting_writes(bed, monkeypatch) as written:
        sync.repair(bed.session, **bed.parts)
    assert [len(documents) for documents, _ in written] == [2, 1]


def test_what_is_published_and_indexed_during_a_rebuild_is_not_lost(bed):
    """The worker takes it into the old index, where the system lets it, and drops its row."""
    later = []

    def publish(count):
        if count == len(bed.texts):
            later.append(bed.write("Heronries of the last minute."))
            bed.session.commit()

    sync.renew(bed.session, **bed.parts, told=publish)
    assert len(later) == 1
    assert sync.verify(bed.session, **bed.parts).is_clean
    assert bed.found("last minute") == 1


def test_an_index_that_lost_all_its_texts_is_filled_again(bed):
    bed.backend.write([], [text.id for text in bed.texts])
    assert sync.heal(bed.session, **bed.parts)
    assert bed.found("heronries") == 3
    assert not sync.heal(bed.session, **bed.parts)


@pytest.mark.parametrize("way", ["heal", "update"])
def test_a_text_that_changes_while_a_broken_index_is_filled_is_taken_in_anew(bed, monkeypatch, way):
    """Another process took the change into the old index and dropped its row."""

    def change_meanwhile(session, *, backend, sources, **_told):
        former = [sync.as_document(one) for one in sources[0].documents(session, None)]
        bed.change(bed.texts[0])
        backend.rebuild(former)

    monkeypatch.setattr(sync, "rebuild", change_meanwhile)
    with monkeypatch.context() as broken:
        broken.setattr(type(bed.backend), "is_available", False)
        if way == "heal":
            assert sync.heal(bed.session, **bed.parts)
        else:
            sync.update(bed.session, ids=[bed.texts[1].id], **bed.parts)
    assert sync.verify(bed.session, **bed.parts).is_clean


def test_an_index_in_postgresql_whose_texts_were_emptied_is_told_as_lost(index_engine):
    home = InPostgresql(index_engine)
    home.backend.rebuild(TEXTS)
    with index_engine.begin() as connection:
        connection.execute(sql("TRUNCATE search_passage"))
    assert not home.backend.is_available
    with pytest.raises(IndexUnavailable):
        search(home.backend, "remesas")
    home.backend.rebuild(TEXTS)
    assert search(home.backend, "remesas").total > 0


def test_an_empty_consultation_needs_no_healing(bed):
    for text in bed.texts:
        text.removed = Removed.HIDDEN
    bed.session.commit()
    sync.repair(bed.session, **bed.parts)
    assert not sync.heal(bed.session, **bed.parts)


@pytest.mark.parametrize("error", [IndexBusy, IndexUnavailable])
def test_rows_wait_for_an_index_without_being_put_aside(bed, monkeypatch, error):
    """A batch is not taken apart either: fifty rows would wait for the writer one after another."""
    tries = []

    def update_index(*_args, ids, **_over):
        tries.append(set(ids))
        raise error("not now")

    monkeypatch.setattr(sync, "update", update_index)
    for text in bed.texts:
        bed.put_row(text)
    for _ in range(outbox.TRIES + 1):
        worker.drain(only=[INDEXING])
        bed.session.execute(update(OutboxEntry).values(not_before=clock.now()))
        bed.session.commit()
    assert tries == [{text.id for text in bed.texts}] * (outbox.TRIES + 1)
    rows = bed.session.scalars(select(OutboxEntry).where(OutboxEntry.handler == INDEXING)).all()
    assert len(rows) == 3
    assert all(row.parked_at is None and row.attempts == 0 for row in rows)


def test_the_timetable_repairs_what_was_lost(bed, monkeypatch):
    # Of two applications in one process the last one has registered its own index.
    monkeypatch.setattr(outbox, "reactions", outbox.Reactions())
    handlers.register(outbox.reactions, **bed.parts)
    bed.write("Heronries in no index.", state=RevisionState.PUBLISHED)
    bed.session.commit()
    outbox.plant_timetable(bed.session, now=clock.now(), only=["search.verify"])
    bed.session.commit()
    worker.drain(only=["search.verify"])
    assert bed.found("no index") == 1
    row = bed.session.scalars(
        select(OutboxEntry).where(OutboxEntry.handler == "search.verify")
    ).one()
    assert (row.attempts, row.last_error) == (0, None)


def test_the_command_tells_differences_and_repairs_them(app, bed):
    runner = app.test_cli_runner()
    assert runner.invoke(args=["search", "verify"]).exit_code == 0
    bed.change(bed.texts[0])
    told = runner.invoke(args=["search", "verify"])
    assert (told.exit_code, told.output.splitlines()) == (1, ["stale: 1 texts"])
    assert runner.invoke(args=["search", "verify", "--repair"]).exit_code == 0
    assert runner.invoke(args=["search", "verify"]).exit_code == 0


def test_a_command_says_in_one_line_that_another_process_is_writing(app, bed, monkeypatch):
    def rebuild(*_args, **_over):
        raise IndexBusy("taken")

    monkeypatch.setattr(type(bed.backend), "rebuild", rebuild)
    told = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert told.exit_code == 1
    assert "another process is writing the search index" in told.output
    assert "Traceback" not in told.output


def test_progress_is_told_on_a_terminal_only(capsys, monkeypatch):
    with Progress(what="texts", of=1_200) as progress:
        progress(600)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Progress(what="texts", of=1_200) as progress:
        progress(1_200)
    out, err = capsys.readouterr()
    assert out == ""
    assert "1,200 of 1,200 texts" in err
    assert "a second" in err
