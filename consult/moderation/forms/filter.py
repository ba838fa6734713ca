"""What an address of the queue asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from consult.core.i18n import LOCALES
from consult.core.text import single_line
from consult.moderation.forms.submitted import number
from consult.moderation.queries.queue import ItemKind, QueueFilter

MAX_WORDS = 100
"""Characters that are looked for."""


def read_filter(arguments: Mapping[str, str], *, per_page: int) -> QueueFilter:
    """Read the filter of the queue from an address; what is unknown is no condition."""
    kind, language = arguments.get("kind", ""), arguments.get("language", "")
    return QueueFilter(
        space=_name(arguments, "space", most=64),
        question=number(arguments.get("question", "")),
        language=language if language in LOCALES else None,
        category=_name(arguments, "category", most=64),
        objective=number(arguments.get("objective", "")),
        kind=ItemKind(kind) if kind in set(ItemKind) else None,
        q=single_line(arguments.get("q", "")[:MAX_WORDS]) or None,
        like=_name(arguments, "like", most=40),
        after=_name(arguments, "after", most=46),
        per_page=per_page,
    )


def _name(arguments: Mapping[str, str], key: str, *, most: int) -> str | None:
    """Return a name of ours; NUL, which no database takes, is in none."""
    value = arguments.get(key, "")[:most]
    return value if value and "\x00" not in value else None


def read_since(arguments: Mapping[str, str]) -> dt.datetime | None:
    """Return the instant after which arrivals are counted, as the page of the queue named it."""
    try:
        since = dt.datetime.fromisoformat(arguments.get("since", "")[:40])
    except ValueError:
        return None
    try:
        return since.astimezone(dt.UTC) if since.tzinfo is not None else None
    except OverflowError:
        return None
