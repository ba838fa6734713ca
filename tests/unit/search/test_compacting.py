"""A document that was deleted leaves the files of the index, and the others are found as before."""

from __future__ import annotations

from consult.search.backends.whoosh import WhooshBackend
from consult.search.documents import Document, Filters
from consult.search.grammar import parse
from consult.search.plan import make


def _document(number, text):
    return Document(
        id=number,
        version=1,
        space="rt3",
        question=1,
        language="en",
        category="academia",
        objectives=(15,),
        region=None,
        published_at=float(number),
        text=text,
        title="City of Example",
    )


def _found(backend, words):
    results = backend.search(
        make(parse(words)),
        filters=Filters(),
        offset=0,
        limit=10,
        sort="relevance",
        allowed_spaces=frozenset({"rt3"}),
    )
    return [(hit.id, hit.version, round(hit.score, 4)) for hit in results.hits], results.facets


def _is_in_files(folder, word):
    return any(word in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_what_was_deleted_is_in_no_file_and_the_rest_is_found_as_before(tmp_path):
    backend = WhooshBackend(tmp_path)
    backend.rebuild([_document(n, f"Migrants and housing, text {n}") for n in range(1, 6)])
    backend.write([_document(6, "A secret zzmarker about housing")])
    backend.write([_document(7, "Another word about migrants")], [6])
    assert _is_in_files(tmp_path, b"zzmarker")
    backend.compact()
    assert not _is_in_files(tmp_path, b"zzmarker")
    assert sorted(backend.versions()) == [(n, 1) for n in (1, 2, 3, 4, 5, 7)]
    fresh = WhooshBackend(tmp_path / "fresh")
    fresh.rebuild(
        [
            *(_document(n, f"Migrants and housing, text {n}") for n in range(1, 6)),
            _document(7, "Another word about migrants"),
        ]
    )
    for words in ("housing", "migrant", '"migrants and housing"', "hous*"):
        assert _found(backend, words) == _found(fresh, words)
    backend.close()
    fresh.close()
