"""Tables of the search that lie in every database, whichever backend is used."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Instant, Json


class ObjectiveLesson(Base):
    """What the tags of a forum's public texts taught about its objectives; one row a forum."""

    __tablename__ = "objective_lesson"

    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"), primary_key=True)
    edition: Mapped[str] = mapped_column(String(32))
    """Drawn anew where the weights change, so that what was made from them can be kept."""
    weights: Mapped[dict[str, dict[str, float]]] = mapped_column(Json)
    """For each number of an objective the telling lexemes with their weights."""
    texts: Mapped[int] = mapped_column(Integer)
    """From how many texts it was learned."""
    learned_at: Mapped[dt.datetime] = mapped_column(Instant)
