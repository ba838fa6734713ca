"""Index backends, one engine each, all behind :class:`consult.search.documents.Backend`.

Here belongs what knows an engine's files and query objects. Grammar, analysis and
excerpts are shared and live one floor up, so that every backend answers alike.
"""
