"""How often the right objective is proposed first, and among three, for texts that name none.

`objectives.jsonl` holds passages as different people would write them, many without any official
word, with the objectives that a reader would give them. Two thirds (`seen`) were looked at while
the weights were chosen, a third (`unseen`) was written with them and first tried afterwards. Only
the unseen third counts; the definition of the demonstration's forum is what it is judged with.
Beside them stand passages (`independent`) by somebody who knew neither these nor the weights.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from bench.measures import Measured
from consult.search.analysis import LANGUAGES
from consult.search.glossary import Notion
from consult.search.objectives import profiles
from consult.search.objectives.material import Material, Subject
from consult.search.objectives.profiles import Profile
from consult.search.objectives.scoring import score
from consult.spaces.definitions import Content, read

ROOT = Path(__file__).resolve().parent
LABELLED = ROOT / "objectives.jsonl"
DEFINITION = ROOT.parent / "consult/definitions/imrf2022.yaml"


@dataclass(frozen=True)
class Labelled:
    """A passage with the objectives that count as right, the main one first."""

    language: str
    part: str
    objectives: Sequence[int]
    text: str


@dataclass
class Tally:
    """How often a proposal was right."""

    texts: int = 0
    first: int = 0
    within_three: int = 0

    def add(self, labelled: Labelled, ranked: Sequence[int]) -> None:
        """Count one passage."""
        self.texts += 1
        self.first += bool(set(ranked[:1]) & set(labelled.objectives))
        self.within_three += bool(set(ranked[:3]) & set(labelled.objectives))

    @property
    def shares(self) -> tuple[float, float]:
        """Return how often the first one was right, and one of three."""
        return self.first / self.texts, self.within_three / self.texts


def measure(*, growth: bool) -> Iterator[Measured]:  # noqa: ARG001 - every part is asked alike
    """Yield both shares of the unseen third: those of the language that does worst."""
    content = read(DEFINITION).content
    began = process_time()
    profile = profiles.make(material_of(content))
    made = process_time() - began
    labelled = read_labelled()
    began = process_time()
    tallies = tally(profile, labelled)
    each = (process_time() - began) / len(labelled)
    first, three = (
        {
            f"{part}_{language}": round(one.shares[place], 4)
            for (part, language), one in tallies.items()
        }
        for place in (0, 1)
    )
    counts = {f"{part}_texts": sum(one.part == part for one in labelled) for part in PARTS}
    took = {"profile_ms": round(made * 1000, 1), "text_ms": round(each * 1000, 3)}
    yield Measured("objectives.top1", _worst(first), first | counts | took)
    yield Measured("objectives.top3", _worst(three), three | counts)


PARTS = ("seen", "unseen", "independent")


def _worst(shares: dict[str, float]) -> float:
    return min(shares[f"unseen_{language}"] for language in LANGUAGES)


def tally(profile: Profile, labelled: Sequence[Labelled]) -> dict[tuple[str, str], Tally]:
    """Return by part and language how often the proposals were right."""
    found: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for one in labelled:
        ranked = [scored.number for scored in score(profile, one.text, language=one.language)]
        found[one.part, one.language].add(one, ranked)
    return dict(found)


def read_labelled(path: Path = LABELLED) -> list[Labelled]:
    """Return the passages of the labelled set."""
    with path.open(encoding="utf-8") as lines:
        return [Labelled(**json.loads(line)) for line in lines]


def material_of(content: Content) -> Material:
    """Return what a definition says about its objectives."""
    return Material(
        subjects=[
            Subject(
                number=entry.number,
                titles={
                    code: [
                        text
                        for said in (entry.title, entry.short_title)
                        if (text := getattr(said, code))
                    ]
                    for code in LANGUAGES
                },
                about=entry.about.model_dump(exclude_none=True) if entry.about else {},
            )
            for entry in content.objectives
        ],
        notions=[
            Notion(
                key=entry.term.en[0],
                terms={
                    code: tuple(terms) for code, terms in entry.term.model_dump().items() if terms
                },
                objectives=tuple(entry.objectives),
            )
            for entry in content.glossary
        ],
    )
