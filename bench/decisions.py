"""What follows a decision: how soon its text is found, and whether a hidden one can be guessed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from statistics import median
from time import perf_counter, sleep
from typing import Any

from flask import Flask
from sqlalchemy import delete, select, update

from bench.corpus import SPACE
from bench.measures import Measured
from bench.shelves import Shelf, ms, seconds, working
from consult.core import clock
from consult.core.outbox import OutboxEntry
from consult.core.unit_of_work import unit_of_work
from consult.discussion.models import Contribution, Revision
from consult.discussion.services import publishing
from consult.discussion.states import Removed, RevisionState
from consult.spaces.models import Author, Space
from tests import factories

DECISIONS = 8
GUESSES = 40
PATIENCE = 60.0
"""Seconds that a decision may take to be found at most."""
HIDDEN, ABSENT = "quagmirish", "zyxwvutsrq"
"""A word of a hidden text only, and one that nobody wrote."""


def visible(shelves: Mapping[str, Shelf], name: str) -> Measured:
    """Measure from a decision to the search that finds its text, with the worker at work."""
    taken = {backend: _until_found(one) for backend, one in shelves.items()}
    raw = {f"{backend}_median_s": round(median(all_), 3) for backend, all_ in taken.items()}
    raw |= {f"{backend}_longest_s": round(max(all_), 3) for backend, all_ in taken.items()}
    return Measured(name, max(max(all_) for all_ in taken.values()), raw)


def _until_found(one: Shelf) -> list[float]:
    client = one.app.test_client(use_cookies=False)
    taken = []
    with working(one.app):
        for number in range(DECISIONS + 1):
            word = f"otterburrow{'abcdefghij'[number]}"
            publish(one.app, word)
            began = perf_counter()
            while b'class="result"' not in client.get(f"/en/search?q=%22{word}%22").data:
                if perf_counter() - began > PATIENCE:
                    raise TimeoutError(f"{one.name} has not found a text")
                sleep(0.02)
            # With the first one the worker starts.
            if number:
                taken.append(perf_counter() - began)
    return taken


def discreet(shelves: Mapping[str, Shelf]) -> Measured:
    """Compare a hidden word with an absent one, in turns; the greatest difference of medians.

    The index still holds the hidden text, as it may for a moment.
    """
    raw: dict[str, Any] = {}
    apart = []
    for name, one in shelves.items():
        _hide(one, HIDDEN)
        client = one.app.test_client(use_cookies=False)
        taken: dict[str, list[float]] = {HIDDEN: [], ABSENT: []}
        for number in range(GUESSES + 1):
            for word, all_ in taken.items():
                took = seconds(partial(client.get, f"/en/search?q={word}"), clock=perf_counter)
                if number:
                    all_.append(took)
        hidden, absent = median(taken[HIDDEN]), median(taken[ABSENT])
        raw |= {f"{name}_hidden_ms": ms(hidden), f"{name}_absent_ms": ms(absent)}
        apart.append(ms(abs(hidden - absent)))
    return Measured("search.hidden_vs_absent_ms", max(apart), raw)


def _hide(one: Shelf, word: str) -> None:
    contribution_id = publish(one.app, word)
    with one.app.app_context():
        one.index([contribution_id])
        with unit_of_work() as session:
            session.execute(
                update(Contribution)
                .where(Contribution.id == contribution_id)
                .values(removed=Removed.HIDDEN, removed_at=clock.now())
            )
            session.execute(delete(OutboxEntry))


def publish(app: Flask, word: str) -> int:
    """Decide to publish a text with a word; return the contribution's id."""
    with app.app_context(), unit_of_work() as session:
        space = session.scalars(select(Space).where(Space.slug == SPACE)).one()
        author = session.scalars(select(Author).limit(1)).one()
        contribution = factories.make_contribution(
            session, space=space, author=author, state=RevisionState.PENDING, source=f"The {word}."
        )
        publishing.publish(
            session,
            contribution=contribution,
            revision=session.get_one(Revision, contribution.open_revision_id),
            space=space,
            now=clock.now(),
        )
        return int(contribution.id)
