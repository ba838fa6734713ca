"""What is not told of small figures, and that nothing told gives them away."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence

import pytest

from consult.moderation.queries.held_back import Figure, Shown, alone, line, table

TOLD, FEW, HELD = Shown.TOLD, Shown.FEW, Shown.HELD


def shown(figures: Sequence[Figure]) -> list[Shown]:
    return [figure.shown for figure in figures]


@pytest.mark.parametrize(("count", "how"), [(0, TOLD), (1, FEW), (4, FEW), (5, TOLD), (500, TOLD)])
def test_a_figure_from_one_to_four_is_few(count: int, how: Shown) -> None:
    assert alone(count).shown is how


@pytest.mark.parametrize(
    ("counts", "marks"),
    [
        ([10, 20, 0], [TOLD, TOLD, TOLD]),
        ([3, 20, 40], [FEW, HELD, TOLD]),
        ([2, 2, 30], [FEW, FEW, HELD]),
        ([2, 4, 30], [FEW, FEW, TOLD]),
        ([4, 4, 30], [FEW, FEW, HELD]),
        ([1, 1, 1, 1, 1, 30], [FEW, FEW, FEW, FEW, FEW, HELD]),
        ([3, 0, 30], [FEW, TOLD, HELD]),
    ],
)
def test_a_hidden_part_of_a_total_does_not_stay_alone(counts, marks) -> None:
    assert shown(line(counts)) == marks


def test_the_parts_of_a_total_that_is_not_told_are_not_told() -> None:
    assert shown(line([1, 2, 0], is_total_told=False)) == [FEW, FEW, HELD]


def test_large_figures_are_all_told() -> None:
    rows = [[10, 20, 0], [30, 5, 7]]
    found = table(rows, people=[9, 9], totals=line([40, 25, 7]))
    assert [shown(row) for row in found] == [[TOLD] * 4] * 2
    assert [row[-1].count for row in found] == [30, 42]


def test_a_row_of_few_people_is_not_told_and_another_one_is_held_back_with_it() -> None:
    rows = [[10, 20], [30, 5], [50, 60]]
    found = table(rows, people=[2, 9, 9], totals=line([90, 85]))
    assert [shown(row) for row in found] == [[HELD] * 3, [HELD] * 3, [TOLD] * 3]


def test_everything_in_one_language_is_told_as_the_totals_are() -> None:
    found = table([[3, 20, 40]], people=[9], totals=line([3, 20, 40]))
    assert [shown(row) for row in found] == [[HELD, HELD, TOLD, TOLD]]


def test_a_row_of_nothing_is_told_whole() -> None:
    found = table([[3, 20, 40], [0, 0, 0]], people=[9, 0], totals=line([3, 20, 40]))
    assert shown(found[1]) == [TOLD] * 4


def _values(figure: Figure, most: int) -> Iterator[int]:
    if figure.is_told:
        return iter((figure.count,))
    return iter(range(1, 5)) if figure.shown is FEW else iter(range(most + 1))


def _readings(row: list[Figure], most: int) -> list[tuple[int, ...]]:
    """Return every row of parts that fits what is told of it."""
    found = itertools.product(*(list(_values(one, most)) for one in row[:-1]))
    return [parts for parts in found if sum(parts) in set(_values(row[-1], 3 * most))]


def _possible(found: list[list[Figure]], totals: list[Figure], most: int) -> list[list[set[int]]]:
    """Return for each part the values that fit everything that is told."""
    told = [column for column, total in enumerate(totals) if total.is_told]
    whole = sum(total.count for total in totals)
    *firsts, last = (_readings(row, most) for row in found)
    by_told: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for parts in last:
        by_told.setdefault(tuple(parts[c] for c in told), []).append(parts)
    possible = [[set[int]() for _ in row[:-1]] for row in found]
    for rows in itertools.product(*firsts):
        rest = tuple(totals[c].count - sum(row[c] for row in rows) for c in told)
        for parts in by_told.get(rest, ()):
            sums = [sum(column) for column in zip(*rows, parts, strict=True)]
            fits = all(
                n in range(1, 5) for n, t in zip(sums, totals, strict=True) if t.shown is FEW
            )
            if not fits or sum(sums) != whole:
                continue
            for values, row in zip(possible, (*rows, parts), strict=True):
                for value, seen in zip(row, values, strict=True):
                    seen.add(value)
    return possible


@pytest.mark.parametrize("shape", [(3, 2), (2, 3)], ids=["three rows", "two rows"])
@pytest.mark.parametrize("seed", range(8))
def test_no_small_figure_can_be_worked_out(seed: int, shape: tuple[int, int]) -> None:
    dice = random.Random(seed)
    rows = [[dice.choice((0, 1, 2, 4, 5, 6)) for _ in range(shape[1])] for _ in range(shape[0])]
    rows[0][0] += 6
    totals = line([sum(column) for column in zip(*rows, strict=True)])
    found = table(rows, people=[9] * shape[0], totals=totals)
    possible = _possible(found, totals, 18)
    for row, values in zip(found, possible, strict=True):
        for figure, seen in zip(row[:-1], values, strict=True):
            if not figure.is_told and 0 < figure.count < 5:
                assert len(seen) > 1, (rows, [shown(one) for one in found])
