"""Former names find nothing, from the moment on in which readers no longer see them."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from consult.core import clock, outbox, worker
from consult.core.authz import VISITOR
from consult.core.outbox import OutboxEntry
from consult.discussion.events import AUTHOR_SHOWN_ANEW
from consult.search import handlers, sync
from consult.search.queries import INDEXING, Asked, find
from consult.spaces.events import AuthorChanged
from consult.spaces.models import Author
from consult.spaces.states import DisplayChoice
from tests import factories as make


@pytest.fixture
def backend(app):
    return app.extensions["consult.search"]


@pytest.fixture
def author(app, session, backend):
    """Return who speaks under a name that stands in the index, beside somebody of another name."""
    forum = make.make_forum(session)
    space = make.make_space(session, forum=forum)
    author = make.make_author(session, forum=forum, name="Quillondra Vex")
    for one in (author, make.make_author(session, forum=forum, name="Anna Otter")):
        make.make_contribution(session, space=space, author=one, source="Heronries everywhere.")
    session.commit()
    sync.rebuild(session, backend=backend, sources=sources_of(app))
    return author


def sources_of(app):
    return list(app.extensions["consult.ports"].documents.values())


def asked(session, backend, words):
    return find(session, backend=backend, actor=VISITOR, asked=Asked(words))


def hide_name(session, author):
    session.execute(
        update(Author)
        .where(Author.id == author.id)
        .values(display=DisplayChoice.PSEUDONYM, pseudonym_number=7)
    )
    outbox.emit(session, AuthorChanged(author_id=author.id), now=clock.now())
    session.commit()


def test_a_name_finds_nothing_once_its_owner_has_chosen_a_pseudonym(session, backend, author):
    assert asked(session, backend, "Quillondra").total == 1
    hide_name(session, author)
    answer = asked(session, backend, "Quillondra")
    assert (answer.total, list(answer.items)) == (0, [])
    assert not any(answer.facets.values())


def test_texts_are_found_again_under_the_new_name_when_the_index_has_it(
    app, session, backend, author, monkeypatch
):
    # Of two applications in one process the last one has registered its own index.
    own = outbox.Reactions()
    handlers.register(own, backend=backend, sources=sources_of(app))
    monkeypatch.setitem(outbox.reactions.handlers, INDEXING, own.handlers[INDEXING])
    hide_name(session, author)
    assert asked(session, backend, "heronries").total == 1
    worker.drain(only=[AUTHOR_SHOWN_ANEW])
    assert asked(session, backend, "Quillondra").total == 0
    worker.drain(only=[INDEXING])
    assert asked(session, backend, "heronries").total == 2
    assert asked(session, backend, "Quillondra").total == 0


def test_a_change_of_very_many_authors_is_waited_for_all_the_same(session, backend, author):
    hide_name(session, author)
    row = session.query(OutboxEntry).filter_by(handler=AUTHOR_SHOWN_ANEW).one()
    session.bulk_save_objects(
        [
            OutboxEntry(
                handler=row.handler,
                payload={"author_id": 1_000_000 + n},
                not_before=row.not_before,
                created_at=row.created_at,
            )
            for n in range(1_200)
        ]
    )
    session.commit()
    assert asked(session, backend, "Quillondra").total == 0
