"""Tables of moderation."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Id, Instant, Json
from consult.moderation.states import AppealOutcome, Verdict


class Decision(Base):
    """A verdict on one revision; never changed, only undone by another one."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_revision", "revision_id", "id"),)

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
    """Name of the policy where no person decided: `import`, `demonstration`."""
    decided_at: Mapped[dt.datetime] = mapped_column(Instant)
    undoes: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), unique=True)


class Claim(Base):
    """A lease on a queue item; it expires."""

    __tablename__ = "claim"

    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    until: Mapped[dt.datetime] = mapped_column(Instant)


class Flag(Base):
    """A reader's report; one per reader and contribution."""

    __tablename__ = "flag"
    __table_args__ = (UniqueConstraint("contribution_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(32))
    words: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    settled_at: Mapped[dt.datetime | None] = mapped_column(Instant)


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
