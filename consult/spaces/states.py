"""Phases of a space and the closed word lists around it; pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

LAST_DAYS = dt.timedelta(hours=48)
"""From here on hours are counted, and a page says loudly that a space is about to close."""
HOUR = dt.timedelta(hours=1)


class Phase(StrEnum):
    """Where a space stands in time; it changes without a write."""

    UPCOMING = "upcoming"
    """Announced, takes nothing yet."""
    OPEN = "open"
    """Takes contributions."""
    CLOSED = "closed"
    """Takes none; what was sent before is still decided and published."""


class Stage(StrEnum):
    """What the page of a space is about; finer than its phase, and like it without a write."""

    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSING = "closing"
    """Open for less than two days more."""
    CLOSED = "closed"
    """Texts that were sent in time are still being decided."""
    PROCESSED = "processed"
    """The organisers have said what became of the contributions."""


class SpaceVisibility(StrEnum):
    """Who may know of a space."""

    ANNOUNCED = "announced"
    """Everybody, also before it opens."""
    MEMBERS = "members"
    """Those who have an Author or a role in the forum; 404 to others."""
    UNANNOUNCED = "unannounced"
    """Those with a role in it; 404 to others."""


class ModerationMode(StrEnum):
    """What waits for a moderator before it is public."""

    EVERYTHING = "before"
    """Every text."""
    NEWCOMERS = "newcomers"
    """Texts of those who have not had enough texts approved yet, and what matches a word list."""
    FLAGGED = "flagged"
    """Only what matches a word list; readers report the rest."""


NEWCOMER_TEXTS = (1, 20)
"""Fewest and most approved texts that may be asked of somebody before they are known."""
WAITING_HOURS = (1, 720)
"""Fewest and most hours after which moderators and organisers may be told that a text waits."""
MOST_WATCH_WORDS = 200
"""Of one language."""
LONGEST_WATCH_WORD = 80
"""Characters of a word or phrase."""
OTHER_IS_LAST = 1000
"""Position of the reason `other`: whatever is added stands before it."""


class ClaimRule(StrEnum):
    """Whether a moderator has to claim an item before deciding it."""

    OPTIONAL = "optional"
    REQUIRED = "required"


class QuestionKind(StrEnum):
    """Where a question comes from."""

    GUIDING = "guiding"
    """From the definition."""
    PARTICIPANT = "participant"
    """Posed by a participant, moderated; gets its row when first published."""


class Membership(StrEnum):
    """How a user belongs to an Author."""

    SELF = "self"
    """The person speaks for themselves or alone for their organisation."""
    CONTRIBUTOR = "contributor"
    """One of a delegation's writers."""
    FOCAL_POINT = "focal_point"
    """Releases a delegation's texts where that is wanted."""


class Registration(StrEnum):
    """How somebody becomes a stakeholder of a forum."""

    OPEN = "open"
    """Whoever confirms an address."""
    APPROVAL = "approval"
    """Whoever the organisers approve."""
    INVITATION = "invitation"
    """Whoever was invited."""


class ErasureRule(StrEnum):
    """What becomes of the published texts of somebody who is erased; told before they register."""

    CHOICE = "choice"
    """The person chooses."""
    KEEP = "keep"
    """They stay in the record, under “former participant”."""
    REMOVE = "remove"
    """They are blanked."""


class ApplicationState(StrEnum):
    """What the organisers said to somebody who wants to take part."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"


class InvitationState(StrEnum):
    """What became of an invitation."""

    OPEN = "open"
    """Waits to be taken."""
    USED = "used"
    """Was taken, once and for all."""
    EXPIRED = "expired"
    """Nobody took it in time."""
    REVOKED = "revoked"
    """Was taken back before anybody used it."""


class OrganisationStanding(StrEnum):
    """How an organisation came into the registry."""

    REGISTERED = "registered"
    """The organisers know it."""
    PROPOSED = "proposed"
    """Somebody wrote it into a form; it works, and waits to be looked at."""


class ConsentPurpose(StrEnum):
    """What somebody agrees to."""

    PUBLISH = "publish"
    """Their contributions and the name that they chose are published."""
    NOTIFY = "notify"
    """They get mail about what they follow."""
    ARCHIVE = "archive"
    """Their contributions are kept in the published record."""


class DisplayChoice(StrEnum):
    """How an Author's name is shown in a forum, everywhere alike."""

    FULL = "full"
    """Name and organisation."""
    ORGANISATION = "organisation"
    """The organisation only."""
    PSEUDONYM = "pseudonym"
    """“Participant n” with the category only."""


def phase_at(
    now: dt.datetime, *, opens_at: dt.datetime | None, closes_at: dt.datetime | None
) -> Phase:
    """Return the phase at an instant; the closing instant itself is already closed.

    A space without an opening time has not been opened; one without a closing time stays
    open until it is closed by hand.
    """
    if closes_at is not None and now >= closes_at:
        return Phase.CLOSED
    if opens_at is None or now < opens_at:
        return Phase.UPCOMING
    return Phase.OPEN


@dataclass(frozen=True)
class Countdown:
    """The stage of a space and how far the next date is: the opening, then the closing.

    Everything that a page tells of the passing time is made from these values, so a page with the
    same ones may be kept.
    """

    stage: Stage
    days: int | None = None
    """Days of the calendar in the forum's zone; None where there is no next date."""
    hours: int | None = None
    """Whole hours where less than two days are left, else None."""


def countdown_at(
    now: dt.datetime,
    *,
    opens_at: dt.datetime | None,
    closes_at: dt.datetime | None,
    processed_at: dt.datetime | None,
    zone: dt.tzinfo,
) -> Countdown:
    """Return where a space stands at an instant; `zone` is the one whose days are counted.

    An outcome counts from its closing on: a space that was opened again has none until it is told
    anew.
    """
    phase = phase_at(now, opens_at=opens_at, closes_at=closes_at)
    if phase is Phase.CLOSED and closes_at is not None:
        is_processed = processed_at is not None and processed_at >= closes_at
        return Countdown(Stage.PROCESSED if is_processed else Stage.CLOSED)
    target = opens_at if phase is Phase.UPCOMING else closes_at
    stage = Stage.UPCOMING if phase is Phase.UPCOMING else Stage.OPEN
    if target is None:
        return Countdown(stage)
    left = target - now
    days = (target.astimezone(zone).date() - now.astimezone(zone).date()).days
    if left >= LAST_DAYS:
        return Countdown(stage, days)
    if stage is Stage.OPEN:
        stage = Stage.CLOSING
    return Countdown(stage, days, left // HOUR)


def invitation_state(
    now: dt.datetime,
    *,
    used_at: dt.datetime | None,
    revoked_at: dt.datetime | None,
    expires_at: dt.datetime,
) -> InvitationState:
    """Return what became of an invitation by an instant; the last instant itself is too late."""
    if used_at is not None:
        return InvitationState.USED
    if revoked_at is not None:
        return InvitationState.REVOKED
    return InvitationState.EXPIRED if now >= expires_at else InvitationState.OPEN
