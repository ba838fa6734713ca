"""PDF: whether one may be kept. Every object is looked at, reachable or not, and every stream's
real size counts.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    PdfObject,
    StreamObject,
)

from consult.discussion.papers.shapes import PaperRefusal, Refused

MAX_INFLATED = 100 * 1024 * 1024
"""Bytes of all streams together, pictures apart."""
MAX_PICTURES = 500 * 1024 * 1024
"""Bytes of all pictures together; a blank scan unfolds into hundreds of times its size."""
MAX_RATIO = 100
RATIO_FROM = 1024 * 1024
MAX_OBJECTS = 300_000
CHUNK = 1 << 18
"""Bytes of a stream that are unfolded at a time; what was counted is let go of."""
MOST_ACTIONS = 50
"""Actions that may follow one another when a file is opened."""

_ACTIVE_ACTIONS = frozenset(
    (
        "/GoToE",
        "/GoToR",
        "/ImportData",
        "/JavaScript",
        "/Launch",
        "/Movie",
        "/Rendition",
        "/RichMediaExecute",
        "/Sound",
        "/SubmitForm",
    )
)
_QUIET_ACTIONS = frozenset(("/GoTo", "/Named", "/Thread", "/SetOCGState"))
"""What may happen without a click."""
_ACTIVE_KEYS = frozenset(
    ("/EF", "/EmbeddedFiles", "/JS", "/JavaScript", "/RichMediaContent", "/XFA")
)
_ACTIVE_TYPES = frozenset(
    ("/3D", "/EmbeddedFile", "/FileAttachment", "/Movie", "/RichMedia", "/Screen", "/Sound")
)
_FLATE = frozenset(("/Fl", "/FlateDecode"))
_OTHERS_THAT_COUNT = frozenset(
    (
        "/A85",
        "/AHx",
        "/ASCII85Decode",
        "/ASCIIHexDecode",
        "/LZW",
        "/LZWDecode",
        "/RL",
        "/RunLengthDecode",
    )
)
_ACTIVE_BYTES = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia\w*|ImportData|SubmitForm)(?![\w.-])"
)
"""Long enough not to come about by chance; finds what stands in objects that nobody can parse."""


def examine(stream: IO[bytes]) -> None:
    """Raise `Refused` for a PDF that is encrypted, active, a bomb or not to be read."""
    if _ACTIVE_BYTES.search(stream.read()):
        raise Refused(PaperRefusal.ACTIVE)
    stream.seek(0)
    try:
        reader = PdfReader(stream, strict=False)
        if reader.is_encrypted:
            raise Refused(PaperRefusal.ENCRYPTED)
        _look_through(reader)
        if reader.get_num_pages() < 1:
            raise Refused(PaperRefusal.DAMAGED)
    except Refused:
        raise
    except (DependencyError, FileNotDecryptedError):
        raise Refused(PaperRefusal.ENCRYPTED) from None
    except (LimitReachedError, MemoryError):
        raise Refused(PaperRefusal.BOMB) from None
    except Exception:  # noqa: BLE001 - a parser of hostile bytes may fail in any way
        raise Refused(PaperRefusal.DAMAGED) from None


def _look_through(reader: PdfReader) -> None:
    root = reader.root_object
    _check_opening(root.get("/OpenAction"))
    room, pictures = MAX_INFLATED, MAX_PICTURES
    for found in _objects(reader):
        for part in _parts(found):
            _check(part)
        if not isinstance(found, StreamObject):
            continue
        if found.get("/Subtype") == "/Image":
            pictures -= _inflated(found, room=pictures)
        else:
            size = _inflated(found, room=room)
            if size > RATIO_FROM and size > MAX_RATIO * len(_raw(found)):
                raise Refused(PaperRefusal.BOMB)
            room -= size


def _objects(reader: PdfReader) -> Iterator[PdfObject]:
    numbers = [
        (number, generation) for generation in reader.xref for number in reader.xref[generation]
    ]
    numbers += [(number, 0) for number in reader.xref_objStm]
    if len(numbers) > MAX_OBJECTS:
        raise Refused(PaperRefusal.BOMB)
    for number, generation in sorted(set(numbers)):
        try:
            found = reader.get_object(IndirectObject(number, generation, reader))
        except (LimitReachedError, MemoryError):
            raise
        except Exception:  # noqa: BLE001, S112 - what nobody can parse nobody can run
            continue
        if found is not None:
            yield found


def _parts(found: PdfObject) -> Iterator[DictionaryObject]:
    """Yield the dictionaries of one object; what it refers to is an object of its own."""
    waiting: list[Any] = [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, DictionaryObject):
            yield part
            waiting.extend(part.raw_get(key) for key in part)
        elif isinstance(part, ArrayObject):
            waiting.extend(list.__iter__(part))


def _check(part: DictionaryObject) -> None:
    names = {str(part.raw_get(key)) for key in ("/S", "/Type", "/Subtype") if key in part}
    if not _ACTIVE_KEYS.isdisjoint(part) or not names.isdisjoint(_ACTIVE_TYPES):
        raise Refused(PaperRefusal.ACTIVE)
    if str(part.get("/S")) in _ACTIVE_ACTIONS:
        raise Refused(PaperRefusal.ACTIVE)
    actions = part.get("/AA")
    if isinstance(actions, DictionaryObject):
        for key in actions:
            _check_opening(actions[key])


def _check_opening(action: Any) -> None:
    """Refuse what happens without a click, but for showing another place of the file."""
    for _ in range(MOST_ACTIONS):
        if not isinstance(action, DictionaryObject):
            return
        if str(action.get("/S")) not in _QUIET_ACTIONS:
            raise Refused(PaperRefusal.ACTIVE)
        action = action.get("/Next")
    raise Refused(PaperRefusal.ACTIVE)


def _raw(found: StreamObject) -> bytes:
    return bytes(found._data)


def _inflated(found: StreamObject, *, room: int) -> int:
    """Return how many bytes a stream really holds; raises `Refused` beyond the room."""
    filters = found.get("/Filter")
    names = [str(name) for name in filters] if isinstance(filters, ArrayObject) else [str(filters)]
    if not _OTHERS_THAT_COUNT.isdisjoint(names):
        # The library stops at 75 MB by itself.
        return _decoded_size(found, room=room)
    raw = _raw(found)
    pieces: Iterable[bytes] = (raw[at : at + CHUNK] for at in range(0, len(raw), CHUNK))
    for name in names:
        if name in _FLATE:
            pieces = _unfolded(pieces)
    return _counted(pieces, room=room)


def _unfolded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what comes out, bit by bit; what is damaged ends it, as in every viewer."""
    decompressor = zlib.decompressobj()
    try:
        for piece in pieces:
            waiting = piece
            # What fills a whole chunk may have left more inside, though nothing waits outside.
            if decompressor.eof:
                return
            while unfolded := decompressor.decompress(waiting, CHUNK):
                yield unfolded
                waiting = decompressor.unconsumed_tail
    except zlib.error:
        return


def _counted(pieces: Iterable[bytes], *, room: int) -> int:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > room:
            raise Refused(PaperRefusal.BOMB)
    return size


def _decoded_size(found: StreamObject, *, room: int) -> int:
    try:
        size = len(found.get_data())
    except LimitReachedError:
        raise
    except Exception:  # noqa: BLE001 - a picture in a coding that is not read here, or damage
        return 0
    if size > room:
        raise Refused(PaperRefusal.BOMB)
    return size
