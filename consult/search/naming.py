"""Where a line of text names objectives by their numbers, in English, French and Spanish.

“Objective 16”, “objectifs 3, 7 et 17”, “GCM 13”, “obj. n.º 16”; not “SDG 16”, “objective 16.3”
or “16 objectives”. Pure. No pattern here repeats what may repeat inside, and what a pattern looks
through is bounded, so that the work grows with the length of the text and no faster.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from consult.core.text import truncate

LONGEST_NAMED: Final = 120
"""Characters that are quoted of the words that name objectives."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name one or more objectives."""

    numbers: tuple[int, ...]
    """Each once, in the order of the words."""
    start: int
    end: int
    named: str


def find(text: str, *, numbers: Collection[int]) -> list[Mention]:
    """Return where a text names some of the objectives `numbers`, in reading order."""
    plain = plainly(text)
    found = []
    position = 0
    while (head := _HEAD.search(plain, position)) is not None:
        named, end = _listed(plain, head, numbers)
        position = end
        if named and not _is_of_another_list(plain, head.start(), end):
            words = truncate(text[head.start() : end], limit=LONGEST_NAMED)
            found.append(Mention(named, head.start(), end, words))
    return found


def plainly(text: str) -> str:
    """Return a text of the same length in small letters without accents, with plain signs."""
    return text.translate(_PLAIN)


class _Plain(dict[int, str]):
    """What each character is read as; kept for those that texts in our languages are made of."""

    def __missing__(self, code: int) -> str:
        plain = _plain_character(chr(code))
        if code < 0x2200:
            self[code] = plain
        return plain


