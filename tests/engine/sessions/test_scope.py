"""The scope of a drain: runs by their names, and those of sources by theirs;
a name that means nothing is never everything.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.queue.selection import PhaseFilter, drain_scope
from drain.engine.sessions.planning import preview
from drain.engine.sessions.scope import SessionScope
from drain.models import Phase, Run
from drain.policy.argv import drain_argv, same_again
from drain.policy.stopping.limits import Limits
from tests.factories import ExecutorFactory, PhaseFactory, RunFactory, SourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _phases() -> None:
    """Two runs of one source, one of another, one of none, each with a failed phase of the run's name."""
    ExecutorFactory(is_default=True)
    etl, spaced = SourceFactory(name="etl"), SourceFactory(name="Nightly jobs")
    SourceFactory(name="idle")
    for run_id, source in (("a", etl), ("b", etl), ("c", spaced), ("d", None)):
        PhaseFactory(run=RunFactory(run_id=run_id, source=source), phase_id=run_id)


def planned(**scope: Any) -> str:
    plan = preview(SessionScope(**scope), Limits(), timezone.now())
    found = Phase.objects.filter(pk__in=[item.id for item in plan.selected])
    assert plan.total == len(plan.selected)
    return "".join(sorted(found.values_list("phase_id", flat=True)))


@pytest.mark.parametrize(
    ("scope", "phases"),
    [
        ({}, "abcd"),
        ({"sources": ("etl",)}, "ab"),
        ({"sources": ("Nightly jobs",)}, "c"),
        ({"sources": ("etl", "Nightly jobs")}, "abc"),
        ({"sources": ("etl",), "run_ids": ("b",)}, "b"),
        ({"sources": ("etl", "idle")}, "ab"),
    ],
)
def test_a_drain_takes_the_failed_phases_of_its_sources(scope: dict[str, Any], phases: str) -> None:
    assert planned(**scope) == phases
    stored = SessionScope.from_json(SessionScope(**scope).to_json())
    assert stored == SessionScope(**scope)


def test_named_phases_are_those_of_its_sources_only() -> None:
    everything = tuple(Phase.objects.values_list("pk", flat=True))
    assert planned(phases=everything, sources=("etl",)) == "ab"


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        ({"sources": ("nope",)}, "There is no source “nope”"),
        ({"sources": ("idle",)}, "No run comes from these sources"),
        ({"sources": ("etl",), "run_ids": ("c",)}, "There is no run “c” of these sources"),
    ],
)
def test_a_source_that_means_no_run_is_refused_and_never_everything(
    scope: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(EngineError, match=sentence):
        planned(**scope)


def test_the_books_of_a_drain_whose_source_lost_its_runs_close_over_what_is_there() -> None:
    scope = SessionScope(sources=("etl",))
    Run.objects.filter(run_id="a").update(source=None)
    assert scope.run_pks(deleted_ok=True) == [Run.objects.get(run_id="b").pk]


def test_filters_that_name_only_sources_runs_and_fingerprints_are_the_scope_itself() -> None:
    scope = drain_scope(PhaseFilter(sources=("etl",), run_ids=("a",)))
    assert scope == SessionScope(sources=("etl",), run_ids=("a",))
    assert drain_scope(PhaseFilter(sources=("etl",), names=("a",))).phases


def test_the_same_drain_is_named_again_with_its_sources() -> None:
    scope = SessionScope(sources=("Nightly jobs",))
    argv = same_again(scope.to_json(), Limits().to_json())
    assert argv[:3] == ("drain", "--source", "Nightly jobs")
    assert drain_argv(Limits(), sources=("etl",))[1:3] == ["--source", "etl"]
