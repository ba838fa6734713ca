"""A copy of one's own data: what is in it, who waits for it, and when it goes."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import zipfile

import pytest
from sqlalchemy import select

from consult.accounts.models import DataExport
from consult.accounts.services import data_export
from consult.accounts.services.data_export import file_of
from consult.accounts.states import DataExportState
from consult.core import clock
from consult.core.authz import Role
from consult.core.errors import TooMany
from consult.core.outbox import OutboxEntry
from consult.core.ports import OwnFile, OwnRow
from consult.core.storage import FileStorage
from consult.discussion.models import Revision
from consult.discussion.states import RevisionOrigin, RevisionState
from consult.notifications.handlers.own_data import queue_ready
from consult.notifications.models import Delivery
from tests import factories as make
from tests.integration.discussion.attached import make_attachment
from tests.integration.discussion.filing import file_for

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "exports"


@pytest.fixture
def storage(tmp_path):
    return FileStorage(tmp_path / "files")


@pytest.fixture
def user(session):
    return make.make_user(session, name="Ines Duarte", locale="es")


def _ask(session, user, now=None, is_limited=True):
    return data_export.ask(
        session(), user_id=user.id, is_limited=is_limited, now=now or clock.now()
    )


def _make(app, session, export, *, folder, storage, sources=None):
    exports = app.extensions["consult.ports"].exports if sources is None else sources
    return data_export.make(
        session(),
        export_id=export.id,
        sources=exports,
        storage=storage,
        folder=folder,
        now=clock.now(),
    )


def test_everything_of_ones_own_and_nothing_of_others(app, session, user, folder, storage):
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    author = make.make_author(session, forum=forum, user=user)
    said = make.make_contribution(session, space=space, author=author, source="My words.")
    make_attachment(
        session,
        revision_id=said.published_revision_id,
        name="Mi carta.pdf",
        content=b"%PDF-1.7 mine",
        storage=storage,
    )
    make.make_contribution(
        session, space=space, author=author, state=RevisionState.DRAFT, source="Half a thought"
    )
    make.make_contribution(
        session,
        space=space,
        author=make.make_author(session, forum=forum, user=make.make_user(session)),
        source="Words of somebody else.",
    )
    export = _ask(session, user)
    made = _make(app, session, export, folder=folder, storage=storage)
    path = file_of(folder, token=export.token)
    assert made.size == path.stat().st_size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as package:
        told = json.loads(package.read("data.json"))
        assert package.namelist() == ["data.json", "README.txt", "files/0001-Mi carta.pdf"]
        assert package.read("files/0001-Mi carta.pdf") == b"%PDF-1.7 mine"
        read_me = package.read("README.txt").decode()
    versions = [one["versions"][0] for one in told["contributions"]]
    assert [(one["text"], one["state"]) for one in versions] == [
        ("My words.", "published"),
        ("Half a thought", "draft"),
    ]
    assert versions[0]["files"] == ["Mi carta.pdf"]
    assert told["authors"][0]["id"] == author.uid
    # Every part that may be there is explained.
    assert all(f"- {part}: " in read_me for part in told)


def test_what_others_said_or_wrote_is_not_in_it(app, session, user, folder, storage):
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    mine = make.make_contribution(
        session,
        space=space,
        author=make.make_author(session, forum=forum, user=user),
        source="My words.",
    )
    house = make.make_delegation(
        session, forum=forum, focal_point=make.make_user(session), contributors=[]
    )
    ours = make.make_contribution(session, space=space, author=house, source="Ours, by me.")
    session.get_one(Revision, ours.published_revision_id).submitted_by = user.id
    for said, origin, by in (
        (mine, RevisionOrigin.REDACTION, None),
        (ours, RevisionOrigin.REDACTION, user.id),
        (ours, RevisionOrigin.AUTHOR, None),
    ):
        session.add(
            Revision(
                contribution_id=said.id,
                number=7 + len(session.new),
                state=RevisionState.SUPERSEDED,
                origin=origin,
                submitted_by=by,
                source="Another's hand.",
                language="en",
                renderer_version=0,
                created_at=clock.now(),
                saved_at=clock.now(),
            )
        )
    moderator = make.actor_for(user=user, role=Role.MODERATOR, space=space)
    file_for(session, actor=moderator, space=space, source="Filed for Lucía.")
    session.flush()
    export = _ask(session, user)
    _make(app, session, export, folder=folder, storage=storage)
    with zipfile.ZipFile(file_of(folder, token=export.token)) as package:
        told = json.loads(package.read("data.json"))
    texts = [one["text"] for said in told["contributions"] for one in said["versions"]]
    assert texts == ["My words.", "Ours, by me."]


def test_rows_go_to_the_disk_one_by_one(app, session, user, folder, storage):
    def many(_session, *, user_id):
        for number in range(3):
            yield OwnRow("contributions", {"number": number, "at": clock.now()})
        yield OwnFile("../../lost.txt", "0" * 64)
        yield OwnRow("visits", {})

    export = _ask(session, user)
    _make(app, session, export, folder=folder, storage=storage, sources={"many": many})
    with zipfile.ZipFile(file_of(folder, token=export.token)) as package:
        told = json.loads(package.read("data.json"))
        assert package.namelist() == ["data.json", "README.txt"]
    assert [one["number"] for one in told["contributions"]] == [0, 1, 2]
    assert told["visits"] == [{}]


def test_a_copy_that_breaks_off_is_never_there(app, session, user, folder, storage):
    def broken(_session, *, user_id):
        yield OwnRow("contributions", {"number": 1})
        raise OSError("the disk is full")

    export = _ask(session, user)
    with pytest.raises(OSError, match="full"):
        _make(app, session, export, folder=folder, storage=storage, sources={"broken": broken})
    assert list(folder.iterdir()) == []
    assert _fetch(session, user, export, folder) is None


def test_a_file_that_no_one_has_recorded_is_not_given(app, session, user, folder, storage):
    export = _ask(session, user)
    made = _make(app, session, export, folder=folder, storage=storage)
    assert _fetch(session, user, export, folder) is None
    data_export.record(session(), made=made, folder=folder, now=clock.now())
    assert _fetch(session, user, export, folder) == file_of(folder, token=export.token)
    assert _fetch(session, make.make_user(session), export, folder) is None


def _fetch(session, user, export, folder):
    return data_export.fetchable(
        session(), user_id=user.id, token=export.token, folder=folder, now=clock.now()
    )


def test_one_copy_at_a_time_and_five_an_hour(session, user):
    now = clock.now()
    first = _ask(session, user, now)
    assert _ask(session, user, now).id == first.id
    for _ in range(4):
        _finish(session, now)
        _ask(session, user, now)
    _finish(session, now)
    with pytest.raises(TooMany):
        _ask(session, user, now)
    assert _ask(session, user, now, is_limited=False).id != first.id


def test_a_copy_that_never_came_does_not_stand_in_the_way_for_ever(session, user):
    now = clock.now()
    lost = _ask(session, user, now - 7 * HOUR)
    assert _ask(session, user, now).id != lost.id


def _finish(session, now):
    for export in session.scalars(select(DataExport)):
        export.state, export.expires_at = DataExportState.READY, now + HOUR
    session.flush()


def test_what_is_over_goes_with_its_file(app, session, user, folder, storage):
    export = _ask(session, user)
    made = _make(app, session, export, folder=folder, storage=storage)
    now = clock.now()
    data_export.record(session(), made=made, folder=folder, now=now)
    stale = folder / ".0123.part"
    stale.write_bytes(b"half")
    os.utime(stale, (0, 0))
    fresh = folder / ".4567.part"
    fresh.write_bytes(b"being written")
    later = (now + 22 * HOUR).timestamp()
    os.utime(fresh, (later, later))
    assert data_export.forget_old(session(), folder=folder, now=now + 23 * HOUR) == 1
    assert file_of(folder, token=export.token).exists()
    assert data_export.forget_old(session(), folder=folder, now=now + 24 * HOUR) == 1
    assert list(folder.iterdir()) == [fresh]
    assert session.scalars(select(DataExport)).all() == []


def test_a_copy_whose_owner_went_meanwhile_goes_at_once(app, session, user, folder, storage):
    export = _ask(session, user)
    made = _make(app, session, export, folder=folder, storage=storage)
    session.delete(export)
    session.flush()
    data_export.record(session(), made=made, folder=folder, now=clock.now())
    assert list(folder.iterdir()) == []


def test_the_owner_is_told_once_where_to_fetch_it(app, session, user, folder, storage):
    export = _ask(session, user)
    made = _make(app, session, export, folder=folder, storage=storage)
    data_export.record(session(), made=made, folder=folder, now=clock.now())
    payloads = [
        row.payload
        for row in session.scalars(
            select(OutboxEntry).where(OutboxEntry.handler == "notifications.data-ready")
        )
    ]
    for _ in range(2):
        queue_ready(session(), payloads, now=clock.now())
    deliveries = session.scalars(select(Delivery).where(Delivery.user_id == user.id)).all()
    assert [(one.event, one.values) for one in deliveries] == [
        ("data-ready", {"export_id": export.id})
    ]
