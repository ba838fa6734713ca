"""Tables of spaces and their questions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.core.db import Base, Instant, Json
from consult.core.i18n import Translated, TranslatedText
from consult.spaces.models.forums import Forum
from consult.spaces.states import (
    ClaimRule,
    ModerationMode,
    QuestionKind,
    SpaceVisibility,
)


class Space(Base):
    """One consultation: objectives under review, questions, dates, who drafts and chairs."""

    __tablename__ = "space"
    __table_args__ = (Index("ix_space_forum", "forum_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    """Begins each reference: RT3-Q1-0042."""
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[Translated] = mapped_column(TranslatedText)
    kicker: Mapped[Translated] = mapped_column(TranslatedText)
    aim: Mapped[Translated] = mapped_column(TranslatedText)
    co_chairs: Mapped[list[str]] = mapped_column(Json)
    drafting: Mapped[list[str]] = mapped_column(Json)
    contact: Mapped[str | None] = mapped_column(String(254))
    visibility: Mapped[SpaceVisibility] = mapped_column(String(16))
    opens_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    closes_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    dates_assumed: Mapped[bool] = mapped_column(Boolean, default=False)
    """The definition gave a day only; the hour is our assumption."""
    meets_on: Mapped[dt.date | None] = mapped_column()
    moderation: Mapped[ModerationMode] = mapped_column(
        String(16), default=ModerationMode.EVERYTHING
    )
    newcomer_texts: Mapped[int] = mapped_column(Integer, default=3, server_default="3")
    """How many approved texts make somebody known, where only newcomers wait."""
    watch_words: Mapped[dict[str, list[str]]] = mapped_column(
        Json, default=dict, server_default="{}"
    )
    """By language: words and phrases for which a text waits, whatever the mode."""
    claims: Mapped[ClaimRule] = mapped_column(
        String(16), default=ClaimRule.OPTIONAL, server_default=ClaimRule.OPTIONAL
    )
    remind_after: Mapped[int | None] = mapped_column(Integer, default=24, server_default="24")
    """Hours after which the moderators get a mail about what waits; None for never."""
    escalate_after: Mapped[int | None] = mapped_column(Integer, default=48, server_default="48")
    """Hours after which the organisers get one; None for never."""
    note: Mapped[dict[str, Any]] = mapped_column(Json)
    """`{"words": 1000, "sections": [{"slug", "title"}]}`."""
    public_version: Mapped[int] = mapped_column(Integer, default=1)
    last_change_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """Instant of the newest public change; exports call it “as of”."""
    next_question_number: Mapped[int] = mapped_column(Integer, default=1)
    processed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """When the organisers said what became of the contributions; only of a closed space."""
    outcome: Mapped[Translated | None] = mapped_column(TranslatedText)
    """What was done with the contributions, in a paragraph or two."""
    outcome_links: Mapped[list[dict[str, Any]]] = mapped_column(
        Json, default=list, server_default="[]"
    )
    """`{"title": {"en", "fr", "es"}, "url"}` each: the note, the record, the summary."""

    forum: Mapped[Forum] = relationship(lazy="raise")


class SpaceObjective(Base):
    """An objective under review in a space."""

    __tablename__ = "space_objective"

    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"), primary_key=True)
    objective_id: Mapped[int] = mapped_column(ForeignKey("objective.id"), primary_key=True)


class Question(Base):
    """A numbered question of a space; a participant's one is made when first published."""

    __tablename__ = "question"
    __table_args__ = (UniqueConstraint("space_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"))
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[QuestionKind] = mapped_column(String(16))
    text: Mapped[Translated | None] = mapped_column(TranslatedText)
    """None for a participant's question: its words are its published revision."""
    short_text: Mapped[Translated | None] = mapped_column(TranslatedText)
    objective_id: Mapped[int | None] = mapped_column(
        ForeignKey("objective.id", name="fk_question_objective_id")
    )
    """The one objective that the question is limited to; answers inherit it as a tag."""
    next_reference: Mapped[int] = mapped_column(Integer, default=1)
    """Counter of references; a number is never given twice."""
    public_version: Mapped[int] = mapped_column(Integer, default=1)
    public_count: Mapped[int] = mapped_column(Integer, default=0)
    """Public comments; `flask doctor` compares it with a count."""

    space: Mapped[Space] = relationship(lazy="raise")
