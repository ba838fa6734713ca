"""For the same texts both backends answer the same: texts, order, scores, counts."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from consult.search.documents import Document, Filters, Results
from consult.search.glossary import Notion
from consult.search.grammar import parse
from consult.search.plan import make
from tests.indexes import InFolder, InPostgresql

NOTIONS = (
    Notion("remittances", {"en": ("remittances",), "fr": ("envois de fonds",), "es": ("remesas",)}),
    Notion("permit", {"fr": ("titre de séjour", "carte"), "es": ("permiso de residencia",)}),
)
SAID = (
    "remesas remesa remittances envois fonds de la los titre titres séjour sejour permiso permisos "
    "residencia carte étrangers etranger expulsé expulsion portabilité portability porte-parole "
    "co-operation 16 17 objetivo objectif the of and y le"
).split()
WORDS = st.sampled_from(SAID)
TEXTS = st.lists(
    st.one_of(WORDS, WORDS, WORDS, st.sampled_from([".\n\n", ", "])), min_size=1, max_size=25
).map(" ".join)
DOCUMENTS = st.builds(
    Document,
    id=st.integers(1, 40),
    version=st.integers(1, 3),
    space=st.sampled_from(["rt1", "rt2", "rt3"]),
    question=st.integers(1, 2),
    language=st.sampled_from(["en", "fr", "es", "de"]),
    category=st.sampled_from([None, "ngo", "state"]),
    objectives=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    region=st.sampled_from([None, "Africa"]),
    published_at=st.sampled_from([0.0, 1.5e9, 1.6e9, 1.6e9 + 1]),
    text=TEXTS,
    title=st.sampled_from(["", "Ama Mensah", "Titre"]),
    kind=st.sampled_from(["comment", "question"]),
    place=st.sampled_from(["a", "b", "é", "Z"]),
)
CLAUSES = st.one_of(
    WORDS,
    WORDS,
    st.sampled_from(
        ['"titre de sejour"', '"de la"', "titre de séjour", "remes*", "por*", "-carte", "-16", "OR"]
    ),
)
QUERIES = st.lists(CLAUSES, max_size=6).map(" ".join)
SCOPES = st.builds(
    Filters,
    space=st.sampled_from([None, None, "rt1"]),
    language=st.sampled_from([None, None, "fr"]),
    objective=st.sampled_from([None, None, 2]),
    category=st.sampled_from([None, "ngo"]),
)


@pytest.fixture
def homes(index_engine, tmp_path):
    folders = (InFolder(tmp_path / str(number)) for number in count())
    return ((folder, InPostgresql(index_engine)) for folder in folders)


@settings(
    max_examples=60,
    # Making a failing example smaller takes minutes, because each try fills two indexes.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(DOCUMENTS, max_size=12),
    written=st.lists(DOCUMENTS, max_size=6),
    deleted=st.frozensets(st.integers(1, 40), max_size=3),
    asked=st.lists(st.tuples(QUERIES, SCOPES), min_size=1, max_size=8),
    left_out=st.frozensets(st.integers(1, 40), max_size=4),
    across=st.booleans(),
)
def test_both_backends_answer_alike(homes, before, written, deleted, asked, left_out, across):
    both = next(homes)
    for home in both:
        home.backend.rebuild(before)
        home.backend.write(written, deleted)
    held = [dict(home.backend.versions()) for home in both]
    assert held[0] == held[1]
    for text, filters in asked:
        plan = make(parse(text), notions=NOTIONS, across=across)
        for sort in ("relevance", "newest", "thread"):
            answers = [
                home.backend.search(
                    plan,
                    filters=filters,
                    offset=0,
                    limit=15,
                    sort=sort,
                    allowed_spaces=frozenset({"rt1", "rt3"}),
                    left_out=left_out,
                )
                for home in both
            ]
            assert _as_said(answers[0]) == _as_said(answers[1])


def _as_said(results: Results) -> tuple[object, ...]:
    # Sums of the same parts in another order differ in the last digits.
    hits = [(h.id, h.version, round(h.score, 5), h.via, h.step) for h in results.hits]
    return results.total, results.whole, hits, results.facets
