"""Keeping the index in step with the database: feeding, rebuilding, verifying.

The outbox says which contributions changed; what goes into the index is read anew, so that
a row may be done twice or late without harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

from sqlalchemy.orm import Session

from consult.core.ports import DocumentSource, IndexDocument
from consult.search.documents import Backend, Document, IndexBusy, IndexUnavailable


@dataclass(frozen=True)
class Difference:
    """What `verify` found: ids that are missing, stale or in the index without being public."""

    missing: tuple[int, ...]
    stale: tuple[int, ...]
    surplus: tuple[int, ...]

    @property
    def is_clean(self) -> bool:
        """Whether index and database agree."""
        return not (self.missing or self.stale or self.surplus)


def as_document(source: IndexDocument) -> Document:
    """Return the index's own shape of a document."""
    return Document(**{field.name: getattr(source, field.name) for field in fields(Document)})


def _all(
    session: Session, sources: Iterable[DocumentSource], ids: Sequence[int] | None = None
) -> Iterator[Document]:
    for source in sources:
        for document in source.documents(session, ids):
            yield as_document(document)


def update(
    session: Session,
    *,
    backend: Backend,
    sources: Iterable[DocumentSource],
    ids: Sequence[int],
) -> None:
    """Bring these contributions up to date in the index, in one commit of it.

    Where the index is missing or damaged it is rebuilt whole. Raises `IndexBusy` while
    another process writes; the rows then stay in the outbox.
    """
    sources = list(sources)
    documents = list(_all(session, sources, sorted(set(ids))))
    gone = set(ids) - {document.id for document in documents}
    if not backend.is_available:
        rebuild(session, backend=backend, sources=sources)
        return
    try:
        backend.write(documents, sorted(gone))
    except IndexBusy:
        raise
    except IndexUnavailable:
        rebuild(session, backend=backend, sources=sources)


def forget(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> None:
    """Leave no trace in the index of what the database does not say any more.

    What differs is brought up to date first, whether or not its outbox row was done. Raises
    `IndexBusy` while another process writes.
    """
    sources = list(sources)
    try:
        found = verify(session, backend=backend, sources=sources)
        ids = [*found.missing, *found.stale, *found.surplus]
        update(session, backend=backend, sources=sources, ids=ids)
        backend.compact()
    except IndexBusy:
        raise
    except IndexUnavailable:
        rebuild(session, backend=backend, sources=sources)


def rebuild(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> None:
    """Fill a new index aside and swap it in."""
    backend.rebuild(_all(session, list(sources)))


def problems(
    session: Session, *, backend: Backend, sources: Iterable[DocumentSource]
) -> Iterator[str]:
    """Yield a sentence for each way in which index and database differ; for `flask doctor`."""
    try:
        found = verify(session, backend=backend, sources=sources)
    except IndexUnavailable:
        yield "the search index is not there; run `flask search rebuild`"
        return
    for name in ("missing", "stale", "surplus"):
        ids = getattr(found, name)
        if ids:
            yield f"the search index has {len(ids)} {name} texts; run `flask search rebuild`"


def verify(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> Difference:
    """Compare the index with the database; raises `IndexUnavailable`."""
    held = dict(backend.versions())
    wanted = {document.id: document.version for document in _all(session, list(sources))}
    return Difference(
        missing=tuple(sorted(wanted.keys() - held.keys())),
        stale=tuple(sorted(i for i, v in wanted.items() if i in held and held[i] != v)),
        surplus=tuple(sorted(held.keys() - wanted.keys())),
    )
