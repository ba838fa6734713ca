"""What became of the demonstration's contributions, told some days ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from consult.core.i18n import Translated
from consult.spaces.models import Space
from consult.spaces.services.outcome import process_space

NOON = dt.time(12)


def tell_outcomes(
    session: Session,
    entries: Sequence[dict[str, Any]],
    *,
    spaces: Mapping[str, Space],
    zone: ZoneInfo,
    now: dt.datetime,
) -> None:
    """Tell the outcomes that are missing; what people told instead stays and is shifted."""
    for entry in entries:
        space = spaces.get(entry["space"])
        if space is None:
            continue
        day = now.astimezone(zone).date() - dt.timedelta(days=entry["days"])
        at = dt.datetime.combine(day, NOON, tzinfo=zone).astimezone(dt.UTC)
        if space.outcome is None:
            text = Translated(texts=entry["text"])
            process_space(session, space=space, text=text, links=entry["links"], now=at)
        elif space.processed_at != at:
            space.processed_at = at
            space.public_version += 1
    session.flush()
