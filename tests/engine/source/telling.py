"""Jobs of an SQL source, and attempts of ours that ended."""

from __future__ import annotations

from drain.engine.source import telling
from drain.engine.source.telling import Untold
from drain.models import Phase
from drain.models.audit import Person
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import Origin, PhaseState
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import Given, sql_source
from tests.sources.sql.jobs import QUERY, Jobs

BY = Person("ada", Origin.BROWSER)


def bring(jobs: Jobs, count: int = 2, **given: object) -> None:
    """That many failed jobs, imported with an update."""
    for number in range(1, count + 1):
        jobs.add(number)
    again(jobs, **given)


def again(jobs: Jobs, **given: object):
    kept = {"url": jobs.url, "query": QUERY, "update": jobs.update, **given}
    return import_sql(sql_source("jobs", Given(**kept)), BY)  # type: ignore[arg-type]


def phase(number: int = 1) -> Phase:
    return Phase.objects.select_related("run__source").get(phase_id=f"job-{number}")


def ended(number: int, to: PhaseState, reason: str = "") -> None:
    """An attempt of ours came to this."""
    pk = phase(number).pk
    move_phases([pk], expect=[PhaseState.FAILED], to=to, why=MoveReason("finish", "w", reason))
    telling.tell_later([Untold(pk, "FAILED", reason)])
