"""A bad line: a small proxy on the loopback address that cuts connections where it is told to."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds after which an end that says nothing is given up."""


class Cut(StrEnum):
    """Where a connection is lost."""

    NOWHERE = "nowhere"
    REQUEST = "request"
    """Before the request is whole."""
    ANSWER = "answer"
    """After the request, before a byte of the answer."""
    MIDDLE = "middle"
    """In the middle of the answer."""


Choose = Callable[[], Cut]


class Line:
    """Hands each connection on to a server and loses it where `choose` says."""

    def __init__(self, server_port: int, choose: Choose) -> None:
        self._server_port, self._choose = server_port, choose
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client, self._choose()), daemon=True).start()

    def _carry(self, client: socket.socket, cut: Cut) -> None:
        client.settimeout(PATIENCE)
        with client, suppress(OSError):
            request = _whole_request(client)
            with socket.create_connection((HOST, self._server_port), PATIENCE) as server:
                if cut is Cut.REQUEST:
                    server.sendall(request[: len(request) - len(request) // 3 - 1])
                    _reset(server)
                    _reset(client)
                    return
                server.sendall(request)
                _give_back(server, client, cut)


def _give_back(server: socket.socket, client: socket.socket, cut: Cut) -> None:
    if cut is Cut.ANSWER:
        # The server finds nobody to answer: the client is gone before it has begun.
        _reset(client)
    while part := server.recv(65_536):
        if cut is Cut.MIDDLE:
            client.sendall(part[: min(40, len(part) // 2)])
            _reset(client)
            _reset(server)
            return
        if cut is Cut.NOWHERE:
            client.sendall(part)


def _reset(connection: socket.socket) -> None:
    """Close at once and with an error for the other end, as a line that breaks does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _whole_request(client: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += _some(client)
    head, _, body = request.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += _some(client)
    return head + b"\r\n\r\n" + body


def _some(client: socket.socket) -> bytes:
    part = client.recv(65_536)
    if not part:
        raise ConnectionResetError
    return part


@contextmanager
def bad_line(server_port: int, choose: Choose) -> Iterator[Line]:
    """Give a line to a server for the time of the block."""
    line = Line(server_port, choose)
    try:
        yield line
    finally:
        line.close()
