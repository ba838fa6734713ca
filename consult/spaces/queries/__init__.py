"""Reads about forums, spaces and those who speak: finished rows.

Statements of pages that many people read are built once: building takes longer than executing.
"""

from consult.spaces.queries.consents import (
    AskedConsent,
    ConsentRow,
    asked_consents,
    consents_of,
    has_consent,
    missing_consents,
)
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
from consult.spaces.queries.glossary import notions_of
from consult.spaces.queries.organisations import (
    OrganisationRow,
    organisation_named,
    organisation_names,
    organisations_of,
)
from consult.spaces.queries.people import (
    ShownAuthor,
    asks_to_take_part,
    shown_author,
    shown_in,
    standing,
)
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
    "AskedConsent",
    "CategoryRow",
    "ConsentRow",
    "ObjectiveRow",
    "OrganisationRow",
    "QuestionHead",
    "ShownAuthor",
    "SpaceView",
    "ThreadChoices",
    "asked_consents",
    "asks_to_take_part",
    "categories",
    "consents_of",
    "current_forum",
    "documents",
    "forum_by_slug",
    "has_consent",
    "missing_consents",
    "notions_of",
    "objectives_of_forum",
    "objectives_of_space",
    "organisation_named",
    "organisation_names",
    "organisations_of",
    "question_head",
    "question_objective",
    "reasons",
    "regions",
    "shown_author",
    "shown_in",
    "space_by_slug",
    "space_view",
    "spaces_of_forum",
    "standing",
    "thread_choices",
]
