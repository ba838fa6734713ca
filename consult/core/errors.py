"""What can be wrong, in words of the domain; `consult.app` maps each to HTTP once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Refusal(StrEnum):
    """Why somebody may not do something; templates translate it, nobody gets a bare no."""

    NOT_SIGNED_IN = "not-signed-in"
    """An account is needed."""
    NOT_YOURS = "not-yours"
    """Only its author may."""
    NO_ROLE = "no-role"
    """The role for this space is missing."""
    OWN_TEXT = "own-text"
    """Nobody decides a text of their own or of their delegation."""
    FILED_BY_YOU = "filed-by-you"
    """Nobody decides a text that they filed for somebody else."""
    ASKED_TODAY = "asked-today"
    """They were asked less than a day ago whether the text is theirs."""
    ASKED_ENOUGH = "asked-enough"
    """They were asked as often as anybody is."""
    SPACE_CLOSED = "space-closed"
    """The consultation has closed."""
    SPACE_UPCOMING = "space-upcoming"
    """The consultation has not opened yet."""
    TOO_DEEP = "too-deep"
    """Replies nest at most one hundred deep."""
    WRONG_STATE = "wrong-state"
    """The text is not in a state that allows it."""
    TOO_LATE = "too-late"
    """The time for it has passed."""
    SUSPENDED = "suspended"
    """The account is suspended."""
    UNCONFIRMED = "unconfirmed"
    """The address was not confirmed yet."""
    SECOND_FACTOR = "second-factor"
    """The roles of staff are held back until their second factor is switched on."""
    NO_AUTHOR = "no-author"
    """The person has not said yet for whom they speak."""
    NOT_APPROVED = "not-approved"
    """The organisers have not approved yet that the person takes part."""
    NOT_INVITED = "not-invited"
    """Only whoever was invited takes part."""
    NO_CONSENT = "no-consent"
    """The person has not agreed to what everybody agrees to who writes."""
    CLAIMED = "claimed"
    """A colleague has claimed the item."""
    DECIDED_BEFORE = "decided-before"
    """Nobody answers the appeal against a rejection of their own."""
    ELSEWHERE = "elsewhere"
    """The appeal lies with others: a colleague who may answer it, or another desk."""
    APPEALED = "appealed"
    """The one appeal was made already."""
    NOT_REJECTED = "not-rejected"
    """There is no rejection that could be appealed."""
    APPEAL_OVER = "appeal-over"
    """The fourteen days for an appeal have passed."""
    LAST_FOCAL_POINT = "last-focal-point"
    """A delegation with members keeps somebody who looks after it."""
    REPORT_OWN = "report-own"
    """Nobody reports a text of their own or of their delegation."""
    REPORTED_BY_YOU = "reported-by-you"
    """Nobody answers a report of their own."""
    NOT_FOCAL_POINT = "not-focal-point"
    """Only a focal point of the delegation may."""


class DomainError(Exception):
    """Parent of every refusal that a person can understand."""


@dataclass
class Forbidden(DomainError):
    """The thing is public or known to the person, but the act is refused."""

    refusal: Refusal

    def __str__(self) -> str:
        return self.refusal.value


class NotVisible(DomainError):
    """The thing does not exist for this person: the same answer as an unknown one."""


class Gone(DomainError):
    """It was public once and is no more; carries no name, title or text."""


class StaleState(DomainError):
    """Somebody was faster: what the act was based on has changed."""

    def __init__(self, message: str = "the text has changed meanwhile", **seen: Any) -> None:
        super().__init__(message)
        self.seen = seen


class RepeatedKey(DomainError):
    """The idempotency key came again with another content."""


@dataclass
class Invalid(DomainError):
    """Input that cannot be taken: field name → problem codes, in the order found."""

    problems: dict[str, list[str]]

    def __str__(self) -> str:
        return "; ".join(f"{field}: {', '.join(codes)}" for field, codes in self.problems.items())


@dataclass
class TooMany(DomainError):
    """A limit is reached; `retry_after` in seconds."""

    retry_after: int


@dataclass
class BrokenInput(DomainError):
    """A file cannot be taken: where, and what to change there."""

    source: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.message}"
