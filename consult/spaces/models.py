"""Tables of forums, spaces, questions and of those who speak in them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.core.authz import Role
from consult.core.db import Base, Id, Instant, Json
from consult.core.i18n import Translated, TranslatedText
from consult.spaces.states import (
    ApplicationState,
    ConsentPurpose,
    DisplayChoice,
    ErasureRule,
    Membership,
    OrganisationStanding,
    QuestionKind,
    Registration,
    SpaceVisibility,
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
    """One notion in three languages, each with its synonyms."""

    __tablename__ = "glossary_term"
    __table_args__ = (UniqueConstraint("forum_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    key: Mapped[str] = mapped_column(String(200))
    terms: Mapped[dict[str, list[str]]] = mapped_column(Json)
    objectives: Mapped[list[int]] = mapped_column(Json)
    provenance: Mapped[dict[str, str]] = mapped_column(Json)


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
    moderation: Mapped[str] = mapped_column(String(16), default="before")
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


class Organisation(Base):
    """A registered organisation with the names it goes by."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("forum_id", "name_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200))
    """Folded, without points: “U.N.C.T.A.D.” is “unctad”."""
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("organisation.id", name="fk_organisation_merged_into_id"), index=True
    )
    """The organisation that this name is another name of: an alias, or one that was merged. Nobody
    speaks for such a row, but its name still leads to the right one."""
    standing: Mapped[OrganisationStanding] = mapped_column(
        String(16),
        default=OrganisationStanding.REGISTERED,
        server_default=OrganisationStanding.REGISTERED,
    )
    created_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """None for those that were known before this was kept."""
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    country: Mapped[str | None] = mapped_column(String(2))


class Author(Base):
    """Who speaks, apart from the user who types."""

    __tablename__ = "author"
    __table_args__ = (
        UniqueConstraint("forum_id", "source", "external_id"),
        Index("ix_author_organisation", "organisation_id"),
        Index(
            "uq_author_delegation",
            "organisation_id",
            unique=True,
            sqlite_where=text("is_delegation"),
            postgresql_where=text("is_delegation"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    uid: Mapped[str] = mapped_column(String(36), unique=True)
    """UUID; the id in exports of whoever was not imported."""
    source: Mapped[str | None] = mapped_column(String(120))
    external_id: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    country: Mapped[str | None] = mapped_column(String(2))
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
    display: Mapped[DisplayChoice] = mapped_column(String(16), default=DisplayChoice.FULL)
    pseudonym_number: Mapped[int | None] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer, default=1)
    is_erased: Mapped[bool] = mapped_column(Boolean, default=False)
    is_delegation: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether several people of its organisation speak through it; one an organisation."""
    wants_clearance: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether a focal point releases what the other members of the delegation send."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)

    organisation: Mapped[Organisation | None] = relationship(lazy="raise")


class AuthorMember(Base):
    """A user who speaks through an Author; imports have none."""

    __tablename__ = "author_member"

    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    membership: Mapped[Membership] = mapped_column(String(16), default=Membership.SELF)
    joined_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class Invitation(Base):
    """An invitation to one address, good once: to take part, to a role, or into a delegation.

    The token in the mail is this id and a signature made with the secret key. What it gives is read
    from here, never from the address that was followed.
    """

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_forum", "forum_id", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """128 random bits, hexadecimal."""
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    space_id: Mapped[int | None] = mapped_column(ForeignKey("space.id"))
    role: Mapped[Role | None] = mapped_column(String(16))
    """None where it only lets somebody take part."""
    author_id: Mapped[int | None] = mapped_column(ForeignKey("author.id"))
    """The delegation that it leads into."""
    membership: Mapped[Membership | None] = mapped_column(String(16))
    email: Mapped[str | None] = mapped_column(String(254))
    """None once its owner was erased."""
    email_key: Mapped[str | None] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    locale: Mapped[str] = mapped_column(String(8))
    invited_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    expires_at: Mapped[dt.datetime] = mapped_column(Instant)
    used_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    used_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class Application(Base):
    """Somebody who asked to take part in a forum whose organisers approve.

    There is no Author before that, so nothing that stakeholders see or may do is theirs yet.
    """

    __tablename__ = "application"
    __table_args__ = (
        UniqueConstraint("forum_id", "user_id"),
        Index("ix_application_state", "forum_id", "state", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    said: Mapped[dict[str, Any]] = mapped_column(Json)
    """The affiliation as it was typed, checked; an Author is made of it."""
    state: Mapped[ApplicationState] = mapped_column(String(16), default=ApplicationState.WAITING)
    words: Mapped[str | None] = mapped_column(Text)
    """What the organisers wrote to a refusal."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    decided_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    decided_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )


class ConsentText(Base):
    """What somebody agrees to, for one purpose, in one version; the highest version counts."""

    __tablename__ = "consent_text"
    __table_args__ = (UniqueConstraint("forum_id", "purpose", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    purpose: Mapped[ConsentPurpose] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    text: Mapped[Translated] = mapped_column(TranslatedText)
    is_required: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether nobody takes part without it."""


class Consent(Base):
    """That somebody agreed to a version of a text, and perhaps withdrew that later; kept as it was
    said.
    """

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_user", "user_id", "forum_id", "purpose"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    purpose: Mapped[ConsentPurpose] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    given_at: Mapped[dt.datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class RoleGrant(Base):
    """A role that was given to a user, per space or per forum."""

    __tablename__ = "role_grant"
    __table_args__ = (
        UniqueConstraint("user_id", "role", "forum_id", "space_id"),
        CheckConstraint(
            "(role IN ('moderator', 'drafter')) = (space_id IS NOT NULL)", name="scope"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[Role] = mapped_column(String(16))
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    space_id: Mapped[int | None] = mapped_column(ForeignKey("space.id"))
    granted_at: Mapped[dt.datetime] = mapped_column(Instant)


class Installation(Base):
    """One row of facts about this installation."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True)
    is_demonstration: Mapped[bool] = mapped_column(Boolean, default=False)
    """Only a marked database may be filled or shifted by `flask demo`."""
    demonstration_at: Mapped[dt.datetime | None] = mapped_column(Instant)
