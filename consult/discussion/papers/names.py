"""Names of files: what a reader's computer may be offered."""

from __future__ import annotations

import re
import unicodedata

from consult.core.text import clean_characters, truncate
from consult.discussion.papers.shapes import BY_EXTENSION, Kind

MAX_NAME = 200
"""Code points."""

_FOLDERS = re.compile(r"[/\\]")
_UNSAFE = re.compile(r'[<>:"|?*]')
"""Signs that Windows does not take in a name, or that a header would have to escape."""
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def extension_of(name: str) -> str:
    """Return what a name ends with, in small letters, without its dot."""
    stem, dot, extension = name.strip().rpartition(".")
    return extension.casefold() if dot and stem else ""


def kind_by_name(name: str) -> Kind | None:
    """Return the kind that a name claims; None where it claims none of the four."""
    return BY_EXTENSION.get(extension_of(clean(name)))


def clean(name: str) -> str:
    """Return a name without folders, control, bidi and invisible characters; may be empty."""
    last = _FOLDERS.split(clean_characters(name).replace("\ufffd", ""))[-1]
    visible = "".join(
        " " if character.isspace() else character
        for character in last
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return " ".join(_UNSAFE.sub("_", visible).split()).strip(". ")


def shown(name: str) -> str:
    """Return a name as sentences about it show it; an ellipsis where nothing of it can be shown."""
    return truncate(clean(name) or "…", limit=MAX_NAME)


def clean_name(name: str, *, kind: Kind) -> str:
    """Return the name under which a file of a kind is kept: at most 200 code points, its end right.

    A second ending is put behind one that says nothing of the kind, so that no name makes a
    computer run what it should show: `run.exe` becomes `run.exe.pdf`.
    """
    cleaned = clean(name)
    stem, extension = cleaned, kind.value
    if BY_EXTENSION.get(extension_of(cleaned)) is kind:
        stem, _dot, extension = cleaned.rpartition(".")
    stem = stem.strip(". ") or "paper"
    return f"{truncate(stem, limit=MAX_NAME - len(extension) - 1)}.{extension}"
