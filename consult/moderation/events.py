"""What the desk has to come back to, with ids only. Handlers read again and may run twice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FilesAwaited:
    """A text could be published at once if its files were looked through already."""

    contribution_id: int
    revision_id: int
    times: int
    """How often it was looked at before."""


@dataclass(frozen=True)
class FingerprintLacks:
    """A text has no fingerprint, or one that is of no use: after an import, an upgrade, a move."""

    contribution_id: int
