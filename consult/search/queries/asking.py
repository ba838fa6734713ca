"""What somebody looks for, and how an address or a command says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from consult.core.i18n import LOCALES
from consult.discussion.states import ContributionKind
from consult.search.documents import Filters, Sort

PER_PAGE = 20
MAX_PAGE = 500
ALL_WORDS = "all"
"""What an address says where only texts with all of the words are wanted."""
OFF = "off"
"""What stands for the glossary in an address where it is switched off."""


@dataclass(frozen=True)
class Asked:
    """What somebody looks for."""

    text: str
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"
    page: int = 1
    per_page: int = PER_PAGE
    across: bool = True
    """Whether the glossary brings other words and languages."""
    relaxes: bool = True
    """Whether texts with only some of the words follow where few have all."""


def filters_from(values: Mapping[str, str]) -> Filters:
    """Read filters from an address or a command.

    What cannot be a value narrows nothing; what could be one and is none finds nothing, so that a
    saved search never grows when what it was narrowed to is gone.
    """

    def number(name: str) -> int | None:
        value = values.get(name) or ""
        return int(value) if value.isdecimal() and len(value) < 5 else None

    def slug(name: str) -> str | None:
        value = values.get(name) or ""
        return value if re.fullmatch("[a-z0-9-]{1,64}", value) else None

    language = values.get("language")
    month = values.get("month") or ""
    return Filters(
        space=slug("space"),
        question=number("question"),
        language=language if language in LOCALES else None,
        category=slug("category"),
        objective=number("objective"),
        region=slug("region"),
        kind=values["kind"] if values.get("kind") in tuple(ContributionKind) else None,
        month=month if re.fullmatch("[1-9][0-9]{3}-(0[1-9]|1[0-2])", month) else None,
    )


def is_across(values: Mapping[str, str]) -> bool:
    """Whether an address, or what was kept of one, leaves the glossary on."""
    return values.get("across") != OFF


def does_relax(values: Mapping[str, str]) -> bool:
    """Whether an address, or what was kept of one, lets texts follow that have only some words."""
    return values.get("words") != ALL_WORDS
