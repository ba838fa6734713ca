"""The files of a Whoosh index: generations, the pointer to the current one, lock, checksums.

::

    folder/current              the name of the generation in use, replaced in one step
    folder/writer.lock          held by whoever writes, or swaps a generation in
    folder/rebuild.lock         held by whoever fills a new generation aside
    folder/generation-1-<hex>/  one Whoosh index each

A checksum lies beside every file Whoosh reads, because damaged bytes inside Whoosh can
mean anything, from a wrong hit to a pickle nobody wrote.
"""

import os
import re
import secrets
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from whoosh.filedb.filestore import FileStorage
from whoosh.index import TOC, FileIndex
from whoosh.util.filelock import FileLock
from whoosh.writing import SegmentWriter

from consult.search.backends.whoosh_schema import SCHEMA_VERSION, make_schema
from consult.search.documents import IndexBusy, IndexUnavailable

_POINTER: Final = "current"
_WRITER: Final = "writer.lock"
_REBUILD: Final = "rebuild.lock"
_GENERATION: Final = re.compile(r"generation-([0-9]+)-[0-9a-f]{16}")
_INDEX: Final = "MAIN"
_OPEN_ATTEMPTS: Final = 5
_RETRY_S: Final = 0.02
_CHUNK_BYTES: Final = 1 << 20


@contextmanager
def writer_lock(folder: Path, *, wait_s: float) -> Iterator[None]:
    """Hold the one writer's lock of ``folder``; :class:`IndexBusy` after ``wait_s`` seconds."""
    with _lock(folder, _WRITER, wait_s=wait_s):
        yield


@contextmanager
def rebuild_lock(folder: Path, *, wait_s: float) -> Iterator[None]:
    """Be the only one who rebuilds; writers go on in the current generation meanwhile."""
    with _lock(folder, _REBUILD, wait_s=wait_s):
        yield


@contextmanager
def _lock(folder: Path, name: str, *, wait_s: float) -> Iterator[None]:
    if not folder.is_dir():
        raise IndexUnavailable("The index folder does not exist.")
    lock = FileLock(str(folder / name))
    give_up_at = time.monotonic() + wait_s
    while not lock.acquire():
        if time.monotonic() >= give_up_at:
            raise IndexBusy("Another process is writing the index.")
        time.sleep(_RETRY_S)
    try:
        yield
    finally:
        lock.release()


def current_generation(folder: Path) -> Path:
    """Return the folder of the index in use, or raise :class:`IndexUnavailable`."""
    try:
        name = (folder / _POINTER).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise IndexUnavailable("There is no index.") from error
    match = _GENERATION.fullmatch(name)
    if match is None or int(match.group(1)) != SCHEMA_VERSION:
        raise IndexUnavailable("The index was made by another version.")
    return folder / name


def new_generation(folder: Path) -> Path:
    """Make an empty index aside and return its folder."""
    generation = folder / f"generation-{SCHEMA_VERSION}-{secrets.token_hex(8)}"
    generation.mkdir(parents=True)
    FileIndex.create(_CheckedStorage(str(generation)), make_schema())
    return generation


def make_current(generation: Path) -> None:
    """Let searches use ``generation`` from now on; call with both locks held."""
    folder = generation.parent
    pointer = folder / f"{_POINTER}.new"
    with pointer.open("w", encoding="ascii") as stream:
        stream.write(generation.name)
        stream.flush()
        os.fsync(stream.fileno())
    pointer.replace(folder / _POINTER)


def remove_leftovers(folder: Path, *, keep: Path) -> None:
    """Remove what finished or killed rebuilds left, unless one is at work just now."""
    with suppress(IndexBusy), rebuild_lock(folder, wait_s=0):
        remove_other_generations(folder, keep=keep)


def remove_other_generations(folder: Path, *, keep: Path | None) -> None:
    """Remove all generations but one; call with the lock of rebuilds held."""
    for path in folder.iterdir():
        if _GENERATION.fullmatch(path.name) and path != keep:
            shutil.rmtree(path, ignore_errors=True)


def open_index(generation: Path) -> Any:
    """Return the Whoosh index in ``generation``; anything may be raised where it is damaged."""
    storage = _CheckedStorage(str(generation))
    for _ in range(_OPEN_ATTEMPTS):
        # A commit may remove the table of contents between these lines; then there is a newer one.
        with suppress(FileNotFoundError):
            number = TOC._latest_generation(storage, _INDEX)
            _check(generation / f"_{_INDEX}_{number}.toc")
            return FileIndex(storage, schema=make_schema())
        time.sleep(_RETRY_S)
    raise IndexUnavailable("The index has no table of contents.")


def check_segments(index: Any, *, known: set[str]) -> None:
    """Compare the segments not in ``known`` with their checksums and add them to it."""
    for segment in index._segments():
        name = segment.segment_id()
        if name not in known:
            _check(Path(index.storage.folder) / f"{name}.seg")
            known.add(name)


def remove_orphans(index: Any) -> None:
    """Remove what a killed writer left in an index's folder; call with the lock held."""
    folder = Path(index.storage.folder)
    toc = f"_{_INDEX}_{index.latest_generation()}.toc"
    kept = {segment.segment_id() for segment in index._segments()}
    for path in folder.iterdir():
        if path.name in (toc, f"{toc}.crc") or path.name.partition(".")[0] in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


class CheckedWriter(SegmentWriter):
    """Whoosh's writer, under our lock instead of its own, leaving checksums."""

    def __init__(self, index: Any) -> None:
        super().__init__(index, _lk=False)
        # Else a file of lengths is looked for once a posting, and none of our fields has one.
        self.codec.length_stats = False

    def _commit_toc(self, segments: list[Any]) -> None:
        folder = Path(self.storage.folder)
        for segment in segments:
            path = folder / f"{segment.segment_id()}.seg"
            if not _checksum_path(path).exists():
                _checksum_path(path).write_text(_checksum(path), encoding="ascii")
        super()._commit_toc(segments)


class _CheckedStorage(FileStorage):
    """Whoosh's folder, with a checksum in place before a table of contents takes effect."""

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        folder = Path(self.folder)
        checksum = _checksum(folder / oldname)
        _checksum_path(folder / newname).write_text(checksum, encoding="ascii")
        super().rename_file(oldname, newname, safe=safe)


def _checksum_path(path: Path) -> Path:
    # Whoosh itself removes <segment>.* when a segment goes.
    return path.with_suffix(".crc") if path.suffix == ".seg" else path.with_name(f"{path.name}.crc")


def _check(path: Path) -> None:
    if _checksum_path(path).read_bytes() != _checksum(path).encode("ascii"):
        raise IndexUnavailable(f"The index file {path.name} is damaged.")


def _checksum(path: Path) -> str:
    value = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            value = zlib.crc32(chunk, value)
    return f"{value:08x}"
