"""Mails that lie in a folder as files: kept for us alone, found by what they say, dropped."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

KEPT = "kept"
"""Folder of replies that went nowhere, in the one of mails that came in."""


def keep(directory: Path, *, name: str, content: bytes) -> Path:
    """Write a mail into a folder, readable by us only; one of the same name is replaced.

    Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / name
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


def naming(directory: Path, *, words: Collection[str]) -> set[str]:
    """Return the names of the mails in a folder that hold one of the words, in a header or in
    their text, whatever its case; parts of longer words do not count.
    """
    if not words or not directory.is_dir():
        return set()
    alternatives = "|".join(re.escape(word.casefold()) for word in sorted(words))
    named = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")
    return {path.name for path in _mails(directory) if named.search(_text(path).casefold())}


def of_messages(directory: Path, *, message_ids: Collection[str]) -> set[str]:
    """Return the names of the files that hold the mails with these Message-IDs."""
    stems = {
        re.sub(r"[^A-Za-z0-9-]", "-", one.strip("<>").partition("@")[0]) for one in message_ids
    }
    if not stems or not directory.is_dir():
        return set()
    return {path.name for path in _mails(directory) if path.stem.partition("-")[2] in stems}


def drop(directory: Path, *, names: Collection[str]) -> None:
    """Remove files of the folder by name; what is gone already is no error."""
    for name in names:
        if Path(name).name == name:
            (directory / name).unlink(missing_ok=True)


def drop_older(directory: Path, *, before: float) -> int:
    """Remove mails that were written before an instant in seconds since 1970; return how many."""
    gone = [path for path in _mails(directory) if path.stat().st_mtime < before]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _mails(directory: Path) -> Iterator[Path]:
    return directory.glob("*.eml") if directory.is_dir() else iter(())


def _text(path: Path) -> str:
    """Return headers and text of a mail as somebody reads them, or its bytes as they are where
    they are no proper mail.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ""
    try:
        return "\n".join(_said(message_from_bytes(content, policy=default)))
    except (MessageError, LookupError, ValueError):
        return content.decode("utf-8", "replace")


def _said(message: EmailMessage) -> Iterator[str]:
    yield from (str(value) for value in message.values())
    for part in message.walk():
        if part.get_content_maintype() == "text":
            yield str(part.get_content())
