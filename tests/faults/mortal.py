"""A server that a test may kill, start again, and give other settings."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.conftest import ROOT, Served

READY_WITHIN = 60.0
"""Seconds until a server must answer."""


class Mortal:
    """The server of `served`, and those that come after it on the same port."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._process = served.process

    def kill(self) -> None:
        """End the server as a power cut does: nothing is finished, nothing is said."""
        self._process.kill()
        self._process.wait(30)

    def stop(self) -> None:
        """End the server in order."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Serve again; `more` are further variables of the environment."""
        port = self._served.url.rpartition(":")[2]
        with (self._served.config.data_dir / "again.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flask", "serve", "--port", port],
                cwd=ROOT,
                env=self._served.environ | dict(more or {}),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + READY_WITHIN
        while True:
            try:
                urllib.request.urlopen(f"{self._served.url}/healthz", timeout=5).close()
            except OSError:
                assert self._process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server did not answer"
                time.sleep(0.1)
            else:
                return


@contextmanager
def mortal(served: Served) -> Iterator[Mortal]:
    """Give the server into the hands of a test; whatever runs at the end is ended."""
    server = Mortal(served)
    try:
        yield server
    finally:
        server.stop()
