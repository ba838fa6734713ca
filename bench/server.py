"""Servers under load: gunicorn with two sync workers, and a client that costs little itself.

Everything stays on the loopback address, and each burst is bounded in time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket
from time import monotonic, sleep

import psutil
from flask import Flask

import config as settings

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
WORKERS = 2
CLIENTS = 3
"""One more than the workers, so that none of them waits for the client."""
READY_WITHIN = 60.0


@dataclass(frozen=True)
class Burst:
    """What a server did in a while."""

    per_second: float
    """Requests answered."""
    cpu_ms: float
    """CPU time of the workers, a request."""


def hello() -> Flask:
    """Return the smallest application there is: what the server and Flask cost by themselves."""
    app = Flask("hello")

    @app.get("/")
    def hello() -> str:
        return "Hello"

    return app


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with closing(socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def environment(config: settings.Config) -> dict[str, str]:
    """Return the environment in which a server uses these settings."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("CONSULT_")}
    return environ | {
        "CONSULT_DATA": str(config.data_dir),
        "CONSULT_DATABASE_URL": config.database_url,
        "CONSULT_SECRET_KEY": config.secret_key,
        "CONSULT_BASE_URL": config.base_url,
        "CONSULT_RATE_LIMITS": "off",
    }


class Server:
    """A running gunicorn."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = psutil.Process(process.pid)
        self.port = port

    def burst(self, path: str, *, seconds: float, cookie: str = "", etag: str = "") -> Burst:
        """Ask for one page for a while with a few clients; every answer must be 200 or 304."""
        request = _request(path, port=self.port, cookie=cookie, etag=etag)
        status = b"HTTP/1.1 304" if etag else b"HTTP/1.1 200"
        before, began = self._cpu(), monotonic()
        until = began + seconds
        with ThreadPoolExecutor(CLIENTS) as pool:
            jobs = [pool.submit(self._ask, request, status, until) for _ in range(CLIENTS)]
            done = sum(job.result() for job in jobs)
        took, spent = monotonic() - began, self._cpu() - before
        return Burst(done / took, spent * 1000 / done)

    def _ask(self, request: bytes, status: bytes, until: float) -> int:
        done = 0
        while monotonic() < until:
            answer = self.get(request)
            if not answer.startswith(status):
                raise RuntimeError(f"unexpected answer: {answer[:60]!r}")
            done += 1
        return done

    def get(self, request: bytes) -> bytes:
        """Return the whole answer to a request; the server closes the connection."""
        with create_connection((HOST, self.port), timeout=30) as connection:
            connection.sendall(request)
            parts = []
            while part := connection.recv(262_144):
                parts.append(part)
        return b"".join(parts)

    def _cpu(self) -> float:
        times = [worker.cpu_times() for worker in self._process.children()]
        return float(sum(one.user + one.system for one in times))


def _request(path: str, *, port: int, cookie: str, etag: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}:{port}", "Connection: close"]
    lines += [f"Cookie: {cookie}"] if cookie else []
    lines += [f"If-None-Match: {etag}"] if etag else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def etag_of(server: Server, path: str) -> str:
    """Return the ETag that anonymous readers get with a page."""
    head = server.get(_request(path, port=server.port, cookie="", etag="")).split(b"\r\n\r\n")[0]
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "etag":
            return value
    raise RuntimeError("the page has no ETag")


@contextmanager
def gunicorn(target: str, *, port: int, environ: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Serve `target` with two sync workers, and end the server with the block."""
    command = [sys.executable, "-m", "gunicorn", "--workers", str(WORKERS)]
    command += ["--worker-class", "sync", "--bind", f"{HOST}:{port}", "--no-control-socket", target]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environ), stdout=file, stderr=file)
        try:
            _wait(port, process, log)
            yield Server(process, port)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = monotonic() + READY_WITHIN
    while monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            create_connection((HOST, port), timeout=1).close()
        except OSError:
            sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not answer in time")
