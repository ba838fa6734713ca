"""Reads of the desk: `queue` lists what waits, `items` shows one text with everything that a
moderator needs beside it, `decisions` tells what was decided.
"""

from consult.moderation.queries.decisions import decision_facts, undoable
from consult.moderation.queries.finding import find
from consult.moderation.queries.items import item
from consult.moderation.queries.queue import QueueFilter, arrivals, next_in_queue, queue

__all__ = [
    "QueueFilter",
    "arrivals",
    "decision_facts",
    "find",
    "item",
    "next_in_queue",
    "queue",
    "undoable",
]
