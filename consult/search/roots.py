"""The root that the words of one family share, whatever their language.

A stem joins the forms of a word: *expulsé*, *expulsés*. A root joins the words of a family,
and their cognates in the other languages: *expulser*, *expulsion*, *expulsado*, *expel*. It is
found in the list of families, or by taking off the endings that make one word from another.
Spellings that only differ between the languages are made alike. Pure.

A wrong root shows a reader texts about something else, a missing one hides a few texts: so
short words keep their endings.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from consult.search.word_lists import family_of, lemmas_of, spelled

MOST_ROOTS: Final = 2
"""A form of two words, such as *left*, has a root of each; so has one that may be two."""

LEAST_LETTERS: Final = 4
"""Shorter words, and words of which less is left, have no root."""

_MOST_LETTERS: Final = 10
"""No ending is longer."""


_DOER_LETTERS: Final = 6
"""Letters of *farmer*; shorter words in *-er* are rarely doers."""

_KINDRED: Final = "ther"
"""How *mother* and *weather* end, who do nothing."""

_ES: Final = re.compile("^es(?=[cpqt])")


class _Rule(NamedTuple):
    """What stands in the place of an ending that has at least so many letters before it."""

    least: int
    replacement: str


_Endings = Mapping[str, tuple[_Rule, ...]]


def _endings(*lines: tuple[int, str, str]) -> _Endings:
    """Read lines of: least letters before the ending, replacement, endings.

    An ending on several lines has several rules, the most demanding first.
    """
    endings: dict[str, tuple[_Rule, ...]] = {}
    for least, replacement, written in sorted(lines, reverse=True):
        for ending in written.split():
            endings[ending] = (*endings.get(ending, ()), _Rule(least, replacement))
    return endings


_PLURALS: Final = {
    "en": _endings(
        (2, "y", "ies"),
        (3, "", "s"),
        (2, "ss", "ss sses"),
        (2, "us", "us"),
        (2, "is", "is"),
        (2, "x", "xes"),
        (2, "sh", "shes"),
        (2, "ch", "ches"),
        (2, "al", "ally"),
        (2, "ble", "bly"),
        (4, "", "ly"),
    ),
    "fr": _endings(
        (3, "", "s x"),
        (2, "al", "aux"),
        (2, "eau", "eaux"),
        (2, "eux", "eux euse euses"),
        (3, "el", "ellement elle elles"),
        (3, "al", "alement ale ales"),
        (3, "if", "ivement ive ives"),
        (3, "ique", "iquement iques"),
        (3, "able", "ablement"),
        (2, "ant", "amment"),
        (2, "ent", "emment"),
    ),
    "es": _endings(
        (3, "", "s"),
        (2, "s", "ss"),
        (2, "z", "ces"),
        (3, "l", "les"),
        (3, "r", "res"),
        (3, "n", "nes"),
        (3, "d", "des"),
        (4, "", "mente"),
        (4, "o", "amente"),
    ),
}

# In each table the same replacement stands for the same sense, so that cognates meet.
_FAMILIES: Final = {
    "en": _endings(
        (3, "is", "ization isation ize ise ized ised izing ising izer iser"),
        (4, "", "ation ate ated ating ator ative atory ational ant ance ancy"),
        (4, "", "ed ing"),
        (5, "", "ence ency ent or ment mentation mental ship hood ful e y"),
        (5, "", "less lessness ness iness ist ism istic ion age"),
        (3, "ent", "ence ency"),
        (3, "ist", "ism istic"),
        (3, "bil", "ble bility"),
        (3, "al", "ality alism alist alization alisation alize alise alized alised alizing"),
        (3, "ar", "arity ary"),
        (3, "iv", "ive ivity"),
        (3, "os", "ous osity"),
        (3, "ic", "ical icity"),
        (3, "it", "ity ition itional"),
        (3, "ifi", "ification ify ified ifying ifier"),
        (3, "log", "logy logical logist logic"),
        (3, "graf", "graphy graphic graphical grapher graph"),
        (3, "crat", "cracy cratic crat"),
        (4, "t", "tion tional tor"),
        (4, "s", "sion sional"),
    ),
    "fr": _endings(
        (3, "is", "isation iser ise isee isant isateur"),
        (4, "", "ation ateur atrice atif atoire ationnel ance ant ante"),
        (5, "", "er ee e es ent ons ez ait aient ais era eront erait eraient ie i ir it"),
        (5, "", "issent issant issait issement ement ment mentation mental age eur ence ente"),
        (5, "", "ion iste isme erie"),
        (4, "g", "guer gue gues guee guent guant"),
        (4, "c", "quer que ques quee quent quant"),
        (3, "ent", "ence ente ent"),
        (3, "ist", "isme iste"),
        (3, "bil", "ble bilite"),
        (3, "al", "alite alisme aliste el alisation aliser alise alisee alisant"),
        (3, "ar", "aire arite"),
        (3, "iv", "if ivite"),
        (3, "os", "eux osite"),
        (3, "ic", "ique icite"),
        (3, "it", "ite ition itionnel"),
        (3, "ifi", "ification ifier ifie ifiee ifiant"),
        (3, "log", "logie logique logue logiste"),
        (3, "graf", "graphie graphique graphe"),
        (3, "crat", "cratie cratique crate"),
        (4, "t", "tion tionnel teur trice"),
        (4, "s", "sion sionnel"),
    ),
    "es": _endings(
        (3, "is", "izacion izaciones izar iza izado izada izando izan ice icen izador izo izaron"),
        (4, "", "acion ador adora ativo ativa atorio atoria acional ante ancia anza"),
        (5, "", "ar er ir ado ada ando ido ida iendo a e o an en ara aran aria arian aron io"),
        (5, "", "iente ieron aba aban ia ian era eran ira iran ase amiento imiento miento mento"),
        (5, "", "mental aje or encia ente ion ismo ista"),
        (3, "ent", "encia ente"),
        (3, "ient", "iente"),
        (3, "ist", "ismo ista"),
        (3, "bil", "ble bilidad"),
        (3, "al", "alidad alismo alista alizacion alizar alizado alizada aliza alizan alice"),
        (3, "ar", "ario aria aridad"),
        (3, "iv", "ivo iva ividad"),
        (3, "os", "oso osa osidad"),
        (3, "ic", "ico ica icidad"),
        (3, "it", "idad icion icional"),
        (3, "t", "tad"),
        (3, "ifi", "ificacion ificar ificado ificada ifica ifique ifiquen ifican"),
        (3, "log", "logia logico logica logo loga"),
        (3, "graf", "grafia grafico grafica grafo"),
        (3, "crat", "cracia cratico cratica crata"),
        (4, "t", "cion cional tor tora"),
        (4, "s", "sion sional"),
    ),
}


def roots_of(word: str, *, language: str) -> tuple[str, ...]:
    """Return the roots of one folded word, none for a number or one too short to tell.

    ``language`` must be one that has a stemmer.
    """
    if not word.isalpha():
        return ()
    forms = (*lemmas_of(word, language=language), word, *_doing(word, language=language))
    roots = (_root(form, language=language) for form in forms)
    return tuple(dict.fromkeys(root for root in roots if root))[:MOST_ROOTS]


def _doing(word: str, *, language: str) -> tuple[str, ...]:
    """Return what an English doer may do: *lead* for *leaders*, *consid* for *consider*.

    Nothing tells the two apart, so that both are roots; listed words are told apart.
    """
    singular = word.removesuffix("s")
    is_doer = len(singular) >= _DOER_LETTERS and singular.endswith("er")
    if language != "en" or not is_doer or singular.endswith(_KINDRED):
        return ()
    is_listed = family_of(spelled(singular), language=language) is not None
    return () if is_listed else (singular.removesuffix("er"),)


def _root(word: str, *, language: str) -> str | None:
    """Return the root of a listed word, of its singular, or what its endings leave."""
    singular = _without(word, _PLURALS[language])
    for form in dict.fromkeys((word, singular)):
        listed = family_of(spelled(form), language=language)
        if listed is not None:
            return listed
    bare = spelled(_without(singular, _FAMILIES[language]))
    if language == "es":
        # No Spanish word begins with s and another consonant: espontáneo, spontaneous.
        bare = _ES.sub("s", bare)
    return bare if len(bare) >= LEAST_LETTERS else None


def _without(word: str, endings: _Endings) -> str:
    """Return ``word`` with its longest ending replaced that leaves enough of it."""
    for length in range(min(len(word) - 1, _MOST_LETTERS), 0, -1):
        for rule in endings.get(word[-length:], ()):
            if len(word) - length >= rule.least:
                return word[:-length] + rule.replacement
    return word
