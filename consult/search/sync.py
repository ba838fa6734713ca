"""Keeping the index in step with the database: feeding, verifying, repairing, rebuilding.

The outbox says which contributions changed; what goes into the index is read anew, so that
a row may be done twice or late without harm. Nothing here writes into the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consult.core.outbox import OutboxEntry
from consult.core.ports import DocumentSource, IndexDocument
from consult.search.documents import Backend, Document, IndexBusy, IndexUnavailable
from consult.search.queries import INDEXING

BATCH: Final = 200
"""Texts that a repair brings up to date in one commit of the index."""
MOST_REPAIRED: Final = 2_000
"""Where more texts differ than that, the index is filled anew, which costs less."""
ROUNDS: Final = 3
"""How often at most what changed during a rebuild is looked for."""

Told = Callable[[int], None]
"""Is told how many texts were read so far."""


@dataclass(frozen=True)
class Difference:
    """What `verify` found: ids that are missing, stale or in the index without being public."""

    missing: tuple[int, ...]
    stale: tuple[int, ...]
    surplus: tuple[int, ...]

    @property
    def is_clean(self) -> bool:
        """Whether index and database agree."""
        return not self.ids

    @property
    def ids(self) -> tuple[int, ...]:
        """All texts that differ."""
        return (*self.missing, *self.stale, *self.surplus)


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
    ids: Collection[int],
) -> None:
    """Bring these contributions up to date in the index, in one commit of it.

    Where the index is missing or damaged it is renewed whole, which ends the session's
    transaction. Raises `IndexBusy` while another process writes; the rows then stay in the outbox.
    """
    sources = list(sources)
    if not backend.is_available:
        renew(session, backend=backend, sources=sources)
        return
    try:
        _write(session, ids, backend=backend, sources=sources)
    except IndexBusy:
        raise
    except IndexUnavailable:
        renew(session, backend=backend, sources=sources)


def forget(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> None:
    """Leave no trace in the index of what the database does not say any more.

    What differs is brought up to date first, whether or not its outbox row was done. Raises
    `IndexBusy` while another process writes.
    """
    sources = list(sources)
    try:
        found = _compared(session, backend=backend, sources=sources)
        update(session, backend=backend, sources=sources, ids=found.ids)
        backend.compact()
    except IndexBusy:
        raise
    except IndexUnavailable:
        renew(session, backend=backend, sources=sources)


def rebuild(
    session: Session,
    *,
    backend: Backend,
    sources: Iterable[DocumentSource],
    told: Told = lambda _count: None,
) -> None:
    """Fill a new index aside and swap it in; the old one answers meanwhile."""

    def counted() -> Iterator[Document]:
        for count, document in enumerate(_all(session, list(sources)), start=1):
            told(count)
            yield document

    backend.rebuild(counted())


def renew(
    session: Session,
    *,
    backend: Backend,
    sources: Iterable[DocumentSource],
    told: Told = lambda _count: None,
) -> None:
    """Rebuild, then take in what was decided meanwhile; ends the session's transaction.

    A worker may have taken that into the old index, and its outbox row is gone.
    """
    sources = list(sources)
    rebuild(session, backend=backend, sources=sources, told=told)
    for _ in range(ROUNDS):
        # The next statement sees what others have committed.
        session.rollback()
        found = verify(session, backend=backend, sources=sources)
        if found.is_clean:
            return
        _bring_up_to_date(session, found, backend=backend, sources=sources)


def repair(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> Difference:
    """Bring what differs up to date and nothing else; return what differed.

    An index that is missing or damaged, or differs in more than `MOST_REPAIRED` texts, is filled
    anew. Raises `IndexBusy` while another process writes. Ends the session's transaction.
    """
    sources = list(sources)
    try:
        found = verify(session, backend=backend, sources=sources)
        if len(found.ids) <= MOST_REPAIRED:
            _bring_up_to_date(session, found, backend=backend, sources=sources)
            return found
    except IndexBusy:
        raise
    except IndexUnavailable:
        found = Difference(missing=tuple(sorted(_wanted(session, sources))), stale=(), surplus=())
    renew(session, backend=backend, sources=sources)
    return found


def heal(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> bool:
    """Fill the index anew where it cannot answer or has lost everything; return whether it did.

    Every file is read again, because one that is open already may have been damaged since. Ends
    the session's transaction where it fills.
    """
    sources = list(sources)
    backend.close()
    if backend.is_available and not _is_hollow(session, backend=backend, sources=sources):
        return False
    renew(session, backend=backend, sources=sources)
    return True


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
            yield (
                f"the search index has {len(ids)} {name} texts; run `flask search verify --repair`"
            )


def verify(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> Difference:
    """Compare (id, version) in index and database, both ways; raises `IndexUnavailable`.

    What waits in the outbox is on its way and no difference; what was put aside there is one.
    Reads no texts.
    """
    found = _compared(session, backend=backend, sources=sources)
    if found.is_clean:
        return found
    waiting = {
        payload["contribution_id"]
        for payload in session.scalars(
            select(OutboxEntry.payload).where(
                OutboxEntry.handler == INDEXING, OutboxEntry.parked_at.is_(None)
            )
        )
    }

    def without(ids: Iterable[int]) -> tuple[int, ...]:
        return tuple(key for key in ids if key not in waiting)

    return Difference(without(found.missing), without(found.stale), without(found.surplus))


def _compared(
    session: Session, *, backend: Backend, sources: Iterable[DocumentSource]
) -> Difference:
    held = dict(backend.versions())
    wanted = _wanted(session, sources)
    return Difference(
        missing=tuple(sorted(wanted.keys() - held.keys())),
        stale=tuple(sorted(i for i, v in wanted.items() if i in held and held[i] != v)),
        surplus=tuple(sorted(held.keys() - wanted.keys())),
    )


def _wanted(session: Session, sources: Iterable[DocumentSource]) -> dict[int, int]:
    return {key: version for source in sources for key, version in source.versions(session)}


def _bring_up_to_date(
    session: Session, found: Difference, *, backend: Backend, sources: Iterable[DocumentSource]
) -> None:
    """Write what differs in batches, so that the writer's lock is free in between."""
    sources = list(sources)
    # Of two versions an index keeps the later one: a stale text goes before it comes again.
    if found.stale:
        for batch in _batches(found.stale):
            documents = list(_all(session, sources, batch))
            backend.write(documents, batch)
    for batch in _batches((*found.missing, *found.surplus)):
        _write(session, batch, backend=backend, sources=sources)


def _write(
    session: Session,
    ids: Collection[int],
    *,
    backend: Backend,
    sources: Iterable[DocumentSource],
) -> None:
    """Put texts as they are now into the index, and take out those that are not public."""
    documents = list(_all(session, sources, sorted(set(ids))))
    gone = set(ids) - {document.id for document in documents}
    backend.write(documents, sorted(gone))


def _is_hollow(session: Session, *, backend: Backend, sources: Iterable[DocumentSource]) -> bool:
    """Whether the index has nothing while there is something, as after its tables were emptied."""
    if next(iter(backend.versions()), None) is not None:
        return False
    return bool(_wanted(session, sources))


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    iterator = iter(ids)
    while batch := list(islice(iterator, BATCH)):
        yield batch
