"""The Whoosh index on real files: finding, narrowing, damage, rebuilding."""

import random
import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consult.search.backends import whoosh_files, whoosh_shelf
from consult.search.backends.whoosh import WhooshBackend
from consult.search.backends.whoosh_schema import FACETS
from consult.search.documents import Document, Filters, IndexBusy, IndexUnavailable, Results
from consult.search.glossary import Notion
from consult.search.grammar import parse
from consult.search.plan import make

SPACES = frozenset({"rt1", "rt3"})


def make_document(key: int, text: str, **over: Any) -> Document:
    values: dict[str, Any] = {
        "version": 1,
        "space": "rt3",
        "question": 1,
        "language": "es",
        "category": "ngo",
        "objectives": (20,),
        "region": None,
        "published_at": float(key),
    }
    return Document(id=key, text=text, **(values | over))


TEXTS = [
    make_document(1, "La educación de los hijos y las remesas"),
    make_document(2, "Une réelle égalité pour les étrangers", language="fr", objectives=(15, 16)),
    make_document(3, "La portabilité des droits dès l’accueil", language="fr", question=2),
    make_document(4, "Remittances and the portability of benefits", language="en"),
    make_document(5, "Une œuvre au titre de séjour", language="fr", space="rt1", category="state"),
    make_document(6, "Una señal: objetivo 16, no 8 de 160", objectives=(16,), region="Americas"),
    make_document(7, "Le porte-parole et les porte-clés", language="fr", title="Ama Mensah, Kaya"),
    make_document(8, "More co-operation on articles 16 and 17", language="en", objectives=()),
]


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[WhooshBackend]:
    whoosh = WhooshBackend(tmp_path / "index", lock_wait_s=0.1)
    whoosh.rebuild(TEXTS)
    yield whoosh
    whoosh.close()


def search(backend: WhooshBackend, text: str, **over: Any) -> Results:
    options: dict[str, Any] = {
        "filters": Filters(),
        "offset": 0,
        "limit": 50,
        "sort": "relevance",
        "allowed_spaces": SPACES,
    }
    return backend.search(make(parse(text)), **(options | over))


def find(backend: WhooshBackend, text: str, **over: Any) -> set[int]:
    return {hit.id for hit in search(backend, text, **over).hits}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("educaciones", {1}),
        ("educacion", {1}),
        ("égal", {2}),
        ("etrangers", {2}),
        ("étranger", {2}),
        ("portabilite", {3, 4}),
        ("PORTABILITÉ", {3, 4}),
        ("remesas", {1}),
        ("remittance", {4}),
        ("accueil", {3}),
        ("l’accueil", {3}),
        ("l'accueil", {3}),
        ("oeuvre", {5}),
        ("œuvres", {5}),
        ("senal", {6}),
        ("señales", {6}),
        (unicodedata.normalize("NFD", "señal"), {6}),
        ("objetivos １６", {6}),
        ("16", {6, 8}),
        ("porte-paroles", {7}),
        ("porte-droits", set()),
        ("cooperation", {8}),
        ("co-operation", {8}),
        ("mensah", {7}),
        ("the portability of", {3, 4}),
        ("de la", {1, 3}),
    ],
)
def test_every_text_is_found_by_its_own_languages_forms(
    backend: WhooshBackend, query: str, expected: set[int]
) -> None:
    assert find(backend, query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"titre de sejour"', {5}),
        ('"séjour titre"', set()),
        ('"titre séjour"', set()),
        ('"ama mensah"', {7}),
        ('"remesa"', set()),
        ("remesas OR remittances", {1, 4}),
        ("remesas OR remittances educación", {1, 4}),
        ("portab*", {3, 4}),
        ("port*", {3, 4, 7}),
        ("16 -objetivo", {8}),
        ('portab* -"portability of benefits"', {3}),
        ("16 -arti*", {6}),
        ("-16", {1, 2, 3, 4, 5, 7}),
        ("", {1, 2, 3, 4, 5, 6, 7, 8}),
    ],
)
def test_grammar_reaches_the_index(backend: WhooshBackend, query: str, expected: set[int]) -> None:
    assert find(backend, query) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(space="rt1"), {5}),
        (Filters(question=2), {3}),
        (Filters(language="en"), {4, 8}),
        (Filters(category="state"), {5}),
        (Filters(objective=16), {2, 6}),
        (Filters(region="Americas"), {6}),
        (Filters(objective=16, language="fr"), {2}),
        (Filters(objective=1), set()),
    ],
)
def test_filters_narrow(backend: WhooshBackend, filters: Filters, expected: set[int]) -> None:
    assert find(backend, "", filters=filters) == expected


