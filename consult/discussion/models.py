"""Tables of contributions and their texts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
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

from consult.core.db import Base, Id, Instant, Json, bytewise_string
from consult.discussion.states import (
    Capacity,
    ContributionKind,
    Reading,
    Removed,
    RevisionOrigin,
    RevisionState,
    Scan,
    TagRole,
)

PATH_STEP = 4
"""Characters of a thread path per level, base 36."""
MAX_PATH = 100 * PATH_STEP


class Contribution(Base):
    """The head of a text: where it stands in its thread and which revision is public."""

    __tablename__ = "contribution"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        UniqueConstraint("thread_id", "path"),
        Index("ix_contribution_order", "question_id", "thread_ordinal", "thread_id", "path"),
        Index("ix_contribution_discussed", "question_id", "thread_size"),
        Index("ix_contribution_author", "author_id", "id"),
        Index("ix_contribution_space", "space_id", "kind"),
        Index("ix_contribution_parent", "parent_id"),
        CheckConstraint("(kind = 'question') = (question_id IS NULL)", name="question"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True)
    """UUID; the id in exports of what was written here."""
    source: Mapped[str | None] = mapped_column(String(120))
    external_id: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[ContributionKind] = mapped_column(String(16))
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"))
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    """The question a comment stands under; None for a participant's question itself."""
    own_question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"), unique=True)
    """For a participant's question: its row, from its first publication on."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"))
    """The top-level comment of the thread; itself for that one."""
    thread_ordinal: Mapped[int] = mapped_column(BigInteger, default=0)
    """Order of threads under a question: microseconds of the top-level comment's sending."""
    path: Mapped[str] = mapped_column(bytewise_string(MAX_PATH), default="")
    """Place in the thread, four base-36 characters a level; the top-level comment's is empty."""
    depth: Mapped[int] = mapped_column(Integer, default=1)
    next_child: Mapped[int] = mapped_column(Integer, default=1)
    """Counter of the thread, kept on its top-level comment."""
    thread_size: Mapped[int] = mapped_column(Integer, default=0)
    """Public replies of the thread, kept on its top-level comment."""
    published_revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("revision.id", use_alter=True, name="fk_contribution_published_revision")
    )
    """The one pointer that makes a text public."""
    open_revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("revision.id", use_alter=True, name="fk_contribution_open_revision"), index=True
    )
    removed: Mapped[Removed] = mapped_column(String(16), default=Removed.NONE)
    removed_before: Mapped[Removed] = mapped_column(String(16), default=Removed.NONE)
    """What stood before a withdrawal, so that undoing it keeps a hidden text hidden."""
    open_before_id: Mapped[int | None] = mapped_column(
        ForeignKey("revision.id", use_alter=True, name="fk_contribution_open_before")
    )
    """The waiting or returned text that a withdrawal closed; undoing it opens it again."""
    removed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(Integer, default=1)
    public_version: Mapped[int] = mapped_column(Integer, default=1)
    receipt: Mapped[str | None] = mapped_column(String(19), unique=True)
    """80 random bits in base 32, grouped by four; the name until first publication."""
    reference: Mapped[str | None] = mapped_column(String(40), unique=True)
    """RT3-Q1-0042; given at first publication, never given back."""
    sent_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """First sending; stays when a returned text is sent again. Null in imports that have none."""
    first_published_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    edited_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """Publication of the newest edit; None while the first text stands."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    capacity: Mapped[Capacity] = mapped_column(
        String(16), default=Capacity.PARTICIPANT, server_default=Capacity.PARTICIPANT
    )
    """In which capacity its author spoke when it was first sent; shown as a badge."""
    official_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """When the drafting agencies marked an answer to a participant's question as theirs."""
    official_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", name="fk_contribution_official_by")
    )

    is_unconfirmed: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    """Filed for somebody who has not said yet that it is theirs: marked, and in no count."""

    parent: Mapped[Contribution | None] = relationship(
        foreign_keys=[parent_id], remote_side=[id], lazy="raise"
    )


def _first_seen(context: Any) -> dt.datetime:
    """Return the instant of a text that is inserted as one that was sent, for `waits_since`."""
    values = context.get_current_parameters()
    seen: dt.datetime = values.get("sent_at") or values["created_at"]
    return seen


