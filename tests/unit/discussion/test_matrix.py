"""The visibility matrix is the model's table, cell by cell."""

from __future__ import annotations

import pytest

from consult.discussion.policy import MATRIX, Sight, Standing, Viewer

# visitor, other stakeholder, its author, moderator, drafter, organiser, auditor, and whoever
# answers the appeal of this one item: what a moderator of the space sees
TABLE = {
    "published": "FFFFFFFF",
    "draft": "--F-----",
    "clearance": "--F-----",
    "pending": "--FFNNLF",
    "returned": "--FFNNLF",
    "rejected": "--FFNNLF",
    "cancelled": "--FFNNLF",
    "older": "--FF-NLF",
    "hidden": "TTFFTNLF",
    "withdrawn": "TTFFTTLF",
    "erased": "TTTTTTLT",
}
LETTERS = {
    "-": Sight.NOTHING,
    "L": Sight.LOG,
    "N": Sight.NUMBER,
    "T": Sight.TOMBSTONE,
    "F": Sight.FULL,
}


def test_every_standing_has_its_row():
    assert {standing.value for standing in Standing} == set(TABLE)


@pytest.mark.parametrize("standing", list(Standing))
def test_a_row_of_the_matrix_says_what_the_model_says(standing):
    cells = [MATRIX[standing][viewer] for viewer in Viewer]
    assert cells == [LETTERS[letter] for letter in TABLE[standing.value]]
