"""Tables of those who speak, and of what they speak for."""

from __future__ import annotations

import datetime as dt

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
from consult.core.db import Base, Id, Instant
from consult.spaces.states import (
    DisplayChoice,
    Membership,
    OrganisationStanding,
)


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
    publishes_at_once: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Whether the organisers trust it so far that its texts wait for no moderator."""
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
