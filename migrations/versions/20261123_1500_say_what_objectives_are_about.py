"""Say what objectives are about.

Why: objectives are proposed for texts that never use the words of their titles, so each has a
text about it in plain words, and each forum keeps what its moderators' tags taught: for each
objective the lexemes of public texts that tell it from the others. Definitions that are loaded
again fill the texts in; the worker learns anew from time to time, from what is public then.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261123_1500"
down_revision = "20261123_1100"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("objective", sa.Column("about", sa.JSON(), nullable=True))
    op.create_table(
        "objective_lesson",
        sa.Column("forum_id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.String(length=32), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("learned_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["forum_id"], ["forum.id"], name="fk_objective_lesson_forum_id"),
        sa.PrimaryKeyConstraint("forum_id", name="pk_objective_lesson"),
    )


def downgrade() -> None:
    op.drop_table("objective_lesson")
    op.drop_column("objective", "about")