def _plain_character(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if character.isspace() and character not in "\n\t":
        return " "
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if unicodedata.category(character) == "Pd":
        return "-"
    if character.isalpha():
        base = unicodedata.normalize("NFKD", character)[0].lower()
        return base if len(base) == 1 else character
    return character


_SIGNS: Final = dict.fromkeys("’‘ʼ´`", "'") | dict.fromkeys("º˚", "°") | {"№": "#", "−": "-"}
_PLAIN: Final = _Plain()


# --- What is read -------------------------------------------------------------------------------

_NUMBER_WORDS: Final = {
    word: number
    for number, words in enumerate(
        (
            "two deux dos",
            "three trois tres",
            "four quatre cuatro",
            "five cinq cinco",
            "six seis",
            "seven sept siete",
            "eight huit ocho",
            "nine nueve",
            "ten dix diez",
            "eleven onze once",
            "twelve douze doce",
            "thirteen treize trece",
            "fourteen quatorze catorce",
            "fifteen quinze quince",
            "sixteen seize dieciseis",
            "seventeen dix-sept diecisiete",
            "eighteen dix-huit dieciocho",
            "nineteen dix-neuf diecinueve",
            "twenty vingt veinte",
            "twenty-one vingt-et-un veintiuno",
            "twenty-two vingt-deux veintidos",
            "twenty-three vingt-trois veintitres",
        ),
        start=2,
    )
    for word in words.split()
}
"""Without those for one and the French nine, which are also “a”, “somebody” and “new”."""

_QUANTITIES: Final = (
    "million millions millon millones milliard milliards billion billions billones thousand"
    " thousands hundred hundreds mille mil milliers miles percent per pour por cent ciento euro"
    " euros dollar dollars usd eur year years an ans annee annees ano anos month months mois mes"
    " meses week weeks semaine semaines semana semanas day days jour jours dia dias hour hours"
    " heure heures hora horas minute minutes minutos time times fois vez veces km kg"
)
_THINGS: Final = (
    "country countries pays pais paises state states etat etats estado estados people person"
    " persons personne personnes persona personas migrant migrants migrante migrantes woman women"
    " femme femmes mujer mujeres man men homme hommes child children enfant enfants nino ninos"
    " region regions regiones city cities ville villes ciudad ciudades participant participants"
    " participantes member members membre membres miembro miembros target targets cible cibles"
    " meta metas goal goals objective objectives objectif objectifs objetivo objetivos indicator"
    " indicators indicateur indicateurs indicador indicadores"
)


def _any_of(words: str) -> str:
    return "(?:" + "|".join(sorted(words.split(), key=len, reverse=True)) + ")"


_NOUN = r"obj(?:ec?ti(?:ve|vo|f)s?|s?\.?)"
_NO = (
    r"(?:(?:n(?:o|os|r|ro|ros|um|ums|umero|umeros|umber|umbers)?\.? ?(?:°s?\.?)?"
    r"|#) ?)?"
)
_DIGITS = (
    r"[0-9]{1,3}(?![0-9a-z])(?!\.[0-9])(?![ ,'][0-9]{3}(?![0-9]))(?!:[0-9]{2}(?![0-9]))"
    rf"(?! ?[%$€£])(?![ -]{_any_of(_QUANTITIES)}(?![a-z]))"
)
_WORD = (
    "(?:"
    + "|".join(
        re.escape(w).replace(r"\-", "[ -]") for w in sorted(_NUMBER_WORDS, key=len, reverse=True)
    )
    + ")"
    rf"(?![0-9a-z])(?!-[a-z])(?![ -]{_any_of(_QUANTITIES + ' ' + _THINGS)}(?![a-z]))"
)
_ITEM = rf"{_NO}(?P<number>{_DIGITS}|{_WORD})"
_AND = "(?:and|et|y|e|or|ou|o|u|as well as|ainsi que|asi como)"
_ARTICLE = "(?:(?:the|le|les|el|los|also|aussi|tambien) )?"
_SUSTAINABLE = (
    "(?:sdgs?|odd|ods|2030 agenda|agenda (?:de )?2030|programme 2030"
    "|(?:programme de )?developpement durable|desarrollo sostenible"
    "|(?:agenda for )?sustainable development)"
)

_HEAD = re.compile(
    rf"(?<![a-z0-9])(?:(?P<short>gcm|pmm)(?:'s)?[ -]{{0,2}}(?P<noun>{_NOUN})?|(?P<alone>{_NOUN}))"
    rf" {{0,3}}(?P<sign>[:(\[-] {{0,2}})?(?P<from>(?:from|del) )?{_ITEM}"
)
_TIE = re.compile(
    r"(?: {0,2}\([^()\n]{0,80}\))?"
    r"(?:(?P<range> {0,2}- {0,2}| (?:to|through|thru|a|al|au|until|hasta) )"
    rf"|(?P<comma> {{0,2}}[,;/] {{0,2}})(?P<closing>{_AND} )?"
    rf"|(?P<and> \(?{_AND} | {{0,2}}[&+] {{0,2}}))"
    rf"{_ARTICLE}{_ITEM}"
)
_WORD_AFTER = re.compile(r"\.? ?[a-z0-9]")
_THING_AFTER = re.compile(rf" {_any_of(_THINGS)}(?![a-z])")
_ANOTHER_BEFORE = re.compile(
    rf"(?:(?<![a-z]){_SUSTAINABLE}|millennium development)(?:'s?)?[ ,:(-]{{0,3}}\Z"
    r"|(?<![a-z])(?:sub|sous)[ -]?\Z"
)
_ANOTHER_AFTER = re.compile(
    rf"[ ,]{{0,2}}(?:\({_SUSTAINABLE}\)"
    rf"|(?:of|des?|del|du) (?:the |la |los |le |l')?{_SUSTAINABLE})(?![a-z])"
)
_REACH: Final = 40
"""Characters before a mention that may say of which list it is."""


@dataclass
class _List:
    """Numbers as they are read one after the other."""

    is_plural: bool
    numbers: list[int]
    end: int
    items: int = 1
    is_closed: bool = False
    """An “and” was read, after which a comma begins something else."""

    def add(self, tie: re.Match[str], numbers: Collection[int]) -> bool:
        """Take one more item or range; tell whether it belonged to the list."""
        number = _value(tie)
        if tie["range"]:
            return self._extend_to(number, tie, numbers)
        if _THING_AFTER.match(tie.string, tie.end()):
            return False
        is_followed = _WORD_AFTER.match(tie.string, tie.end()) is not None
        is_last = bool(tie["and"] or tie["closing"])
        if not is_last and is_followed and (self.is_closed or not self.is_plural):
            return _TIE.match(tie.string, tie.end()) is not None and self._take(number, tie)
        self.is_closed |= is_last
        return self._take(number, tie)

    def _take(self, number: int, tie: re.Match[str]) -> bool:
        self.numbers.append(number)
        self.items += 1
        self.end = tie.end()
        return True

    def _extend_to(self, last: int, tie: re.Match[str], numbers: Collection[int]) -> bool:
        first = self.numbers[-1]
        is_pause = tie["range"].startswith(" ") and "-" in tie["range"] and not self.is_plural
        if is_pause or last <= first or not {first, last} <= set(numbers):
            return False
        if _THING_AFTER.match(tie.string, tie.end()):
            return False
        self.numbers += range(first + 1, last + 1)
        self.end = tie.end()
        return True


def _listed(
    plain: str, head: re.Match[str], numbers: Collection[int]
) -> tuple[tuple[int, ...], int]:
    """Return the numbers that follow a noun, none where they count something, and their end."""
    noun = head["noun"] or head["alone"] or ""
    is_plural = noun.rstrip(".").endswith("s") or not noun
    read = _List(is_plural=is_plural, numbers=[_value(head)], end=head.end())
    while (tie := _TIE.match(plain, read.end)) is not None and read.add(tie, numbers):
        pass
    if not _is_named(head, read, has_noun=bool(noun)):
        return (), read.end
    return tuple(dict.fromkeys(n for n in read.numbers if n in numbers)), read.end


def _is_named(head: re.Match[str], read: _List, *, has_noun: bool) -> bool:
    """Tell whether the numbers name objectives; they may also say how many, or where."""
    sign = (head["sign"] or " ")[0]
    is_single = read.items == 1
    if not has_noun:
        is_count = _THING_AFTER.match(head.string, head.end()) is not None
        return head["number"].isdecimal() and sign in " -" and not is_count
    if head["from"]:
        return len(read.numbers) > 1
    if sign in "([":
        return not (read.is_plural and len(read.numbers) == 1)
    if sign == ":" and is_single:
        after = _WORD_AFTER.match(head.string, read.end)
        is_own_number = after is not None and after[0][0] == "." and not read.is_plural
        return after is None or is_own_number
    return True


def _value(match: re.Match[str]) -> int:
    word = match["number"]
    return int(word) if word.isdecimal() else _NUMBER_WORDS[word.replace(" ", "-")]


def _is_of_another_list(plain: str, start: int, end: int) -> bool:
    """Tell whether the goals for sustainable development are meant, or a part of an objective."""
    before = plain[max(0, start - _REACH) : start]
    return bool(_ANOTHER_BEFORE.search(before) or _ANOTHER_AFTER.match(plain, end))
