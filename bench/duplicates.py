"""How many planted copies are found, how many pairs are found that are none, and what it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from time import process_time

from sqlalchemy import delete, select

from bench.copies import CHANGES, other_frame
from bench.corpus import corpus
from bench.measures import Measured
from bench.texts import LANGUAGES, draw_text
from consult.core.db import db
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution
from consult.moderation import fingerprints
from consult.moderation.models import Fingerprint, FingerprintBand
from consult.moderation.services import fingerprinting

SEED = 5
OTHERS = 4_000
"""Texts among which the copies stand, and that have nothing to do with each other."""
PLANTED = 400
"""Copies of each kind."""
FRAMES = 600
"""Texts that share no more than their frame or a quotation with another one."""
SLIGHT = frozenset(CHANGES) - {"words_20"}
"""Changes that leave at least about nine words of ten."""
BATCH = 20
"""Texts that the worker takes at a time."""


@dataclass(frozen=True)
class Print:
    """A text as the worker knows it."""

    signature: bytes
    bands: frozenset[int]

    def is_found(self, other: Print) -> bool:
        """Whether the desk would tell that they are nearly the same."""
        if not self.bands & other.bands:
            return False
        return fingerprints.likeness(self.signature, other.signature) >= fingerprints.ALIKE


def measure(*, growth: bool) -> Iterator[Measured]:  # noqa: ARG001 - every part is asked alike
    """Yield recall and precision on planted copies, and the time that a text takes."""
    random = Random(SEED)
    languages = [random.choice(LANGUAGES) for _ in range(OTHERS)]
    texts = [draw_text(random, language) for language in languages]
    began = process_time()
    prints = [_print(text) for text in texts]
    made = process_time() - began
    found = {
        kind: [
            prints[place].is_found(_print(change(random, texts[place], languages[place])))
            for place in range(PLANTED)
        ]
        for kind, change in CHANGES.items()
    }
    recall = {kind: sum(hits) / PLANTED for kind, hits in found.items()}
    raw = {kind: round(share, 4) for kind, share in recall.items()}
    yield Measured("duplicates.recall_slight", min(recall[kind] for kind in SLIGHT), raw)
    true = sum(sum(hits) for hits in found.values())
    false = _false_pairs(prints) + _false_frames(random)
    raw = {"true_pairs": true, "false_pairs": false, "texts": OTHERS + FRAMES}
    yield Measured("duplicates.precision", true / (true + false), raw)
    stored, statements = _store()
    raw = {"signature_ms": round(made * 1000 / OTHERS, 3), "texts": statements}
    yield Measured("duplicates.ms_per_text", stored, raw)


def _print(text: str) -> Print:
    signature = fingerprints.signature(text) or b""
    return Print(signature, frozenset(fingerprints.bands(signature)))


def _false_pairs(prints: list[Print]) -> int:
    """Return how many pairs of texts that were written apart are found all the same."""
    by_band: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(prints):
        for band in one.bands:
            by_band[band].append(place)
    pairs = {
        (one, other)
        for places in by_band.values()
        for at, one in enumerate(places)
        for other in places[at + 1 :]
    }
    return sum(prints[one].is_found(prints[other]) for one, other in pairs)


def _false_frames(random: Random) -> int:
    """Return how many pairs are found of texts that share greeting and signature only, or of
    which one quotes a third of the other among words of its own.
    """
    false = 0
    for _ in range(FRAMES // 2):
        language = random.choice(LANGUAGES)
        one, other = draw_text(random, language), draw_text(random, language)
        state = random.getstate()
        framed = other_frame(random, one, language)
        random.setstate(state)
        false += _print(framed).is_found(_print(other_frame(random, other, language)))
        words = one.split(" ")
        third = " ".join(words[: min(len(words), len(other.split(" ")) * 2) // 3])
        false += _print(one).is_found(_print(f"{third}\n\n{other}"))
    return false


def _store() -> tuple[float, int]:
    """Return the milliseconds that the worker takes for a text of a filled database."""
    app = corpus(1_000).app()
    with app.app_context():
        ids = list(db.session.scalars(select(Contribution.id).order_by(Contribution.id)))
        db.session.rollback()
        began = process_time()
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            made = fingerprinting.signatures(db.session(), contribution_ids=some)
            with unit_of_work() as session:
                fingerprinting.keep(session, contribution_ids=some, made=made)
        taken = process_time() - began
        with unit_of_work() as session:
            for model in (FingerprintBand, Fingerprint):
                session.execute(delete(model))
        db.session.remove()
    return taken * 1000 / len(ids), len(ids)
