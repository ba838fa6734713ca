"""Names of people and organisations: what cannot be one, and why."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

from consult.core.characters import BIDI, INVISIBLE, JOINERS, JOINING_SCRIPTS
from consult.core.text import fold

_LETTERS = re.compile(r"[^\W\d_]+")
RESERVED = frozenset(
    "admin administrador administradora administrateur administration administrator administratrice"
    " anonymous consult deleted deleteduser formerparticipant moderacion moderador moderadora"
    " moderateur moderation moderator moderators moderatrice noreply organisateur organisatrice"
    " organiser organizador organizadora organizer postmaster root secretaria secretariado"
    " secretariat security sistema soporte staff support system systeme webmaster".split()
)
"""Names nobody may take, as `fold` leaves their letters and digits."""


class NameProblem(StrEnum):
    """Why a name cannot be taken."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    CONTROL = "control"
    BIDI = "bidi"
    INVISIBLE = "invisible"
    MIXED_SCRIPTS = "mixed-scripts"
    RESERVED = "reserved"


def check_name(name: str, *, limit: int = 200) -> NameProblem | None:
    """Return the first problem of a name of a person or organisation, or None for a good one.

    ``limit`` counts code points. Joiners are taken only inside scripts that need them.
    """
    if len(name) > limit:
        return NameProblem.TOO_LONG
    if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Zl", "Zp") for character in name):
        return NameProblem.CONTROL
    if not BIDI.isdisjoint(name):
        return NameProblem.BIDI
    visible = [c for c in name if c not in INVISIBLE and not c.isspace()]
    if not visible:
        return NameProblem.EMPTY
    if any(c in INVISIBLE and not _is_needed_joiner(name, i) for i, c in enumerate(name)):
        return NameProblem.INVISIBLE
    if any(_mixes_lookalike_scripts(word) for word in _LETTERS.findall(name)):
        return NameProblem.MIXED_SCRIPTS
    is_reserved = "".join(c for c in fold(name) if c.isalnum()) in RESERVED
    return NameProblem.RESERVED if is_reserved else None


def _is_needed_joiner(name: str, index: int) -> bool:
    around = name[max(index - 1, 0) : index] + name[index + 1 : index + 2]
    return (
        name[index] in JOINERS
        and len(around) == 2
        and all(JOINING_SCRIPTS.match(character) for character in around)
    )


def _mixes_lookalike_scripts(word: str) -> bool:
    if word.isascii():
        return False
    scripts = {unicodedata.name(character, "").partition(" ")[0] for character in word}
    return len(scripts & {"LATIN", "CYRILLIC", "GREEK", "CHEROKEE", "COPTIC", "ARMENIAN"}) > 1
