"""Events of accounts, in the past tense and with ids only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkRequested:
    """A link is to be mailed: to confirm an address or to choose a new password."""

    link_id: str


@dataclass(frozen=True)
class AddressConfirmed:
    """Somebody has shown that an address is theirs: the first one, or another one since."""

    user_id: int


@dataclass(frozen=True)
class KnownAddressRegistered:
    """Somebody tried to register with the address of an existing account; its owner is told."""

    user_id: int
    day: str
    """ISO date; at most one such mail a day."""


@dataclass(frozen=True)
class AccountErased:
    """Somebody was erased; what lies in files and in the index follows."""

    uid: str


@dataclass(frozen=True)
class SessionsEnded:
    """Somebody signed out, or sessions of theirs were ended elsewhere."""

    user_id: int


@dataclass(frozen=True)
class DataAsked:
    """Somebody asked for a copy of their own data."""

    export_id: int


@dataclass(frozen=True)
class DataReady:
    """The copy lies there for a day."""

    export_id: int


@dataclass(frozen=True)
class SignInsFailed:
    """Ten tries to sign in failed in a row; the owner of the account, if there is one, is told."""

    user_id: int | None
    day: str
    """ISO date; at most one such mail a day."""


@dataclass(frozen=True)
class PasswordChanged:
    """Somebody has a new password."""

    user_id: int
    entry_id: int
    """Row of the audit log that tells of it."""


@dataclass(frozen=True)
class SecondFactorChanged:
    """A second factor was switched on or off or reset, or got new recovery codes."""

    user_id: int
    change: str
    """`on`, `off`, `reset` or `codes`."""
    entry_id: int
    """Row of the audit log that tells of it."""


@dataclass(frozen=True)
class RecoveryCodeUsed:
    """A recovery code stood in for the authenticator."""

    user_id: int
    entry_id: int
    """Row of the audit log that tells of it."""


@dataclass(frozen=True)
class AddressChanged:
    """An account has another address; the old one is told."""

    link_id: str
    """A used link that names the old address."""