@pytest.mark.parametrize("query", ["", "une", "-remesas", "portabilité OR œuvre", "titr*"])
def test_only_allowed_spaces_are_found_and_counted(backend: WhooshBackend, query: str) -> None:
    results = search(backend, query, allowed_spaces=frozenset({"rt1"}))
    assert {hit.id for hit in results.hits} == {5}
    assert results.total == 1
    assert results.facets["space"] == {"rt1": 1}


def test_without_an_allowed_space_nothing_is_found(backend: WhooshBackend) -> None:
    assert search(backend, "", allowed_spaces=frozenset()).total == 0
    assert (
        find(backend, "", filters=Filters(space="rt1"), allowed_spaces=frozenset({"rt3"})) == set()
    )


@pytest.mark.parametrize("query", ["space:rt1", "id:5", "status:pending", "language:fr"])
def test_field_syntax_is_just_words(backend: WhooshBackend, query: str) -> None:
    assert find(backend, query) == set()


def test_facets_count_all_matches_beyond_the_page(backend: WhooshBackend) -> None:
    results = search(backend, "", limit=1)
    assert results.total == 8
    assert len(results.hits) == 1
    assert results.facets["language"] == {"fr": 4, "es": 2, "en": 2}
    assert results.facets["objective"] == {20: 5, 16: 2, 15: 1}
    assert results.facets["category"] == {"ngo": 7, "state": 1}
    assert results.facets["question"] == {1: 7, 2: 1}
    assert results.facets["region"] == {"Americas": 1}


def test_newest_first_and_pages_do_not_overlap(backend: WhooshBackend) -> None:
    pages = [
        [hit.id for hit in search(backend, "", sort="newest", offset=offset, limit=3).hits]
        for offset in (0, 3, 6)
    ]
    assert pages == [[8, 7, 6], [5, 4, 3], [2, 1]]


def test_number_beside_its_word_ranks_first(backend: WhooshBackend) -> None:
    backend.write(
        [
            make_document(20, "objectif 8, 16 pays", language="fr", published_at=99),
            make_document(21, "l’objectif 16 des 8 pays, dit-on", language="fr"),
        ]
    )
    assert [hit.id for hit in search(backend, "objectifs 16").hits][:2] == [21, 20]


def test_name_weighs_less_than_text(backend: WhooshBackend) -> None:
    backend.write([make_document(20, "Kaya", language="fr")])
    assert [hit.id for hit in search(backend, "kaya").hits] == [20, 7]


def test_texts_with_some_of_the_words_follow_those_with_all(backend: WhooshBackend) -> None:
    results = search(backend, "remesas hijos señal")
    assert (results.total, results.whole) == (2, 0)
    results = search(backend, "remesas hijos")
    assert [(hit.id, hit.step) for hit in results.hits][:1] == [(1, "all")]
    assert search(backend, "remesas").whole is None


def test_a_term_of_the_glossary_is_told_with_the_text_it_brings(backend: WhooshBackend) -> None:
    notions = (Notion("remit", {"en": ("remittances",), "es": ("remesas",)}),)
    plan = make(parse("remittances"), notions=notions)
    results = backend.search(
        plan, filters=Filters(), offset=0, limit=9, sort="relevance", allowed_spaces=SPACES
    )
    assert [(hit.id, hit.via) for hit in results.hits] == [(4, None), (1, "remesas")]


