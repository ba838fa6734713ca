"""Tables of forums: what every space of them shares."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Instant, Json
from consult.core.i18n import Translated, TranslatedText
from consult.spaces.states import (
    ErasureRule,
    Registration,
)


class Forum(Base):
    """A review with its spaces, objectives, categories and word lists."""

    __tablename__ = "forum"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[Translated] = mapped_column(TranslatedText)
    short_title: Mapped[Translated] = mapped_column(TranslatedText)
    contact: Mapped[str | None] = mapped_column(String(254))
    time_zone: Mapped[str] = mapped_column(String(64))
    disclaimer: Mapped[Translated] = mapped_column(TranslatedText)
    licence: Mapped[Translated] = mapped_column(TranslatedText)
    pseudonyms: Mapped[int] = mapped_column(Integer, default=0)
    """How many pseudonyms were given; the next is “Participant n + 1”."""
    registration: Mapped[Registration] = mapped_column(
        String(16), default=Registration.OPEN, server_default=Registration.OPEN
    )
    erasure: Mapped[ErasureRule] = mapped_column(
        String(16), default=ErasureRule.CHOICE, server_default=ErasureRule.CHOICE
    )
    glossary_edition: Mapped[str] = mapped_column(String(32), default="", server_default="")
    """Drawn anew with every change of the glossary or of the objectives' titles, so that what was
    made from them is kept as long as it stays the same; empty where none was drawn yet."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class Objective(Base):
    """One of the numbered objectives that texts are tagged with."""

    __tablename__ = "objective"
    __table_args__ = (UniqueConstraint("forum_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    number: Mapped[int] = mapped_column(Integer)
    title: Mapped[Translated] = mapped_column(TranslatedText)
    short_title: Mapped[Translated] = mapped_column(TranslatedText)
    about: Mapped[Translated | None] = mapped_column(TranslatedText)
    """What it is about, in plain words; texts are compared with it to propose objectives."""


class Principle(Base):
    """A guiding principle; seeds the drafters' code book."""

    __tablename__ = "principle"
    __table_args__ = (UniqueConstraint("forum_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    slug: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[Translated] = mapped_column(TranslatedText)


class Category(Base):
    """A stakeholder category."""

    __tablename__ = "category"
    __table_args__ = (UniqueConstraint("forum_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    slug: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[Translated] = mapped_column(TranslatedText)


class Region(Base):
    """A region by regional commission."""

    __tablename__ = "region"
    __table_args__ = (UniqueConstraint("forum_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    slug: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[Translated] = mapped_column(TranslatedText)


class Reason(Base):
    """One reason of the closed catalogue that moderators give."""

    __tablename__ = "reason"
    __table_args__ = (UniqueConstraint("forum_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    code: Mapped[str] = mapped_column(String(32))
    position: Mapped[int] = mapped_column(Integer)
    label: Mapped[Translated] = mapped_column(TranslatedText)
    explanation: Mapped[Translated] = mapped_column(TranslatedText)


class Document(Base):
    """A document that participants should know."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("forum_id", "url"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    position: Mapped[int] = mapped_column(Integer)
    symbol: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[Translated] = mapped_column(TranslatedText)
    url: Mapped[str] = mapped_column(String(500))


class GlossaryTerm(Base):
    """One notion in three languages, each with its synonyms, the preferred term first."""

    __tablename__ = "glossary_term"
    __table_args__ = (UniqueConstraint("forum_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    key: Mapped[str] = mapped_column(String(200))
    """Its first term when it was made, in the first language that had one; it never changes."""
    terms: Mapped[dict[str, list[str]]] = mapped_column(Json)
    objectives: Mapped[list[int]] = mapped_column(Json)
    provenance: Mapped[dict[str, str]] = mapped_column(Json)
    note: Mapped[str | None] = mapped_column(Text)
    """What readers should know of the notion."""
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Grows with every change and guards against saving over somebody else's."""
    removed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """Set where organisers took it out: the row stays, so that no definition brings it back."""


class Installation(Base):
    """One row of facts about this installation."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    is_demonstration: Mapped[bool] = mapped_column(Boolean, default=False)
    """Only a marked database may be filled or shifted by `flask demo`."""
    demonstration_at: Mapped[dt.datetime | None] = mapped_column(Instant)
