"""A clamd for tests, on the loopback address: speaks INSTREAM, and misbehaves when told to."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

MARK = b"test-virus"
"""What this scanner finds."""


class FakeClamd:
    """A daemon in a thread; `mood` is read anew for each connection."""

    def __init__(self) -> None:
        self.mood = "well"
        self.scanned: list[bytes] = []
        self._ending = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"tcp://127.0.0.1:{self._socket.getsockname()[1]}"

    def stop(self) -> None:
        """End it; its port is closed."""
        self._ending.set()
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while not self._ending.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            connection.settimeout(5)
            with connection, contextlib.suppress(OSError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if self.mood == "hangs up":
            return
        if self.mood == "hangs":
            self._ending.wait(5)
            return
        assert _exactly(connection, 10) == b"zINSTREAM\0"
        if self.mood == "too large":
            connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
            return
        content = b""
        while size := struct.unpack("!L", _exactly(connection, 4))[0]:
            content += _exactly(connection, size)
        self.scanned.append(content)
        if self.mood == "drips":
            for letter in b"stream: " + b"O" * 1000:
                connection.sendall(bytes([letter]))
                time.sleep(0.05)
            return
        if self.mood == "babbles":
            connection.sendall(b"x" * 100_000)
            return
        found = MARK in content
        connection.sendall(b"stream: Test.Mark FOUND\0" if found else b"stream: OK\0")


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        chunk = connection.recv(size - len(content))
        if not chunk:
            raise ConnectionResetError
        content += chunk
    return content


@contextmanager
def fake_clamd() -> Iterator[FakeClamd]:
    """Run one for a test."""
    daemon = FakeClamd()
    try:
        yield daemon
    finally:
        daemon.stop()
