"""The trilingual glossary as the search uses it: notions, each with its terms by language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notion:
    """One notion of the field: what it is called in each language, the preferred term first."""

    key: str
    terms: Mapping[str, tuple[str, ...]]
    objectives: tuple[int, ...] = ()
    """Numbers of the objectives that it speaks of."""
