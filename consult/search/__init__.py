"""Finding what was said: one query, three languages, published texts only.

Here belong the analysis of words, the query grammar, the index documents, the
backends that keep an index, excerpts, and what feeds and checks the index.

Here does not belong who may see a text: an index is stale by nature, so a search
answers ``(id, version)`` and the rows come from the discussion's visibility rule.
Queues and drafts are not indexed; they are searched in SQL.

The engine (:mod:`~consult.search.analysis`, :mod:`~consult.search.grammar`,
:mod:`~consult.search.documents`, :mod:`~consult.search.highlight` and the backends)
knows neither Flask nor the database.
"""
