"""Edges between phases, added by a person: a circle is refused before it is stored."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from drain.db.prepared import rows
from drain.models import Phase
from drain.policy.selection.graph import check_acyclic

LOCK = 7_316_203
"""Edges are added one after another: two at once could close a circle that neither sees."""

# Everything that the prerequisites wait for, directly or not.
_BEHIND = """
WITH RECURSIVE behind AS (
    SELECT phase_id, prerequisite_id FROM drain_dependency WHERE phase_id = ANY(%(start)s::bigint[])
    UNION
    SELECT d.phase_id, d.prerequisite_id FROM drain_dependency d
    JOIN behind b ON d.phase_id = b.prerequisite_id
) SELECT phase_id, prerequisite_id FROM behind WHERE phase_id <> %(phase)s::bigint
"""


def require_acyclic(phase: int, prerequisites: Collection[int]) -> None:
    """Raise CycleError, which names the circle, if `phase` cannot wait for exactly these phases.

    Call in the transaction that stores them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    found = rows(_BEHIND, {"start": list(prerequisites), "phase": phase})
    edges = [(row["phase_id"], row["prerequisite_id"]) for row in found]
    edges += [(phase, each) for each in prerequisites]
    named = Phase.objects.filter(pk__in={node for edge in edges for node in edge})
    labels = named.values_list("pk", "run__run_id", "phase_id")
    check_acyclic(edges, {pk: f"{run} / {phase_id}" for pk, run, phase_id in labels})
