"""What every typed text goes through: one normal form, one way to compare, count and shorten.

Pure functions over `str`. HTML belongs to `consult.core.markup`, words for readers to the catalogs.
Nothing here takes more than linear time: the texts are other people's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

REPLACEMENT = "\ufffd"
MAX_MARKS = 8
"""Combining marks that one base character may carry."""
ELLIPSIS = "…"

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKING = "\t\n\x0b\x0c\r\x1c-\x20\x85\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
_WORD = re.compile(f"[^{_BREAKING}]+")
_BLANKS = re.compile(f"[{_BREAKING}]+")
_LETTERS = re.compile(r"[^\W\d_]+")

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")
INVISIBLE = frozenset(
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u200b\u200c\u200d"
    "\u2060\u2061\u2062\u2063\u2064\u2065\u206a\u206b\u206c\u206d\u206e\u206f\u2800\u3164"
    "\ufeff\uffa0\ufff9\ufffa\ufffb"
) | frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000))))
_JOINING_SCRIPTS = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af\ua840-\ua87f\ua8e0-\ua8ff]"
)

_TAGS = "\U000e0000"
"""The first of 4,096 that nobody sees: as a range, because `re` compares single ones one by one."""
_SELECTORS = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f")
_UNSEEN = re.compile(f"[{''.join(sorted(c for c in INVISIBLE if c < _TAGS))}{_TAGS}-\U000e0fff]+")
_UNSPACED_SCRIPTS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1980-\u19ff]")

# Full-width and small forms become the plain sign in a spreadsheet of an East Asian office.
_FORMULA_STARTS = frozenset("=+-@|%\t\r\n＝＋－＠｜％﹦﹢﹣﹫﹪")
_QUOTES = frozenset("'\"`´‘’‚‛“”„‟«»‹›＇＂")
_PLAIN_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+)"
    r"(?:[.,][0-9]+)?"
)

RESERVED = frozenset(
    "admin administrador administradora administrateur administration administrator administratrice"
    " anonymous consult deleted deleteduser formerparticipant moderacion moderador moderadora"
    " moderateur moderation moderator moderators moderatrice noreply organisateur organisatrice"
    " organiser organizador organizadora organizer postmaster root secretaria secretariado"
    " secretariat security sistema soporte staff support system systeme webmaster".split()
)
"""Names nobody may take, as `fold` leaves their letters and digits."""


# --- One normal form ----------------------------------------------------------------------------


def has_forbidden(text: str) -> bool:
    """Tell whether a text holds NUL or a lone surrogate, which the API refuses with 422."""
    return _FORBIDDEN.search(text) is not None


def normalise(text: str) -> str:
    """Bring a typed text into the form that is stored: see `clean_characters`; blank end cut off.

    Idempotent. Blanks at the ends of lines stay, because Markdown reads them.
    """
    return clean_characters(text).rstrip()


def clean_characters(text: str) -> str:
    """Return the text in NFC with LF line ends and without characters that break a page or a file.

    Control characters but tab and line feed, lone surrogates, U+FFFE and U+FFFF become U+FFFD;
    a base keeps its first eight combining marks.
    """
    if text.isascii() and text.isprintable():
        return text
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    visible = _UNWANTED.sub(REPLACEMENT, unix)
    if visible.isascii():
        return visible
    # NFC sorts marks in quadratic time, so they are counted before; some marks become two in NFC,
    # so they are counted again.
    return _limit_marks(unicodedata.normalize("NFC", _limit_marks(visible)))


def _limit_marks(text: str) -> str:
    return "".join(_without_excess_marks(text))


def _without_excess_marks(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        is_mark = character > "\u02ff" and unicodedata.category(character) in ("Mn", "Me")
        marks = marks + 1 if is_mark else 0
        if marks <= MAX_MARKS:
            yield character


def single_line(text: str) -> str:
    """Return the normalised text on one line: runs of blanks are one space, none at the ends.

    No-break spaces stay, because French typography needs them.
    """
    return _BLANKS.sub(" ", normalise(text)).strip()


def fold(text: str) -> str:
    """Return what two texts are compared by: NFKC, case folded, without accents. Never shown."""
    base = clean_characters(text)
    for _ in range(2):
        # Folding the case may make new compatibility characters, and these new capitals.
        base = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", base).casefold())
    bare = "".join(character for character in base if not unicodedata.combining(character))
    return unicodedata.normalize("NFKC", bare)


def xml_safe(text: str) -> str:
    """Return the text without what XML 1.0 does not allow, with LF line ends."""
    return _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def spreadsheet_safe(text: str) -> tuple[str, bool]:
    """Return a cell's text that no spreadsheet takes for a formula, and whether it was changed.

    An apostrophe goes in front where the first character after spaces, quotes and invisible
    characters is `= + - @ TAB CR LF | %` or a full-width form, unless all of it is a plain number.
    Cutting the apostrophe off again gives the text back.
    """
    start = next((character for character in text if not _is_passed_over(character)), "")
    if start not in _FORMULA_STARTS or _PLAIN_NUMBER.fullmatch(text) or not start:
        return text, False
    return f"'{text}", True


def _is_passed_over(character: str) -> bool:
    if character in _FORMULA_STARTS:
        return False
    if character in _QUOTES or character in INVISIBLE or character in _BIDI:
        return True
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf", "Mn", "Zs")


# --- Names --------------------------------------------------------------------------------------


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
    if not _BIDI.isdisjoint(name):
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
        name[index] in _JOINERS
        and len(around) == 2
        and all(_JOINING_SCRIPTS.match(character) for character in around)
    )


def _mixes_lookalike_scripts(word: str) -> bool:
    if word.isascii():
        return False
    scripts = {unicodedata.name(character, "").partition(" ")[0] for character in word}
    return len(scripts & {"LATIN", "CYRILLIC", "GREEK", "CHEROKEE", "COPTIC", "ARMENIAN"}) > 1


# --- Shortening and counting --------------------------------------------------------------------


def truncate(text: str, *, limit: int) -> str:
    """Return at most ``limit`` code points of a text, cut between graphemes, with an ellipsis.

    Raises `ValueError` for a limit below 1.
    """
    if limit < 1:
        raise ValueError("A text cannot be cut to less than one character.")
    if len(text) <= limit:
        return text
    end = limit - len(ELLIPSIS)
    while end > 0 and not _is_border(text, end):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def _is_border(text: str, index: int) -> bool:
    """Tell whether a grapheme ends before ``index``; near enough to Unicode's rules for cutting."""
    before, after = text[index - 1], text[index]
    if before == "\u200d" or (before, after) == ("\r", "\n"):
        return False
    if _extends(after):
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, index) % 2 == 0
    return not (_is_jamo(before) and "\u1160" <= after <= "\u11ff")


