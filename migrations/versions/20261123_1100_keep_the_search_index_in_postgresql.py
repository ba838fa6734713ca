"""Keep the search index in PostgreSQL.

Why: where the data lie in PostgreSQL, the index of what is public lies there too, in three tables
that hold nothing but what the other tables say: any number of processes search one index, and it
stays quick where the embedded one does not (docs/decisions/0012-lexemes-in-postgresql.md). The
tables are empty until `flask search rebuild` or the worker fills them. SQLite gets nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123_1100"
down_revision = "20261123_1000"
branch_labels = None
depends_on = None

BYTEWISE = sa.String(collation="C")
"""Sorts as Python does, whatever the server's language is."""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "search_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_state"),
        comment="One row: which index version is filled; none where there is no index",
    )
    op.create_table(
        "search_passage",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("space", BYTEWISE, nullable=False),
        sa.Column("facets", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("published_at", sa.Double(), nullable=False),
        sa.Column("place", sa.Text(collation="C"), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("id", "start", name="pk_search_passage"),
        comment="Texts as lexemes at positions; a long one has several rows",
    )
    op.create_table(
        "search_word",
        sa.Column("lexeme", BYTEWISE, nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lexeme", name="pk_search_word"),
        comment="The exact words of the index and how many texts have each",
    )
    op.create_index("ix_search_passage_words", "search_passage", ["words"], postgresql_using="gin")
    op.create_index("ix_search_passage_published_at", "search_passage", ["published_at", "id"])
    # Counting reads rows and no words, so these lie aside.
    op.execute("ALTER TABLE search_passage SET (toast_tuple_target = 128)")
    # Waiting entries would be read by every search, one after the other.
    op.execute("ALTER INDEX ix_search_passage_words SET (fastupdate = off)")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name in ("search_word", "search_passage", "search_state"):
        op.drop_table(name)
