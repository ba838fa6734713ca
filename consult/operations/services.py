"""Use cases of operation: the ledger of erasures, and erasing anew whom a restored backup brought
back (docs/decisions/0006-erasure-ledger.md).

The ledger is a file of one JSON object a line, beside the database and not in it: a backup that is
put back takes the database back in time, never this file.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.accounts.models import Erasure, User
from consult.accounts.services.erasure import erase_account
from consult.accounts.states import UserStatus
from consult.core.clock import iso
from consult.core.ports import Ports

_CHUNK = 500


@dataclass(frozen=True)
class LedgerLine:
    """One erasure; says who by a random name that means nothing elsewhere."""

    uid: str
    keeps_texts: bool


def read_ledger(path: Path) -> dict[str, LedgerLine]:
    """Return the lines by `uid`; what cannot be read, such as a line cut short, is passed over."""
    if not path.exists():
        return {}
    found: dict[str, LedgerLine] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        said = _object(line)
        uid = said.get("uid")
        if isinstance(uid, str) and uid:
            found[uid] = LedgerLine(uid, keeps_texts=said.get("keeps_texts") is True)
    return found


def _object(line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def write_ledger(session: Session, *, path: Path) -> int:
    """Append the erasures that the ledger does not name yet; return how many.

    The lines are on the disk when this returns. May run at any time and any number of times.
    """
    known = read_ledger(path)
    rows = session.scalars(select(Erasure).order_by(Erasure.erased_at, Erasure.uid))
    missing = [row for row in rows if row.uid not in known]
    if not missing:
        return 0
    lines = [
        json.dumps(
            {"uid": row.uid, "erased_at": iso(row.erased_at), "keeps_texts": row.keeps_texts}
        )
        for row in missing
    ]
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        # A line that a failing machine cut short must not swallow the next one.
        before = b"" if _ends_whole(path) else b"\n"
        stream.write(before + "".join(f"{line}\n" for line in lines).encode())
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        _sync_folder(path.parent)
    return len(missing)


def _ends_whole(path: Path) -> bool:
    if path.stat().st_size == 0:
        return True
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read() == b"\n"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def living_again(session: Session, *, path: Path) -> list[tuple[int, LedgerLine]]:
    """Return the ids of users whom the ledger calls erased and the database does not."""
    ledger = read_ledger(path)
    uids = sorted(ledger)
    found: list[tuple[int, LedgerLine]] = []
    for start in range(0, len(uids), _CHUNK):
        rows = session.execute(
            select(User.id, User.uid)
            .where(User.uid.in_(uids[start : start + _CHUNK]), User.status != UserStatus.ERASED)
            .order_by(User.id)
        )
        found += [(row.id, ledger[row.uid]) for row in rows]
    return found


def replay_erasures(session: Session, *, path: Path, ports: Ports, now: dt.datetime) -> int:
    """Erase again whoever was erased before a backup was put back; return how many."""
    again = living_again(session, path=path)
    for user_id, line in again:
        erase_account(
            session, user_id=user_id, keeps_texts=line.keeps_texts, by=None, ports=ports, now=now
        )
    return len(again)
