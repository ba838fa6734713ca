"""What a measurement is: its name, its goal, and how two things are timed side by side."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A bound of a value: at least (`>=`) or at most (`<=`)."""

    sign: str
    bound: float

    def is_met(self, value: float) -> bool:
        """Whether the value keeps to the bound."""
        return value >= self.bound if self.sign == ">=" else value <= self.bound

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


GOALS: Mapping[str, Goal] = {
    "page20.vs_hello": Goal(">=", 0.10),
    "page200.vs_hello": Goal(">=", 0.03),
    "page.cpu_vs_floor": Goal("<=", 2),
    "page.not_modified_gain": Goal(">=", 15),
    "page.fragment_gain": Goal(">=", 3),
    "page.queries_anonymous": Goal("<=", 5),
    "page.queries_signed_in": Goal("<=", 8),
    "flat.page_100k_vs_1k": Goal("<=", 1.2),
    "flat.deep_vs_first": Goal("<=", 1.2),
    "flat.permalink_vs_first": Goal("<=", 1.2),
    "post.p50_vs_hello": Goal("<=", 3),
    "post.deep_vs_shallow": Goal("<=", 1.5),
    "post.p99_indexing_vs_idle": Goal("<=", 2),
    "post.lost": Goal("<=", 0),
    "post.5xx": Goal("<=", 0),
    "post.broken_mail_and_index_vs_whole": Goal("<=", 1.2),
    "mail.page_p50_vs_idle": Goal("<=", 1.2),
    "flat.queue_10k_vs_100": Goal("<=", 1.2),
    "flat.item_10k_vs_100": Goal("<=", 1.2),
    "desk.queue_statements": Goal("<=", 15),
    "desk.bulk_of_200_s": Goal("<=", 2),
    "desk.decide_p50_vs_item": Goal("<=", 2),
    "duplicates.recall_slight": Goal(">=", 0.95),
    "duplicates.precision": Goal(">=", 0.99),
    "duplicates.ms_per_text": Goal("<=", 10),
    "finding.recall_forms": Goal(">=", 0.97),
    "finding.recall_meaning": Goal(">=", 0.80),
    "finding.r_precision": Goal(">=", 0.75),
    "objectives.top1": Goal(">=", 0.95),
    "objectives.top3": Goal(">=", 0.98),
    "search.visible_s_10k": Goal("<=", 2),
    "search.visible_s_100k": Goal("<=", 10),
    "search.p95_10k_vs_page20": Goal("<=", 5),
    "search.p95_100k_vs_10k": Goal("<=", 10),
    "search.postgresql_gain_100k": Goal(">=", 10),
    "search.hidden_vs_absent_ms": Goal("<=", 20),
    "search.rebuild_per_s_whoosh": Goal(">=", 500),
    "search.rebuild_per_s_postgresql": Goal(">=", 500),
    "search.writes_per_s_whoosh": Goal(">=", 50),
    "search.writes_per_s_postgresql": Goal(">=", 50),
    "search.index_bytes_per_text_whoosh": Goal("<=", 10_000),
    "search.index_bytes_per_text_postgresql": Goal("<=", 20_000),
    "weight.page50_gzip_bytes": Goal("<=", 60_000),
    "weight.markup_base_bytes": Goal("<=", 15_000),
    "weight.markup_bytes_per_comment": Goal("<=", 1_200),
    "export.docx_rss_10k_vs_1k": Goal("<=", 1.5),
    "export.xlsx_rss_10k_vs_1k": Goal("<=", 1.5),
    "export.docx_added_mb_10k": Goal("<=", 40),
    "export.xlsx_added_mb_10k": Goal("<=", 40),
    "export.docx_time_10k_vs_1k": Goal("<=", 12),
}


@dataclass(frozen=True)
class Measured:
    """A value with the medians it was made from."""

    name: str
    value: float
    raw: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return value, goal, whether it is met, and the medians."""
        goal = GOALS[self.name]
        return {
            "value": round(self.value, 4),
            "goal": str(goal),
            "met": goal.is_met(self.value),
            "raw": dict(self.raw),
        }


def interleaved(
    works: Mapping[str, Callable[[], Any]],
    *,
    rounds: int,
    clock: Callable[[], float] = process_time,
) -> dict[str, float]:
    """Return the median seconds of each work, done in turns (A B A B) so that drift hits all.

    The default clock counts the CPU time of this process. The first round warms up.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            gc.collect()
            began = clock()
            work()
            seconds = clock() - began
            if number:
                taken[name].append(seconds)
    return {name: median(values) for name, values in taken.items()}


def wall() -> float:
    """Return seconds on the wall."""
    return perf_counter()


def milliseconds(taken: Mapping[str, float], *, works: int = 1) -> dict[str, float]:
    """Return the medians as milliseconds a work, rounded for reading."""
    return {f"{name}_ms": round(seconds * 1000 / works, 3) for name, seconds in taken.items()}
