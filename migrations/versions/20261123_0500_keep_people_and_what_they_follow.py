"""Keep people, delegations, invitations and what they follow.

Why: stakeholders are approved or invited where the organisers say so (`application`, `invitation`,
`consent`), several people speak through one delegation and somebody files a text for somebody else
(`intake`), accounts have a second factor, an address that changes and an end (`erasure`,
`data_export`), and mail goes to those who follow something and comes back from them (`told`,
`announcement`, `saved_search`, `inbound_mail`, deliveries without a user).

The other names of an organisation become rows that lead to it, so that a name stands for one
organisation only.

Columns that refer to another table are added in place on SQLite: rebuilding a table there would
lose its CHECK constraints.
"""

from __future__ import annotations

import json
import secrets
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "20261123_0500"
down_revision = "20261123_0200"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _make_tables()
    _change_accounts()
    _change_speakers()
    _change_texts()
    _change_mail()


def _make_tables() -> None:
    op.create_table(
        "erasure",
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("keeps_texts", sa.Boolean(), nullable=False),
        sa.Column("erased_at", INSTANT, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("uid", name="pk_erasure"),
    )
    op.create_table(
        "address_change",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("old_agreed_at", INSTANT, nullable=True),
        sa.Column("new_agreed_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_address_change_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_address_change"),
    )
    op.create_table(
        "application",
        sa.Column("id", BIG, nullable=False),
        sa.Column("forum_id", sa.Integer(), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["user_account.id"],
            name="fk_application_decided_by",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["forum_id"], ["forum.id"], name="fk_application_forum_id"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_application_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_application"),
        sa.UniqueConstraint("forum_id", "user_id", name="uq_application_forum_id_user_id"),
    )
    op.create_index("ix_application_state", "application", ["forum_id", "state", "created_at"])
    op.create_index("ix_application_user_id", "application", ["user_id"])

    op.create_table(
        "consent",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("forum_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["forum_id"], ["forum.id"], name="fk_consent_forum_id"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_consent_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_user", "consent", ["user_id", "forum_id", "purpose"])

    op.create_table(
        "consent_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("forum_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["forum_id"], ["forum.id"], name="fk_consent_text_forum_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consent_text"),
        sa.UniqueConstraint(
            "forum_id", "purpose", "version", name="uq_consent_text_forum_id_purpose_version"
        ),
    )
    op.create_table(
        "data_export",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("ready_at", INSTANT, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_data_export_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_data_export"),
        sa.UniqueConstraint("token", name="uq_data_export_token"),
    )
    op.create_index("ix_data_export_user", "data_export", ["user_id", "asked_at"])

    op.create_table(
        "mail_preference",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("follows_own", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_mail_preference_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_mail_preference"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_recovery_code_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        sa.UniqueConstraint("user_id", "digest", name="uq_recovery_code_user_id_digest"),
    )
    op.create_table(
        "saved_search",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_saved_search_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
    )
    op.create_index("ix_saved_search_user_id", "saved_search", ["user_id"])

    op.create_table(
        "second_factor",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("nonce", sa.String(length=32), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_second_factor_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_second_factor"),
    )
    op.create_table(
        "announcement",
        sa.Column("id", BIG, nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("sent_by", BIG, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["sent_by"], ["user_account.id"], name="fk_announcement_sent_by", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_announcement_space_id"),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
    )
    op.create_index("ix_announcement_space_id", "announcement", ["space_id"])

    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("forum_id", sa.Integer(), nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=True),
        sa.Column("author_id", BIG, nullable=True),
        sa.Column("membership", sa.String(length=16), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("invited_by", BIG, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("used_by", BIG, nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["author.id"], name="fk_invitation_author_id"),
        sa.ForeignKeyConstraint(["forum_id"], ["forum.id"], name="fk_invitation_forum_id"),
        sa.ForeignKeyConstraint(
            ["invited_by"],
            ["user_account.id"],
            name="fk_invitation_invited_by",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_invitation_space_id"),
        sa.ForeignKeyConstraint(
            ["used_by"], ["user_account.id"], name="fk_invitation_used_by", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
    )
    op.create_index("ix_invitation_email_key", "invitation", ["email_key"])
    op.create_index("ix_invitation_forum", "invitation", ["forum_id", "created_at"])

    op.create_table(
        "inbound_mail",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("contribution_id", BIG, nullable=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name="fk_inbound_mail_contribution_id"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_inbound_mail_user_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_inbound_mail"),
    )
    op.create_table(
        "intake",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("contribution_id", BIG, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("filed_by", BIG, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("disowned_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name="fk_intake_contribution_id"
        ),
        sa.ForeignKeyConstraint(
            ["filed_by"], ["user_account.id"], name="fk_intake_filed_by", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_intake"),
        sa.UniqueConstraint("contribution_id", name="uq_intake_contribution_id"),
    )
    op.create_index("ix_intake_email_key", "intake", ["email_key"])

    op.create_table(
        "told",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("contribution_id", BIG, nullable=False),
        sa.Column("told_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name="fk_told_contribution_id"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_told_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "contribution_id", name="pk_told"),
    )
    op.create_index("ix_told_contribution_id", "told", ["contribution_id"])


def _change_accounts() -> None:
    op.add_column("user_account", sa.Column("uid", sa.String(32), nullable=True))
    op.add_column(
        "user_account", sa.Column("mail_failures", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("user_account", sa.Column("mail_failed_at", INSTANT, nullable=True))
    op.add_column("user_account", sa.Column("mail_problem", sa.String(500), nullable=True))
    bind = op.get_bind()
    for (user_id,) in bind.execute(sa.text("SELECT id FROM user_account")).all():
        bind.execute(
            sa.text("UPDATE user_account SET uid = :uid WHERE id = :id"),
            {"uid": secrets.token_hex(16), "id": user_id},
        )
    op.create_index("uq_user_account_uid", "user_account", ["uid"], unique=True)
    op.add_column(
        "user_session", sa.Column("stage", sa.String(16), server_default="full", nullable=False)
    )
    op.add_column("user_session", sa.Column("proved_at", INSTANT, nullable=True))
    op.add_column("mailed_link", sa.Column("address", sa.String(254), nullable=True))


def _change_speakers() -> None:
    op.add_column(
        "forum", sa.Column("registration", sa.String(16), server_default="open", nullable=False)
    )
    op.add_column(
        "forum", sa.Column("erasure", sa.String(16), server_default="choice", nullable=False)
    )
    op.add_column(
        "author",
        sa.Column("is_delegation", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "author",
        sa.Column("wants_clearance", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(
        "uq_author_delegation",
        "author",
        ["organisation_id"],
        unique=True,
        sqlite_where=sa.text("is_delegation"),
        postgresql_where=sa.text("is_delegation"),
    )
    op.add_column("author_member", sa.Column("joined_at", INSTANT, nullable=True))
    _refer(
        "organisation",
        "merged_into_id",
        kind=sa.Integer(),
        to="organisation",
        name="fk_organisation_merged_into_id",
    )
    op.create_index("ix_organisation_merged_into_id", "organisation", ["merged_into_id"])
    op.add_column(
        "organisation",
        sa.Column("standing", sa.String(16), server_default="registered", nullable=False),
    )
    op.add_column("organisation", sa.Column("created_at", INSTANT, nullable=True))
    _carry_aliases()
    op.execute("ALTER TABLE organisation DROP COLUMN aliases")


def _carry_aliases() -> None:
    """Make a row of each other name that no organisation goes by yet."""
    bind = op.get_bind()
    rows = bind.execute(sa.text("SELECT id, forum_id, aliases FROM organisation")).all()
    for owner_id, forum_id, kept in rows:
        aliases = json.loads(kept) if isinstance(kept, str) else kept or []
        for alias in aliases:
            key = _key(alias)
            taken = bind.execute(
                sa.text("SELECT 1 FROM organisation WHERE forum_id = :forum AND name_key = :key"),
                {"forum": forum_id, "key": key},
            ).first()
            if taken is None:
                bind.execute(
                    sa.text(
                        "INSERT INTO organisation (forum_id, name, name_key, aliases, "
                        "merged_into_id) VALUES (:forum, :name, :key, '[]', :owner)"
                    ),
                    {"forum": forum_id, "name": alias, "key": key, "owner": owner_id},
                )


def _key(name: str) -> str:
    """Return what names were compared by when this was written."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    parted = "".join(" " if c in "/&+_" or unicodedata.category(c) == "Pd" else c for c in folded)
    kept = "".join(c for c in parted if c.isalnum() or c.isspace())
    return " ".join(kept.split())[:200]


def _change_texts() -> None:
    op.add_column(
        "contribution",
        sa.Column("is_unconfirmed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    _refer(
        "revision",
        "released_by",
        kind=BIG,
        to="user_account",
        name="fk_revision_released_by",
    )
    op.add_column("revision", sa.Column("released_at", INSTANT, nullable=True))
    op.add_column("revision", sa.Column("handed_back", sa.Text(), nullable=True))


def _change_mail() -> None:
    op.add_column(
        "subscription",
        sa.Column("is_automatic", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("subscription", sa.Column("told_until", INSTANT, nullable=True))
    op.create_index("ix_subscription_subject", "subscription", ["subject_kind", "subject_id"])
    with op.batch_alter_table("delivery") as table:
        table.add_column(sa.Column("address", sa.String(254), nullable=True))
        table.add_column(sa.Column("locale", sa.String(8), nullable=True))
        table.add_column(sa.Column("bounced_at", INSTANT, nullable=True))
        table.alter_column("user_id", existing_type=BIG, nullable=True)
        table.create_unique_constraint("uq_delivery_address_event_key", ["address", "event", "key"])


def _refer(table: str, column: str, *, kind: object, to: str, name: str) -> None:
    """Add a nullable column that refers to another table's id."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER "
            f"CONSTRAINT {name} REFERENCES {to} (id)"
        )
        return
    op.add_column(table, sa.Column(column, kind, nullable=True))
    op.create_foreign_key(name, table, to, [column], ["id"])


def downgrade() -> None:
    """Refuse: what people said and chose since would be lost; restore a backup instead."""
    raise RuntimeError("people and mail cannot be taken away again; restore a backup instead")
