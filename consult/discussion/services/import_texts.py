"""Rendering what an import brings; many texts at once on all processors."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from consult.core.languages import guess_language
from consult.core.text import normalise
from consult.discussion.interchange import MAX_BODY
from consult.discussion.services.import_places import Node, Parsed
from consult.discussion.services.texts import PreparedText, rendered

DEFAULT_LANGUAGE = "en"
"""Of a text whose language is neither said nor to be guessed."""
MANY = 1_000
"""Texts from which on starting other processes costs less than it saves."""
MOST_PROCESSES = 8

Job = tuple[str, str, str | None]
"""Source, format and language; None has it guessed."""


def source_of(parsed: Parsed) -> str | None:
    """Return a line's words as they will be kept, None for a tombstone; raises `BrokenInput`."""
    if parsed.line.body is None:
        return None
    source = normalise(parsed.line.body)
    if not source.strip():
        raise parsed.wrong('Write a "body" with words in it.')
    if len(source) > MAX_BODY:
        raise parsed.wrong(f'Shorten "body" to at most {MAX_BODY:,} characters.')
    return source


def prepare_all(nodes: Sequence[Node]) -> None:
    """Render the texts of contributions to be made, and check the spans of their tags.

    Raises `BrokenInput` for the first span that ends behind its text.
    """
    waiting = [node for node in nodes if node.source is not None]
    jobs: list[Job] = [(n.source or "", n.line.format, n.line.language) for n in waiting]
    for node, prepared in zip(waiting, render_all(jobs), strict=True):
        node.prepared = prepared
        length = len(prepared.text)
        if node.parsed and any(tag.end and tag.end > length for tag in node.line.tags):
            raise node.parsed.wrong(
                f'Correct the span in "tags": the plain text has {length:,} characters.'
            )


def render_all(jobs: Sequence[Job]) -> list[PreparedText]:
    """Return the rendered texts in the order of the jobs."""
    processes = min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
    if len(jobs) < MANY or processes < 2:
        return [_render(job) for job in jobs]
    # A forked process would share our connections to the database; a spawned one has none.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return list(pool.map(_render, jobs, chunksize=50))


def _render(job: Job) -> PreparedText:
    source, format, language = job
    known = language or guess_language(source) or DEFAULT_LANGUAGE
    return rendered(source, format=format, language=known)
