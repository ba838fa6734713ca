"""The rules of the desk: `desk` says who may see and decide an item, `instances` who could,
`hearing` to whom an appeal falls, `appealing` who may make one, `flagging` who may report a text,
`overseeing` who sets a desk up and reads its log.
"""

from consult.moderation.policy import flagging as flagging
from consult.moderation.policy import overseeing as overseeing
from consult.moderation.policy.appealing import ANSWERED_WITHIN, Appealing
from consult.moderation.policy.desk import (
    LEASE,
    UNDO_REMOVAL,
    Deciding,
    may_move,
    on_desk_of,
    on_own_desk_of,
    undo_window,
    works_here,
)
from consult.moderation.policy.hearing import (
    UNDO,
    Hearing,
    Rejection,
    falls_to,
    is_live,
)
from consult.moderation.policy.instances import instance, is_orphan

__all__ = [
    "ANSWERED_WITHIN",
    "LEASE",
    "UNDO",
    "UNDO_REMOVAL",
    "Appealing",
    "Deciding",
    "Hearing",
    "Rejection",
    "falls_to",
    "instance",
    "is_live",
    "is_orphan",
    "may_move",
    "on_desk_of",
    "on_own_desk_of",
    "undo_window",
    "works_here",
]
