"""How well texts are found: of those that answer a query how many come, and how many come first.

The passages and queries of `bench/finding.jsonl` were written for this measure: short texts in
three languages, queries of one word in another form than the text has (`forms`), and queries whose
answers say it in other words or languages (`meaning`). The glossary is that of the definition that
comes with the software.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from bench.corpus import DEFINITION
from bench.measures import Measured
from consult.search import plan
from consult.search.backends.whoosh import WhooshBackend
from consult.search.documents import Backend, Document, Filters
from consult.search.glossary import Notion
from consult.search.grammar import parse

DATA = Path(__file__).resolve().parent / "finding.jsonl"
DEPTH = 100
"""Hits that count for recall."""
SPACE = "bench"


@dataclass(frozen=True)
class Judged:
    """What one query came to."""

    language: str
    kind: str
    recall: float
    r_precision: float


def measure(*, growth: bool) -> Iterator[Measured]:  # noqa: ARG001 - every part is asked alike
    """Yield recall of other forms and of other words, and precision among the first hits."""
    passages, queries = read()
    with tempfile.TemporaryDirectory() as folder:
        backend = WhooshBackend(Path(folder))
        backend.rebuild(documents(passages))
        judged = list(judge(backend, passages, queries, notions=notions()))
        backend.close()
    forms = [one for one in judged if one.kind == "forms"]
    meaning = [one for one in judged if one.kind == "meaning"]
    for name, ones in (("forms", forms), ("meaning", meaning)):
        value = fmean(one.recall for one in ones)
        yield Measured(f"finding.recall_{name}", value, _by_language(ones, "recall"))
    value = fmean(one.r_precision for one in judged)
    raw = {
        "forms": round(fmean(one.r_precision for one in forms), 4),
        "meaning": round(fmean(one.r_precision for one in meaning), 4),
        **_by_language(judged, "r_precision"),
    }
    yield Measured("finding.r_precision", value, raw)


def read(path: Path = DATA) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return passages and queries of a file of JSON lines."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "text" in line], [line for line in lines if "q" in line]


def notions(path: Path = DEFINITION) -> tuple[Notion, ...]:
    """Return the glossary of a definition."""
    glossary = yaml.safe_load(path.read_text(encoding="utf-8"))["glossary"]
    return tuple(
        Notion(
            key=str(number),
            terms={code: tuple(terms) for code, terms in entry["term"].items()},
            objectives=tuple(entry.get("objectives", ())),
        )
        for number, entry in enumerate(glossary)
    )


def documents(passages: Sequence[Mapping[str, Any]]) -> Iterator[Document]:
    """Yield the passages as an index takes them, numbered by their order."""
    for number, passage in enumerate(passages):
        yield Document(
            id=number,
            version=1,
            space=SPACE,
            question=1,
            language=passage["language"],
            category=None,
            objectives=(),
            region=None,
            published_at=0.0,
            text=passage["text"],
        )


def judge(
    backend: Backend,
    passages: Sequence[Mapping[str, Any]],
    queries: Sequence[Mapping[str, Any]],
    *,
    notions: Sequence[Notion],
) -> Iterator[Judged]:
    """Yield for each query which share of what answers it was found, and was found first."""
    for query in queries:
        relevant = frozenset(query["relevant"])
        results = backend.search(
            plan.make(parse(query["q"]), notions=notions),
            filters=Filters(),
            offset=0,
            limit=DEPTH,
            sort="relevance",
            allowed_spaces=frozenset({SPACE}),
        )
        found = [passages[hit.id]["id"] for hit in results.hits]
        first = found[: len(relevant)]
        yield Judged(
            language=query["language"],
            kind=query["kind"],
            recall=len(relevant.intersection(found)) / len(relevant),
            r_precision=len(relevant.intersection(first)) / len(relevant),
        )


def _by_language(judged: Sequence[Judged], name: str) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for one in judged:
        values[one.language].append(getattr(one, name))
    return {language: round(fmean(found), 4) for language, found in sorted(values.items())}
