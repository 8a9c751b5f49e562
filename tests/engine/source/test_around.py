"""Autopack phases: its database has the last word, and both databases agree afterwards."""

from __future__ import annotations

import pytest
from django.utils import timezone

from drain.engine.sessions.planning import preview
from drain.engine.sessions.results import session_result
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, Phase, TelemetryEvent
from drain.policy.stopping.limits import Limits, QueuedPolicy
from tests.engine.autopack import RUN, Autopack, ours
from tests.engine.conftest import Backlog
from tests.engine.pipeline import look_again

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.verify
def test_the_reports_run_is_drained_and_both_databases_agree(
    autopack: Autopack, backlog: Backlog
) -> None:
    autopack.tell(STUB_MODE_research_cli="fail")
    session = backlog.drain(autopack.session())
    result = session_result(session)
    assert (result["processed"], result["complete"], result["failed"]) == (5, 4, 1)
    assert result["telemetry_events"] == 10
    assert ours() == autopack.states()
    failed = Phase.objects.get(run__run_id=RUN, phase_id="research-cli")
    assert "coverage_tracker" in failed.last_failure_reason


@pytest.mark.verify
def test_telemetry_read_back_is_not_imported_a_second_time(
    autopack: Autopack, backlog: Backlog
) -> None:
    backlog.drain(autopack.session())
    before = TelemetryEvent.objects.count()
    autopack.load()
    assert TelemetryEvent.objects.count() == before


@pytest.mark.parametrize(
    ("policy", "selected", "queued"),
    [("phase", 5, 0), ("dependents", 5, 0), ("run", 0, 5), ("ignore", 5, 0)],
)
def test_the_reports_scenario_under_the_four_policies(
    autopack: Autopack, policy: str, selected: int, queued: int
) -> None:
    limits = Limits(queued_policy=QueuedPolicy(policy))
    plan = preview(SessionScope(run_ids=(RUN,)), limits, timezone.now())
    reasons = [line.reason.value for line in plan.excluded]
    assert (len(plan.selected), reasons.count("queued_in_run"), plan.total) == (selected, queued, 5)


def test_what_comes_after_an_earlier_queued_phase_waits(autopack: Autopack) -> None:
    autopack.change(
        f"UPDATE phases SET phase_index = 2 WHERE phase_id = 'research-integration' AND run_id = '{RUN}'"
    )
    autopack.load()
    plan = preview(SessionScope(run_ids=(RUN,)), Limits(), timezone.now())
    assert {item.phase_id for item in plan.selected} == {"research-orchestrator"}
    assert {line.reason for line in plan.excluded} == {"waits_for_queued"}
    assert "research-integration" in plan.excluded[0].detail


def test_a_diverted_run_is_not_reported_as_a_drain(autopack: Autopack, backlog: Backlog) -> None:
    autopack.tell(STUB_MODE="divert")
    session = backlog.drain(autopack.session(batch_size=1))
    result = session_result(session)
    assert Attempt.objects.get(session=session).outcome == "diverted"
    assert result["processed"] == 0
    assert result["excluded"]["waits_for_queued"] == 1
    assert ours()["research-integration"] == autopack.states()["research-integration"] == "COMPLETE"
    assert ours() == autopack.states()


def test_what_ran_instead_and_was_queued_again_is_not_taken_for_a_failure_of_what_was_asked_for(
    autopack: Autopack, backlog: Backlog
) -> None:
    autopack.tell(STUB_MODE="divert", STUB_MODE_research_integration="queued")
    session = backlog.drain(autopack.session(batch_size=1))
    assert Attempt.objects.get(session=session).outcome == "diverted"
    other = Phase.objects.get(run__run_id=RUN, phase_id="research-integration")
    assert (other.state, other.last_failure_reason[:12]) == ("QUEUED", "PATCH_FAILED")
    assert ours() == autopack.states()
    autopack.change("UPDATE phases SET state = 'SKIPPED' WHERE phase_id = 'research-integration'")
    look_again()
    assert ours() == autopack.states(), "followed without an import"


@pytest.mark.verify
def test_a_phase_that_times_out_is_put_back_in_the_source(
    autopack: Autopack, backlog: Backlog
) -> None:
    autopack.tell(STUB_MODE="hang")
    session = backlog.drain(autopack.session(batch_size=1, phase_timeout_seconds=1))
    assert session_result(session)["timeouts"] == 1
    assert ours() == autopack.states()


@pytest.mark.verify
def test_a_state_that_never_settles_is_retryable(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    autopack.tell(STUB_MODE="stuck")
    session = backlog.drain(autopack.session(batch_size=1))
    attempts = Attempt.objects.filter(session=session)
    assert {attempt.outcome for attempt in attempts} == {"retryable"}
    assert attempts[0].error == "unsettled"


@pytest.mark.verify
def test_token_escalation_is_retryable_and_no_failure(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    autopack.tell(STUB_MODE="retry")
    result = session_result(backlog.drain(autopack.session(batch_size=1)))
    assert (result["retryable"], result["failed"]) == (2, 0)


def test_a_source_that_is_away_fails_nothing(
    autopack: Autopack, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    session = autopack.session(batch_size=1)
    autopack.path.rename(autopack.path.with_suffix(".away"))
    causes = list(
        Phase.objects.order_by("pk").values_list("last_failure_reason", "last_fingerprint")
    )
    result = session_result(backlog.drain(session))
    assert (result["failed"], result["retryable"]) == (0, 2)
    assert "There is no file" in Attempt.objects.filter(session=session).latest("id").error
    after = Phase.objects.order_by("pk").values_list("last_failure_reason", "last_fingerprint")
    assert list(after) == causes, "why the phase failed last stays known: it did not run"
