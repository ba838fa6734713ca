"""Looking for words in what waits: a piece of text anywhere in a column, whatever case or accents.

What waits is in no search index, so the database reads the texts themselves, once each. A letter of
the word becomes the set of all letters that are the same without case and accents, because neither
database knows accents by itself.
"""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Boolean, ColumnElement, String, and_, func, literal, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from consult.core.text import fold
from consult.discussion.models import Contribution, Revision
from consult.spaces.models import Author, Organisation
from consult.spaces.states import DisplayChoice

MAX_WORDS = 8
SHORTEST_NAME = 4
"""Characters of a receipt or reference by which it is found; fewer would find them all."""

_SCRIPTS = (range(0x41, 0x250), range(0x370, 0x530), range(0x1E00, 0x2000))
"""Latin, Greek and Cyrillic letters."""


class _holds(FunctionElement[bool]):  # noqa: N801 - stands where a function of SQL does
    """That a column holds a word: column, pattern of SQLite, pattern of PostgreSQL."""

    type = Boolean()
    inherit_cache = True


@compiles(_holds)
def _matches(element: _holds, compiler: SQLCompiler, **how: Any) -> str:
    column, _glob, expression = element.clauses
    return f"{compiler.process(column, **how)} ~ {compiler.process(expression, **how)}"


@compiles(_holds, "sqlite")
def _globs(element: _holds, compiler: SQLCompiler, **how: Any) -> str:
    column, glob, _expression = element.clauses
    return f"{compiler.process(column, **how)} GLOB {compiler.process(glob, **how)}"


def words_of(typed: str) -> tuple[str, ...]:
    """Return the words of what was typed, folded; the first eight of them."""
    return tuple(fold(typed).split()[:MAX_WORDS])


def says(typed: str) -> ColumnElement[bool]:
    """Return the condition for rows of `Contribution` with their `Revision`: each word stands in
    the text, in what is shown of its author, or in its receipt or reference.
    """
    return and_(*(_has(word) for word in words_of(typed)))


def _has(word: str) -> ColumnElement[bool]:
    found = [holds(Revision.text, word), Contribution.author_id.in_(_authors_called(word))]
    if len(word) >= SHORTEST_NAME:
        found += [holds(Contribution.receipt, word), holds(Contribution.reference, word)]
    return or_(*found)


def _authors_called(word: str) -> Any:
    """Return the statement for authors with a word in what the desk shows of them, no more."""
    is_named = and_(Author.display == DisplayChoice.FULL, holds(Author.name, word))
    number = func.coalesce(Author.pseudonym_number, 0).cast(String)
    is_numbered = and_(Author.display == DisplayChoice.PSEUDONYM, number == word)
    shows_organisation = and_(
        Author.display != DisplayChoice.PSEUDONYM, holds(Organisation.name, word)
    )
    return (
        select(Author.id)
        .outerjoin(Organisation, Organisation.id == Author.organisation_id)
        .where(or_(is_named, is_numbered, shows_organisation))
    )


def holds(column: Any, word: str) -> ColumnElement[bool]:
    """Return the condition that a folded word stands somewhere in a column."""
    glob = "*" + "".join(map(_glob, word)) + "*"
    expression = "".join(map(_expression, word))
    return _holds(column, literal(glob, String), literal(expression, String))


def _glob(character: str) -> str:
    others = variants().get(character)
    if others is not None:
        return f"[{others}]"
    return f"[{character}]" if character in "*?[" else character


def _expression(character: str) -> str:
    others = variants().get(character)
    if others is not None:
        return f"[{others}]"
    return f"\\{character}" if character in string.punctuation else character


@cache
def variants() -> Mapping[str, str]:
    """Return the letters that are the same without case and accents, by the folded one."""
    found: defaultdict[str, str] = defaultdict(str)
    for code in (code for script in _SCRIPTS for code in script):
        folded = fold(chr(code))
        if chr(code).isalpha() and len(folded) == 1:
            found[folded] += chr(code)
    return {folded: letters for folded, letters in found.items() if len(letters) > 1}
