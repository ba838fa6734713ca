"""What the server is asked. Every statement is whole as it stands; values are bound."""

from typing import Final

from sqlalchemy import text

READY: Final = text("""
    SELECT set_config('statement_timeout', :limit, true), set_config('jit', 'off', true),
        set_config('plan_cache_mode', 'force_custom_plan', true),
        set_config('random_page_cost', '1.1', true), set_config('work_mem', '32MB', true),
        set_config('enable_seqscan', 'off', true),
        (SELECT version FROM search_state),
        EXISTS (SELECT 1 FROM search_passage) AS has_texts,
        EXISTS (SELECT 1 FROM search_word) AS has_words
""")
"""Prepares a transaction and tells the version of the index.

Lists of lexemes are always quicker than reading rows, which the server cannot know of a query that
it is handed; compiling takes longer than any of our statements; and what is searched often lies in
memory.
"""

READ_ROWS: Final = text("SELECT set_config('enable_seqscan', 'on', true)")
"""Lets the server read all rows where many texts are asked for by their ids."""

LEXEMES: Final = text("""
    SELECT lexeme, texts FROM search_word
    WHERE lexeme >= :start AND lexeme < :beyond
    ORDER BY lexeme LIMIT :limit
""")

HAVING: Final = text("""
    SELECT ARRAY(
        SELECT p.id FROM search_passage p
        WHERE p.words @@ CAST(asked.query AS tsquery) AND p.space = ANY(CAST(:spaces AS text[]))
    )
    FROM unnest(CAST(:queries AS text[])) WITH ORDINALITY AS asked(query, number)
    ORDER BY asked.number
""")
"""For each query the texts that match it."""

COUNT: Final = text("""
    SELECT count(*) FROM search_passage p
    WHERE p.start = 0 AND p.space = ANY(CAST(:spaces AS text[])) AND NOT EXISTS (
        SELECT 1 FROM unnest(CAST(:left_out AS bigint[])) hidden(id) WHERE hidden.id = p.id
    )
""")

COUNT_WITHIN: Final = text("""
    SELECT count(*) FROM search_passage p
    WHERE p.words @@ CAST(:filters AS tsquery)
    AND p.start = 0 AND p.space = ANY(CAST(:spaces AS text[])) AND NOT EXISTS (
        SELECT 1 FROM unnest(CAST(:left_out AS bigint[])) hidden(id) WHERE hidden.id = p.id
    )
""")

ALL: Final = text("""
    SELECT ARRAY(
        SELECT p.id FROM search_passage p
        WHERE p.start = 0 AND p.space = ANY(CAST(:spaces AS text[]))
    )
""")

INSTANTS: Final = text("""
    SELECT array_agg(p.id), array_agg(p.published_at)
    FROM search_passage p JOIN unnest(CAST(:ids AS bigint[])) AS asked(id) ON asked.id = p.id
    WHERE p.start = 0
""")

VERSIONS: Final = text("""
    SELECT p.id, p.version
    FROM search_passage p WHERE p.start = 0 AND p.id = ANY(CAST(:ids AS bigint[]))
""")

NEWEST: Final = text("""
    SELECT p.id
    FROM search_passage p JOIN unnest(CAST(:ids AS bigint[])) AS asked(id) ON asked.id = p.id
    WHERE p.start = 0
    ORDER BY p.published_at DESC, p.id DESC LIMIT :end
""")

AS_ONE_READS: Final = text("""
    SELECT p.id
    FROM search_passage p JOIN unnest(CAST(:ids AS bigint[])) AS asked(id) ON asked.id = p.id
    WHERE p.start = 0
    ORDER BY p.place, p.id LIMIT :end
""")

PLACES: Final = text("""
    SELECT p.id, p.start, p.length, word.lexeme, word.positions
    FROM search_passage p CROSS JOIN LATERAL unnest(
        ts_filter(setweight(p.words, 'A', CAST(:lexemes AS text[])), '{a}')
    ) AS word
    WHERE p.id = ANY(CAST(:ids AS bigint[]))
""")
"""Where lexemes stand in some texts. Weighing and filtering is how a few are taken out of many
quickly; no weight is stored.
"""

FACETS: Final = text("""
    SELECT facet, count(*) AS texts
    FROM (
        SELECT unnest(p.facets) AS facet
        FROM search_passage p JOIN unnest(CAST(:ids AS bigint[])) AS asked(id) ON asked.id = p.id
        WHERE p.start = 0
    ) AS said
    GROUP BY facet
""")
"""How many of some texts have each value. One list is counted far quicker than eight columns."""

WORDS_OF: Final = text("""
    SELECT word.lexeme, count(DISTINCT p.id)
    FROM search_passage p CROSS JOIN LATERAL unnest(p.words) AS word
    WHERE p.id = ANY(CAST(:ids AS bigint[])) AND left(word.lexeme, 1) = ANY(CAST(:marks AS text[]))
    GROUP BY word.lexeme
""")
"""The exact words of some texts, and how many of these texts have each."""
