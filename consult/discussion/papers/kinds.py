"""What a file is, by its bytes alone, and whether it may be kept.

Nothing is believed that a file says of itself: sizes are those of the bytes that really come out,
what is active is looked for in every part.
"""

from __future__ import annotations

import io
import zipfile
from typing import IO

from consult.discussion.papers import packages, plain, portable
from consult.discussion.papers.shapes import MAX_FILE, Kind, PaperRefusal, Refused

HEAD = 1024
"""Bytes in which programs look for the beginning of a PDF or of a web page."""
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_PAGE_MARKS = (b"<html", b"<script", b"<svg", b"<!doctype", b"<body", b"<iframe")


def examine(stream: IO[bytes]) -> Kind:
    """Return what a file is, having looked through all of it.

    Raises `Refused` with the reason, and the kind where that is known. Takes as long as the file
    makes it: call it by `isolation.check`.
    """
    size = stream.seek(0, io.SEEK_END)
    if size == 0:
        raise Refused(PaperRefusal.EMPTY)
    if size > MAX_FILE:
        raise Refused(PaperRefusal.TOO_LARGE)
    stream.seek(0)
    head = stream.read(HEAD)
    if head.startswith(_OLE):
        raise Refused(_what_ole_is(stream))
    if head.startswith(b"%PDF-"):
        return _as_pdf(stream, head)
    if head.startswith(b"PK"):
        return _as_package(stream, head)
    if b"%PDF-" in head:
        # Viewers find a PDF behind other bytes, and other programs find those.
        raise Refused(PaperRefusal.TWO_KINDS)
    stream.seek(0)
    plain.decoded(stream.read())
    return Kind.TXT


def _as_pdf(stream: IO[bytes], head: bytes) -> Kind:
    lowered = head.lower()
    if any(mark in lowered for mark in _PAGE_MARKS) or _ends_as_package(stream):
        raise Refused(PaperRefusal.TWO_KINDS, Kind.PDF)
    stream.seek(0)
    try:
        portable.examine(stream)
    except Refused as refused:
        raise Refused(refused.refusal, Kind.PDF) from refused
    return Kind.PDF


def _as_package(stream: IO[bytes], head: bytes) -> Kind:
    if b"%PDF-" in head:
        raise Refused(PaperRefusal.TWO_KINDS)
    stream.seek(0)
    return packages.examine(stream)


def _ends_as_package(stream: IO[bytes]) -> bool:
    """Whether a program that reads ZIP would take the file for one."""
    return zipfile.is_zipfile(stream)


def _what_ole_is(stream: IO[bytes]) -> PaperRefusal:
    """Tell a Word document under a password from an old one; both come in the same container."""
    stream.seek(0)
    content = stream.read()
    is_encrypted = "EncryptedPackage".encode("utf-16-le") in content
    return PaperRefusal.ENCRYPTED if is_encrypted else PaperRefusal.OLD_WORD
