"""Use cases of the desk: deciding, taking a decision back, claiming; and the appeal of an author
with its answer. None of them commits.

Each holds the lock of the contribution while it looks and writes, so that of two moderators
exactly one wins.
"""

from consult.moderation.queries.decisions import decision_facts
from consult.moderation.services.appeals import appeal, settle
from consult.moderation.services.bulk import (
    MOST,
    check_together,
    decide_together,
    undo_together,
)
from consult.moderation.services.claims import claim, release
from consult.moderation.services.deciding import decide
from consult.moderation.services.undoing import undo

__all__ = [
    "MOST",
    "appeal",
    "check_together",
    "claim",
    "decide",
    "decide_together",
    "decision_facts",
    "release",
    "settle",
    "undo",
    "undo_together",
]
