"""Tables of moderation."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Id, Instant, Json
from consult.moderation.states import AppealOutcome, ReminderLevel, Verdict


class Decision(Base):
    """A verdict on one revision; never changed, only undone by another one.

    The database refuses to delete it, and to change more than that erasure takes the words and
    the person out of it.
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_revision", "revision_id", "id"),
        Index("ix_decision_at", "decided_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    verdict: Mapped[Verdict] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str | None] = mapped_column(Text)
    """A sentence for the author; erasure may blank it."""
    language: Mapped[str | None] = mapped_column(String(8))
    """Corrected in the same act; None where it was left."""
    objectives: Mapped[list[int] | None] = mapped_column(Json)
    decided_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    policy: Mapped[str | None] = mapped_column(String(64))
    """The `Policy` where no person decided."""
    decided_at: Mapped[dt.datetime] = mapped_column(Instant)
    undoes: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)
    batch: Mapped[str | None] = mapped_column(String(32), index=True)
    """Common to the decisions that were taken in one act, so that they are undone in one."""
    facts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    """Codes and numbers only: what undoing takes (`language`, `objectives` as they were, `base`)
    and where a moved text went (`moved_from`, `moved_to`)."""


class Claim(Base):
    """A lease on a queue item; it expires."""

    __tablename__ = "claim"

    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    until: Mapped[dt.datetime] = mapped_column(Instant)


class Flag(Base):
    """A reader's report; one per reader and contribution.

    Once it was answered and another text has become public, the reader may report that one: the
    same row waits again, with the new words.
    """

    __tablename__ = "flag"
    __table_args__ = (UniqueConstraint("contribution_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(32))
    words: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    settled_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """None while it waits for a moderator."""
    settled_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("decision.id", name="fk_flag_settled_by_id")
    )
    """The decision that answered it."""


class Fingerprint(Base):
    """What tells a text from others that say nearly the same; made from its words by the worker."""

    __tablename__ = "fingerprint"
    __table_args__ = (
        Index("ix_fingerprint_campaign", "campaign_id", "revision_id"),
        # Most texts are like no other; those that are like an earlier one are found here.
        Index(
            "ix_fingerprint_follower",
            "campaign_id",
            sqlite_where=text("revision_id <> campaign_id"),
            postgresql_where=text("revision_id <> campaign_id"),
        ),
    )

    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"))
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    """MinHash of its word sequences: little-endian 32-bit numbers."""
    campaign_id: Mapped[int] = mapped_column(Id)
    """The revision id of the first of the space's texts that are nearly the same; its own where
    there is no other."""


class FingerprintBand(Base):
    """A slice of a fingerprint; texts that share one are compared."""

    __tablename__ = "fingerprint_band"
    __table_args__ = (Index("ix_fingerprint_band_revision", "revision_id"),)

    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"), primary_key=True)
    band: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Hash of the slice and its position, 63 bits."""
    revision_id: Mapped[int] = mapped_column(
        ForeignKey("fingerprint.revision_id", ondelete="CASCADE"), primary_key=True
    )


class Reminder(Base):
    """That somebody was told by mail how long a space's oldest item has waited."""

    __tablename__ = "reminder"
    __table_args__ = (Index("ix_reminder_space", "space_id", "level", "sent_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"))
    level: Mapped[ReminderLevel] = mapped_column(String(16))
    oldest_since: Mapped[dt.datetime] = mapped_column(Instant)
    """Since when the oldest item waited."""
    sent_at: Mapped[dt.datetime] = mapped_column(Instant)


class Appeal(Base):
    """The one appeal against a rejection."""

    __tablename__ = "appeal"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), unique=True)
    """The rejection."""
    contribution_id: Mapped[int] = mapped_column(
        ForeignKey("contribution.id", name="fk_appeal_contribution_id"), index=True
    )
    submitted_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL", name="fk_appeal_submitted_by")
    )
    words: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    outcome: Mapped[AppealOutcome | None] = mapped_column(String(16))
    """None while it waits."""
    settled_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("decision.id", name="fk_appeal_settled_by_id")
    )
    """The decision that answered it."""
    decided_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    decided_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )


class PrivateNote(Base):
    """A moderator's note to colleagues; nobody else ever sees it."""

    __tablename__ = "private_note"
    __table_args__ = (Index("ix_private_note_contribution", "contribution_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    words: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