def test_sorted_by_thread_texts_stand_as_one_reads(backend: WhooshBackend) -> None:
    backend.write([make_document(20 + n, "visado", place=place) for n, place in enumerate("cab")])
    assert [hit.id for hit in search(backend, "visado", sort="thread").hits] == [21, 22, 20]


def test_what_is_kept_ready_is_bounded_and_changes_no_answer(
    backend: WhooshBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whoosh_shelf, "MOST_KEPT", 5)
    for _ in range(2):
        assert find(backend, "portab*") == {3, 4}
        assert find(backend, '"titre de séjour"') == {5}
    assert backend._memory._kept <= 5


def test_deleted_texts_are_gone_from_what_is_kept_ready(backend: WhooshBackend) -> None:
    assert find(backend, "remesas") == {1}
    backend.write([make_document(20, "remesas")], [1])
    assert find(backend, "remesas") == {20}
    assert search(backend, "").facets["language"] == {"fr": 4, "es": 2, "en": 2}


def test_text_in_another_language_is_found_by_exact_words(backend: WhooshBackend) -> None:
    backend.write([make_document(20, "Die Größe zählt", language="de")])
    assert find(backend, "grösse") == {20}


def test_document_updated_twice_gives_one_hit_with_its_last_version(
    backend: WhooshBackend,
) -> None:
    backend.write([make_document(1, "remesas dos", version=2)])
    backend.write(
        [make_document(1, "remesas tres", version=3), make_document(1, "remesas", version=2)]
    )
    (hit,) = search(backend, "remesas").hits
    assert (hit.id, hit.version, hit.via) == (1, 3, None)
    assert find(backend, "educación") == set()


def test_late_older_text_does_not_replace_a_newer_one(backend: WhooshBackend) -> None:
    backend.write([make_document(1, "nuevo", version=5)])
    backend.write([make_document(1, "viejo", version=4)])
    assert find(backend, "nuevo") == {1}
    assert find(backend, "viejo") == set()


def test_older_text_replaces_a_newer_one_that_is_deleted_with_it(backend: WhooshBackend) -> None:
    backend.write([make_document(1, "nuevo", version=5)])
    backend.write([make_document(1, "viejo", version=4)], [1])
    assert find(backend, "viejo") == {1}
    assert find(backend, "nuevo") == set()


def test_deletion_takes_a_document_out_and_may_be_repeated(backend: WhooshBackend) -> None:
    backend.write([], [1, 999])
    backend.write([], [1])
    assert find(backend, "remesas") == set()
    assert 1 not in dict(backend.versions())


def test_versions_are_those_of_every_document(backend: WhooshBackend) -> None:
    backend.write([make_document(3, "portabilité", version=7)], [8])
    assert dict(backend.versions()) == {1: 1, 2: 1, 3: 7, 4: 1, 5: 1, 6: 1, 7: 1}


def test_text_with_nul_and_lone_surrogates_is_indexed(backend: WhooshBackend) -> None:
    backend.write([make_document(20, "antes\x00 \ud800después")])
    assert find(backend, "despues antes") == {20}


@pytest.mark.parametrize(
    "text", ["(" * 5_000, "(((a" * 25_000, "a* " * 30_000, '"a b" ' * 20_000, "[a TO z] " * 9_000]
)
def test_hostile_queries_get_an_ordinary_answer_soon(backend: WhooshBackend, text: str) -> None:
    began = time.process_time()
    search(backend, text)
    assert time.process_time() - began < 1


def test_prefix_stands_for_a_bounded_number_of_words(backend: WhooshBackend) -> None:
    backend.write([make_document(100 + n, f"rem{n:04}") for n in range(300)])
    assert search(backend, "rem*", limit=500).total == 200


def test_missing_index_is_unavailable_for_everything_but_a_rebuild(tmp_path: Path) -> None:
    backend = WhooshBackend(tmp_path / "none")
    assert not backend.is_available
    for act in (
        lambda: search(backend, "remesas"),
        lambda: backend.write(TEXTS),
        backend.versions,
    ):
        with pytest.raises(IndexUnavailable):
            act()


