"""The append-only log of acts, and the chain that shows whether a row was changed.

`AuditEntry` holds ids and codes and is never changed after it is sealed; `AuditDetail`
holds names, addresses and free words, which retention and erasure may blank. The chain
covers a salted digest of the detail, so blanking does not break it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    exists,
    false,
    func,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from consult.core.db import Base, Id, Instant, Json

SETTLED = dt.timedelta(seconds=60)
"""No transaction lives longer: entries older than this have no unseen neighbour below them."""


class AuditEntry(Base):
    """One act: who did what to which thing, in ids and codes only."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    happened_at: Mapped[dt.datetime] = mapped_column(Instant)
    actor_id: Mapped[int | None] = mapped_column(Integer)
    """User id; None for the system."""
    act: Mapped[str] = mapped_column(String(64))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int | None] = mapped_column(Integer)
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    """Ids and codes only: revision, states before and after, reason code, request id."""
    detail_digest: Mapped[str | None] = mapped_column(String(64))


class AuditSeal(Base):
    """The chain: one row per sealed entry, made by the worker in the order of ids."""

    __tablename__ = "audit_seal"

    entry_id: Mapped[int] = mapped_column(
        Id, ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False
    )
    digest: Mapped[str] = mapped_column(String(64))


class AuditDetail(Base):
    """Personal words of an entry; may be blanked."""

    __tablename__ = "audit_detail"

    entry_id: Mapped[int] = mapped_column(
        Id, ForeignKey("audit_entry.id"), primary_key=True, autoincrement=False
    )
    salt: Mapped[str] = mapped_column(String(32))
    words: Mapped[str | None] = mapped_column(Text)


def record(
    session: Session,
    act: str,
    *,
    actor_id: int | None,
    now: dt.datetime,
    subject: tuple[str, int | None],
    words: dict[str, str | None] | None = None,
    **facts: Any,
) -> AuditEntry:
    """Write one entry in the transaction of the act itself; `words` go to the detail."""
    entry, detail = _entry(
        act, actor_id=actor_id, now=now, subject=subject, words=words, facts=facts
    )
    session.add(entry)
    session.flush()
    if detail is not None:
        detail.entry_id = entry.id
        session.add(detail)
    return entry


@dataclass(frozen=True)
class Fact:
    """One of several acts that are written down together: subject's id, and ids and codes."""

    subject_id: int
    facts: dict[str, Any]


def record_together(
    session: Session,
    act: str,
    *,
    actor_id: int | None,
    now: dt.datetime,
    kind: str,
    each: Sequence[Fact],
) -> None:
    """Write one entry for each of several things that the same act was done to at once."""
    for one in each:
        entry, _none = _entry(
            act,
            actor_id=actor_id,
            now=now,
            subject=(kind, one.subject_id),
            words=None,
            facts=one.facts,
        )
        session.add(entry)
    session.flush()


def _entry(
    act: str,
    *,
    actor_id: int | None,
    now: dt.datetime,
    subject: tuple[str, int | None],
    words: dict[str, str | None] | None,
    facts: dict[str, Any],
) -> tuple[AuditEntry, AuditDetail | None]:
    salt = secrets.token_hex(16)
    text = json.dumps(words, ensure_ascii=True, sort_keys=True) if words else None
    entry = AuditEntry(
        happened_at=now,
        actor_id=actor_id,
        act=act,
        subject_kind=subject[0],
        subject_id=subject[1],
        facts=facts,
        detail_digest=_digest(salt, text) if text else None,
    )
    return entry, AuditDetail(salt=salt, words=text) if text else None


def seal(session: Session, *, now: dt.datetime, limit: int = 1000) -> int:
    """Extend the chain over settled entries that are not sealed yet; return how many.

    Only the worker seals, one at a time, so the chain has one order: that of ids. An entry
    waits a minute, because a slower transaction may still commit one with a smaller id.
    """
    last = session.execute(
        select(AuditSeal.entry_id, AuditSeal.digest)
        .order_by(AuditSeal.entry_id.desc())
        .limit(1)
        .with_for_update()
    ).first()
    digest, after = (last.digest, last.entry_id) if last else ("", 0)
    # Instants need not follow the ids: what comes before a young one is sealed, nothing after it.
    young = session.scalar(
        select(func.min(AuditEntry.id)).where(
            AuditEntry.id > after, AuditEntry.happened_at > now - SETTLED
        )
    )
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.id > after, AuditEntry.id < young if young is not None else true())
        .order_by(AuditEntry.id)
        .limit(limit)
    ).all()
    for entry in entries:
        digest = _chained(digest, entry)
        session.add(AuditSeal(entry_id=entry.id, digest=digest))
    session.flush()
    return len(entries)


