"""A create that is sent twice happens once: key per user, unique in the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from consult.core.db import Base, Instant, Json
from consult.core.errors import Invalid, RepeatedKey

KEPT = dt.timedelta(hours=24)
"""How long an answer can be replayed."""
MAX_KEY = 64


class Idempotency(Base):
    """The answer that was given to one user's key."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(MAX_KEY))
    body_hash: Mapped[str] = mapped_column(String(64))
    answer: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


def fingerprint(content: Any) -> str:
    """Return the hash by which a repeated body is recognised."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def earlier_answer(
    session: Session, *, user_id: int, key: str, body_hash: str, now: dt.datetime
) -> dict[str, Any] | None:
    """Take the key for this request, or return what was answered to it before.

    Raises `Invalid` for a missing or overlong key and `RepeatedKey` where the same key
    carried another body. The row is written first: of two requests at once the second
    waits for the first and then finds its answer.
    """
    if not _is_key(key):
        raise Invalid({"idempotency_key": ["missing"]})
    row = _find(session, user_id=user_id, key=key)
    if row is not None and row.created_at < now - KEPT:
        session.delete(row)
        session.flush()
        row = None
    if row is None:
        fresh = Idempotency(user_id=user_id, key=key, body_hash=body_hash, created_at=now)
        try:
            with session.begin_nested():
                session.add(fresh)
        except IntegrityError:
            row = _find(session, user_id=user_id, key=key)
        else:
            return None
    if row is None or row.body_hash != body_hash:
        raise RepeatedKey
    return row.answer or {}


def known_answer(
    session: Session, *, user_id: int, key: str, body_hash: str, now: dt.datetime
) -> dict[str, Any] | None:
    """Return what was answered to exactly this sending before, without taking the key."""
    row = _find(session, user_id=user_id, key=key) if _is_key(key) else None
    if row is None or row.body_hash != body_hash or row.created_at < now - KEPT:
        return None
    return row.answer


def _is_key(key: str) -> bool:
    return 8 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()


def remember(session: Session, *, user_id: int, key: str, answer: dict[str, Any]) -> None:
    """Keep the answer beside the key, in the transaction of the act itself."""
    row = _find(session, user_id=user_id, key=key)
    if row is not None:
        row.answer = answer


def note(
    session: Session, *, user_id: int, key: str, answer: dict[str, Any], now: dt.datetime
) -> None:
    """Keep the newest answer to a key that comes many times, such as that of a form's saves."""
    row = _find(session, user_id=user_id, key=key)
    if row is None:
        row = Idempotency(user_id=user_id, key=key, body_hash="", created_at=now)
        session.add(row)
    row.answer = answer
    session.flush()


def noted(session: Session, *, user_id: int, key: str) -> dict[str, Any] | None:
    """Return what was noted last for a key."""
    row = _find(session, user_id=user_id, key=key)
    return row.answer if row is not None else None


def forget_old(session: Session, *, now: dt.datetime) -> int:
    """Drop keys past their day; return how many."""
    result = session.execute(delete(Idempotency).where(Idempotency.created_at < now - KEPT))
    return int(result.rowcount)  # type: ignore[attr-defined]


def forget_user(session: Session, *, user_id: int) -> None:
    """Drop every answer that was given to a user."""
    session.execute(delete(Idempotency).where(Idempotency.user_id == user_id))


def _find(session: Session, *, user_id: int, key: str) -> Idempotency | None:
    return session.scalar(
        select(Idempotency).where(Idempotency.user_id == user_id, Idempotency.key == key)
    )
