"""Tables of mail."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Id, Instant, Json
from consult.notifications.states import DeliveryState


class Subscription(Base):
    """What somebody follows and how often they want to hear of it."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("user_id", "subject_kind", "subject_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(Id)
    rhythm: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class Delivery(Base):
    """One mail to one person; looked at again when it is sent."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("user_id", "event", "key"),
        Index("ix_delivery_due", "state", "not_before"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(32))
    """Name of the folder with its texts under `templates/mail/`."""
    key: Mapped[str] = mapped_column(String(64))
    """Same event and key are mailed once."""
    values: Mapped[dict[str, Any]] = mapped_column(Json)
    """Ids, never texts: what it says is read when it is sent."""
    state: Mapped[DeliveryState] = mapped_column(String(16), default=DeliveryState.WAITING)
    not_before: Mapped[dt.datetime] = mapped_column(Instant)
    sent_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    message_id: Mapped[str | None] = mapped_column(String(120))
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
