"""Tables of how people come to take part: invited, approved, and what they agree to."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.authz import Role
from consult.core.db import Base, Id, Instant, Json
from consult.core.i18n import Translated, TranslatedText
from consult.spaces.states import (
    ApplicationState,
    ConsentPurpose,
    Membership,
)


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
