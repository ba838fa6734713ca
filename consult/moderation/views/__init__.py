"""Pages of moderation: `desk` shows the queue and takes decisions, `acts` takes them back and
claims items, `bulk` decides several at once, `appeals` is the author's page, `flagging` takes
readers' reports and their answer, `notes` keeps what colleagues tell each other, `public_view`
shows an item as readers will see it, `redacting` and `moving` change what readers get otherwise,
`settings` and `reasons` are the organisers' pages, `statistics` are everybody's, `log` tells staff
what was decided, `guide` tells moderators how to work here.
"""

from __future__ import annotations

from consult.moderation.views import (
    acts,
    appeals,
    bulk,
    desk,
    flagging,
    guide,
    log,
    moving,
    notes,
    public_view,
    queue,
    reasons,
    redacting,
    settings,
    statistics,
)
from consult.moderation.views.blueprint import blueprint

__all__ = [
    "acts",
    "appeals",
    "blueprint",
    "bulk",
    "desk",
    "flagging",
    "guide",
    "log",
    "moving",
    "notes",
    "public_view",
    "queue",
    "reasons",
    "redacting",
    "settings",
    "statistics",
]
