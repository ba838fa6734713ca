"""Did you mean: near words that the asker finds, and no others."""

from collections.abc import Iterable

import pytest

from consult.search.analysis import fold, written_words
from consult.search.grammar import Phrase, Query, Word, parse
from consult.search.vocabulary import MOST_DOUBTED, MOST_TRIED, Sight, meant

VISIBLE = (
    "La portabilité des droits, et la portabilité des pensions",
    "Portabilité et portage",
    "Las remesas de los trabajadores migrantes",
    "Remesas 2022 y 2023",
    "Traffickers and trafficking",
)
HIDDEN = ("Kidnapping of smugglers", "remesás portabilitas")


def words_of(text: str) -> list[str]:
    return [fold(piece.normal) for pieces in written_words(text) for piece in pieces]


class Index:
    """An index that also holds texts which the asker may not read."""

    def __init__(self) -> None:
        self.searches = 0

    def words(self, start: str) -> Iterable[tuple[str, int]]:
        texts = [set(words_of(text)) for text in (*VISIBLE, *HIDDEN)]
        every = sorted(set().union(*texts))
        return [(w, sum(w in text for text in texts)) for w in every if w.startswith(start)]

    def look(self, query: Query) -> Sight:
        self.searches += 1
        found = [text for text in VISIBLE if self._has(text, query)]
        return Sight(len(found), lambda: found)

    @staticmethod
    def _has(text: str, query: Query) -> bool:
        said = set(words_of(text))
        return all(
            any(
                fold(clause.text) in said
                if isinstance(clause, Word)
                else isinstance(clause, Phrase) and said.issuperset(map(fold, clause.words))
                for clause in group
            )
            for group in query.required
        )


def suggested(text: str) -> str | None:
    index = Index()
    query = parse(text)
    return meant(query, found=index.look(query).total, words=index.words, look=index.look)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("portabilte", "portabilité"),
        ("protabilite", "portabilité"),
        ("poratbilidé", "portabilité"),
        ("remsas", "remesas"),
        ("ermesas", "remesas"),
        ("Remezas", "remesas"),
        ("trafickers", "traffickers"),
        ("remezas trabajadoes", "remesas trabajadores"),
        ("remezas -pensions", "remesas -pensions"),
        ('remezas "2022 y"', 'remesas "2022 y"'),
        ("remezas OR xyzxyz", "remesas OR xyzxyz"),
        ("las remezas", "las remesas"),
    ],
)
def test_a_slip_of_the_pen_is_noticed(typed: str, expected: str) -> None:
    assert suggested(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "remesas",
        "portabilité",
        "xyzxyz",
        "2032",
        "rem",
        "los",
        '"remezas"',
        "-remezas",
        "remez*",
        "porte-pargole",
        "",
        "pensoins -droits -portabilté xyzxyz",
    ],
)
def test_nothing_is_offered_for_what_is_right_or_not_a_word_of_its_own(typed: str) -> None:
    assert suggested(typed) is None


@pytest.mark.parametrize("typed", ["kidnaping", "smugglres", "kidnappin smuglers"])
def test_words_of_texts_that_the_asker_may_not_read_are_never_told(typed: str) -> None:
    assert suggested(typed) is None


def test_the_form_that_readers_find_is_told_not_a_hidden_one() -> None:
    assert suggested("portabilita") == "portabilité"


def test_hidden_words_neither_keep_others_from_being_offered_nor_choose_among_them() -> None:
    seen = {"heronry": 3, "heronra": 2}
    hidden = {"heronrx": 1, "heronrz": 1, "heronrw": 1, "heronrq": 1}

    def offered(counted: dict[str, int]) -> str | None:
        def look(query: Query) -> Sight:
            (clause,) = query.required[0]
            word = fold(str(clause).strip('"'))
            return Sight(seen.get(word, 0), lambda: [word])

        return meant(parse("heronrr"), found=0, words=lambda _start: counted.items(), look=look)

    assert offered(seen) == "heronry"
    assert offered(seen | hidden) == "heronry"
    # Hidden texts say one of the words that readers find, too.
    assert offered(seen | {"heronra": 900}) == "heronry"


def test_the_work_is_bounded() -> None:
    index = Index()
    query = parse("remezas " * 3 + "portabilte pensoins trafickers droist")
    meant(query, found=0, words=index.words, look=index.look)
    assert index.searches <= MOST_DOUBTED * (2 + MOST_TRIED) + 2


def test_what_finds_a_text_is_not_doubted() -> None:
    index = Index()
    assert meant(parse("remezas"), found=1, words=index.words, look=index.look) is None
    assert index.searches == 0


def test_a_word_of_the_glossary_is_not_doubted() -> None:
    index = Index()
    corrected = meant(
        parse("remezas portabilte"),
        found=0,
        words=index.words,
        look=index.look,
        is_known=Word(("remezas",)).__eq__,
    )
    assert corrected is None
