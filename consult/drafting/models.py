"""Tables of the drafting desk."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Instant


class Record(Base):
    """A numbered frozen archive of a space's published texts."""

    __tablename__ = "record"
    __table_args__ = (UniqueConstraint("space_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"))
    number: Mapped[int] = mapped_column(Integer)
    as_of: Mapped[dt.datetime | None] = mapped_column(Instant)
    sha256: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[dt.datetime] = mapped_column(Instant)
