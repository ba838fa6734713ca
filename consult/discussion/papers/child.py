"""The child process: looks into the file on its standard input and says what it found as JSON.

`python -m consult.discussion.papers.child check|pdf|docx|odt|txt SECONDS`; exit 0 with an answer.
"""

from __future__ import annotations

import io
import json
import logging
import resource
import sys
import warnings
from typing import Any

from consult.discussion.papers import kinds, reading
from consult.discussion.papers.shapes import Kind, PaperRefusal, Refused

MEMORY_TO_CHECK = 512 * 1024 * 1024
"""Bytes of address space; two such children run beside each process that answers requests."""
MEMORY_TO_READ = 1024 * 1024 * 1024
"""Plain text of 20 MB in one paragraph takes more than half of it; the worker reads one by one."""
ANSWER = 64 * 1024 * 1024
"""Bytes that may be written."""


def limit(seconds: int, *, memory: int) -> None:
    """Bound what this process may use from now on; the kernel ends it beyond."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ANSWER, ANSWER))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(task: str, stream: io.BytesIO, *, seconds: float) -> dict[str, Any]:
    """Return what is to be said of a file; reading ends a while before the time is over."""
    if task == "check":
        try:
            return {"kind": kinds.examine(stream)}
        except Refused as refused:
            return {"refusal": refused.refusal, "kind": refused.kind}
        except (MemoryError, RecursionError):
            return {"refusal": PaperRefusal.BOMB, "kind": None}
    text = reading.read(stream, kind=Kind(task), seconds=0.7 * seconds)
    return {"paragraphs": text.paragraphs, "pages": text.pages}


def main() -> None:
    """Do one task."""
    task, seconds = sys.argv[1], int(sys.argv[2])
    limit(seconds, memory=MEMORY_TO_CHECK if task == "check" else MEMORY_TO_READ)
    logging.disable()
    warnings.simplefilter("ignore")
    said = answer(task, io.BytesIO(sys.stdin.buffer.read()), seconds=seconds)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
