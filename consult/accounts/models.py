"""Tables of accounts."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.states import DataExportState, LinkPurpose, SessionStage, UserStatus
from consult.core.db import Base, Id, Instant


class User(Base):
    """A person who can sign in."""

    __tablename__ = "user_account"
    __table_args__ = (Index("uq_user_account_uid", "uid", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254))
    """As the person wrote it; mail goes nowhere else. None once erased."""
    email_key: Mapped[str | None] = mapped_column(String(254), unique=True)
    """NFKC and case folded, for comparison."""
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[UserStatus] = mapped_column(String(16), default=UserStatus.ACTIVE)
    locale: Mapped[str] = mapped_column(String(8), default="en")
    time_zone: Mapped[str | None] = mapped_column(String(64))
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    is_demonstration: Mapped[bool] = mapped_column(Boolean, default=False)
    uid: Mapped[str] = mapped_column(
        String(32), nullable=True, default=lambda: secrets.token_hex(16)
    )
    """Random; names the person in the erasure ledger, where a row id could mean another one after
    a restore."""
    mail_failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Mails in a row that the address refused for good; a delivered one sets it back."""
    mail_failed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    mail_problem: Mapped[str | None] = mapped_column(String(500))
    """What the mail server said of the address last, shown to its owner and the organisers."""


class UserSession(Base):
    """One browser that is signed in; the cookie holds the id, the table its digest."""

    __tablename__ = "user_session"
    __table_args__ = (Index("ix_user_session_user", "user_id"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    last_seen_at: Mapped[dt.datetime] = mapped_column(Instant)
    network: Mapped[str] = mapped_column(String(64), default="")
    """Where it came from, cut to /24 or /48."""
    agent: Mapped[str] = mapped_column(String(200), default="")
    stage: Mapped[SessionStage] = mapped_column(
        String(16), default=SessionStage.FULL, server_default=SessionStage.FULL
    )
    proved_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """When the password (and the second factor) were given last; grave acts ask for it anew."""

    user: Mapped[User] = relationship(lazy="raise")


class MailedLink(Base):
    """A single-use link that was mailed.

    The token in the mail is this id and a signature made with the secret key, so the
    database alone opens nothing.
    """

    __tablename__ = "mailed_link"
    __table_args__ = (Index("ix_mailed_link_user", "user_id", "purpose"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """128 random bits, hexadecimal."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    purpose: Mapped[LinkPurpose] = mapped_column(String(16))
    email_key: Mapped[str] = mapped_column(String(254))
    """The address it was sent to; a changed address voids it."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    expires_at: Mapped[dt.datetime] = mapped_column(Instant)
    used_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    address: Mapped[str | None] = mapped_column(String(254))
    """Where it is mailed to instead of the user's own address; None for that."""


class SecondFactor(Base):
    """The authenticator of a user, one each.

    The secret is made from `nonce` and the secret key, so the database alone gives no codes.
    """

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    nonce: Mapped[str] = mapped_column(String(32))
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """None until a first code was right; until then it is not asked for."""
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    """Number of the time step whose code was used last; no code is good twice."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class RecoveryCode(Base):
    """A code that stands in once for a lost authenticator."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("user_id", "digest"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class AddressChange(Base):
    """A wish for another address; it takes effect once both addresses have agreed."""

    __tablename__ = "address_change"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    old_agreed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    new_agreed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    expires_at: Mapped[dt.datetime] = mapped_column(Instant)


class DataExport(Base):
    """A copy of somebody's own data, made by the worker and kept for a day."""

    __tablename__ = "data_export"
    __table_args__ = (Index("ix_data_export_user", "user_id", "asked_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    """Random; the only name in addresses, good for its owner alone."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    state: Mapped[DataExportState] = mapped_column(String(16), default=DataExportState.WAITING)
    size: Mapped[int | None] = mapped_column(BigInteger)
    """Bytes."""
    asked_at: Mapped[dt.datetime] = mapped_column(Instant)
    ready_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    expires_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(Text)


class Erasure(Base):
    """An account that was erased, by its `uid`; the ledger in the data folder says the same."""

    __tablename__ = "erasure"

    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    keeps_texts: Mapped[bool] = mapped_column(Boolean)
    """Whether published texts stay under “former participant”."""
    erased_at: Mapped[dt.datetime] = mapped_column(Instant)
    by_id: Mapped[int | None] = mapped_column(Integer)
    """Who carried it out; None for the person and for the system."""
