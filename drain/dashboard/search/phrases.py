"""Statements that look for words where an index of words is right for rare ones and wrong for common ones."""

from __future__ import annotations

# Rows among which a word is looked for before the index is asked.
_NEWEST = 200
_NEWEST_NAMES = 2000

# Words that many errors share are found among the newest failures; for others the index of words knows the
# few that have them. A planner cannot know which is which, and reading the words of all of them takes
# seconds.
ERRORS = f"""
WITH newest AS MATERIALIZED (
    SELECT id, state_changed_at, last_failure_reason FROM drain_phase WHERE state = 'FAILED'
    ORDER BY state_changed_at DESC, id DESC LIMIT {_NEWEST}
), recent AS MATERIALIZED (
    SELECT id, state_changed_at FROM newest
    WHERE lower(left(last_failure_reason, 8000)) LIKE ALL(%(parts)s::text[])
        AND drain_words(last_failure_reason) @@ to_tsquery('simple', %(query)s::text)
    ORDER BY state_changed_at DESC, id DESC LIMIT %(each)s::int
), rare AS MATERIALIZED (
    SELECT id, state_changed_at FROM drain_phase
    WHERE state = 'FAILED' AND drain_words(last_failure_reason) @@ to_tsquery('simple', %(query)s::text)
        AND (SELECT count(*) FROM recent) < %(each)s::int
), found AS (
    SELECT * FROM recent UNION SELECT * FROM rare
    ORDER BY state_changed_at DESC, id DESC LIMIT %(each)s::int
)
SELECT p.id, p.phase_id, r.run_id, left(p.last_failure_reason, 2000) AS error
FROM found JOIN drain_phase p ON p.id = found.id JOIN drain_run r ON r.id = p.run_id
ORDER BY found.state_changed_at DESC, found.id DESC
"""  # noqa: S608 - constants only
# In this order, and only in this one, an index knows the first few names without reading the others.
BEGINNING = """
SELECT id FROM drain_phase WHERE phase_id COLLATE "C" LIKE %(beginning)s
ORDER BY phase_id COLLATE "C", id LIMIT %(each)s::int
"""
# Names that begin so, then those with words that begin so: among the newest first, as with errors.
NAMES = f"""
WITH beginning AS MATERIALIZED ({BEGINNING}), newest AS MATERIALIZED (
    SELECT id, phase_id FROM drain_phase WHERE (SELECT count(*) FROM beginning) < %(each)s::int
    ORDER BY id DESC LIMIT {_NEWEST_NAMES}
), recent AS MATERIALIZED (
    SELECT id FROM newest
    WHERE lower(phase_id) LIKE ALL(%(parts)s::text[]) AND drain_words(phase_id) @@ to_tsquery('simple', %(query)s::text)
    ORDER BY id DESC LIMIT %(each)s::int
), rare AS MATERIALIZED (
    SELECT id FROM drain_phase WHERE drain_words(phase_id) @@ to_tsquery('simple', %(query)s::text)
        AND (SELECT count(*) FROM recent) + (SELECT count(*) FROM beginning) < %(each)s::int
), found AS (
    SELECT id, row_number() OVER () AS place FROM beginning
    UNION ALL
    SELECT id, %(each)s + row_number() OVER (ORDER BY id DESC)
    FROM (SELECT id FROM recent UNION SELECT id FROM rare) inside WHERE id NOT IN (SELECT id FROM beginning)
)
SELECT p.id, p.phase_id, r.run_id, p.state
FROM found JOIN drain_phase p ON p.id = found.id JOIN drain_run r ON r.id = p.run_id
ORDER BY found.place LIMIT %(each)s::int
"""  # noqa: S608 - constants only
