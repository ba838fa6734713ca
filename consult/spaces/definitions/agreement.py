"""What the entries of a definition file must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from consult.spaces.definitions.instants import instant_of
from consult.spaces.definitions.shapes import Content, SpaceEntry
from consult.spaces.definitions.yaml_lines import Where


def contradictions(content: Content) -> Iterator[tuple[Where, str]]:
    """Yield where a file contradicts itself, and the sentence that says how to mend it."""
    yield from _repeated(
        "consents", "version", [f"{entry.purpose} {entry.version}" for entry in content.consents]
    )
    numbers = [objective.number for objective in content.objectives]
    yield from _repeated("objectives", "number", numbers)
    for name in ("principles", "categories", "regions"):
        yield from _repeated(name, "slug", [entry.slug for entry in getattr(content, name)])
    codes = [reason.code for reason in content.reasons]
    yield from _repeated("reasons", "code", codes)
    if "other" not in codes:
        yield ("reasons",), "add a reason with the code “other”; moderators rely on it"
    yield from _repeated("documents", "url", [entry.url for entry in content.documents])
    yield from _repeated("spaces", "slug", [space.slug for space in content.spaces])
    yield from _repeated("spaces", "code", [space.code for space in content.spaces])
    yield from _repeated("glossary", "term", [entry.term.en[0] for entry in content.glossary])
    for index, entry in enumerate(content.glossary):
        yield from _unknown(("glossary", index, "objectives"), entry.objectives, set(numbers))
    for index, space in enumerate(content.spaces):
        yield from _unknown(("spaces", index, "objectives"), space.objectives, set(numbers))
        yield from _of_space(("spaces", index), space, zone=content.forum.time_zone)


def _of_space(where: Where, space: SpaceEntry, *, zone: str) -> Iterator[tuple[Where, str]]:
    opens = instant_of(space.opens, zone=zone, is_closing=False)
    closes = instant_of(space.closes, zone=zone, is_closing=True)
    if opens is not None and closes is not None and closes <= opens:
        yield (*where, "closes"), "“closes” must lie after “opens”"
    seen: set[int] = set()
    for index, number in enumerate(space.objectives):
        if number in seen:
            yield (*where, "objectives", index), f"objective {number} stands here twice"
        seen.add(number)
    for index, question in enumerate(space.questions):
        if question.number != index + 1:
            yield (
                (*where, "questions", index, "number"),
                f"questions count 1, 2, 3 …; this one must have the number {index + 1}",
            )
        if question.objective is not None and question.objective not in seen:
            number = question.objective
            message = (
                f"objective {number} is not among the space’s “objectives”; add it or remove it"
            )
            yield (*where, "questions", index, "objective"), message
    rule = space.moderation
    if rule.remind_after and rule.escalate_after and rule.escalate_after < rule.remind_after:
        message = (
            f"“escalate_after” ({rule.escalate_after} hours) must not be shorter than"
            f" “remind_after” ({rule.remind_after} hours)"
        )
        yield (*where, "moderation", "escalate_after"), message
    slugs = [section.slug for section in space.note.sections]
    for field, message in _repeated("sections", "slug", slugs):
        yield (*where, "note", *field), message


def _repeated(name: str, key: str, values: list[Any]) -> Iterator[tuple[Where, str]]:
    seen = set()
    for index, value in enumerate(values):
        if value in seen:
            yield (name, index, key), f"“{value}” stands twice as a “{key}”; change one of them"
        seen.add(value)


def _unknown(where: Where, numbers: list[int], known: set[int]) -> Iterator[tuple[Where, str]]:
    for index, number in enumerate(numbers):
        if number not in known:
            yield (*where, index), f"there is no objective {number} in this file"
