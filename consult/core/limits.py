"""Limits that several processes share: attempts counted in a database table."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass

from sqlalchemy import Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from consult.core.db import Base, Id, Instant
from consult.core.errors import TooMany


class Attempt(Base):
    """One counted act; whose it was is kept as a digest only."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_bucket", "bucket", "whose", "happened_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    bucket: Mapped[str] = mapped_column(String(32))
    whose: Mapped[str] = mapped_column(String(64))
    happened_at: Mapped[dt.datetime] = mapped_column(Instant)


@dataclass(frozen=True)
class Limit:
    """At most `count` acts of one kind in `seconds`."""

    bucket: str
    count: int
    seconds: int


SIGN_IN_BY_ADDRESS = Limit("sign-in-ip", 25, 300)
SIGN_IN_BY_PAIR = Limit("sign-in-pair", 10, 300)
SIGN_IN_BY_ACCOUNT = Limit("sign-in-account", 25, 3600)
MAIL_BY_ACCOUNT = Limit("mail-account", 5, 3600)
MAIL_BY_ADDRESS = Limit("mail-ip", 25, 3600)
REGISTER_BY_ADDRESS = Limit("register-ip", 5, 1800)
POST_BY_ACCOUNT = Limit("post-account", 10, 300)
POST_BY_DAY = Limit("post-day", 60, 86_400)
UPLOAD_BY_ACCOUNT = Limit("upload-account", 30, 1800)


def spend(session: Session, limit: Limit, *, whose: str, now: dt.datetime) -> None:
    """Count one act; raises `TooMany` with the seconds to wait once the limit is reached."""
    digest = hashlib.sha256(whose.encode("utf-8", "replace")).hexdigest()
    since = now - dt.timedelta(seconds=limit.seconds)
    count, oldest = session.execute(
        select(func.count(), func.min(Attempt.happened_at)).where(
            Attempt.bucket == limit.bucket, Attempt.whose == digest, Attempt.happened_at > since
        )
    ).one()
    if count >= limit.count:
        reset = oldest + dt.timedelta(seconds=limit.seconds)
        raise TooMany(retry_after=max(1, int((reset - now).total_seconds()) + 1))
    session.add(Attempt(bucket=limit.bucket, whose=digest, happened_at=now))
    session.flush()


def network(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6:
        return str(ipaddress.ip_network(f"{ip}/64", strict=False).network_address)
    return str(ip)


def forget_old(session: Session, *, now: dt.datetime) -> None:
    """Drop attempts that no limit looks back to."""
    session.execute(delete(Attempt).where(Attempt.happened_at < now - dt.timedelta(days=2)))
