"""Exports: whether their memory and their time stay flat as a consultation grows.

Each export runs in a process of its own, which says what it took: `python -m bench.export`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from bench.corpus import ROOT, SPACE, corpus
from bench.measures import Measured
from consult.core.authz import VISITOR
from consult.core.db import db
from consult.discussion.queries.lines import ExportFilter
from consult.drafting.services import make_export

ROUNDS = 3
SIZES = (1_000, 10_000)
PEAK = Path("/proc/self/clear_refs")
SMALLEST = ExportFilter(questions=(2,))
"""The question with one comment: loads what the first export of a process loads."""


def measure(*, growth: bool) -> Iterator[Measured]:
    """Yield memory and time of the formats for offices, 10,000 comments against 1,000."""
    sizes = (*SIZES, 100_000) if growth else SIZES
    for size in sizes:
        corpus(size)
    for format in ("docx", "xlsx"):
        yield from _of_format(format, sizes)


def _of_format(format: str, sizes: tuple[int, ...]) -> Iterator[Measured]:
    runs: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for _ in range(ROUNDS):
        for size, taken in runs.items():
            taken.append(_in_a_process(format, size))
    middle = {
        size: {key: median(run[key] for run in taken) for key in taken[0]}
        for size, taken in runs.items()
    }
    raw = {f"of_{size}": values for size, values in middle.items()}
    few, many = (middle[size] for size in SIZES)
    yield Measured(f"export.{format}_rss_10k_vs_1k", many["peak_mb"] / few["peak_mb"], raw)
    yield Measured(f"export.{format}_added_mb_10k", many["peak_mb"] - many["before_mb"], raw)
    if format == "docx":
        yield Measured("export.docx_time_10k_vs_1k", many["cpu_s"] / few["cpu_s"], raw)


def _in_a_process(format: str, size: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.export", format, str(size)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=600,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def run(format: str, size: int) -> dict[str, float]:
    """Export a whole corpus in this process; return CPU seconds and megabytes."""
    app = corpus(size).app()
    with app.app_context(), TemporaryDirectory() as folder:
        _export(format, Path(folder) / f"first.{format}", wanted=SMALLEST)
        before = _peak_mb(anew=True)
        began = process_time()
        written = Path(folder) / f"export.{format}"
        _export(format, written, wanted=ExportFilter())
        taken = process_time() - began
        size_mb = written.stat().st_size / 1e6
    return {
        "cpu_s": round(taken, 3),
        "before_mb": round(before, 1),
        "peak_mb": round(_peak_mb(), 1),
        "file_mb": round(size_mb, 2),
    }


def _export(format: str, path: Path, *, wanted: ExportFilter) -> None:
    make_export(
        db.session(),
        space_slug=SPACE,
        actor=VISITOR,
        wanted=wanted,
        format=format,
        path=path,
        locale="fr",
        base_url="http://127.0.0.1:8000",
        holds=False,
    )
    db.session.rollback()


def _peak_mb(*, anew: bool = False) -> float:
    """Return the highest resident memory of this process; `anew` first forgets the peak.

    Linux hands a new process the peak of its parent, hence not `getrusage` there.
    """
    if not PEAK.exists():
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return highest / (1024 * 1024 if sys.platform == "darwin" else 1024)
    if anew:
        PEAK.write_text("5")
    for line in PEAK.with_name("status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell the peak of memory")


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]))))
