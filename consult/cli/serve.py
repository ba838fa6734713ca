"""`flask serve`: the pages by waitress, and the worker as a supervised child."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import click
import structlog
import waitress
from flask import Flask, current_app
from flask.cli import with_appcontext

from config import Config
from consult.cli import base
from consult.cli.worker import use_base_url
from consult.core import web
from consult.core.db import db
from consult.operations import queries

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
THREADS = 8
LONGEST_PAUSE = 60.0
"""Seconds between two starts of a worker that keeps dying."""
PATIENCE = 8.0
"""Seconds that a worker gets to finish its batch."""
MAX_REQUEST = web.MAX_BODY_WITH_FILES + web.MAX_BODY
"""Bytes from which on a request is refused before the application sees it."""

log = structlog.get_logger("consult.serve")


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@with_appcontext
@base.command(drains=False)
def serve(port: int, host: str) -> None:
    """Serve the pages and run the worker until stopped."""
    refuse_old_schema()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    config: Config = app.extensions["consult.config"]
    base_url = address_for(config.base_url, port=port)
    use_base_url(base_url)
    db.session.remove()
    try:
        server = waitress.create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=MAX_REQUEST,
            # The application itself believes only as many proxies as it was told of.
            clear_untrusted_proxy_headers=False,
        )
    except OSError as error:
        raise base.WrongCall(f"Port {port} of {host} is not free: {error.strerror}.") from None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    supervisor = Supervisor(worker_command(base_url))
    supervisor.start()
    click.echo(f"Consult is at {base_url}/ (Ctrl+C ends it)", err=True)
    try:
        # Returns on the exit that a signal raises, after the requests that are being answered.
        server.run()
    finally:
        server.close()
        supervisor.stop()


def refuse_old_schema() -> None:
    """Raise `WrongCall` where the database is not up to date."""
    state = queries.schema_state(
        db.session(), migrations=queries.migrations_dir(current_app.root_path)
    )
    if not state.is_at_head:
        raise base.WrongCall("The database is not up to date; run `flask db upgrade` first.")


def address_for(base_url: str, *, port: int) -> str:
    """Return the base URL, moved to the port where it names a loopback address."""
    parts = urlsplit(base_url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.port == port:
        return base_url
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"http://{host}:{port}"


def worker_command(base_url: str) -> list[str]:
    """Return the command that starts the worker with this interpreter and application."""
    wsgi = Path(current_app.root_path).parent / "wsgi.py"
    flask = [sys.executable, "-m", "flask", "--app", str(wsgi)]
    return [*flask, "worker", "--while-stdin-open", "--base-url", base_url]


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


class Supervisor:
    """Keeps one child process alive: restarted with growing pauses, ended with its parent."""

    def __init__(self, command: list[str], *, first_pause: float = 1.0) -> None:
        self._command, self._first_pause = command, first_pause
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name="supervisor", daemon=True)
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child that runs now."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def start(self) -> None:
        """Start the child and watch over it."""
        self._thread.start()

    def stop(self) -> None:
        """End the child: first asked, after `PATIENCE` killed."""
        self._stopping.set()
        with self._lock:
            child = self._child
        if child is not None:
            child.terminate()
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdin is not None:
                child.stdin.close()
        self._thread.join(2)

    def _keep_alive(self) -> None:
        pause = self._first_pause
        while not self._stopping.is_set():
            began = time.monotonic()
            with self._lock:
                if self._stopping.is_set():
                    return
                # The open pipe tells the child that we live; it closes even if we are killed.
                child = subprocess.Popen(self._command, stdin=subprocess.PIPE)  # noqa: S603
                self._child = child
            code = child.wait()
            if self._stopping.is_set():
                return
            if child.stdin is not None:
                child.stdin.close()
            if time.monotonic() - began > LONGEST_PAUSE:
                pause = self._first_pause
            log.warning("the worker ended and is started again", code=code, pause=pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