class Revision(Base):
    """One text as its author sent it; never changed once sent."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("contribution_id", "number"),
        Index("ix_revision_state", "state", "waits_since", "id", "contribution_id", "language"),
        Index(
            "uq_revision_open",
            "contribution_id",
            unique=True,
            sqlite_where=text("state IN ('draft', 'clearance', 'pending')"),
            postgresql_where=text("state IN ('draft', 'clearance', 'pending')"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[RevisionState] = mapped_column(String(16))
    origin: Mapped[RevisionOrigin] = mapped_column(String(16), default=RevisionOrigin.AUTHOR)
    base_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id"))
    submitted_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="SET NULL")
    )
    """Which user typed; None for imports."""
    format: Mapped[str] = mapped_column(String(16), default="markdown")
    source: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    """Plain text of one extractor; spans are half-open and in its code points."""
    words: Mapped[int] = mapped_column(Integer, default=0)
    language: Mapped[str] = mapped_column(String(8))
    renderer_version: Mapped[int] = mapped_column(Integer)
    sent_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    decided_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """Of a draft: when the focal point handed it back."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    saved_at: Mapped[dt.datetime] = mapped_column(Instant)
    language_spans: Mapped[list[list[Any]] | None] = mapped_column(Json)
    """Passages in another language than the text's: `[start, end, language]` each, half-open."""
    lock: Mapped[int] = mapped_column(Integer, default=1)
    """Grows with every save of a draft, so that two windows do not overwrite each other."""
    released_by: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", name="fk_revision_released_by")
    )
    """The focal point who released it; None where no clearance was wanted."""
    released_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    handed_back: Mapped[str | None] = mapped_column(Text)
    """What the focal point wrote when handing it back to its writer; only of a draft."""
    waits_since: Mapped[dt.datetime] = mapped_column(Instant, default=_first_seen)
    """Since when it waits for a moderator: sent, released, or received by those who filed it.
    Kept when it is decided; before it is sent, when it was begun."""
    redacted_for: Mapped[str | None] = mapped_column(String(32))
    """Code of the reason for which moderators took something out; only of a redaction."""


class Intake(Base):
    """A text that staff filed for somebody who sent it by other means, until they confirm it.

    The token in the mail to them is `id` and a signature made with the secret key.
    """

    __tablename__ = "intake"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """128 random bits, hexadecimal."""
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), unique=True)
    email: Mapped[str | None] = mapped_column(String(254))
    """Where they are asked; None once they were erased."""
    email_key: Mapped[str | None] = mapped_column(String(254), index=True)
    locale: Mapped[str] = mapped_column(String(8))
    filed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(Instant)
    asked_at: Mapped[dt.datetime] = mapped_column(Instant)
    """When they were asked last."""
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    disowned_at: Mapped[dt.datetime | None] = mapped_column(Instant)


class RevisionTag(Base):
    """An objective that a text, or a span of it, belongs to."""

    __tablename__ = "revision_tag"
    __table_args__ = (
        Index("ix_revision_tag_objective", "objective_id", "revision_id"),
        Index("ix_revision_tag_revision", "revision_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    objective_id: Mapped[int] = mapped_column(ForeignKey("objective.id"))
    start: Mapped[int | None] = mapped_column(Integer)
    """Half-open span in code points of the text; None for the whole."""
    end: Mapped[int | None] = mapped_column(Integer)
    role: Mapped[TagRole] = mapped_column(String(16), default=TagRole.AUTHOR)
    is_public: Mapped[bool] = mapped_column(Boolean, default=True)
    """False for an author's tag that the moderator took away."""


class RevisionAttachment(Base):
    """A file that came with a text and is decided with it."""

    __tablename__ = "revision_attachment"
    __table_args__ = (Index("ix_revision_attachment_revision", "revision_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    """Random; the only name in addresses."""
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str | None] = mapped_column(ForeignKey("blob.sha256"))
    """None once it was erased."""
    position: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Order among the files of a text."""


class Upload(Base):
    """A file that somebody handed in with a form and that no text has taken over yet."""

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_user", "user_id", "created_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    """Random; names it in forms."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class Paper(Base):
    """What is known of a file's content: whether it is clean, and its text; once per content."""

    __tablename__ = "paper"

    sha256: Mapped[str] = mapped_column(ForeignKey("blob.sha256"), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(120))
    scan: Mapped[Scan] = mapped_column(String(16), default=Scan.WAITING)
    scanned_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    reading: Mapped[Reading] = mapped_column(String(16), default=Reading.WAITING)
    pages: Mapped[int | None] = mapped_column(Integer)
    """None where the format knows no pages."""
    words: Mapped[int] = mapped_column(Integer, default=0)
    paragraphs: Mapped[list[list[Any]] | None] = mapped_column(Json)
    """`[page, text]` each, in reading order; the page is None where there are none."""
    created_at: Mapped[dt.datetime] = mapped_column(Instant)


class ReferenceRedirect(Base):
    """An old reference of a moved contribution; leads to the new one for ever."""

    __tablename__ = "reference_redirect"

    reference: Mapped[str] = mapped_column(String(40), primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))


class QuestionVisit(Base):
    """Until when somebody had read a question's answers; marks what is new since."""

    __tablename__ = "question_visit"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True)
    previous_at: Mapped[dt.datetime | None] = mapped_column(Instant)
    """End of the visit before this one; None during the first."""
    last_at: Mapped[dt.datetime] = mapped_column(Instant)
    """When the page was last opened, to a few minutes."""
