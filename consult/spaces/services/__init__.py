"""Use cases of spaces; each gets a session and `now`, and none commits."""

from consult.spaces.services.affiliation import (
    Affiliation,
    author_of,
    change_affiliation,
    check_affiliation,
    create_author,
    find_or_make_organisation,
    name_key,
)

__all__ = [
    "Affiliation",
    "author_of",
    "change_affiliation",
    "check_affiliation",
    "create_author",
    "find_or_make_organisation",
    "name_key",
]
