"""The tables of the index that lies in PostgreSQL, in a metadata of their own.

They exist on PostgreSQL only, so they are none of the application's models; a migration makes
them, and the comparison of migrations and models takes them in on that server.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from consult.core.db import Base

INDEX_VERSION: Final = 2
"""Raise it with every change of lexemes or of what a row holds: older indexes are refused."""

INDEX_TABLES: Final = MetaData(naming_convention=Base.metadata.naming_convention)


def _bytewise(length: int | None = None) -> Any:
    """Return a text type that sorts as Python does, whatever the server's language is."""
    return String(length, collation="C")


STATE: Final = Table(
    "search_state",
    INDEX_TABLES,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    comment="One row: which index version is filled; none where there is no index",
)

PASSAGES: Final = Table(
    "search_passage",
    INDEX_TABLES,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("space", _bytewise(), nullable=False),
    Column("facets", ARRAY(Text), nullable=False),
    Column("published_at", Double, nullable=False),
    Column("place", Text(collation="C"), nullable=False),
    Column("length", Integer, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_search_passage_words", "words", postgresql_using="gin"),
    Index("ix_search_passage_published_at", "published_at", "id"),
    comment="Texts as lexemes at positions; a long one has several rows",
)

WORDS: Final = Table(
    "search_word",
    INDEX_TABLES,
    Column("lexeme", _bytewise(), primary_key=True),
    Column("texts", Integer, nullable=False),
    comment="The exact words of the index and how many texts have each",
)
