"""A copy of somebody's own data: asked for, made by the worker, kept for a day.

It is one ZIP: `data.json` with a heading for each kind of thing, `README.txt` that says in the
person's language what is what, and `files/` with what they handed in. Rows go from the database to
the disk one by one, so that the size of the copy does not matter.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from consult.accounts.events import DataAsked, DataReady
from consult.accounts.models import DataExport, User
from consult.accounts.states import DataExportState, UserStatus
from consult.core import audit, limits
from consult.core.i18n import gettext as _
from consult.core.i18n import in_locale
from consult.core.outbox import emit
from consult.core.ports import OwnData, OwnFile, OwnRow
from consult.core.storage import CHUNK, BlobStorage

KEPT = dt.timedelta(hours=24)
"""How long a copy can be fetched."""
GIVEN_UP = dt.timedelta(hours=6)
"""After which a copy that was not made in time no longer keeps others waiting."""
_PRIVATE = 0o600


@dataclass(frozen=True)
class MadeCopy:
    """A copy that lies in the folder; `size` in bytes."""

    export_id: int
    token: str
    size: int


def ask(session: Session, *, user_id: int, is_limited: bool, now: dt.datetime) -> DataExport:
    """Have a copy of a user's data made; one that is being made already is returned.

    An earlier copy goes as soon as the new one is asked for. Raises `TooMany`.
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    waiting = newest(session, user_id=user_id)
    if waiting is not None and is_under_way(waiting, now=now):
        return waiting
    if is_limited:
        limits.spend(session, limits.OWN_DATA_BY_ACCOUNT, whose=str(user_id), now=now)
    export = DataExport(
        token=secrets.token_hex(16), user_id=user_id, state=DataExportState.WAITING, asked_at=now
    )
    session.add(export)
    session.flush()
    emit(session, DataAsked(export_id=export.id), now=now)
    audit.record(session, "account.ask-data", actor_id=user_id, now=now, subject=("user", user_id))
    return export


def newest(session: Session, *, user_id: int) -> DataExport | None:
    """Return the copy that a user asked for last."""
    return session.scalars(
        select(DataExport)
        .where(DataExport.user_id == user_id)
        .order_by(DataExport.id.desc())
        .limit(1)
    ).first()


def is_under_way(export: DataExport, *, now: dt.datetime) -> bool:
    """Whether a copy is still being made."""
    return export.state == DataExportState.WAITING and now - export.asked_at < GIVEN_UP


def fetchable(
    session: Session, *, user_id: int, token: str, folder: Path, now: dt.datetime
) -> Path | None:
    """Return the file of a copy to its owner; None where it is not theirs, not ready or gone."""
    export = session.scalars(
        select(DataExport).where(DataExport.token == token, DataExport.user_id == user_id)
    ).first()
    if export is None or export.state != DataExportState.READY:
        return None
    if export.expires_at is None or export.expires_at <= now:
        return None
    path = file_of(folder, token=export.token)
    return path if path.is_file() else None


def file_of(folder: Path, *, token: str) -> Path:
    """Return where a copy lies."""
    return folder / f"{token}.zip"


# Making ------------------------------------------------------------------------------------


def make(
    session: Session,
    *,
    export_id: int,
    sources: Mapping[str, OwnData],
    storage: BlobStorage,
    folder: Path,
    now: dt.datetime,
) -> MadeCopy | None:
    """Write a copy aside and move it into place; None where nobody waits for it any more.

    Reads only: `record` says afterwards that it is there. Until then nobody is given the file.
    """
    export = session.get(DataExport, export_id)
    user = session.get(User, export.user_id) if export else None
    if export is None or export.state != DataExportState.WAITING:
        return None
    if user is None or user.status != UserStatus.ACTIVE:
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = folder / f".{secrets.token_hex(16)}.part"
    try:
        with in_locale(user.locale):
            _write(aside, _rows(session, sources, user_id=user.id), storage=storage, now=now)
        size = aside.stat().st_size
        aside.replace(file_of(folder, token=export.token))
    finally:
        aside.unlink(missing_ok=True)
    return MadeCopy(export_id, export.token, size)


