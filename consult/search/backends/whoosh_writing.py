"""Changing a Whoosh index under the writer's lock."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from whoosh.reading import TermNotFound

from consult.search.backends import whoosh_files as files
from consult.search.backends.whoosh_schema import as_row
from consult.search.documents import Document


def latest(documents: Iterable[Document]) -> dict[int, Document]:
    """Return documents by id, of two with one id the one of the later version."""
    latest: dict[int, Document] = {}
    for document in documents:
        known = latest.get(document.id)
        if known is None or document.version >= known.version:
            latest[document.id] = document
    return latest


def apply(index: Any, documents: dict[int, Document], deletions: set[int]) -> None:
    """Delete, then add or replace documents, but for those of which a later version is held."""
    writer = files.CheckedWriter(index)
    try:
        replaced: list[int] = []
        stale: set[int] = set()
        for key, docnum, version in _held(writer, documents.keys() | deletions):
            if key not in deletions and version > documents[key].version:
                stale.add(key)
            else:
                replaced.append(docnum)
        for docnum in replaced:
            writer.delete_document(docnum)
        for key, document in documents.items():
            if key not in stale:
                writer.add_document(**as_row(document))
        writer.commit()
    except BaseException:
        abandon(writer)
        raise


def _held(writer: Any, ids: Iterable[int]) -> list[tuple[int, int, int]]:
    """Return (id, document number, version) of the ids that the index has already."""
    reader = writer.reader()
    to_bytes = writer.schema["id"].to_bytes
    found: list[tuple[int, int, int]] = []
    try:
        for leaf, base in reader.leaf_readers():
            if not leaf.doc_count_all():
                continue
            versions = leaf.column_reader("version")
            for key in ids:
                with suppress(TermNotFound):
                    matcher = leaf.postings("id", to_bytes(key))
                    found.extend((key, base + n, versions[n]) for n in matcher.all_ids())
    finally:
        reader.close()
    return found


def abandon(writer: Any) -> None:
    """Let go of a writer that cannot commit; never raises."""
    with suppress(Exception):
        writer.cancel()
