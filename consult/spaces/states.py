"""Phases of a space and the closed word lists around it; pure."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum


class Phase(StrEnum):
    """Where a space stands in time; it changes without a write."""

    UPCOMING = "upcoming"
    """Announced, takes nothing yet."""
    OPEN = "open"
    """Takes contributions."""
    CLOSED = "closed"
    """Takes none; what was sent before is still decided and published."""


class SpaceVisibility(StrEnum):
    """Who may know of a space."""

    ANNOUNCED = "announced"
    """Everybody, also before it opens."""
    MEMBERS = "members"
    """Those who have an Author or a role in the forum; 404 to others."""
    UNANNOUNCED = "unannounced"
    """Those with a role in it; 404 to others."""


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