def record(session: Session, *, made: MadeCopy, folder: Path, now: dt.datetime) -> None:
    """Let the owner have a copy from now on for a day, and tell them; earlier ones are over.

    A copy whose owner was erased meanwhile goes at once.
    """
    export = session.get(DataExport, made.export_id, with_for_update=True, populate_existing=True)
    if export is None:
        file_of(folder, token=made.token).unlink(missing_ok=True)
        return
    if export.state != DataExportState.WAITING:
        return
    export.state, export.size = DataExportState.READY, made.size
    export.ready_at, export.expires_at = now, now + KEPT
    session.execute(
        update(DataExport)
        .where(DataExport.user_id == export.user_id, DataExport.id != export.id)
        .values(expires_at=now)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    emit(session, DataReady(export_id=export.id), now=now)


def forget_old(session: Session, *, folder: Path, now: dt.datetime) -> int:
    """Drop copies that are over a day old, and every file that no copy in the table names.

    Returns how many files went.
    """
    over = (DataExport.expires_at <= now) | (DataExport.asked_at <= now - 2 * KEPT)
    session.execute(delete(DataExport).where(over))
    session.flush()
    named = {
        file_of(folder, token=token).name for token in session.scalars(select(DataExport.token))
    }
    gone = [path for path in _files(folder) if _is_over(path, named=named, now=now)]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def drop_unnamed(session: Session, *, folder: Path) -> int:
    """Drop at once every finished copy that no row names, such as those of somebody erased."""
    named = {
        file_of(folder, token=token).name for token in session.scalars(select(DataExport.token))
    }
    gone = [path for path in _files(folder) if path.suffix == ".zip" and path.name not in named]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _files(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _is_over(path: Path, *, named: set[str], now: dt.datetime) -> bool:
    """Whether a file is nobody's; what is being written now is left alone."""
    if path.suffix == ".zip":
        return path.name not in named
    return path.stat().st_mtime < (now - GIVEN_UP).timestamp()


def _rows(
    session: Session, sources: Mapping[str, OwnData], *, user_id: int
) -> Iterator[OwnRow | OwnFile]:
    for source in sources.values():
        yield from source(session, user_id=user_id)


def _write(
    path: Path, rows: Iterable[OwnRow | OwnFile], *, storage: BlobStorage, now: dt.datetime
) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "wb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
            with package.open("data.json", "w", force_zip64=True) as member:
                files = _write_rows(lambda text: member.write(text.encode()), rows)
            package.writestr("README.txt", read_me(now=now))
            for number, file in enumerate(files, 1):
                _add_file(package, file, number=number, storage=storage)
        stream.flush()
        os.fsync(stream.fileno())


def _write_rows(write: Callable[[str], object], rows: Iterable[OwnRow | OwnFile]) -> list[OwnFile]:
    """Write one JSON object with a list for each part, row by row; return the files named."""
    files: list[OwnFile] = []
    part = None
    write("{")
    for row in rows:
        if isinstance(row, OwnFile):
            files.append(row)
            continue
        if row.part == part:
            write(",\n")
        else:
            before = "" if part is None else "\n],"
            write(f"{before}\n{json.dumps(row.part)}: [\n")
            part = row.part
        write(json.dumps(row.values, ensure_ascii=False, indent=1, default=_plain))
    write("\n]\n}\n" if part is not None else "}\n")
    return files


def _plain(value: object) -> str:
    """Return instants in ISO 8601 and UTC, anything else as its word."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _add_file(
    package: zipfile.ZipFile, file: OwnFile, *, number: int, storage: BlobStorage
) -> None:
    """Put a file into the package under its number and name; one that is lost is left out."""
    try:
        source: IO[bytes] = storage.open(file.sha256)
    except FileNotFoundError:
        return
    name = file.name.replace("/", "_").replace("\\", "_")
    with source, package.open(f"files/{number:04d}-{name}", "w", force_zip64=True) as member:
        shutil.copyfileobj(source, member, CHUNK)


def read_me(*, now: dt.datetime) -> str:
    """Return what stands beside the data, in the current language."""
    lines = (
        _("This is a copy of what is kept about you, made on %(day)s.", day=now.date().isoformat()),
        "",
        _("data.json holds everything in a form that programs can read. Its parts are:"),
        "",
        *(f"- {name}: {said}" for name, said in _parts()),
        "",
        _("The folder files holds what you attached to texts or handed in."),
        _("All times are in Coordinated Universal Time (UTC)."),
        _(
            "Your password, the digests of your sessions and the keys of your second step are"
            " left out: they would only help a thief."
        ),
    )
    return "\n".join(lines) + "\n"


def _parts() -> tuple[tuple[str, str], ...]:
    return (
        ("account", _("name, address, language and state of your account")),
        ("sessions", _("where you are signed in")),
        ("authors", _("for whom you speak, and how your name is shown")),
        ("roles", _("to what you were appointed")),
        ("consents", _("to what you agreed, and when")),
        ("applications", _("your applications to take part")),
        ("invitations", _("invitations that went to your address")),
        ("contributions", _("what you wrote, every version with its state, tags and files")),
        ("uploads", _("files that you handed in and no text has taken over yet")),
        ("visits", _("until when you had read a question")),
        ("decisions", _("what moderators told you about your texts")),
        ("appeals", _("your appeals and how they ended")),
        ("reports", _("what you reported to the moderators")),
        ("following", _("what you follow, and how often you hear of it")),
        ("searches", _("searches that you saved")),
        ("mails", _("mails that were sent to you")),
    )
