"""The search: how soon, how fast, how large and how discreet, on both backends side by side.

A question is a word with three filters; its page has counts of all facets and 20 passages. Words
are drawn from the whole list of the corpus, so that some stand in most texts and some in few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from bench import decisions
from bench.corpus import SPACE, corpus, sign_in
from bench.measures import Measured
from bench.page import asks, path_of
from bench.shelves import Shelf, ms, p95, rebuild, seconds, shelf
from bench.words import SUBJECT
from consult.core.db import db
from consult.discussion.models import Contribution
from consult.search.documents import Filters
from consult.search.grammar import parse
from consult.search.plan import make
from consult.spaces.models import Objective, Space, SpaceObjective

BACKENDS = ("whoosh", "postgresql")
QUESTIONS = 60
ROUNDS = 2
WRITTEN = 200
"""Texts that are indexed anew to see how fast that goes."""
BATCH = 50
FULL = 1
"""The question with most threads."""


@dataclass(frozen=True)
class Question:
    """What is asked: a word and three filters."""

    word: str
    language: str
    objective: int

    @property
    def path(self) -> str:
        """The address of its page in French."""
        values = {"q": self.word, "language": self.language, "objective": self.objective}
        return f"/fr/search?{urlencode(values | {'space': SPACE})}"

    @property
    def filters(self) -> Filters:
        """What it is narrowed to."""
        return Filters(space=SPACE, language=self.language, objective=self.objective)


def measure(*, growth: bool) -> Iterator[Measured]:
    """Yield what the search costs on 10,000 comments; `growth` adds the corpus of 100,000."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        small = {
            backend: stack.enter_context(shelf(corpus(10_000), backend, folder / backend))
            for backend in BACKENDS
        }
        yield from _pages(small)
        yield from _of_index(small)
        yield decisions.discreet(small)
        yield decisions.visible(small, "search.visible_s_10k")
        if growth:
            yield from _growth(small, stack, folder)


