"""Files by content: a blob is named by its SHA-256 and never changes."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base

CHUNK = 1 << 16


class Blob(Base):
    """A stored file; the same bytes are kept once."""

    __tablename__ = "blob"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""


class BlobStorage(Protocol):
    """Where blobs lie; hosts that share nothing use an S3-compatible one."""

    def put(self, stream: IO[bytes]) -> tuple[str, int]:
        """Keep the bytes; return their SHA-256 and size."""
        ...

    def open(self, sha256: str) -> IO[bytes]:
        """Open a kept blob; raises FileNotFoundError."""
        ...

    def delete(self, sha256: str) -> None:
        """Remove a blob; unknown ones are ignored."""
        ...


class FileStorage:
    """Blobs in a folder, two levels deep, written aside and moved into place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise FileNotFoundError(sha256)
        return self.folder / sha256[:2] / sha256

    def put(self, stream: IO[bytes]) -> tuple[str, int]:
        """Keep the bytes; return their SHA-256 and size."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self.folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            path = self._path(digest.hexdigest())
            path.parent.mkdir(exist_ok=True)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return digest.hexdigest(), size

    def open(self, sha256: str) -> IO[bytes]:
        """Open a kept blob; raises FileNotFoundError."""
        return self._path(sha256).open("rb")

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """Yield a blob's bytes piece by piece."""
        with self.open(sha256) as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def delete(self, sha256: str) -> None:
        """Remove a blob; unknown ones are ignored."""
        self._path(sha256).unlink(missing_ok=True)
