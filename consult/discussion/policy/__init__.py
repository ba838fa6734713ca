"""The rules of the discussion: `visibility` says who sees what, `acts` who may do what, `answers`
which ones are official.
"""

from consult.discussion.policy.acts import (
    CLOSING_GRACE,
    CLOSING_GRACE_WITH_FILES,
    RESUBMIT_DAYS,
    UNDO_WITHDRAWAL,
    Clearing,
    Writing,
    is_own,
)
from consult.discussion.policy.answers import Answering, is_official, official_answers
from consult.discussion.policy.visibility import (
    AUTHOR_IDS,
    MATRIX,
    Place,
    Sight,
    Standing,
    Viewer,
    counted_contributions,
    is_confirmed,
    is_counted,
    is_public,
    is_visible,
    own_texts,
    public_contributions,
    sight_of,
    thread_places,
    visible_contributions,
    visible_revisions,
)

__all__ = [
    "AUTHOR_IDS",
    "CLOSING_GRACE",
    "CLOSING_GRACE_WITH_FILES",
    "MATRIX",
    "RESUBMIT_DAYS",
    "UNDO_WITHDRAWAL",
    "Answering",
    "Clearing",
    "Place",
    "Sight",
    "Standing",
    "Viewer",
    "Writing",
    "counted_contributions",
    "is_confirmed",
    "is_counted",
    "is_official",
    "is_own",
    "is_public",
    "is_visible",
    "official_answers",
    "own_texts",
    "public_contributions",
    "sight_of",
    "thread_places",
    "visible_contributions",
    "visible_revisions",
]
