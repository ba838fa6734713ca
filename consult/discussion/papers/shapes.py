"""The words of this package: kinds of files, why one is refused, the text that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from consult.core.errors import DomainError

MAX_FILE = 20 * 1024 * 1024
"""Bytes of one file."""
MAX_FILES = 10
"""Files of one text."""
MAX_PAGES = 2_000
MAX_CHARACTERS = 1_000_000
"""Code points that are read of one file; what follows is left out."""


class Kind(StrEnum):
    """What a file is, by its content."""

    PDF = "pdf"
    DOCX = "docx"
    ODT = "odt"
    TXT = "txt"


MEDIA_TYPES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.PDF: "application/pdf",
        Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Kind.ODT: "application/vnd.oasis.opendocument.text",
        Kind.TXT: "text/plain",
    }
)
BY_MEDIA_TYPE: Mapping[str, Kind] = MappingProxyType(
    {media_type: kind for kind, media_type in MEDIA_TYPES.items()}
)
BY_EXTENSION: Mapping[str, Kind] = MappingProxyType(
    {**{kind.value: kind for kind in Kind}, "text": Kind.TXT}
)


class PaperRefusal(StrEnum):
    """Why a file is not taken."""

    EMPTY = "empty"
    """It has no bytes."""
    TOO_LARGE = "too-large"
    """More than 20 MB."""
    NOT_A_KIND = "not-a-kind"
    """None of the four kinds."""
    OLD_WORD = "old-word"
    """Word 97 to 2003, or another file of that container."""
    MARKUP = "markup"
    """A web page, a drawing or a script in the clothes of a text."""
    ENCRYPTED = "encrypted"
    """Nothing can look into it."""
    ACTIVE = "active"
    """It does something when it is opened: macros, scripts, embedded or outside files."""
    BOMB = "bomb"
    """It unpacks to many times its size, or cannot be looked through in reasonable time."""
    DAMAGED = "damaged"
    """It does not hold what its beginning promises."""
    TWO_KINDS = "two-kinds"
    """Two kinds of file in one, so that two programs would show two things."""
    LYING_NAME = "lying-name"
    """Its name ends like another kind than it is."""
    NO_ROOM = "no-room"
    """The account has handed in as many bytes as it may."""
    TOO_MANY = "too-many"
    """More files in half an hour than an account may hand in."""


class Refused(Exception):
    """A file is not taken; raised where only its bytes are known."""

    def __init__(self, refusal: PaperRefusal, kind: Kind | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.kind = kind


@dataclass
class PaperRefused(DomainError):
    """A file that somebody handed in is not taken; `name` is the one it was handed in under."""

    refusal: PaperRefusal
    name: str
    kind_by_name: Kind | None = None
    kind_found: Kind | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.refusal.value}"


@dataclass(frozen=True)
class PaperText:
    """What was read of a file."""

    paragraphs: tuple[tuple[int | None, str], ...]
    """Page, from 1, and text each, in reading order; the page is None where there are none."""
    pages: int | None = None
    """None where the format knows no pages."""
