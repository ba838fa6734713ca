"""Let organisers keep the glossary.

Why: organisers change the glossary's notions on a page, so a notion has a note for readers, a
version that guards against saving over somebody else's change, and stays as a removed row, so that
loading the definition again does not bring it back. A forum's edition of the glossary says whether
what the search made from it still holds; those that are there get one each.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "20261123_1000"
down_revision = "20261123_0900"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "forum",
        sa.Column("glossary_edition", sa.String(length=32), server_default="", nullable=False),
    )
    op.add_column("glossary_term", sa.Column("note", sa.Text(), nullable=True))
    op.add_column(
        "glossary_term", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("glossary_term", sa.Column("removed_at", INSTANT, nullable=True))
    forum = sa.table("forum", sa.column("id"), sa.column("glossary_edition"))
    for forum_id in op.get_bind().execute(sa.select(forum.c.id)).scalars().all():
        op.execute(
            forum.update()
            .where(forum.c.id == forum_id)
            .values(glossary_edition=secrets.token_hex(16))
        )


def downgrade() -> None:
    """Refuse: what organisers took out of the glossary would come back."""
    raise RuntimeError("the glossary cannot be taken from its keepers; restore a backup instead")
