"""Definition files: a forum in YAML, read with its line numbers.

`read` answers with a checked `Definition` or raises `BrokenInput` whose sentence says what to
change in which line. Writing the rows is for `consult.spaces.services.loading`.
"""

from consult.spaces.definitions.instants import instant_of, is_bare_day
from consult.spaces.definitions.reading import Definition, parse, read, read_outcome
from consult.spaces.definitions.shapes import (
    Content,
    GlossaryEntry,
    NamedEntry,
    OutcomeEntry,
    QuestionEntry,
    Said,
    SpaceEntry,
)
from consult.spaces.definitions.yaml_lines import load_yaml

__all__ = [
    "Content",
    "Definition",
    "GlossaryEntry",
    "NamedEntry",
    "OutcomeEntry",
    "QuestionEntry",
    "Said",
    "SpaceEntry",
    "instant_of",
    "is_bare_day",
    "load_yaml",
    "parse",
    "read",
    "read_outcome",
]
