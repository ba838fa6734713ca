"""Limits that several processes share: attempts counted in a database table."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from dataclasses import dataclass, replace

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


OFFICE = 10
"""Times by which limits by address are higher for a known office."""
FAILURES = "sign-in-failed"
"""Bucket of failures in a row; a success empties it."""
FAILURES_LAST = dt.timedelta(days=1)
LONGEST_DELAY = 30
"""Seconds that an account rests at most after failures in a row."""


@dataclass(frozen=True)
class Limit:
    """At most `count` acts of one kind in `seconds`."""

    bucket: str
    count: int
    seconds: int
    is_by_network: bool = False
    """Whether it counts by the client's address, which the people of an office share."""

    def at_office(self) -> Limit:
        """Return the limit for a known office: ten times as many where it counts by address."""
        return replace(self, count=self.count * OFFICE) if self.is_by_network else self


SIGN_IN_BY_ADDRESS = Limit("sign-in-ip", 25, 300, is_by_network=True)
SECOND_FACTOR_BY_ACCOUNT = Limit("second-factor", 5, 300)
SIGN_IN_BY_PAIR = Limit("sign-in-pair", 10, 300)
SIGN_IN_BY_ACCOUNT = Limit("sign-in-account", 25, 3600)
MAIL_BY_ACCOUNT = Limit("mail-account", 5, 3600)
MAIL_BY_ADDRESS = Limit("mail-ip", 25, 3600, is_by_network=True)
REGISTER_BY_ADDRESS = Limit("register-ip", 5, 1800, is_by_network=True)
INVITE_BY_ACCOUNT = Limit("invite-account", 50, 86_400)
INTAKE_BY_ACCOUNT = Limit("intake-account", 50, 86_400)
POST_BY_ACCOUNT = Limit("post-account", 10, 300)
POST_BY_DAY = Limit("post-day", 60, 86_400)
OWN_DATA_BY_ACCOUNT = Limit("own-data-account", 5, 3600)
FLAG_BY_ACCOUNT = Limit("flag-account", 30, 3600)
UPLOAD_BY_ACCOUNT = Limit("upload-account", 30, 1800)


def spend(session: Session, limit: Limit, *, whose: str, now: dt.datetime) -> None:
    """Count one act; raises `TooMany` with the seconds to wait once the limit is reached."""
    digest = _digest_of(whose)
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


def forget(session: Session, *whose: str) -> None:
    """Drop what was counted for these."""
    digests = [_digest_of(one) for one in whose]
    session.execute(delete(Attempt).where(Attempt.whose.in_(digests)))


def note_failure(session: Session, *, whose: str, now: dt.datetime) -> int:
    """Count a failure and return how many there were in a row, within a day."""
    digest = _digest_of(whose)
    session.add(Attempt(bucket=FAILURES, whose=digest, happened_at=now))
    session.flush()
    return _failures(session, digest, now=now)[0]


def wait_after_failures(session: Session, *, whose: str, now: dt.datetime) -> None:
    """Raise `TooMany` within 2^n seconds, at most 30, after the last of n failures in a row."""
    count, last = _failures(session, _digest_of(whose), now=now)
    if last is None:
        return
    rest = last + dt.timedelta(seconds=min(2 ** min(count, 5), LONGEST_DELAY)) - now
    if rest > dt.timedelta(0):
        raise TooMany(retry_after=int(rest.total_seconds()) + 1)


def forget_failures(session: Session, *, whose: str) -> None:
    """End the row of failures: somebody has succeeded."""
    session.execute(
        delete(Attempt).where(Attempt.bucket == FAILURES, Attempt.whose == _digest_of(whose))
    )


def _failures(session: Session, digest: str, *, now: dt.datetime) -> tuple[int, dt.datetime | None]:
    row = session.execute(
        select(func.count(), func.max(Attempt.happened_at)).where(
            Attempt.bucket == FAILURES,
            Attempt.whose == digest,
            Attempt.happened_at > now - FAILURES_LAST,
        )
    ).one()
    return row[0], row[1]


def _digest_of(whose: str) -> str:
    return hashlib.sha256(whose.encode("utf-8", "replace")).hexdigest()


def network(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 6 and ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    if ip.version == 6:
        return str(ipaddress.ip_network(f"{ip}/64", strict=False).network_address)
    return str(ip)


def forget_old(session: Session, *, now: dt.datetime) -> None:
    """Drop attempts that no limit looks back to."""
    session.execute(delete(Attempt).where(Attempt.happened_at < now - dt.timedelta(days=2)))
