"""Events of spaces, in the past tense and with ids only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpaceDatesChanged:
    """A space opens or closes at another instant than before."""

    space_id: int


@dataclass(frozen=True)
class AuthorChanged:
    """An Author is shown with another name, organisation or category."""

    author_id: int


@dataclass(frozen=True)
class AuthorMade:
    """Somebody takes part in a forum from now on."""

    user_id: int


@dataclass(frozen=True)
class InvitationMade:
    """Somebody was invited, or is to get the mail of an invitation again."""

    invitation_id: str


@dataclass(frozen=True)
class ApplicationMade:
    """Somebody asked to take part, and the organisers have to say."""

    application_id: int


@dataclass(frozen=True)
class ApplicationDecided:
    """The organisers approved or refused somebody who had asked to take part."""

    application_id: int


@dataclass(frozen=True)
class RoleGranted:
    """An organiser appointed somebody."""

    grant_id: int


@dataclass(frozen=True)
class RoleRevoked:
    """A role was taken from somebody."""

    user_id: int


@dataclass(frozen=True)
class DelegationJoined:
    """Somebody speaks through a delegation from now on."""

    author_id: int
    user_id: int
