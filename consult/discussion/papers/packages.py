"""Word and OpenDocument files: ZIP packages, looked through member by member.

Sizes count as they come out of the decompressor, whatever the directory claims; XML goes through a
parser that stops at the first document type, so that no entity is ever resolved.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import IO, Protocol
from xml.parsers import expat

from consult.discussion.papers.odf import OpenDocumentRules
from consult.discussion.papers.ooxml import WordRules
from consult.discussion.papers.shapes import Kind, PaperRefusal, Refused

MAX_MEMBERS = 1_000
MAX_INFLATED = 100 * 1024 * 1024
"""Bytes of all members together."""
MAX_RATIO = 100
"""Times its compressed size that a member above `RATIO_FROM` may unfold into."""
RATIO_FROM = 1024 * 1024
CHUNK = 1 << 16

_XML = (".xml", ".rels", ".vml", ".rdf")
_ODT = b"application/vnd.oasis.opendocument.text"
_END = b"PK\x05\x06"
_END_REST = 18
"""Bytes of the record that ends a package without a comment, behind its mark."""
_CUT_OFF = PaperRefusal.DAMAGED
_PROGRAMS = (bytes.fromhex("d0cf11e0a1b11ae1"), b"MZ", b"\x7fELF")
"""How old Office objects and programs begin."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class Rules(Protocol):
    """What a format has to say of its parts; each method raises `Refused`."""

    def member(self, name: str) -> None:
        """Look at the name of a part."""

    def start(self, name: str, tag: str, attributes: dict[str, str]) -> None:
        """Look at an element: `namespace local-name`, attributes likewise."""

    def text(self, data: str) -> None:
        """Look at words between elements."""

    def wants(self, name: str) -> bool:
        """Whether the bytes of a part are to be handed to `content`."""

    def content(self, name: str, content: bytes) -> None:
        """Look at a whole part."""

    def verdict(self) -> Kind:
        """Return the kind once all parts were seen."""


def examine(stream: IO[bytes]) -> Kind:
    """Return whether a package is DOCX or ODT; raises `Refused` for any other or a harmful one."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(-min(size, len(_END) + _END_REST), io.SEEK_END)
    if not stream.read().startswith(_END):
        raise Refused(PaperRefusal.TWO_KINDS if zipfile.is_zipfile(stream) else _CUT_OFF)
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as package:
            rules = _rules(package)
            _check_directory(package, size=size)
            room = MAX_INFLATED
            for member in package.infolist():
                room -= _look_through(package, member, rules=rules, room=room)
            return rules.verdict()
    except _BROKEN:
        raise Refused(PaperRefusal.DAMAGED) from None


def _rules(package: zipfile.ZipFile) -> Rules:
    if len(package.infolist()) > MAX_MEMBERS:
        raise Refused(PaperRefusal.BOMB)
    names = set(package.namelist())
    is_odf, is_ooxml = "mimetype" in names, "[Content_Types].xml" in names
    if is_odf and is_ooxml:
        raise Refused(PaperRefusal.TWO_KINDS)
    if is_ooxml:
        return WordRules()
    if is_odf:
        with package.open("mimetype") as told:
            if told.read(len(_ODT) + 2).strip() == _ODT:
                return OpenDocumentRules()
    raise Refused(PaperRefusal.NOT_A_KIND)


def _check_directory(package: zipfile.ZipFile, *, size: int) -> None:
    """Refuse what an honest writer never makes: foreign bytes around it, members twice or mixed."""
    members = package.infolist()
    if package.comment or min(member.header_offset for member in members) != 0:
        raise Refused(PaperRefusal.TWO_KINDS)
    if sum(member.compress_size for member in members) > size:
        # Members that share bytes are made to be unfolded again and again.
        raise Refused(PaperRefusal.BOMB)
    # Programs take names that differ in their case alone for one.
    if len({name.casefold() for name in package.namelist()}) != len(members):
        raise Refused(PaperRefusal.DAMAGED)
    for member in members:
        if member.flag_bits & 0x1:
            raise Refused(PaperRefusal.ENCRYPTED)
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Refused(PaperRefusal.DAMAGED)
        parts = member.filename.split("/")
        if ".." in parts or not parts[0] or "\\" in member.filename or "\x00" in member.filename:
            raise Refused(PaperRefusal.DAMAGED)


def _look_through(
    package: zipfile.ZipFile, member: zipfile.ZipInfo, *, rules: Rules, room: int
) -> int:
    """Unfold one member bit by bit; return how many bytes it really has."""
    name, inflated, kept = member.filename, 0, io.BytesIO()
    rules.member(name)
    parser = _parser(name, rules) if name.lower().endswith(_XML) else None
    wants = rules.wants(name)
    with package.open(member) as part:
        while chunk := part.read(CHUNK):
            if not inflated and chunk.startswith(_PROGRAMS):
                raise Refused(PaperRefusal.ACTIVE)
            inflated += len(chunk)
            if inflated > room or _is_bomb(inflated, member.compress_size):
                raise Refused(PaperRefusal.BOMB)
            if parser is not None:
                parser.Parse(chunk, False)
            if wants:
                kept.write(chunk)
    if parser is not None and inflated:
        parser.Parse(b"", True)
    if wants:
        rules.content(name, kept.getvalue())
    return inflated


def _is_bomb(inflated: int, compressed: int) -> bool:
    return inflated > RATIO_FROM and inflated > MAX_RATIO * max(compressed, 1)


def _parser(name: str, rules: Rules) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(tag: str, attributes: dict[str, str]) -> None:
        rules.start(name, tag, attributes)

    def refuse(*_declared: object) -> None:
        raise Refused(PaperRefusal.ACTIVE)

    parser.StartElementHandler = start
    parser.CharacterDataHandler = rules.text
    parser.StartDoctypeDeclHandler = refuse
    return parser
