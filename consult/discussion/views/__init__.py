"""Pages of the discussion: `spaces`, `threads` and `reading` for everybody; for authors `writing`,
`own_list` and, once a text was sent, `own_texts`, `withdrawing` and `history`; `clearing` for focal
points of delegations, `intake` for staff who file texts for others, `official` for the drafting
agencies, `feeds` for readers that poll, `files` for what came with a text.
"""

from __future__ import annotations

from consult.discussion.views import (
    clearing,
    feeds,
    files,
    history,
    intake,
    official,
    own_list,
    own_texts,
    proposals,
    reading,
    spaces,
    threads,
    withdrawing,
    writing,
)
from consult.discussion.views.blueprint import blueprint

__all__ = [
    "blueprint",
    "clearing",
    "feeds",
    "files",
    "history",
    "intake",
    "official",
    "own_list",
    "own_texts",
    "proposals",
    "reading",
    "spaces",
    "threads",
    "withdrawing",
    "writing",
]
