"""The page of a question: against hello and a floor, its statements, its weight, its flatness."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import event, select

from bench.corpus import SPACE, Corpus, corpus, reference_at, sign_in, with_port
from bench.floor import floor
from bench.measures import Measured, interleaved, milliseconds
from bench.server import Burst, Server, environment, etag_of, free_port, gunicorn
from consult.core.db import db
from consult.discussion.fragments import Fragments
from consult.discussion.models import Contribution, Revision

FULL, SINGLE, LONG = 1, 2, 3
"""Questions of the corpus: with most comments, with one, with the longest thread."""
LONGEST = 5_000
ROUNDS = 7
ROUNDS_UNDER_LOAD = 7
BURST = 0.8
"""Seconds."""


def measure(*, growth: bool) -> Iterator[Measured]:
    """Yield what a page of 10,000 comments costs; `growth` adds the corpus of 100,000."""
    made = corpus(10_000)
    yield from _under_load(made)
    app = made.app()
    cookie = sign_in(app)
    yield _against_floor(app, cookie)
    yield _fragments(app, cookie)
    yield _statements(app, "page.queries_anonymous", cookie="")
    yield _statements(app, "page.queries_signed_in", cookie=cookie)
    yield _deep(app, cookie)
    yield _permalink(app, cookie)
    yield from _weights(app, cookie)
    if growth:
        yield _growth(corpus(100_000), corpus(1_000))


def path_of(question: int, **query: object) -> str:
    """Return the address of a question's page in French."""
    pairs = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/fr/spaces/{SPACE}/questions/{question}" + (f"?{pairs}" if pairs else "")


def asks(app: Flask, path: str, *, cookie: str) -> Callable[[], bytes]:
    """Return a work that asks the application for a page as a server would; it must be 200."""
    made: Any = app.test_client(use_cookies=False)
    headers = {"Cookie": cookie} if cookie else {}

    def ask() -> bytes:
        response = made.get(path, headers=headers)
        assert response.status_code == 200, response.status
        body: bytes = response.data
        return body

    return ask


def follows(app: Flask, path: str, *, cookie: str) -> Callable[[], str]:
    """Return a work that asks where a link leads; it must lead elsewhere."""
    made: Any = app.test_client(use_cookies=False)
    headers = {"Cookie": cookie} if cookie else {}

    def follow() -> str:
        response = made.get(path, headers=headers)
        assert response.status_code == 303, response.status
        location: str = response.headers["Location"]
        return location.partition("#")[0]

    return follow


def _under_load(made: Corpus) -> Iterator[Measured]:
    ports = free_port(), free_port()
    made = with_port(made, ports[0])
    cookie = sign_in(made.app())
    environ = environment(made.config)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        ours = stack.enter_context(
            gunicorn("wsgi:app", port=ports[0], environ=environ, log=folder / "consult.log")
        )
        bare = stack.enter_context(
            gunicorn(
                "bench.server:hello()", port=ports[1], environ=environ, log=folder / "hello.log"
            )
        )
        bursts = _take_turns(ours, bare, cookie=cookie)
    speed = {name: median(burst.per_second for burst in all_) for name, all_ in bursts.items()}
    cpu = {
        f"{name}_cpu_ms": median(burst.cpu_ms for burst in all_) for name, all_ in bursts.items()
    }
    for name in ("page20", "page200"):
        raw = _rounded(
            {"hello_per_s": speed["hello"], f"{name}_per_s": speed[name]}
            | {key: cpu[key] for key in ("hello_cpu_ms", f"{name}_cpu_ms")}
            | {"by_cpu_time": cpu["hello_cpu_ms"] / cpu[f"{name}_cpu_ms"]}
        )
        yield Measured(f"{name}.vs_hello", speed[name] / speed["hello"], raw)
    raw = _rounded({f"{name}_per_s": speed[name] for name in ("anonymous200", "not_modified")})
    gain = speed["not_modified"] / speed["anonymous200"]
    yield Measured("page.not_modified_gain", gain, raw)


def _take_turns(ours: Server, bare: Server, *, cookie: str) -> dict[str, list[Burst]]:
    short, long = path_of(FULL, per_page=20), path_of(FULL, per_page=200)
    etag = etag_of(ours, long)
    works: dict[str, Callable[[float], Burst]] = {
        "hello": lambda s: bare.burst("/", seconds=s),
        "page20": lambda s: ours.burst(short, seconds=s, cookie=cookie),
        "page200": lambda s: ours.burst(long, seconds=2 * s, cookie=cookie),
        "anonymous200": lambda s: ours.burst(long, seconds=2 * s),
        "not_modified": lambda s: ours.burst(long, seconds=s, etag=etag),
    }
    for work in works.values():
        work(BURST)
    taken: dict[str, list[Burst]] = {name: [] for name in works}
    for _ in range(ROUNDS_UNDER_LOAD):
        for name, work in works.items():
            taken[name].append(work(BURST))
    return taken


