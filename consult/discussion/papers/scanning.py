"""Asking clamd whether a file is clean: INSTREAM over TCP or a socket file, with one deadline.

Ours, because the client on the package index (clamav-client 0.7) is under the GPL, waits without
end for a daemon that sends its answer byte by byte, and speaks no IPv6.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import time
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

PORT = 3310
SECONDS = 45.0
"""For connecting, sending and the answer together; a worker's row is leased for 120."""
CHUNK = 1 << 16
LONGEST_ANSWER = 4096
"""Bytes."""

_FOUND = re.compile(r"stream: (?P<name>.+) FOUND")


class ScannerAway(Exception):
    """There is no verdict: the daemon is not there, too slow, or cannot take the file."""


@dataclass(frozen=True)
class Verdict:
    """What the scanner says of a file."""

    found: str | None = None
    """Name of the signature that matched; None for a clean file."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return self.found is None


@dataclass(frozen=True)
class Clamd:
    """A daemon at an address such as `tcp://host:3310` or `unix:/run/clamav/clamd.ctl`."""

    url: str
    seconds: float = SECONDS

    def scan(self, stream: IO[bytes]) -> Verdict:
        """Return the verdict on a file, which is read from its beginning.

        Raises `ScannerAway` where there is none, within `seconds` in any case.
        """
        until = time.monotonic() + self.seconds
        stream.seek(0)
        try:
            with self._connected() as connection:
                # A daemon that refuses a file says why and closes before all of it was sent.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    _send(connection, stream, until=until)
                return _verdict(_answer(connection, until=until))
        except OSError as error:
            raise ScannerAway(f"clamd at {self.url}: {error}") from error

    def _connected(self) -> socket.socket:
        parts = urlsplit(self.url)
        if parts.scheme == "tcp":
            address = (parts.hostname or "localhost", parts.port or PORT)
            return socket.create_connection(address, timeout=self.seconds)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.seconds)
            connection.connect(parts.path)
        except BaseException:
            connection.close()
            raise
        return connection


def _send(connection: socket.socket, stream: IO[bytes], *, until: float) -> None:
    connection.sendall(b"zINSTREAM\0")
    while chunk := stream.read(CHUNK):
        connection.settimeout(_left(until))
        connection.sendall(struct.pack("!L", len(chunk)) + chunk)
    connection.settimeout(_left(until))
    connection.sendall(struct.pack("!L", 0))


def _answer(connection: socket.socket, *, until: float) -> str:
    said = b""
    while b"\0" not in said and len(said) < LONGEST_ANSWER:
        connection.settimeout(_left(until))
        chunk = connection.recv(1024)
        if not chunk:
            break
        said += chunk
    return said.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


def _verdict(answer: str) -> Verdict:
    if answer == "stream: OK":
        return Verdict()
    found = _FOUND.fullmatch(answer)
    if found is None:
        raise ScannerAway(f"clamd gives no verdict: {answer or 'it hung up'}")
    return Verdict(found=found["name"])
