"""Figures that everybody may read: small ones are not told, nor what they could be worked out from.

A figure from one to four might name somebody and is shown as “< 5” or not at all. Where a total is
told, a hidden figure would be the total minus the others; so a second one is held back with it, and
the hidden ones of each row and each column are at least two that add up to five or more. In a table
a chain of rows and columns could still lead to one figure; such chains are looked for too. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from consult.discussion.queries.discreet import FEWEST


class Shown(StrEnum):
    """How a figure is told."""

    TOLD = "told"
    FEW = "few"
    """As “< 5”."""
    HELD = "held"
    """Not at all: a small figure could be worked out from it."""


@dataclass(frozen=True)
class Figure:
    """A figure and how it is told."""

    count: int
    shown: Shown = Shown.TOLD

    @property
    def is_told(self) -> bool:
        """Whether the number itself is said."""
        return self.shown is Shown.TOLD


def alone(count: int) -> Figure:
    """Return a figure that belongs to no total."""
    return Figure(count, Shown.FEW if _is_few(count) else Shown.TOLD)


def line(counts: Sequence[int], *, is_total_told: bool = True) -> list[Figure]:
    """Return the parts of a total; none of them where the total itself is not told."""
    if not is_total_told:
        return [Figure(count, _hidden(count)) for count in counts]
    marks = [Shown.FEW if _is_few(count) else Shown.TOLD for count in counts]
    while not _is_safe(counts, marks) and _hide_smallest(counts, marks):
        continue
    return [Figure(count, mark) for count, mark in zip(counts, marks, strict=True)]


def table(
    rows: Sequence[Sequence[int]],
    *,
    people: Sequence[int],
    totals: Sequence[Figure],
    is_sum_told: bool = True,
) -> list[list[Figure]]:
    """Return each row's parts and, as its last figure, their sum.

    `totals` are the parts of all rows together, already marked; a part whose total is hidden is
    told of no row. A row of fewer than five, or of fewer than five people, is not told. Whatever
    is hidden is marked alike: rows and columns together would tell too much of a “< 5”.
    """
    kept = _Table(rows, totals=totals)
    for index, somebody in enumerate(people):
        if _is_few(kept.counts[index][-1]) or _is_few(somebody) or not is_sum_told:
            kept.hide_row(index)
    kept.settle()
    kept.tell_nothing()
    return [
        [
            Figure(count, Shown.TOLD if mark is Shown.TOLD else Shown.HELD)
            for count, mark in zip(counts, marks, strict=True)
        ]
        for counts, marks in zip(kept.counts, kept.marks, strict=True)
    ]


class _Table:
    """A table while it is decided what is told of it; each row ends with its sum."""

    def __init__(self, rows: Sequence[Sequence[int]], *, totals: Sequence[Figure]) -> None:
        self.counts = [[*row, sum(row)] for row in rows]
        self.width = len(totals)
        self.open_columns = [c for c, total in enumerate(totals) if total.is_told] + [self.width]
        self.marks = [
            [Shown.FEW if _is_few(count) else Shown.TOLD for count in row] for row in self.counts
        ]
        for column, total in enumerate(totals):
            if not total.is_told:
                for index in range(len(rows)):
                    self._hold(index, column)

    def hide_row(self, index: int) -> None:
        for column in range(self.width + 1):
            self._hold(index, column)

    def settle(self) -> None:
        """Hide more until nothing that is hidden can be worked out; each round hides something."""
        while self._settle_rows() or self._settle_columns() or self._break_chain():
            continue

    def tell_nothing(self) -> None:
        """Tell every figure of a row that is known to hold nothing: its sum says so already."""
        for index, counts in enumerate(self.counts):
            if counts[-1] == 0 and self.marks[index][-1] is Shown.TOLD:
                self.marks[index] = [Shown.TOLD] * len(counts)

    def _hold(self, index: int, column: int) -> None:
        if self.marks[index][column] is Shown.TOLD:
            self.marks[index][column] = _hidden(self.counts[index][column])

    def _settle_rows(self) -> bool:
        changed = False
        for counts, marks in zip(self.counts, self.marks, strict=True):
            if marks[-1] is not Shown.TOLD:
                continue
            parts = marks[:-1]
            if not _is_safe(counts[:-1], parts) and _hide_smallest(counts[:-1], parts):
                marks[:-1] = parts
                changed = True
        return changed

    def _settle_columns(self) -> bool:
        changed = False
        for column in self.open_columns:
            counts = [row[column] for row in self.counts]
            marks = [row[column] for row in self.marks]
            if _is_safe(counts, marks):
                continue
            index = _smallest_told(counts, marks)
            if index is None:
                continue
            changed = True
            if column == self.width:
                self.hide_row(index)
            else:
                self._hold(index, column)
        return changed

    def _break_chain(self) -> bool:
        """Hide one figure more where rows and columns together lead to a hidden one."""
        hidden = {
            (index, column)
            for index, marks in enumerate(self.marks)
            for column, mark in enumerate(marks)
            if mark is not Shown.TOLD
        }
        # The row of totals stands below them: what is hidden there is no end of a chain.
        below = {(-1, column) for column in range(self.width) if column not in self.open_columns}
        for index, column in sorted(hidden):
            if _is_on_a_circle((index, column), hidden | below):
                continue
            other = _smallest_told(self.counts[index][:-1], self.marks[index][:-1])
            if other is not None:
                self._hold(index, other)
                return True
        return False


def _is_few(count: int) -> bool:
    return 0 < count < FEWEST


def _hidden(count: int) -> Shown:
    return Shown.FEW if _is_few(count) else Shown.HELD


def _is_safe(counts: Sequence[int], marks: Sequence[Shown]) -> bool:
    """Whether the hidden parts of a known total stay hidden."""
    hidden = [(c, m) for c, m in zip(counts, marks, strict=True) if m is not Shown.TOLD]
    if not hidden:
        return True
    total = sum(count for count, _mark in hidden)
    if len(hidden) < 2 or total < FEWEST:
        return False
    if any(mark is Shown.HELD for _count, mark in hidden):
        return True
    # All are between one and four: at either end each of them would be known.
    return len(hidden) < total < (FEWEST - 1) * len(hidden)


def _smallest_told(counts: Sequence[int], marks: Sequence[Shown]) -> int | None:
    """Return where the smallest told figure stands, one of nothing last; None without any."""
    told = [index for index, mark in enumerate(marks) if mark is Shown.TOLD]
    return min(told, key=lambda index: (counts[index] == 0, counts[index]), default=None)


def _hide_smallest(counts: Sequence[int], marks: list[Shown]) -> bool:
    index = _smallest_told(counts, marks)
    if index is None:
        return False
    marks[index] = Shown.HELD
    return True


def _is_on_a_circle(cell: tuple[int, int], hidden: Collection[tuple[int, int]]) -> bool:
    """Whether a hidden figure can be traded against others along rows and columns.

    One that cannot is the only value that its rows and columns allow.
    """
    rows, columns = {cell[0]}, set[int]()
    others = [other for other in hidden if other != cell]
    while True:
        more_columns = {c for r, c in others if r in rows} | columns
        more_rows = {r for r, c in others if c in more_columns} | rows
        if (more_rows, more_columns) == (rows, columns):
            return cell[1] in columns
        rows, columns = more_rows, more_columns
