"""Sending a text: against hello, into long threads, while the index works, with things broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from flask import Flask
from sqlalchemy import select

from bench.corpus import Corpus, corpus, reference_at
from bench.measures import Measured
from bench.posting import (
    Installation,
    Poster,
    Sent,
    installation,
    kept,
    wait_until_done,
    waiting,
    worker,
)
from bench.server import HOST, Server, environment, free_port, gunicorn
from consult.core import clock
from consult.core.outbox import emit
from consult.core.unit_of_work import unit_of_work
from consult.discussion.events import PublicTextChanged
from consult.discussion.models import Contribution

LONG = 3
"""The question with a thread of 500 and, after it, one of 5,000."""
SHALLOW, DEEP = 250, 500 + 2_500
"""Places in the middle of the two."""
ROUNDS = 6
BATCH = 10
"""Sendings of each kind in a round."""
POSTERS = 16
EACH = 8
"""Sendings of each poster in a round."""
CROWDED_ROUNDS = 3
INDEXING = "search.index"


def measure(*, growth: bool) -> Iterator[Measured]:  # noqa: ARG001 - every part is asked alike
    """Yield what a sending costs on corpora of 10,000 and 1,000 comments."""
    with TemporaryDirectory() as folder:
        yield from _one_by_one(corpus(10_000), Path(folder))
        yield from _crowded(corpus(1_000), Path(folder))
        yield _broken(corpus(1_000), Path(folder))


def _one_by_one(made: Corpus, folder: Path) -> Iterator[Measured]:
    port = free_port()
    environ = environment(made.config)
    with ExitStack() as stack:
        ours = stack.enter_context(installation(made, folder / "large"))
        target = "bench.server:hello()"
        bare = stack.enter_context(
            gunicorn(target, port=port, environ=environ, log=folder / "hello.log")
        )
        shallow, deep = (
            reference_at(ours.app, question=LONG, place=place) for place in (SHALLOW, DEEP)
        )
        answers, replies = ours.poster(question=1), ours.poster(question=LONG)
        taken = _medians(
            {
                "hello": lambda: _hello(bare),
                "post": lambda: _seconds(answers),
                "shallow": lambda: _seconds(replies, parent=shallow),
                "deep": lambda: _seconds(replies, parent=deep),
            }
        )
    raw = _milliseconds({name: taken[name] for name in ("hello", "post")})
    yield Measured("post.p50_vs_hello", taken["post"] / taken["hello"], raw)
    raw = _milliseconds({name: taken[name] for name in ("shallow", "deep")})
    yield Measured("post.deep_vs_shallow", taken["deep"] / taken["shallow"], raw)


def _crowded(made: Corpus, folder: Path) -> Iterator[Measured]:
    """Have 16 people send at once, in turns while the index rests and while it works."""
    sent: dict[str, list[Sent]] = {"idle": [], "indexing": []}
    left = []
    with ExitStack() as stack:
        ours = stack.enter_context(installation(made, folder / "crowded", people=POSTERS))
        posters = [ours.poster(number) for number in range(POSTERS)]
        _index_all(ours.app)
        stack.enter_context(worker(ours))
        for number in range(CROWDED_ROUNDS + 1):
            for name, so_far in sent.items():
                wait_until_done(ours.app, "search.")
                wait_until_done(ours.app, "notifications.")
                if name == "indexing":
                    _index_all(ours.app)
                done = _at_once(posters)
                if name == "indexing":
                    left.append(waiting(ours.app, INDEXING))
                # The first round warms up.
                if number:
                    so_far.extend(done)
        all_ = [one for some in sent.values() for one in some]
        taken_in = [one for one in all_ if one.status == 303]
        lost = len(taken_in) - kept(ours.app, {one.mark for one in taken_in})
    tail = {name: _p99([one.seconds for one in some]) for name, some in sent.items()}
    raw = _milliseconds({f"{name}_p99": seconds for name, seconds in tail.items()})
    raw |= _milliseconds(
        {f"{name}_p50": median(one.seconds for one in some) for name, some in sent.items()}
    )
    raw |= {"posters": POSTERS, "sendings": len(all_), "index_rows_left": left}
    yield Measured("post.p99_indexing_vs_idle", tail["indexing"] / tail["idle"], raw)
    yield Measured("post.lost", lost, {"answered": len(taken_in)})
    failed = [one.status for one in all_ if one.status >= 500]
    yield Measured("post.5xx", len(failed), {"others": len(all_) - len(taken_in) - len(failed)})


def _broken(made: Corpus, folder: Path) -> Measured:
    """Compare an installation that works with one without a mail server and an index folder."""
    # Nobody listens where the mail should go, and a file stands where the index should lie.
    more = {"CONSULT_MAIL_URL": f"smtp://{HOST}:{free_port()}"}
    with ExitStack() as stack:
        whole = stack.enter_context(installation(made, folder / "whole"))
        broken = stack.enter_context(installation(made, folder / "broken", more=more))
        broken.app.extensions["consult.config"].index_dir.write_bytes(b"")
        stack.enter_context(worker(whole))
        stack.enter_context(worker(broken, more=more))
        wait_until_done(whole.app, "search.")
        taken = _medians({"whole": _sending(whole), "broken": _sending(broken)})
    name = "post.broken_mail_and_index_vs_whole"
    return Measured(name, taken["broken"] / taken["whole"], _milliseconds(taken))


def _medians(works: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median seconds of each work, done in turns; the first round warms up."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(ROUNDS + 1):
        for name, work in works.items():
            seconds = [work() for _ in range(BATCH)]
            if number:
                taken[name].extend(seconds)
    return {name: median(values) for name, values in taken.items()}


def _hello(server: Server) -> float:
    request = f"GET / HTTP/1.1\r\nHost: {HOST}:{server.port}\r\nConnection: close\r\n\r\n"
    began = perf_counter()
    answer = server.get(request.encode())
    seconds = perf_counter() - began
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"unexpected answer: {answer[:60]!r}")
    return seconds


def _sending(made: Installation) -> Callable[[], float]:
    poster = made.poster()
    return lambda: _seconds(poster)


def _seconds(poster: Poster, *, parent: str = "") -> float:
    sent = poster.send(parent=parent)
    if sent.status != 303:
        raise RuntimeError(f"a sending was answered with {sent.status}")
    return sent.seconds


def _at_once(posters: list[Poster]) -> list[Sent]:
    def send_all(poster: Poster) -> list[Sent]:
        return [poster.send() for _ in range(EACH)]

    with ThreadPoolExecutor(len(posters)) as pool:
        return [one for some in pool.map(send_all, posters) for one in some]


def _index_all(app: Flask) -> None:
    """Have the worker take every contribution into the index anew."""
    now = clock.now()
    with app.app_context(), unit_of_work() as session:
        for identifier in session.scalars(
            select(Contribution.id).where(Contribution.reference.is_not(None))
        ).all():
            emit(session, PublicTextChanged(contribution_id=identifier), now=now)


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


def _milliseconds(taken: dict[str, float]) -> dict[str, Any]:
    return {f"{name}_ms": round(seconds * 1000, 3) for name, seconds in taken.items()}