def _against_floor(app: Flask, cookie: str) -> Measured:
    works: dict[str, Callable[[], Any]] = {}
    for per_page in (20, 200):
        full = asks(app, path_of(FULL, per_page=per_page), cookie=cookie)
        lean = floor(app, question=FULL, per_page=per_page)
        works[f"full{per_page}"] = _repeated(full, 400 // per_page)
        works[f"floor{per_page}"] = _repeated(lean, 400 // per_page)
    taken = interleaved(works, rounds=ROUNDS)
    raw = milliseconds({k: v for k, v in taken.items() if k.endswith("00")}, works=2)
    raw |= milliseconds({k: v for k, v in taken.items() if not k.endswith("00")}, works=20)
    raw["ratio20"] = round(taken["full20"] / taken["floor20"], 3)
    return Measured("page.cpu_vs_floor", taken["full200"] / taken["floor200"], raw)


def _fragments(app: Flask, cookie: str) -> Measured:
    """Compare a page of 200 texts that were all rendered before with one that renders each."""
    ask = asks(app, path_of(FULL, per_page=200), cookie=cookie)
    stores = {"kept": Fragments(), "rendered": Fragments(most_bytes=0)}

    def with_store(name: str) -> Callable[[], None]:
        def work() -> None:
            app.extensions["consult.fragments"] = stores[name]
            ask()
            ask()

        return work

    taken = interleaved({name: with_store(name) for name in stores}, rounds=ROUNDS)
    app.extensions["consult.fragments"] = stores["kept"]
    return Measured(
        "page.fragment_gain", taken["rendered"] / taken["kept"], milliseconds(taken, works=2)
    )


def _repeated(work: Callable[[], Any], times: int) -> Callable[[], None]:
    def all_() -> None:
        for _ in range(times):
            work()

    return all_


def _statements(app: Flask, name: str, *, cookie: str) -> Measured:
    """Count the statements of pages of 1, 20, 200 and 500 comments; the value is the highest."""
    counts = {}
    for comments in (1, 20, 200, 500):
        question = SINGLE if comments == 1 else FULL
        ask = asks(app, path_of(question, per_page=max(20, comments)), cookie=cookie)
        ask()
        with counted(app) as statements:
            shown = ask().count(b'<article class="')
        assert shown == comments, shown
        counts[f"of_{comments}"] = len(statements)
    raw = counts | {"same": len(set(counts.values())) == 1}
    return Measured(name, max(counts.values()), raw)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that reach the database; beginning a transaction is none."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _deep(app: Flask, cookie: str) -> Measured:
    """Compare pages far inside the thread of 5,000 with its first ones."""
    work = {}
    for name, places in (("first", (0, 100, 200)), ("deep", (4_700, 4_800, 4_900))):
        # The thread of 500 stands first; each page begins after the place before it.
        before = [reference_at(app, question=LONG, place=500 + place) for place in places]
        pages = [
            asks(app, path_of(LONG, per_page=50, after=reference), cookie=cookie)
            for reference in before
        ]
        work[name] = _repeated(lambda pages=pages: [page() for page in pages], 2)  # type: ignore[misc]
    taken = interleaved(work, rounds=ROUNDS)
    return Measured(
        "flat.deep_vs_first", taken["deep"] / taken["first"], milliseconds(taken, works=6)
    )


def _permalink(app: Flask, cookie: str) -> Measured:
    """Compare a link to a place in the middle of the thread of 5,000, followed to its page, with
    the first page.
    """
    before, middle = 500, LONGEST // 2
    references = [
        reference_at(app, question=LONG, place=before + middle + step) for step in (0, 120, 240)
    ]
    first = asks(app, path_of(LONG), cookie=cookie)
    links = [follows(app, path_of(LONG, at=name), cookie=cookie) for name in references]
    pages = [asks(app, link(), cookie=cookie) for link in links]

    def permalinks() -> None:
        for link, page in zip(links, pages, strict=True):
            link()
            page()

    works = {
        "first": _repeated(first, 6),
        "permalink": _repeated(permalinks, 2),
        "redirect": _repeated(lambda: [link() for link in links], 2),
    }
    taken = interleaved(works, rounds=ROUNDS)
    ratio = taken["permalink"] / taken["first"]
    raw = milliseconds(taken, works=6)
    raw["without_redirect"] = round((taken["permalink"] - taken["redirect"]) / taken["first"], 3)
    return Measured("flat.permalink_vs_first", ratio, raw)


def _weights(app: Flask, cookie: str) -> Iterator[Measured]:
    page = asks(app, path_of(FULL, per_page=50), cookie=cookie)()
    squeezed = len(gzip.compress(page, compresslevel=1))
    yield Measured("weight.page50_gzip_bytes", squeezed, {"bytes": len(page)})
    own = {size: _markup(app, cookie, size) for size in (20, 200)}
    each = (own[200] - own[20]) / 180
    raw = {f"of_{size}": bytes_ for size, bytes_ in own.items()}
    yield Measured("weight.markup_bytes_per_comment", each, raw)
    yield Measured("weight.markup_base_bytes", own[20] - 20 * each, raw)


def _markup(app: Flask, cookie: str, per_page: int) -> int:
    """Return the bytes of a page beyond the texts of its comments."""
    page = asks(app, path_of(FULL, per_page=per_page), cookie=cookie)()
    names = re.findall(r'<article class="[^"]*" id="([^"]+)"', page.decode())
    with app.app_context():
        texts = db.session.scalars(
            select(Revision.html)
            .join(Contribution, Contribution.published_revision_id == Revision.id)
            .where(Contribution.reference.in_([name.upper() for name in names]))
        ).all()
    return len(page) - sum(len(text.encode()) for text in texts)


def _growth(large: Corpus, small: Corpus) -> Measured:
    works = {}
    for name, made in (("of_100k", large), ("of_1k", small)):
        app = made.app()
        work = asks(app, path_of(FULL, per_page=50), cookie=sign_in(app))
        works[name] = _repeated(work, 6)
    taken = interleaved(works, rounds=ROUNDS)
    ratio = taken["of_100k"] / taken["of_1k"]
    return Measured("flat.page_100k_vs_1k", ratio, milliseconds(taken, works=6))


def _rounded(raw: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in raw.items()}