def test_first_rebuild_makes_an_index_even_of_nothing(tmp_path: Path) -> None:
    backend = WhooshBackend(tmp_path / "new")
    backend.rebuild([])
    assert backend.is_available
    assert search(backend, "remesas") == Results(0, (), {name: {} for name in FACETS})
    assert list(backend.versions()) == []
    backend.write([make_document(1, "remesas")])
    assert find(backend, "remesas") == {1}


def test_folder_deleted_while_open_heals_by_a_rebuild(
    backend: WhooshBackend, tmp_path: Path
) -> None:
    assert backend.is_available
    shutil.rmtree(tmp_path / "index")
    with pytest.raises(IndexUnavailable):
        search(backend, "remesas")
    backend.rebuild(TEXTS)
    assert find(backend, "remesas") == {1}


def index_files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "index").rglob("*") if path.suffix != ".lock")


@pytest.mark.parametrize("suffix", [".toc", ".seg"])
@pytest.mark.parametrize("is_open", [True, False])
def test_truncated_file_is_unavailable(
    backend: WhooshBackend, tmp_path: Path, suffix: str, is_open: bool
) -> None:
    (path,) = [path for path in index_files(tmp_path) if path.suffix == suffix]
    if not is_open:
        backend.close()
    # A new file under the old name, as a restored or half-copied one is.
    cut = path.read_bytes()[:10]
    path.unlink()
    path.write_bytes(cut)
    backend.close()
    with pytest.raises(IndexUnavailable):
        search(backend, "remesas")
    with pytest.raises(IndexUnavailable):
        backend.write([make_document(9, "remesas")])


def flip_bytes(path: Path, *, seed: int, count: int = 100) -> None:
    dice = random.Random(seed)
    with path.open("r+b") as stream:
        content = bytearray(stream.read())
        for _ in range(count):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        stream.seek(0)
        stream.write(content)


def outcomes(backend: WhooshBackend) -> list[str]:
    """Return what reading and writing come to; any error but the one allowed is the test's."""
    acts = (
        lambda: search(backend, "remesas OR égal*", filters=Filters(objective=20)),
        lambda: list(backend.versions()),
        lambda: backend.write([make_document(9, "remesas")], [1]),
    )
    found = []
    for act in acts:
        try:
            act()
        except IndexUnavailable:
            found.append("unavailable")
        else:
            found.append("answered")
    return found


@pytest.mark.parametrize("pattern", ["current", "*/*.toc", "*/_MAIN_1.toc.crc", "*/*.seg"])
@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_are_noticed_and_healed_by_a_rebuild(
    backend: WhooshBackend, tmp_path: Path, seed: int, pattern: str
) -> None:
    backend.close()
    (path,) = (tmp_path / "index").glob(pattern)
    flip_bytes(path, seed=seed)
    assert outcomes(backend) == ["unavailable"] * 3
    backend.rebuild(TEXTS)
    assert find(backend, "remesas") == {1}


@pytest.mark.parametrize("seed", range(20))
def test_bytes_flipped_under_an_open_searcher_never_give_another_error(
    backend: WhooshBackend, tmp_path: Path, seed: int
) -> None:
    assert find(backend, "remesas") == {1}
    for path in (tmp_path / "index").glob("*/*.seg"):
        flip_bytes(path, seed=seed)
    assert outcomes(backend)[2] == "unavailable"


def test_flipped_bytes_in_a_segment_are_noticed(backend: WhooshBackend, tmp_path: Path) -> None:
    (path,) = [path for path in index_files(tmp_path) if path.suffix == ".seg"]
    backend.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert not backend.is_available


def test_vanished_segment_is_met_by_reopening(backend: WhooshBackend, tmp_path: Path) -> None:
    other = WhooshBackend(tmp_path / "index")
    assert find(backend, "remesas") == {1}
    other.rebuild([make_document(50, "remesas")])
    assert find(backend, "remesas") == {50}
    other.write([make_document(51, "remesas")], [50])
    assert find(backend, "remesas") == {51}
    other.close()


