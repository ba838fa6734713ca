"""A child process for each look into a file: bounded in time and memory, without our secrets.

What a hostile file does to a parser, it does to the child; the answer is then a refusal.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

from consult.discussion.papers.shapes import Kind, PaperRefusal, PaperText, Refused

CHECK_SECONDS = 20.0
"""How long somebody who hands a file in may have to wait for the answer."""
READ_SECONDS = 50.0
MOST_AT_ONCE = 2
"""Children of one process that run at the same time: their memory adds up."""
WAIT_SECONDS = 20.0
"""How long a check may wait until another one has ended."""
WAIT_TO_READ_SECONDS = 120.0
MODULE = "consult.discussion.papers.child"
ROOT = Path(__file__).resolve().parents[3]


_places = threading.BoundedSemaphore(MOST_AT_ONCE)


class Unreadable(Exception):
    """The text of a file cannot be taken out of it."""


def check(stream: IO[bytes], *, seconds: float = CHECK_SECONDS) -> Kind:
    """Return what a file is, by a child process; raises `Refused` with the reason.

    The `seconds` are for waiting until a child may run and for its work together.
    """
    until = time.monotonic() + seconds
    if not _places.acquire(timeout=min(WAIT_SECONDS, max(0.0, seconds))):
        raise Refused(PaperRefusal.BOMB)
    try:
        answer = _ask("check", stream, seconds=until - time.monotonic())
    finally:
        _places.release()
    if answer is None:
        raise Refused(PaperRefusal.BOMB)
    if "refusal" in answer:
        kind = answer.get("kind")
        raise Refused(PaperRefusal(answer["refusal"]), Kind(kind) if kind else None)
    return Kind(answer["kind"])


def read(stream: IO[bytes], *, kind: Kind, seconds: float = READ_SECONDS) -> PaperText:
    """Return the text of a file, by a child process; raises `Unreadable`.

    Raises `TimeoutError` where no child may run for two minutes: that says nothing of the file.
    """
    if not _places.acquire(timeout=WAIT_TO_READ_SECONDS):
        raise TimeoutError
    try:
        answer = _ask(kind.value, stream, seconds=seconds)
    finally:
        _places.release()
    if answer is None or "paragraphs" not in answer:
        raise Unreadable
    return PaperText(
        paragraphs=tuple((page, text) for page, text in answer["paragraphs"]),
        pages=answer["pages"],
    )


def _ask(task: str, stream: IO[bytes], *, seconds: float) -> dict[str, Any] | None:
    """Return what the child says; None where it ended early, whatever the cause."""
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as said:
        stream.seek(0)
        shutil.copyfileobj(stream, copy)
        copy.flush()
        copy.seek(0)
        try:
            done = subprocess.run(  # noqa: S603 - our own module, no word of it comes from outside
                [sys.executable, "-m", MODULE, task, str(max(1, int(seconds)))],
                stdin=copy,
                stdout=said,
                stderr=subprocess.DEVNULL,
                timeout=max(0.01, seconds),
                cwd=ROOT,
                # Keys and passwords of the service stand in its environment: none of it goes along.
                env={
                    "PYTHONUTF8": "1",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "OPENBLAS_NUM_THREADS": "1",
                },
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode != 0:
            return None
        said.seek(0)
        answer = json.load(said)
    return answer if isinstance(answer, dict) else None
