"""Two lists that no rule replaces: irregular forms, and families of words across languages.

They lie beside this module as text: ``irregular_forms.txt`` and ``word_families.txt``, which
say at their top how they are written. Everything here takes and gives words without case and
accents. Pure but for reading the two files, once, when the first word is asked for.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
_MOST_LETTERS: Final = 14
"""No beginning of a family is longer."""
_LEAST_LETTERS: Final = 3
"""Nor shorter."""

_SPELLINGS: Final = (("ph", "f"), ("cci", "cti"), ("qu", "cu"), ("ck", "k"), ("y", "i"), ("z", "s"))
# Endings of regular verbs that the stemmers leave, the letters before them, the infinitives:
# recommandons, encourageons, arrivent; garanticen, apliquen, conozcan. A noun such as
# accident gives a verb that does not exist, which does no harm.
_VERBS: Final = {
    "fr": (("eons", 5, ("er",)), ("ons", 5, ("er",)), ("ent", 4, ("er",))),
    "es": (
        ("quen", 3, ("car",)),
        ("que", 3, ("car",)),
        ("cen", 4, ("zar",)),
        ("ce", 4, ("zar",)),
        ("quemos", 3, ("car",)),
        ("zcan", 3, ("cer", "cir")),
        ("zca", 3, ("cer", "cir")),
        *((ending, 1, ("uir",)) for ending in ("uyeron", "uyendo", "uyen", "uye", "uyan", "uya")),
    ),
}
_NOUNS: Final = ("ions", "ement", "mment")

# Garantizarles, registrarse, formándolos.
_PRONOUNS: Final = re.compile("([a-z]{3,}(?:[aei]r|ando|iendo))(?:[mst]e|nos)?(?:l[aeo]s?|se|nos)$")
_OUR: Final = re.compile(
    "^(ard|arm|behavi|cand|clam|col|demean|endeav|fav|ferv|harb|hon|hum|lab|neighb|od|parl|ranc"
    "|rig|rum|sav|savi|splend|succ|tum|val|vap|vig)our"
)
_IS: Final = re.compile("(?<=[a-z]{3})is(?=(?:e[drs]?|ers|ing|ations?|able)$)")

_DOUBLED: Final = re.compile(r"([bcdfgjklmnpqrstvxz])\1")
_TI: Final = re.compile("ti(?=[aou]|el)")
_NM: Final = re.compile("^(i|co)nm")


def spelled(word: str) -> str:
    """Return ``word`` as all three languages could write it: *xenophobe* gives *xenofobe*.

    Only for comparing: what comes out is nobody's spelling.
    """
    # Inmigrante, immigrant; potencial, potential.
    common = _TI.sub("ci", _NM.sub(r"\1mm", word))
    for written, shared in _SPELLINGS:
        if written in common:
            common = common.replace(written, shared)
    return _DOUBLED.sub(r"\1", common)


def lemmas_of(word: str, *, language: str) -> tuple[str, ...]:
    """Return the words that ``word`` is an irregular form of, none for a regular one."""
    lemmas = _forms().get((language, word), ())
    if lemmas or apart(word, language=language) is not None:
        return lemmas
    if language == "en":
        american = _american(word)
        return () if american == word else (american,)
    if language == "es" and (bound := _PRONOUNS.match(word)):
        return (bound[1],)
    for ending, least, infinitives in _VERBS.get(language, ()):
        start = word.removesuffix(ending)
        if start != word:
            is_verb = len(start) >= least and not word.endswith(_NOUNS)
            return tuple(start + infinitive for infinitive in infinitives) if is_verb else ()
    return ()


def _american(word: str) -> str:
    """Return an English word as it is spelled in America: *labor*, *organization*, *catalog*."""
    if word.endswith(("ogue", "ogues")):
        return word.replace("ogue", "og")
    return _IS.sub("iz", _OUR.sub(r"\1or", word))


def apart(word: str, *, language: str) -> str | None:
    """Return the stem of a word that a stemmer would take for a stranger's.

    It ends with a digit, so that it is the stem of no other word.
    """
    found = _forms().get((f"{language} apart", word))
    return f"{found[0]}0" if found else None


def family_of(spelling: str, *, language: str) -> str | None:
    """Return the root of a listed word or beginning, given as :func:`spelled` returns it."""
    words, beginnings = _families()
    root = words.get((language, spelling)) or words.get(("", spelling))
    if root is not None:
        return root
    for length in range(min(len(spelling), _MOST_LETTERS), _LEAST_LETTERS - 1, -1):
        beginning = spelling[:length]
        root = beginnings.get((language, beginning)) or beginnings.get(("", beginning))
        if root is not None:
            return root
    return None


def _lines(name: str) -> Iterator[tuple[str, str]]:
    """Yield the head of each line and what follows its colon; a section has nothing after."""
    for line in (_HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            head, _, rest = line.partition(":")
            yield head.strip(), rest


@cache
def _forms() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return each form and each word itself with the words it is a form of, by section."""
    lemmas: dict[tuple[str, str], tuple[str, ...]] = {}
    language = ""
    for head, forms in _lines("irregular_forms.txt"):
        if head.startswith("["):
            language = head.strip("[]")
            continue
        for form in (head, *forms.split()):
            key = (language, form)
            lemmas[key] = (*lemmas.get(key, ()), head)
    return lemmas


@cache
def _families() -> tuple[Mapping[tuple[str, str], str], Mapping[tuple[str, str], str]]:
    words: dict[tuple[str, str], str] = {}
    beginnings: dict[tuple[str, str], str] = {}
    for root, members in _lines("word_families.txt"):
        for member in members.split():
            language, _, word = member.rpartition("/")
            listed = beginnings if word.endswith("-") else words
            listed[language, spelled(word.removesuffix("-"))] = root
    return words, beginnings