def test_error_under_an_open_searcher_is_retried_once(
    backend: WhooshBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find(backend, "remesas") == {1}

    def fail(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(backend._searcher, "leaf_searchers", fail)
    assert find(backend, "remesas") == {1}


def test_writer_waits_a_bounded_time_for_another_one(
    backend: WhooshBackend, tmp_path: Path
) -> None:
    with whoosh_files.writer_lock(tmp_path / "index", wait_s=0):
        with pytest.raises(IndexBusy):
            backend.write([make_document(9, "visado")])
        with pytest.raises(IndexBusy):
            backend.rebuild([])
        assert find(backend, "remesas") == {1}
    backend.write([make_document(9, "visado")])
    assert find(backend, "visado") == {9}


def test_two_writers_at_once_lose_nothing(backend: WhooshBackend, tmp_path: Path) -> None:
    def write(start: int) -> None:
        own = WhooshBackend(tmp_path / "index", lock_wait_s=30)
        for key in range(start, start + 5):
            own.write([make_document(key, "visado")])
        own.close()

    threads = [threading.Thread(target=write, args=(start,)) for start in (100, 200)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        search(backend, "visado")
    assert find(backend, "visado") == {*range(100, 105), *range(200, 205)}


def test_rebuild_is_searched_around_and_swapped_in_at_once(backend: WhooshBackend) -> None:
    seen: list[set[int]] = []

    def documents() -> Iterator[Document]:
        yield make_document(30, "remesas")
        seen.append(find(backend, "remesas"))
        yield make_document(31, "remesas")
        seen.append(find(backend, "remesas"))

    backend.rebuild(documents())
    assert seen == [{1}, {1}]
    assert find(backend, "remesas") == {30, 31}


def test_rebuild_keeps_the_latest_of_two_equal_ids(backend: WhooshBackend) -> None:
    backend.rebuild([make_document(1, "viejo"), make_document(1, "nuevo", version=2)])
    assert list(backend.versions()) == [(1, 2)]


def test_failed_rebuild_passes_the_error_on_and_keeps_the_old_index(
    backend: WhooshBackend, tmp_path: Path
) -> None:
    def documents() -> Iterator[Document]:
        yield make_document(30, "remesas")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        backend.rebuild(documents())
    assert find(backend, "remesas") == {1}
    assert len(list((tmp_path / "index").glob("generation-*"))) == 1


def test_what_a_killed_writer_left_is_removed(backend: WhooshBackend, tmp_path: Path) -> None:
    (generation,) = (tmp_path / "index").glob("generation-*")
    orphans = [
        generation / "MAIN_0rphan.trm",
        generation / "MAIN_0rphan.seg",
        generation / "_MAIN_9.toc.1700000000.5",
        generation / "MAIN.tmp" / "run",
    ]
    for path in orphans:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    killed = tmp_path / "index" / f"generation-1-{'0' * 16}"
    killed.mkdir()
    backend.write([make_document(9, "visado")])
    assert not any(path.exists() for path in [*orphans, killed])
    assert find(backend, "visado OR remesas") == {1, 9}


def test_writer_killed_before_the_commit_leaves_the_old_state(
    backend: WhooshBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(whoosh_files.CheckedWriter, "_commit_toc", die)
        with pytest.raises(IndexUnavailable):
            backend.write([make_document(9, "visado")], [1])
    assert find(backend, "visado OR remesas") == {1}
    backend.write([make_document(9, "visado")], [1])
    assert find(backend, "visado OR remesas") == {9}


def test_index_of_another_version_is_refused(backend: WhooshBackend, tmp_path: Path) -> None:
    (tmp_path / "index" / "current").write_text(f"generation-0-{'0' * 16}", encoding="ascii")
    assert not backend.is_available
    backend.rebuild(TEXTS)
    assert backend.is_available