def questions(one: Shelf, number: int = 0) -> list[Question]:
    """Return questions with words from all over the list of words of the corpus, and objectives of
    its consultation.

    Each number gives others, since people seldom ask twice.
    """
    random = Random(6)
    with one.app.app_context():
        objectives = db.session.scalars(
            select(Objective.number)
            .join(SpaceObjective, SpaceObjective.objective_id == Objective.id)
            .join(Space, Space.id == SpaceObjective.space_id)
            .where(Space.slug == SPACE)
            .order_by(Objective.number)
        ).all()
        db.session.remove()
    asked = []
    for place in range(QUESTIONS):
        language = ("en", "fr", "es")[place % 3]
        words = SUBJECT[language]
        word = words[(len(words) * (place // 3) // (QUESTIONS // 3) + number) % len(words)]
        asked.append(Question(word, language, random.choice(objectives)))
    return asked


def _pages(small: Mapping[str, Shelf]) -> Iterator[Measured]:
    """Compare pages of results with a page of 20 comments, each asked in turns."""
    cookies = {name: sign_in(one.app) for name, one in small.items()}
    page20 = asks(small["whoosh"].app, path_of(FULL, per_page=20), cookie=cookies["whoosh"])
    cpu: dict[str, list[float]] = {"page20": [], **{name: [] for name in small}}
    wall: dict[str, list[float]] = {name: [] for name in cpu}
    for number in range(ROUNDS + 1):
        asked = questions(small["whoosh"], number)
        for question in asked:
            works = {"page20": page20} | {
                name: asks(one.app, question.path, cookie=cookies[name])
                for name, one in small.items()
            }
            for name, work in works.items():
                began = perf_counter()
                took = seconds(work)
                # The first round warms up.
                if number:
                    cpu[name].append(took)
                    wall[name].append(perf_counter() - began)
    yield _against_page20(cpu, wall)


def _against_page20(
    cpu: Mapping[str, Sequence[float]], wall: Mapping[str, Sequence[float]]
) -> Measured:
    """Compare by the CPU time of the process; PostgreSQL's server has one of its own."""
    raw = {f"{name}_p50_ms": ms(median(all_)) for name, all_ in cpu.items()}
    raw |= {f"{name}_p95_ms": ms(p95(all_)) for name, all_ in cpu.items()}
    raw |= {f"{name}_p95_wall_ms": ms(p95(all_)) for name, all_ in wall.items()}
    raw["postgresql_vs_page20_wall"] = round(p95(wall["postgresql"]) / p95(wall["page20"]), 2)
    return Measured("search.p95_10k_vs_page20", p95(cpu["whoosh"]) / p95(cpu["page20"]), raw)


def _of_index(small: Mapping[str, Shelf]) -> Iterator[Measured]:
    """Tell how fast an index is filled and written to, and how much room it takes."""
    for name, one in small.items():
        began = process_time()
        wall = rebuild(one.app)
        raw = {"wall_s": round(wall, 1), "first_wall_s": round(one.rebuild_s, 1)}
        raw["of_process_per_s"] = round(one.size / (process_time() - began), 1)
        yield Measured(f"search.rebuild_per_s_{name}", one.size / wall, raw)
        yield Measured(f"search.index_bytes_per_text_{name}", one.weigh() / one.size, {})
        per_s, raw = _writes(one)
        yield Measured(f"search.writes_per_s_{name}", per_s, raw)


def _writes(one: Shelf) -> tuple[float, dict[str, Any]]:
    """Return texts a second that are indexed anew, `BATCH` of them in one commit."""
    with one.app.app_context():
        ids = db.session.scalars(select(Contribution.id).limit(WRITTEN)).all()
        batches = [ids[start : start + BATCH] for start in range(0, WRITTEN, BATCH)]
        together = [seconds(partial(one.index, batch), clock=perf_counter) for batch in batches]
        alone = [seconds(partial(one.index, [key]), clock=perf_counter) for key in ids[:10]]
        db.session.remove()
    raw = {"one_ms": ms(median(alone)), "of_50_ms": ms(median(together))}
    return WRITTEN / sum(together), raw


def _growth(small: Mapping[str, Shelf], stack: ExitStack, folder: Path) -> Iterator[Measured]:
    made = corpus(100_000)
    large = {
        name: stack.enter_context(shelf(made, name, folder / f"{name}-100k")) for name in BACKENDS
    }
    few, many = ({name: _answers(one) for name, one in all_.items()} for all_ in (small, large))
    raw: dict[str, Any] = {}
    for size, taken in (("10k", few), ("100k", many)):
        for name, all_ in taken.items():
            raw |= {f"{name}_{size}_p50_ms": ms(median(all_))}
            raw |= {f"{name}_{size}_p95_ms": ms(p95(all_))}
    raw["postgresql_p95_100k_vs_10k"] = round(p95(many["postgresql"]) / p95(few["postgresql"]), 2)
    for name, one in large.items():
        raw[f"{name}_rebuild_per_s"] = round(one.size / one.rebuild_s, 1)
        raw[f"{name}_bytes_per_text"] = round(one.weigh() / one.size)
    yield Measured("search.p95_100k_vs_10k", p95(many["whoosh"]) / p95(few["whoosh"]), raw)
    gain = median(many["whoosh"]) / median(many["postgresql"])
    yield Measured("search.postgresql_gain_100k", gain, raw)
    yield decisions.visible(large, "search.visible_s_100k")


def _answers(one: Shelf) -> list[float]:
    """Return the seconds that an index takes for each question, after one round to warm up."""
    taken = []
    for number in range(2):
        for question in questions(one, number):
            search = partial(
                one.backend.search,
                make(parse(question.word)),
                filters=question.filters,
                offset=0,
                limit=20,
                sort="relevance",
                allowed_spaces=frozenset({SPACE}),
            )
            took = seconds(search, clock=perf_counter)
            if number:
                taken.append(took)
    return taken
