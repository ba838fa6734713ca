"""What the profiles of objectives are made from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consult.search.glossary import Notion


@dataclass(frozen=True, slots=True)
class Subject:
    """An objective with the words that somebody wrote for it, by language."""

    number: int
    titles: Mapping[str, Sequence[str]]
    """The official and the short title."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What it is about, in plain words."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that is known about the objectives of one forum."""

    subjects: Sequence[Subject]
    notions: Sequence[Notion] = ()
    """The glossary; notions without an objective tell that their words speak for none."""
    lessons: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Weights of lexemes from 0 to 1 by objective, as its moderators' tags taught them."""
