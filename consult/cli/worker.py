"""`flask worker`: does what the outbox asks for."""

from __future__ import annotations

import os
import signal
import sys
import threading

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

import config as settings
from consult.cli import base
from consult.core import worker as loop


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@click.option("--while-stdin-open", is_flag=True, hidden=True)
@click.option("--base-url", hidden=True)
@with_appcontext
@base.command(drains=False)
def worker(once: bool, while_stdin_open: bool, base_url: str | None) -> None:
    """Index, send mail and do everything else that follows an act, until stopped."""
    if base_url is not None:
        use_base_url(base_url)
    if once:
        click.echo(f"{loop.drain()} batches done", err=True)
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if while_stdin_open:
        threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    loop.run(stop, context=app.app_context)


def use_base_url(base_url: str) -> None:
    """Build links on another address than the configured one, in this process."""
    config: settings.Config = current_app.extensions["consult.config"]
    current_app.extensions["consult.config"] = settings.with_base_url(config, base_url)


def _wait_for_end_of_input(stop: threading.Event) -> None:
    # The pipe ends with the process that holds its other end, however that one died.
    # Read without Python's buffer, whose lock would be held when the interpreter ends.
    while os.read(sys.stdin.fileno(), 1):
        continue
    stop.set()
