"""Equip the moderation desk.

Why: the queue is read in the order in which texts wait (`waits_since`, in an index that also counts
them), spaces say what waits at all, whether items are claimed and when mail reminds of them
(`newcomer_texts`, `watch_words`, `claims`, `remind_after`, `escalate_after`, `reminder`), some
delegations publish at once, reports of readers are answered by a decision, decisions of one act are
undone together and know what they changed (`batch`, `facts`), and texts that say nearly the same
find each other (`fingerprint`, `fingerprint_band`), and a text from which moderators took something
out says for which reason (`redacted_for`). Triggers make decisions as
append-only as the audit log, but for what erasure takes out, and they are found by their instant.

A text that waited before waits since it was sent, released or, where staff filed it, received.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261123_0900"
down_revision = "20261123_0500"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
BEGINNING = "1970-01-01 00:00:00.000000"
"""Until the rows are filled: whatever is forgotten stands on top of the queue, never outside."""


UNCHANGING = ("id", "revision_id", "verdict", "reason", "language", "objectives", "policy")
UNCHANGING += ("decided_at", "undoes", "batch", "facts")
"""Columns of a decision that stand as they were written."""
CHANGES = " OR ".join(
    f"CAST(NEW.{name} AS TEXT) IS DISTINCT FROM CAST(OLD.{name} AS TEXT)" for name in UNCHANGING
) + "".join(
    f" OR (NEW.{name} IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name})"
    for name in ("message", "decided_by")
)
"""Whether more happens to a row than that words or a person are forgotten."""
REFUSE = "BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END"
IF_CHANGED = CHANGES.replace("IS DISTINCT FROM", "IS NOT")
APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER decision_delete BEFORE DELETE ON decision {REFUSE}",
        f"CREATE TRIGGER decision_update BEFORE UPDATE ON decision WHEN {IF_CHANGED} {REFUSE}",
    ],
    "postgresql": [
        f"CREATE TRIGGER decision_{act.lower()} BEFORE {act} ON decision FOR EACH ROW {condition}"
        "EXECUTE FUNCTION refuse_change()"
        for act, condition in (("DELETE", ""), ("UPDATE", f"WHEN ({CHANGES}) "))
    ],
}
"""Statements that refuse to change or delete what was decided."""


def upgrade() -> None:
    _change_texts()
    _change_spaces()
    _change_decisions()
    _make_tables()


def _change_texts() -> None:
    op.add_column(
        "revision", sa.Column("waits_since", INSTANT, server_default=BEGINNING, nullable=False)
    )
    op.execute("UPDATE revision SET waits_since = COALESCE(released_at, sent_at, created_at)")
    op.execute(
        "UPDATE revision SET waits_since = (SELECT contribution.sent_at FROM contribution"
        " WHERE contribution.id = revision.contribution_id) WHERE number = 1 AND EXISTS"
        " (SELECT 1 FROM intake JOIN contribution ON contribution.id = intake.contribution_id"
        " WHERE intake.contribution_id = revision.contribution_id"
        " AND contribution.sent_at IS NOT NULL)"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("revision", "waits_since", server_default=None)
    op.add_column("revision", sa.Column("redacted_for", sa.String(length=32), nullable=True))
    op.drop_index("ix_revision_state", "revision")
    op.create_index(
        "ix_revision_state",
        "revision",
        ["state", "waits_since", "id", "contribution_id", "language"],
    )


def _change_spaces() -> None:
    op.add_column(
        "space", sa.Column("newcomer_texts", sa.Integer(), server_default="3", nullable=False)
    )
    op.add_column("space", sa.Column("watch_words", sa.JSON(), server_default="{}", nullable=False))
    op.add_column(
        "space", sa.Column("claims", sa.String(16), server_default="optional", nullable=False)
    )
    op.add_column("space", sa.Column("remind_after", sa.Integer(), server_default="24"))
    op.add_column("space", sa.Column("escalate_after", sa.Integer(), server_default="48"))
    op.add_column(
        "author",
        sa.Column("publishes_at_once", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def _change_decisions() -> None:
    op.add_column("decision", sa.Column("batch", sa.String(32), nullable=True))
    op.create_index("ix_decision_batch", "decision", ["batch"])
    op.add_column("decision", sa.Column("facts", sa.JSON(), nullable=True))
    _refer("flag", "settled_by_id", kind=BIG, to="decision", name="fk_flag_settled_by_id")
    op.create_index("ix_decision_at", "decision", ["decided_at"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _make_tables() -> None:
    op.create_table(
        "fingerprint",
        sa.Column("revision_id", BIG, autoincrement=False, nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name="fk_fingerprint_revision_id"
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_fingerprint_space_id"),
        sa.PrimaryKeyConstraint("revision_id", name="pk_fingerprint"),
    )
    op.create_index("ix_fingerprint_campaign", "fingerprint", ["campaign_id", "revision_id"])
    op.create_index(
        "ix_fingerprint_follower",
        "fingerprint",
        ["campaign_id"],
        sqlite_where=sa.text("revision_id <> campaign_id"),
        postgresql_where=sa.text("revision_id <> campaign_id"),
    )
    op.create_table(
        "fingerprint_band",
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["fingerprint.revision_id"],
            name="fk_fingerprint_band_revision_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_fingerprint_band_space_id"),
        sa.PrimaryKeyConstraint("space_id", "band", "revision_id", name="pk_fingerprint_band"),
    )
    op.create_index("ix_fingerprint_band_revision", "fingerprint_band", ["revision_id"])
    op.create_table(
        "reminder",
        sa.Column("id", BIG, nullable=False),
        sa.Column("space_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("oldest_since", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], name="fk_reminder_space_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reminder"),
    )
    op.create_index("ix_reminder_space", "reminder", ["space_id", "level", "sent_at"])


def _refer(table: str, column: str, *, kind: sa.types.TypeEngine, to: str, name: str) -> None:
    """Add a nullable column that refers to another table's id."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {column} INTEGER "
            f"CONSTRAINT {name} REFERENCES {to} (id)"
        )
        return
    op.add_column(table, sa.Column(column, kind, sa.ForeignKey(f"{to}.id", name=name)))


def downgrade() -> None:
    """Refuse: what was decided in one act, and why readers' reports ended, would be lost."""
    raise RuntimeError("the desk cannot be taken away again; restore a backup instead")
