"""Files handed in with a form: kept once, taken over by a text, nobody else's."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from sqlalchemy import func, select

from consult.accounts.models import User
from consult.core import clock, limits
from consult.core.authz import Actor
from consult.core.errors import Invalid
from consult.core.outbox import OutboxEntry
from consult.core.storage import Blob, FileStorage
from consult.discussion.models import Contribution, Paper, Revision, RevisionAttachment, Upload
from consult.discussion.papers.shapes import Kind, PaperRefusal, PaperRefused
from consult.discussion.queries import attachments
from consult.discussion.services import attaching, removing
from consult.discussion.services.paper_reading import READ_PAPER
from consult.discussion.states import Reading, RevisionState, Scan
from consult.spaces.models import Author, Forum, Space
from tests import factories as make
from tests import papers
from tests.factories import AnySession
from tests.integration.discussion.attached import hand_in, keep_content, make_attachment
from tests.integration.discussion.lines import real

PAPER = papers.pdf()


@pytest.fixture
def storage(tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "blobs")


class Desk:
    """A person with an author, and a draft to write in."""

    def __init__(self, session: AnySession, space: Space) -> None:
        self.session = session
        self.space = space
        self.user: User = make.make_user(session)
        forum = session.get_one(Forum, space.forum_id)
        self.author: Author = make.make_author(session, forum=forum, user=self.user)
        self.actor: Actor = make.actor_for(user=self.user, author=self.author)
        self.draft = self.contribution(RevisionState.DRAFT)

    def contribution(self, state: RevisionState) -> Revision:
        row: Contribution = make.make_contribution(
            self.session, space=self.space, author=self.author, state=state
        )
        return self.session.scalars(
            select(Revision).where(Revision.contribution_id == row.id)
        ).one()

    def attach(self, *tokens: str, to: Revision | None = None) -> list[RevisionAttachment]:
        revision = to or self.draft
        attaching.attach(real(self.session), revision=revision, tokens=tokens, actor=self.actor)
        return files_of(self.session, revision)


def files_of(session: AnySession, revision: Revision) -> list[RevisionAttachment]:
    return list(
        session.scalars(
            select(RevisionAttachment)
            .where(RevisionAttachment.revision_id == revision.id)
            .order_by(RevisionAttachment.position)
        )
    )


def count(session: AnySession, table: type[object]) -> int:
    return session.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def desk(session: AnySession) -> Desk:
    return Desk(session, make.make_space(session))


def refused(name: str, content: bytes) -> PaperRefused:
    with pytest.raises(PaperRefused) as caught:
        attaching.check(name=name, stream=io.BytesIO(content))
    return caught.value


# --- Handing in ---------------------------------------------------------------------------------


def test_a_file_that_is_handed_in_is_kept_and_told_to_the_worker(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    upload = hand_in(session, PAPER, user=desk.user, storage=storage, name="Our paper")
    assert (upload.name, upload.media_type) == ("Our paper.pdf", "application/pdf")
    assert len(upload.token) == 32
    with storage.open(upload.sha256) as kept:
        assert kept.read() == PAPER
    assert session.get_one(Blob, upload.sha256).size == len(PAPER)
    paper = session.get_one(Paper, upload.sha256)
    assert (paper.scan, paper.reading) == (Scan.SKIPPED, Reading.WAITING)
    told = session.scalars(select(OutboxEntry).where(OutboxEntry.handler == READ_PAPER)).all()
    assert [row.payload["sha256"] for row in told] == [upload.sha256]


def test_where_there_is_a_scanner_a_file_waits_for_it(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    upload = hand_in(session, PAPER, user=desk.user, storage=storage, scans=True)
    assert session.get_one(Paper, upload.sha256).scan == Scan.WAITING


def test_the_same_content_is_kept_once_and_the_same_file_handed_in_once(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    one = hand_in(session, PAPER, user=desk.user, storage=storage)
    again = hand_in(session, PAPER, user=desk.user, storage=storage)
    renamed = hand_in(session, PAPER, user=desk.user, storage=storage, name="Other.pdf")
    other = hand_in(session, PAPER, user=make.make_user(session), storage=storage)
    assert one.token == again.token
    assert len({one.token, renamed.token, other.token}) == 3
    assert count(session, Blob) == count(session, Paper) == 1


def test_a_content_that_was_read_is_not_read_again(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    keep_content(session, PAPER, storage=storage)
    hand_in(session, PAPER, user=desk.user, storage=storage, scans=True)
    assert count(session, OutboxEntry) == 0


def test_bytes_that_were_lost_are_put_back(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    sha256 = keep_content(session, PAPER)
    hand_in(session, PAPER, user=desk.user, storage=storage)
    with storage.open(sha256) as kept:
        assert kept.read() == PAPER


@pytest.mark.parametrize(
    ("name", "content", "reason", "by_name", "found"),
    [
        ("x.docx", PAPER, PaperRefusal.LYING_NAME, Kind.DOCX, Kind.PDF),
        ("x.pdf", b"hello", PaperRefusal.LYING_NAME, Kind.PDF, Kind.TXT),
        ("x.txt", papers.word(), PaperRefusal.LYING_NAME, Kind.TXT, Kind.DOCX),
        ("x.pdf", b"<html>", PaperRefusal.MARKUP, Kind.PDF, None),
        ("x.pdf", papers.encrypted_pdf(), PaperRefusal.ENCRYPTED, Kind.PDF, Kind.PDF),
        ("a/b\u202e.pdf", b"", PaperRefusal.EMPTY, Kind.PDF, None),
    ],
)
def test_a_refusal_names_the_file_and_both_kinds(
    name: str, content: bytes, reason: PaperRefusal, by_name: Kind, found: Kind | None
) -> None:
    error = refused(name, content)
    assert (error.refusal, error.kind_by_name, error.kind_found) == (reason, by_name, found)
    assert error.name in {name, "b.pdf"}


def test_thirty_files_in_half_an_hour_are_enough(session: AnySession, desk: Desk) -> None:
    now = clock.now()
    for _ in range(limits.UPLOAD_BY_ACCOUNT.count):
        attaching.spend_upload(real(session), user_id=desk.user.id, name="x.pdf", now=now)
    with pytest.raises(PaperRefused) as caught:
        attaching.spend_upload(real(session), user_id=desk.user.id, name="x.pdf", now=now)
    assert caught.value.refusal is PaperRefusal.TOO_MANY
    later = now + dt.timedelta(minutes=31)
    attaching.spend_upload(real(session), user_id=desk.user.id, name="x.pdf", now=later)
    other = make.make_user(session)
    attaching.spend_upload(real(session), user_id=other.id, name="x.pdf", now=now)


def test_five_hundred_megabytes_are_enough_wherever_they_lie(
    session: AnySession, desk: Desk
) -> None:
    now = clock.now()
    sha256 = keep_content(session, b"first")
    session.get_one(Blob, sha256).size = attaching.MAX_OF_ACCOUNT - 1
    row = make_attachment(session, revision_id=desk.draft.id, content=b"first")
    desk.draft.submitted_by = desk.user.id
    session.flush()
    attaching.spend_upload(real(session), user_id=desk.user.id, name="x.pdf", now=now)
    session.add(
        Upload(
            token="t" * 32,
            user_id=desk.user.id,
            name="y.pdf",
            media_type=row.media_type,
            sha256=keep_content(session, b"second"),
            created_at=now,
        )
    )
    session.flush()
    with pytest.raises(PaperRefused) as caught:
        attaching.spend_upload(real(session), user_id=desk.user.id, name="x.pdf", now=now)
    assert caught.value.refusal is PaperRefusal.NO_ROOM


# --- Taking over --------------------------------------------------------------------------------


def test_a_text_takes_over_what_was_handed_in_under_the_same_token(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    one = hand_in(session, PAPER, user=desk.user, storage=storage).token
    two = hand_in(session, b"Two.", user=desk.user, storage=storage, name="two.txt").token
    assert [row.token for row in desk.attach(two, one)] == [two, one]
    assert count(session, Upload) == 0
    assert [row.token for row in desk.attach(one, two)] == [one, two]
    assert [row.token for row in desk.attach(one)] == [one]
    assert desk.attach() == []


def test_a_new_text_takes_files_of_the_older_one_under_new_tokens(
    session: AnySession, desk: Desk
) -> None:
    older = make_attachment(session, revision_id=desk.contribution(RevisionState.PUBLISHED).id)
    kept = desk.attach(older.token)
    assert (kept[0].name, kept[0].sha256) == (older.name, older.sha256)
    assert kept[0].token != older.token
    assert len(kept[0].token) == 32
    assert [row.token for row in desk.attach(older.token)] == [kept[0].token]


def test_a_file_that_is_named_twice_is_there_once(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    token = hand_in(session, PAPER, user=desk.user, storage=storage).token
    assert len(desk.attach(token, token)) == 1
    again = hand_in(session, PAPER, user=desk.user, storage=storage).token
    assert len(desk.attach(token, again)) == 1
    assert count(session, Upload) == 0


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 5000, "0" * 32])
def test_an_unknown_token_is_refused(session: AnySession, desk: Desk, token: str) -> None:
    with pytest.raises(Invalid) as caught:
        desk.attach(token)
    assert caught.value.problems == {"files": ["file-unknown"]}


def test_nobody_takes_a_file_of_somebody_else(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    stranger = Desk(session, desk.space)
    handed_in = hand_in(session, PAPER, user=stranger.user, storage=storage)
    public = make_attachment(session, revision_id=stranger.contribution(RevisionState.PUBLISHED).id)
    for token in (handed_in.token, public.token):
        with pytest.raises(Invalid):
            desk.attach(token)
    assert (
        attachments.staged(
            real(session), tokens=[handed_in.token, public.token], actor=desk.actor, holds=False
        )
        == []
    )


def test_an_erased_file_cannot_be_attached_again(session: AnySession, desk: Desk) -> None:
    older = desk.contribution(RevisionState.PUBLISHED)
    token = make_attachment(session, revision_id=older.id).token
    removing.erase(
        real(session),
        contribution=session.get_one(Contribution, older.contribution_id),
        actor=desk.actor,
        now=clock.now(),
    )
    with pytest.raises(Invalid):
        desk.attach(token)


def test_a_text_carries_ten_files_and_no_eleventh(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    tokens = [
        hand_in(session, b"Text %d." % n, user=desk.user, storage=storage, name="x.txt").token
        for n in range(11)
    ]
    with pytest.raises(Invalid) as caught:
        desk.attach(*tokens)
    assert caught.value.problems == {"files": ["files-too-many"]}
    assert count(session, Upload) == 11
    assert len(desk.attach(*tokens[:10])) == 10


# --- Listing ------------------------------------------------------------------------------------


def test_files_are_listed_with_what_is_known_of_them(session: AnySession, desk: Desk) -> None:
    clean = make_attachment(session, revision_id=desk.draft.id, pages=12)
    session.get_one(Blob, clean.sha256).size = 1_300_000
    make_attachment(
        session,
        revision_id=desk.draft.id,
        content=b"waiting",
        position=1,
        scan=Scan.WAITING,
        reading=Reading.WAITING,
    )
    make_attachment(
        session, revision_id=desk.draft.id, content=b"bad", position=2, scan=Scan.INFECTED
    )
    first, waiting, infected = attachments.of_revision(real(session), desk.draft.id, holds=True)
    assert (first.kind_label, first.size_label, first.pages) == ("PDF", "1.2 MB", 12)
    assert first.is_served
    assert first.has_text
    assert not waiting.is_served
    assert not infected.is_served
    assert infected.is_infected
    assert not infected.has_text
    served = attachments.of_revision(real(session), desk.draft.id, holds=False)
    assert [row.is_served for row in served] == [True, True, False]
    assert attachments.attachment_tokens(real(session), desk.draft.id) == [
        row.token for row in served
    ]


def test_a_form_lists_what_it_names_in_its_order(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    handed_in = hand_in(session, PAPER, user=desk.user, storage=storage).token
    kept = make_attachment(session, revision_id=desk.draft.id, content=b"other").token
    rows = attachments.staged(
        real(session), tokens=[handed_in, "gone", kept], actor=desk.actor, holds=True
    )
    assert [row.token for row in rows] == [handed_in, kept]


def test_two_sendings_of_the_same_files_have_the_same_fingerprint(
    session: AnySession, desk: Desk, storage: FileStorage
) -> None:
    def fingerprint(*tokens: str) -> list[str]:
        return attachments.fingerprint(real(session), tokens=tokens, actor=desk.actor)

    first = hand_in(session, PAPER, user=desk.user, storage=storage).token
    before = fingerprint(first)
    desk.attach(first)
    again = hand_in(session, PAPER, user=desk.user, storage=storage).token
    assert again != first
    assert fingerprint(again) == fingerprint(first) == before
    assert fingerprint("unknown") == ["unknown"]


@pytest.mark.parametrize(
    ("size", "label"), [(0, "1 kB"), (2048, "2 kB"), (999_000, "1 MB"), (20 << 20, "20 MB")]
)
def test_sizes_are_told_in_words(app: object, size: int, label: str) -> None:
    assert attachments.size_label(size) == label
