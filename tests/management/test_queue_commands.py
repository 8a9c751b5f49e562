"""Commands over the queue, holds and history: exact results, one sentence for what cannot be."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from drain.engine.prune import prune
from drain.engine.queue import stale
from drain.engine.queue.blockers import QueueFilter, queued_ids, queued_phases
from drain.engine.queue.stale import fail_stale
from drain.models import Attempt, Dependency, DrainSession, Hold, Phase, Transition
from tests.factories import (
    NOON,
    AttemptFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db


def run(*argv):
    out = StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


def queued(hours, **fields):
    since = timezone.now() - timedelta(hours=hours)
    return PhaseFactory(state="QUEUED", state_changed_at=since, **fields)


def test_queued_lists_the_longest_first_with_what_waits_directly_and_through_others():
    old, young = queued(25, phase_id="integration"), queued(1)
    direct, through = PhaseFactory(), PhaseFactory()
    Dependency.objects.create(phase=direct, prerequisite=old)
    Dependency.objects.create(phase=through, prerequisite=direct)
    found = json.loads(run("queued", "--json"))
    assert (found["queued"], found["stale"]) == (2, 1)
    first = found["phases"][0]
    assert first["phase_id"] == "integration"
    assert (first["waits_directly"], first["waits_through_others"]) == (1, 1)
    assert [each["stale"] for each in found["phases"]] == [True, False]
    assert json.loads(run("queued", "--stale-after", "30m", "--json"))["stale"] == 2
    asked = QueueFilter()
    page = queued_ids(asked, timezone.now(), 1)
    assert page == [old.pk]
    assert queued_ids(asked, timezone.now(), 5, after=old.pk) == [young.pk]


def test_clear_queued_with_nothing_to_move_says_what_was_looked_for():
    def cleared(*which):
        return run("clear_queued", *which, "--to", "failed", "--reason", "x").strip()

    RunFactory(run_id="nightly")
    nothing = "has been queued longer than 2h: nothing was moved."
    assert cleared("--stale", "2h") == f"No phase {nothing}"
    assert (
        cleared("--run-id", "nightly") == "No phase of run “nightly” is queued: nothing was moved."
    )
    queued(1)
    tail = "1 phase is queued; `manage.py queued` lists them."
    assert cleared("--stale", "2h") == f"No phase {nothing} {tail}"
    where = ("--run-id", "nightly", "--stale", "2h")
    assert cleared(*where) == f"No phase of run “nightly” {nothing}"


def test_in_an_autopack_run_what_comes_after_a_queued_phase_waits_for_it():
    packed = RunFactory(source=SourceFactory(kind="autopack", stale_after=timedelta(hours=48)))
    phase = queued(25, run=packed, phase_index=2)
    for index in (1, 3, 4):
        PhaseFactory(run=packed, phase_index=index)
    (found,) = queued_phases([phase.pk], QueueFilter(), timezone.now())
    assert found.direct == 2
    assert not found.stale  # by its source's own span


def test_clear_queued_takes_a_phase_a_run_or_what_is_stale():
    one, two, three = queued(5), queued(5), queued(1)
    run(
        "clear_queued", one.run.run_id, one.phase_id, "--to", "failed", "--reason", "nobody runs it"
    )
    found = json.loads(
        run("clear_queued", "--stale", "2h", "--to", "skipped", "--reason", "old", "--json")
    )
    assert (found["moved"], found["left_alone"]) == (1, 0)
    run(
        "clear_queued", "--run-id", three.run.run_id, "--to", "complete", "--reason", "done by hand"
    )
    states = [Phase.objects.get(pk=each.pk).state for each in (one, two, three)]
    assert states == ["FAILED", "SKIPPED", "COMPLETE"]
    assert Transition.objects.filter(verb="clear_queued").count() == 3


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["clear_queued", "--to", "failed", "--reason", "x"], "Name RUN PHASE"),
        (["clear_queued", "--stale", "soon", "--to", "failed", "--reason", "x"], "no span of time"),
        (["clear_queued", "--run-id", "none", "--to", "failed", "--reason", "x"], "no run “none”"),
        (["requeue", "none", "x", "--reason", "x"], "There is no run"),
        (["hold", "*", "--reason", "x"], "would stop all drains"),
        (["release", "none"], "Nothing holds"),
        (["whatif", "99"], "no drain 99"),
        (["prune", "--older-than", "0d", "--reason", "x"], "no span of time"),
    ],
)
def test_what_cannot_be_is_one_sentence(argv, sentence):
    with pytest.raises(CommandError, match=sentence.replace("*", r"\*")):
        run(*argv)


def test_clearing_a_phase_that_is_not_queued_changes_nothing():
    phase = PhaseFactory(state="FAILED")
    with pytest.raises(CommandError, match="not moved"):
        run("clear_queued", phase.run.run_id, phase.phase_id, "--to", "skipped", "--reason", "x")
    assert Phase.objects.get(pk=phase.pk).state == "FAILED"


def test_requeue_says_who_runs_it():
    phase = PhaseFactory()
    assert "drain_phase" in run("requeue", phase.run.run_id, phase.phase_id, "--reason", "again")
    assert Phase.objects.get(pk=phase.pk).state == "QUEUED"


def test_hold_and_release():
    target = RunFactory().run_id
    assert "held until it is released" in run("hold", target, "--reason", "broken branch")
    assert "released" in run("release", target)


def test_whatif_replays_under_other_limits():
    session = SessionFactory(selected=4)
    phase_run = RunFactory()
    for n in range(4):
        AttemptFactory(
            session=session,
            phase=PhaseFactory(run=phase_run),
            fingerprint="f" * 32,
            started_at=NOON + timedelta(minutes=2 * n),
        )
    found = json.loads(run("whatif", str(session.pk), "--max-fingerprint-repeats", "2", "--json"))
    assert (found["kept"], found["skipped"]) == (2, 2)
    assert found["attempt_minutes_saved"] == 2.0


def test_stale_phases_are_left_alone_unless_switched_on(settings):
    phase = queued(25)
    assert fail_stale(timezone.now()) == []
    settings.DRAIN_CLEAR_STALE = True
    assert [result.done for result in fail_stale(timezone.now())] == [True]
    moved = Transition.objects.get(subject_pk=phase.pk, verb="clear_queued")
    assert (moved.actor, moved.to_state) == ("maintenance", "FAILED")


def test_stale_phases_that_their_source_does_not_let_go_do_not_hold_up_the_others(
    settings, monkeypatch
):
    settings.DRAIN_CLEAR_STALE = True
    monkeypatch.setattr(stale, "AT_ONCE", 1)
    gone = SourceFactory(kind="autopack", url="sqlite:////nowhere/autopack.db")
    kept, other = queued(80, run=RunFactory(source=gone)), queued(25)
    # A round draws one of the two by lot: fifty rounds without the second would be one in 10**15.
    for _ in range(50):
        fail_stale(timezone.now())
    states = Phase.objects.in_bulk([kept.pk, other.pk])
    assert (states[kept.pk].state, states[other.pk].state) == ("QUEUED", "FAILED")


def test_prune_deletes_by_age_in_chunks_and_keeps_attempts():
    session = SessionFactory()
    old = AttemptFactory(session=session, log_inline=b"x")
    Transition.objects.bulk_create(
        Transition(subject="phase", subject_pk=1, to_state="FAILED", verb="x", actor="a", at=NOON)
        for _ in range(5)
    )
    fresh = Transition.objects.create(
        subject="phase", subject_pk=1, to_state="FAILED", verb="x", actor="a"
    )
    gone = prune(NOON + timedelta(days=100), timedelta(days=90), chunk=2)
    assert (gone.transitions, gone.logs, gone.sessions) == (5, 1, 1)
    assert list(Transition.objects.filter(verb="x")) == [fresh]
    assert Attempt.objects.get(pk=old.pk).log_inline == b""
    assert prune(NOON + timedelta(days=100), timedelta(days=90), chunk=2).logs == 0
    assert not DrainSession.objects.exists()


def test_discard_counts_first_then_moves_exactly_those_that_match():
    night = RunFactory(run_id="night", labels=["etl"])
    for _ in range(2):
        PhaseFactory(run=night)
    other = PhaseFactory()
    words = ("discard", "--label", "etl", "--reason", "the source is gone")
    assert "2 phases of 1 run would be discarded as skipped" in run(*words, "--dry-run")
    assert json.loads(run(*words, "--dry-run", "--json"))["total"] == 2
    assert not Transition.objects.filter(verb="discard").exists()
    assert "2 moved, 0 not moved" in run(*words)
    assert set(Phase.objects.filter(run=night).values_list("state", flat=True)) == {"SKIPPED"}
    assert Phase.objects.get(pk=other.pk).state == "FAILED"
    assert "nothing was moved" in run(*words)
    name = (other.run.run_id, other.phase_id)
    assert "1 moved" in run("discard", *name, "--to", "complete", "--reason", "by hand")
    with pytest.raises(CommandError, match="is not FAILED"):
        run("discard", *name, "--reason", "by hand")


@pytest.mark.parametrize("command", ["discard", "requeue"])
def test_an_act_without_a_phase_or_a_filter_is_refused(command):
    phase = PhaseFactory()
    for words in ((), ("r",), ("r", "p", "--label", "x")):
        with pytest.raises(CommandError, match="Name RUN PHASE, or at least one filter"):
            run(command, *words, "--reason", "x")
    with pytest.raises(CommandError, match="would match everything"):
        run(command, "--label", "", "--reason", "x")
    assert Phase.objects.get(pk=phase.pk).state == "FAILED"


def test_requeue_takes_filters_and_drain_plans_what_matches():
    one, two = PhaseFactory(category="sql"), PhaseFactory(category="py", attempts=4)
    plan = json.loads(run("drain", "--type", "sql", "--dry-run", "--json"))
    assert plan["total_failed"] == 1
    assert "no failed phase matches" in _refused("drain", "--type", "none", "--dry-run").lower()
    assert "1 phase of 1 run " in run(
        "requeue", "--attempts-at-least", "4", "--reason", "x", "--dry-run"
    )
    assert "1 moved" in run("requeue", "--attempts-at-least", "4", "--reason", "x")
    assert Phase.objects.get(pk=two.pk).state == "QUEUED"
    assert Phase.objects.get(pk=one.pk).state == "FAILED"


def test_clear_queued_takes_filters_beside_its_own_and_counts_first():
    mine, old = PhaseFactory(state="QUEUED", category="sql"), queued(9, category="sql")
    other = queued(9, category="py")
    words = ("clear_queued", "--type", "sql", "--to", "skipped", "--reason", "x")
    assert "2 phases of 2 runs would be cleared to skipped" in run(*words, "--dry-run")
    assert "1 moved" in run(*words, "--stale", "2h")
    assert Phase.objects.get(pk=old.pk).state == "SKIPPED"
    assert {Phase.objects.get(pk=each.pk).state for each in (mine, other)} == {"QUEUED"}


def _refused(*argv):
    with pytest.raises(CommandError) as refused:
        run(*argv)
    return str(refused.value)


def test_runs_are_held_by_a_filter_after_they_were_counted(capsys):
    for name in ("a", "b"):
        PhaseFactory(run=RunFactory(run_id=name), last_failure_reason="disk full")
    PhaseFactory(run=RunFactory(run_id="c"))
    call_command("hold", "--error", "disk", "--dry-run", "--reason", "x")
    assert "2 phases of 2 runs match, and the runs would be held" in capsys.readouterr().out
    assert not Hold.objects.exists()
    call_command("hold", "--error", "disk", "--reason", "replaced", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "held": ["a", "b"],
        "held_before": 0,
        "until": None,
    }
    call_command("hold", "--error", "disk", "--reason", "replaced")
    assert "0 runs are held until released; 2 were before." in capsys.readouterr().out
    assert Hold.objects.count() == 2
    for wrong in (["hold", "--reason", "x"], ["hold", "a", "--error", "x", "--reason", "x"]):
        with pytest.raises(CommandError, match="Name RUN or PREFIX"):
            call_command(*wrong)