def _extends(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc")
        or character in _JOINERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, index: int) -> int:
    start = index
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return index - start


def _is_jamo(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\uac00" <= character <= "\ud7a3"


def count_words(text: str) -> int:
    """Count words as Word does: runs of characters between blanks.

    A no-break space (U+00A0, U+202F, U+2007) does not end a word: "Objectif\u00a016\u00a0:" is one.
    A run of nothing but no-break spaces is none. A dash or colon between two spaces is one.
    """
    return sum(1 for word in _WORD.findall(text) if not word.isspace())


# --- What may surprise --------------------------------------------------------------------------


class TextRemark(StrEnum):
    """What is changed in a text as it is stored, or what a reader of it may stumble on."""

    EXCESS_MARKS = "excess-marks"
    """A letter carries more combining marks than are kept."""
    CONTROL = "control"
    """Control characters or halves of a character, which become U+FFFD."""
    INVISIBLE = "invisible"
    """Characters inside a word that nobody sees, and that keep a search from finding it."""
    BIDI = "bidi"
    """Characters that turn the direction of what follows."""


def remarks(source: str) -> list[TextRemark]:
    """Return what is remarkable in a text as it was typed, each once; it changes nothing.

    Joiners and spaces without width are remarked on only outside the scripts that need them, and
    marks of direction only in a text without a single right-to-left letter.
    """
    unix = source.replace("\r\n", "\n").replace("\r", "\n")
    found = {
        TextRemark.EXCESS_MARKS: _has_excess_marks(unix),
        TextRemark.CONTROL: _UNWANTED.search(unix) is not None,
        TextRemark.INVISIBLE: any(map(_hides, _UNSEEN.finditer(unix))),
        TextRemark.BIDI: _turns_direction(unix),
    }
    return [remark for remark in TextRemark if found[remark]]


def _has_excess_marks(text: str) -> bool:
    if text.isascii():
        return False
    limited = _limit_marks(text)
    composed = unicodedata.normalize("NFC", limited)
    return limited != text or _limit_marks(composed) != composed


def _hides(run: re.Match[str]) -> bool:
    """Tell whether invisible characters stand between two letters and do no work there."""
    text, begin, end = run.string, run.start(), run.end()
    before, after = text[max(begin - 1, 0) : begin], text[end : end + 1]
    if not (before.isalnum() and after.isalnum()):
        return False
    between = set(run[0])
    if between <= _JOINERS and _JOINING_SCRIPTS.match(before) and _JOINING_SCRIPTS.match(after):
        return False
    if between <= _SELECTORS:
        # They choose between forms of an ideograph or an emoji; a letter has but one.
        return before < "\u0530" and before.isalpha()
    return not (_UNSPACED_SCRIPTS.match(before) and _UNSPACED_SCRIPTS.match(after))


def _turns_direction(text: str) -> bool:
    turning = _BIDI.intersection(text)
    if not turning or turning - _DIRECTION_MARKS:
        return bool(turning)
    letters = (character for character in text if character not in turning)
    return not any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in letters)