@dataclass(frozen=True)
class Head:
    """How far the log and its chain reach."""

    entries: int
    sealed: int
    last_entry: int | None = None
    """The last sealed entry; None before the first."""
    digest: str | None = None
    happened_at: dt.datetime | None = None


def head(session: Session) -> Head:
    """Return how many entries there are and the last seal, which can be noted down elsewhere."""
    entries = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    sealed = session.scalar(select(func.count()).select_from(AuditSeal)) or 0
    last = session.execute(
        select(AuditSeal.entry_id, AuditSeal.digest, AuditEntry.happened_at)
        .join(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
        .order_by(AuditSeal.entry_id.desc())
        .limit(1)
    ).first()
    return Head(entries, sealed, *last) if last is not None else Head(entries, sealed)


def is_in_chain(session: Session, *, digest: str) -> bool:
    """Whether some entry was sealed with this digest; what was cut off or rewritten was not."""
    found = select(AuditSeal.entry_id).where(AuditSeal.digest == digest).limit(1)
    return session.scalars(found).first() is not None


def unsealed(session: Session, *, until: dt.datetime) -> int:
    """Count the entries up to an instant that no seal covers."""
    sealed = exists().where(AuditSeal.entry_id == AuditEntry.id)
    waiting = select(func.count()).where(AuditEntry.happened_at <= until, ~sealed)
    return session.scalar(waiting) or 0


def verify(session: Session) -> list[str]:
    """Walk the whole chain; return one sentence for each thing that does not hold."""
    problems, digest = [], ""
    rows = session.execute(
        select(AuditEntry, AuditSeal.digest, AuditDetail.salt, AuditDetail.words)
        .join(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .outerjoin(AuditDetail, AuditDetail.entry_id == AuditEntry.id)
        .order_by(AuditEntry.id)
    )
    for entry, sealed, salt, words in rows:
        digest = _chained(digest, entry)
        if digest != sealed:
            problems.append(f"audit entry {entry.id} does not match its seal")
            digest = sealed
        if words is not None and _digest(salt, words) != entry.detail_digest:
            problems.append(f"the detail of audit entry {entry.id} was changed")
    orphans = select(AuditSeal.entry_id).where(AuditSeal.entry_id.not_in(select(AuditEntry.id)))
    problems += [f"audit entry {entry_id} is missing" for entry_id in session.scalars(orphans)]
    last = select(func.max(AuditSeal.entry_id)).scalar_subquery()
    sealed = exists().where(AuditSeal.entry_id == AuditEntry.id)
    slipped_in = select(AuditEntry.id).where(AuditEntry.id < last, ~sealed).order_by(AuditEntry.id)
    problems += [f"audit entry {entry_id} has no seal" for entry_id in session.scalars(slipped_in)]
    return problems


def blank(session: Session, *, of: ColumnElement[bool]) -> int:
    """Blank the words of the entries that a condition on `AuditEntry` names; return how many.

    The entries stay as they are, and so does the chain over the digests of their words.
    """
    ids = select(AuditEntry.id).where(of)
    result = session.execute(
        update(AuditDetail)
        .where(AuditDetail.entry_id.in_(ids), AuditDetail.words.is_not(None))
        .values(words=None)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def blank_naming(session: Session, *, address: str | None, name: str) -> int:
    """Blank every detail that holds an address, or a name as one whole value; return how many.

    A name that only stands inside a longer value may be somebody else's word.
    """
    held = [AuditDetail.words.contains(_as_json(address), autoescape=True)] if address else []
    if name:
        held.append(AuditDetail.words.contains(f'"{_as_json(name)}"', autoescape=True))
    result = session.execute(
        update(AuditDetail)
        .where(or_(false(), *held))
        .values(words=None)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _as_json(word: str) -> str:
    return json.dumps(word, ensure_ascii=True)[1:-1]


def _digest(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()


def _chained(previous: str, entry: AuditEntry) -> str:
    fields = [
        previous,
        entry.id,
        entry.happened_at.isoformat(),
        entry.actor_id,
        entry.act,
        entry.subject_kind,
        entry.subject_id,
        entry.facts,
        entry.detail_digest,
    ]
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
