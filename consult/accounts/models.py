"""Tables of accounts."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.states import LinkPurpose, UserStatus
from consult.core.db import Base, Id, Instant


class User(Base):
    """A person who can sign in."""

    __tablename__ = "user_account"

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
