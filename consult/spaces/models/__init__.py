"""Tables of forums, spaces, questions and of those who speak in them."""

from consult.spaces.models.forums import (
    Category,
    Document,
    Forum,
    GlossaryTerm,
    Installation,
    Objective,
    Principle,
    Reason,
    Region,
)
from consult.spaces.models.joining import Application, Consent, ConsentText, Invitation
from consult.spaces.models.spaces import Question, Space, SpaceObjective
from consult.spaces.models.speakers import Author, AuthorMember, Organisation, RoleGrant

__all__ = [
    "Application",
    "Author",
    "AuthorMember",
    "Category",
    "Consent",
    "ConsentText",
    "Document",
    "Forum",
    "GlossaryTerm",
    "Installation",
    "Invitation",
    "Objective",
    "Organisation",
    "Principle",
    "Question",
    "Reason",
    "Region",
    "RoleGrant",
    "Space",
    "SpaceObjective",
]
