"""Run the parts, print one JSON object, and keep it in `bench/results.json`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from bench import desk, duplicates, export, finding, mail, objectives, page, post, search
from bench.measures import Measured
from consult.core import clock

RESULTS = Path(__file__).resolve().parent / "results.json"
GROWTH = "growth"

PARTS: dict[str, Callable[..., Iterator[Measured]]] = {
    "page": page.measure,
    "post": post.measure,
    "export": export.measure,
    "mail": mail.measure,
    "duplicates": duplicates.measure,
    "desk": desk.measure,
    "finding": finding.measure,
    "objectives": objectives.measure,
    "search": search.measure,
}


def main() -> int:
    """Measure all parts, or the one that is named; goals that are missed do not fail."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("name", nargs="?", choices=[*PARTS, GROWTH], help="one part, or growth")
    name = parser.parse_args().name
    chosen = [name] if name in PARTS else list(PARTS)
    results: dict[str, Any] = {}
    for part in chosen:
        for measured in PARTS[part](growth=name == GROWTH):
            results[measured.name] = measured.as_json()
            _tell(measured)
    text = json.dumps(results | {"machine": _machine()}, indent=2)
    RESULTS.write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


def _tell(measured: Measured) -> None:
    told = measured.as_json()
    mark = "ok    " if told["met"] else "MISSED"
    line = f"{mark} {measured.name} = {told['value']:g} ({told['goal']})"
    print(line, file=sys.stderr, flush=True)


def _machine() -> dict[str, Any]:
    return {
        "at": clock.iso(clock.now()),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_after": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "server": f"gunicorn {version('gunicorn')}, sync, 2 workers",
        "database": "sqlite",
    }


if __name__ == "__main__":
    raise SystemExit(main())
