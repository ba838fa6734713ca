"""Files that lines bring along: looked for beside the lines, and through like anybody's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from consult.core.errors import BrokenInput
from consult.discussion.interchange import AttachmentPart, shown
from consult.discussion.papers import isolation, names
from consult.discussion.papers.shapes import MEDIA_TYPES, Kind, PaperRefusal, Refused
from consult.discussion.services.import_places import File, Parsed

_WORDS: Mapping[PaperRefusal, str] = MappingProxyType(
    {
        PaperRefusal.EMPTY: "it has 0 bytes",
        PaperRefusal.TOO_LARGE: "it has more than 20 MB",
        PaperRefusal.NOT_A_KIND: "it is no PDF, DOCX, ODT or plain text",
        PaperRefusal.OLD_WORD: "it is in the format of old Office versions",
        PaperRefusal.MARKUP: "it is a web page, a drawing or a script",
        PaperRefusal.ENCRYPTED: "it is protected by a password",
        PaperRefusal.ACTIVE: "it holds macros, scripts, or files that are embedded or fetched",
        PaperRefusal.BOMB: "it unpacks to many times its size, or takes too long to look at",
        PaperRefusal.DAMAGED: "it is damaged",
        PaperRefusal.TWO_KINDS: "it is two kinds of file in one",
    }
)


def file_of(parsed: Parsed, part: AttachmentPart, *, folder: Path) -> File:
    """Return a file that a line names, having looked through it.

    Name and type stay as the line gives them, so that an export of it says the same. Raises
    `BrokenInput` for a file that is not there, not the one meant, or not to be kept.
    """
    path = folder / part.path
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise parsed.wrong(
            f'Put the file {shown(part.path)} into the folder "{folder.name}" beside this one.'
        )
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != part.sha256:
            raise parsed.wrong(
                f'Correct "sha256": the file {shown(part.path)} has the digest {digest}.'
            )
        try:
            kind = isolation.check(stream)
        except Refused as refused:
            raise parsed.wrong(
                f"Leave out the file {shown(part.path)}: {_WORDS[refused.refusal]}."
            ) from None
    _agree(parsed, part, kind)
    return File(part.name, part.type, part.sha256, path)


def _agree(parsed: Parsed, part: AttachmentPart, kind: Kind) -> None:
    if part.type != MEDIA_TYPES[kind]:
        raise _wrong_key(parsed, part, "type", MEDIA_TYPES[kind])
    name = names.clean_name(part.name, kind=kind)
    if part.name != name:
        raise _wrong_key(parsed, part, "name", name)


def _wrong_key(parsed: Parsed, part: AttachmentPart, key: str, value: str) -> BrokenInput:
    return parsed.wrong(f'Write {shown(value)} as "{key}" of the file {shown(part.path)}.')
