"""Keep files, visits and appeals.

Why: a file is handed in before the text it belongs to is sent (`upload`), and what a scanner and a
reader find out about its content is kept once for all texts that carry it (`paper`), so that the
column with a text's own extract goes. Readers are shown what is new since their last visit
(`question_visit`). An appeal knows its contribution and how it ended. A contribution says in which
capacity its author spoke and whether the drafting agencies stand behind it, a revision which
passages are in another language, a question which one objective it is limited to, and a space what
became of its contributions.

Columns that refer to another table are added in place on SQLite: rebuilding a table there would
lose its CHECK constraints.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261123_0200"
down_revision = "20261122_2200"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "paper",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("scan", sa.String(16), nullable=False),
        sa.Column("scanned_at", INSTANT, nullable=True),
        sa.Column("reading", sa.String(16), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("paragraphs", sa.JSON(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_paper_sha256"),
        sa.PrimaryKeyConstraint("sha256", name="pk_paper"),
    )
    op.create_table(
        "upload",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_upload_sha256"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_upload_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sa.UniqueConstraint("token", name="uq_upload_token"),
    )
    op.create_index("ix_upload_sha256", "upload", ["sha256"])
    op.create_index("ix_upload_user", "upload", ["user_id", "created_at"])
    op.create_table(
        "question_visit",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("previous_at", INSTANT, nullable=True),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"], ["question.id"], name="fk_question_visit_question_id"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name="fk_question_visit_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "question_id", name="pk_question_visit"),
    )
    _change_appeals()
    op.add_column(
        "contribution",
        sa.Column("capacity", sa.String(16), server_default="participant", nullable=False),
    )
    op.add_column("contribution", sa.Column("official_at", INSTANT, nullable=True))
    _refer(
        "contribution",
        "official_by",
        kind=BIG,
        to="user_account",
        name="fk_contribution_official_by",
    )
    _refer(
        "question",
        "objective_id",
        kind=sa.Integer(),
        to="objective",
        name="fk_question_objective_id",
    )
    op.add_column("revision", sa.Column("language_spans", sa.JSON(), nullable=True))
    op.add_column("space", sa.Column("processed_at", INSTANT, nullable=True))
    op.add_column("space", sa.Column("outcome", sa.JSON(), nullable=True))
    op.add_column(
        "space", sa.Column("outcome_links", sa.JSON(), server_default="[]", nullable=False)
    )
    with op.batch_alter_table("revision_attachment") as table:
        table.add_column(sa.Column("position", sa.Integer(), server_default="0", nullable=False))
        table.drop_column("extracted")


def _change_appeals() -> None:
    with op.batch_alter_table("appeal") as table:
        table.add_column(sa.Column("contribution_id", BIG, nullable=True))
        table.add_column(sa.Column("submitted_by", BIG, nullable=True))
        table.add_column(sa.Column("outcome", sa.String(16), nullable=True))
        table.add_column(sa.Column("settled_by_id", BIG, nullable=True))
    op.execute(
        "UPDATE appeal SET contribution_id = (SELECT revision.contribution_id FROM decision "
        "JOIN revision ON revision.id = decision.revision_id "
        "WHERE decision.id = appeal.decision_id)"
    )
    with op.batch_alter_table("appeal") as table:
        table.alter_column("contribution_id", existing_type=BIG, nullable=False)
        table.create_foreign_key(
            "fk_appeal_contribution_id", "contribution", ["contribution_id"], ["id"]
        )
        table.create_foreign_key(
            "fk_appeal_submitted_by", "user_account", ["submitted_by"], ["id"], ondelete="SET NULL"
        )
        table.create_foreign_key("fk_appeal_settled_by_id", "decision", ["settled_by_id"], ["id"])
        table.create_index("ix_appeal_contribution_id", ["contribution_id"])


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
    """Refuse: what was written since would be lost; restore a backup instead."""
    raise RuntimeError("files and appeals cannot be taken away again; restore a backup instead")
