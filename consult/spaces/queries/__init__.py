"""Reads about forums, spaces and those who speak: finished rows.

Statements of pages that many people read are built once: building takes longer than executing.
"""

from consult.spaces.queries.forums import (
    QuestionHead,
    SpaceView,
    current_forum,
    forum_by_slug,
    question_head,
    space_by_slug,
    space_view,
    spaces_of_forum,
)
from consult.spaces.queries.people import ShownAuthor, roles_and_authors, shown_author, shown_in
from consult.spaces.queries.words import (
    CategoryRow,
    ObjectiveRow,
    ThreadChoices,
    categories,
    documents,
    objectives_of_forum,
    objectives_of_space,
    question_objective,
    reasons,
    regions,
    thread_choices,
)

__all__ = [
    "CategoryRow",
    "ObjectiveRow",
    "QuestionHead",
    "ShownAuthor",
    "SpaceView",
    "ThreadChoices",
    "categories",
    "current_forum",
    "documents",
    "forum_by_slug",
    "objectives_of_forum",
    "objectives_of_space",
    "question_head",
    "question_objective",
    "reasons",
    "regions",
    "roles_and_authors",
    "shown_author",
    "shown_in",
    "space_by_slug",
    "space_view",
    "spaces_of_forum",
    "thread_choices",
]
