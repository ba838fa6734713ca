"""Answering searches: what is asked for, what is found, and which passage shows why."""

from consult.search.queries.asking import (
    ALL_WORDS,
    MAX_PAGE,
    OFF,
    PER_PAGE,
    Asked,
    does_relax,
    filters_from,
    is_across,
)
from consult.search.queries.finding import INDEXING, Answer, Found, find
from consult.search.queries.passages import MAX_READ, InPaper

__all__ = [
    "ALL_WORDS",
    "INDEXING",
    "MAX_PAGE",
    "MAX_READ",
    "OFF",
    "PER_PAGE",
    "Answer",
    "Asked",
    "Found",
    "InPaper",
    "does_relax",
    "filters_from",
    "find",
    "is_across",
]
