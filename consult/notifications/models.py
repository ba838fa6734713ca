"""Tables of mail."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Id, Instant, Json
from consult.core.i18n import Translated, TranslatedText
from consult.notifications.states import DeliveryState, Rhythm, Subject


class Subscription(Base):
    """What somebody follows and how often they want to hear of it."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("user_id", "subject_kind", "subject_id"),
        Index("ix_subscription_subject", "subject_kind", "subject_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    subject_kind: Mapped[Subject] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(Id)
    rhythm: Mapped[Rhythm] = mapped_column(String(16))
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    is_automatic: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Begun by itself, because the person wrote there."""
    told_until: Mapped[dt.datetime | None] = mapped_column(Instant)
    """Up to which publication its digests have told; None before the first one."""


class MailPreference(Base):
    """What somebody wants in general; who has no row wants what stands here first."""

    __tablename__ = "mail_preference"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    follows_own: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    """Whether threads in which the person writes are followed by themselves."""


class SavedSearch(Base):
    """A search that somebody wants to hear of; followed by a subscription."""

    __tablename__ = "saved_search"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    words: Mapped[str] = mapped_column(String(200))
    filters: Mapped[dict[str, Any]] = mapped_column(Json)
    """Names and values as they stand in the address of the search page."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class Told(Base):
    """That somebody was mailed a text, so that no other mail says it again."""

    __tablename__ = "told"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    contribution_id: Mapped[int] = mapped_column(
        ForeignKey("contribution.id"), primary_key=True, index=True
    )
    told_at: Mapped[dt.datetime] = mapped_column(Instant)


class Announcement(Base):
    """What the organisers told everybody who follows a space."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"), index=True)
    subject: Mapped[Translated] = mapped_column(TranslatedText)
    body: Mapped[Translated] = mapped_column(TranslatedText)
    """Markdown."""
    sent_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class InboundMail(Base):
    """A mail that came in and was dealt with; the same one is not dealt with twice."""

    __tablename__ = "inbound_mail"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of its Message-ID and its recipient, or of the whole mail where it has none."""
    outcome: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    contribution_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"))
    received_at: Mapped[dt.datetime] = mapped_column(Instant)


class Delivery(Base):
    """One mail to one person; looked at again when it is sent.

    Goes to a user at the address they have then, or to an address that no account has yet.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("user_id", "event", "key"),
        UniqueConstraint("address", "event", "key"),
        Index("ix_delivery_due", "state", "not_before"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    address: Mapped[str | None] = mapped_column(String(254))
    """Set where there is no user."""
    locale: Mapped[str | None] = mapped_column(String(8))
    """Language of a mail without a user."""
    event: Mapped[str] = mapped_column(String(32))
    """Name of the folder with its texts under `templates/mail/`."""
    key: Mapped[str] = mapped_column(String(64))
    """Same event and key are mailed once."""
    values: Mapped[dict[str, Any]] = mapped_column(Json)
    """Ids, never texts: what it says is read when it is sent. Only `words` that go back to their
    own writer stand here, until they are sent."""
    state: Mapped[DeliveryState] = mapped_column(String(16), default=DeliveryState.WAITING)
    not_before: Mapped[dt.datetime] = mapped_column(Instant)
    sent_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    message_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(Text)
    bounced_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """When a report came back that it had not arrived."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
