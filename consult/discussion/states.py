"""States of a revision and what may become what; pure.

Source of the table: the state model of this project (`docs/model.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class ContributionKind(StrEnum):
    """What a contribution is."""

    COMMENT = "comment"
    """Answers a question or replies to a comment."""
    QUESTION = "question"
    """A question posed by a participant; moderated like every text."""


class RevisionState(StrEnum):
    """Where one text stands; states belong to revisions, never to contributions."""

    DRAFT = "draft"
    """Being written; nobody but its author sees it."""
    CLEARANCE = "clearance"
    """Waits for the delegation's focal point."""
    PENDING = "pending"
    """Waits for a moderator."""
    PUBLISHED = "published"
    """The text that readers get."""
    RETURNED = "returned"
    """Sent back with a reason; the author may revise and resubmit."""
    REJECTED = "rejected"
    """Refused with a reason; may be appealed once."""
    SUPERSEDED = "superseded"
    """Was published; a newer one took its place."""
    CANCELLED = "cancelled"
    """Taken back by its author, or replaced by a newer one before it was decided."""
    RECALLED = "recalled"
    """Taken back or replaced before its delegation released it: it never reached a moderator."""


class RevisionOrigin(StrEnum):
    """Who made a text."""

    AUTHOR = "author"
    REDACTION = "redaction"
    IMPORT = "import"


class Removed(StrEnum):
    """Why a published contribution is not shown; independent of its revisions."""

    NONE = "none"
    HIDDEN = "hidden"
    """By a moderator; undone by `restore`."""
    WITHDRAWN = "withdrawn"
    """By its author."""
    ERASED = "erased"
    """Its words are gone for good."""


class Capacity(StrEnum):
    """In which capacity somebody speaks; others than the first are shown as a badge."""

    PARTICIPANT = "participant"
    MODERATOR = "moderator"
    """As a moderator of the space."""
    DRAFTER = "drafter"
    """For the drafting agencies of the space."""
    SECRETARIAT = "secretariat"
    """For the organisers of the forum."""


class Scan(StrEnum):
    """What the virus scanner says of a file."""

    WAITING = "waiting"
    """Not scanned yet; whether it is served meanwhile is a setting."""
    CLEAN = "clean"
    INFECTED = "infected"
    """Never served to anybody."""
    SKIPPED = "skipped"
    """No scanner is configured."""


class Reading(StrEnum):
    """How far the text of a file was read."""

    WAITING = "waiting"
    READ = "read"
    EMPTY = "empty"
    """It holds no text of its own, such as a scan without recognised letters."""
    FAILED = "failed"
    """It cannot be read; it is served all the same."""


class TagRole(StrEnum):
    """Who said that a text belongs to an objective."""

    AUTHOR = "author"
    MODERATOR = "moderator"


class Act(StrEnum):
    """What moves a revision from one state to the next."""

    SEND = "send"
    SEND_FOR_CLEARANCE = "send-for-clearance"
    """A delegation's contributor sends; its focal point reads the text before any moderator."""
    RELEASE = "release"
    HAND_BACK = "hand-back"
    """The focal point gives a text back to its writer, with words."""
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    TAKE_BACK = "take-back"
    REPLACE = "replace"
    """A newer text of the same author makes an undecided one obsolete."""
    SUPERSEDE = "supersede"
    UNDO = "undo"
    """The decider takes a decision back."""
    REOPEN = "reopen"
    """Undoing a withdrawal puts a waiting text back where it waited."""
    REINSTATE = "reinstate"
    """Undoing an approval gives readers the text they had before."""
    UPHOLD = "uphold"
    """An appeal was right: the rejected text is published after all."""
    UNDO_UPHOLD = "undo-uphold"
    """Undoing that: the text is a rejected one again, and its appeal waits."""
    UNDO_REDACTION = "undo-redaction"
    """The decider takes a redaction back: readers get its base again."""


S = RevisionState

TRANSITIONS: Mapping[Act, Mapping[RevisionState, RevisionState]] = MappingProxyType(
    {
        Act.SEND: MappingProxyType({S.DRAFT: S.PENDING}),
        Act.SEND_FOR_CLEARANCE: MappingProxyType({S.DRAFT: S.CLEARANCE}),
        Act.RELEASE: MappingProxyType({S.CLEARANCE: S.PENDING}),
        Act.HAND_BACK: MappingProxyType({S.CLEARANCE: S.DRAFT}),
        Act.APPROVE: MappingProxyType({S.PENDING: S.PUBLISHED}),
        Act.RETURN: MappingProxyType({S.PENDING: S.RETURNED}),
        Act.REJECT: MappingProxyType({S.PENDING: S.REJECTED}),
        Act.TAKE_BACK: MappingProxyType(
            {S.DRAFT: S.CANCELLED, S.CLEARANCE: S.RECALLED, S.PENDING: S.CANCELLED}
        ),
        Act.REPLACE: MappingProxyType({S.CLEARANCE: S.RECALLED, S.PENDING: S.CANCELLED}),
        Act.SUPERSEDE: MappingProxyType({S.PUBLISHED: S.SUPERSEDED}),
        Act.UNDO: MappingProxyType(
            {S.PUBLISHED: S.PENDING, S.RETURNED: S.PENDING, S.REJECTED: S.PENDING}
        ),
        Act.REOPEN: MappingProxyType({S.CANCELLED: S.PENDING, S.RECALLED: S.CLEARANCE}),
        Act.REINSTATE: MappingProxyType({S.SUPERSEDED: S.PUBLISHED}),
        Act.UPHOLD: MappingProxyType({S.REJECTED: S.PUBLISHED}),
        Act.UNDO_UPHOLD: MappingProxyType({S.PUBLISHED: S.REJECTED}),
        Act.UNDO_REDACTION: MappingProxyType({S.PUBLISHED: S.CANCELLED}),
    }
)

OPEN_STATES = frozenset({S.DRAFT, S.CLEARANCE, S.PENDING})
"""At most one revision of a contribution is in one of these."""

INSIDE_STATES = frozenset({S.DRAFT, S.CLEARANCE, S.RECALLED})
"""Texts that never left their author or their delegation."""

MAX_DEPTH = 100
"""Replies nest no deeper; the top-level comment has depth 1."""


def after(act: Act, state: RevisionState) -> RevisionState | None:
    """Return the state that an act leads to, or None where it is not allowed."""
    return TRANSITIONS[act].get(RevisionState(state))


def before(act: Act) -> frozenset[RevisionState]:
    """Return the states from which an act is allowed."""
    return frozenset(TRANSITIONS[act])
