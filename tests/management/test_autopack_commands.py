"""Commands over Autopack databases: which one it is, whether it is empty, retries, old flags, logs."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from drain.models import Attempt, AuditEvent, ExecutorProfile, Phase
from drain.sources.autopack.importing import import_source
from tests.engine.pipeline import Pipeline
from tests.factories import AttemptFactory, PhaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A run with a phase that has used all of Autopack's retries, and one that has not."""
    made = Pipeline(tmp_path)
    made.run("r")
    made.phase("r", "spent", 0, retry_attempt=5)
    made.phase("r", "fresh", 1, retry_attempt=4)
    made.load()
    return made


def run(*argv: str) -> tuple[str, str]:
    """Run a command; returns what it printed and what it said on stderr."""
    out, err = StringIO(), StringIO()
    call_command(*argv, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_first_line_of_a_drain_names_its_database(pipeline):
    out, _ = run("drain", "--dry-run")
    first = out.splitlines()[0]
    assert first.startswith(f"Database of pipeline: {pipeline.path} (1 runs, 1 tiers, 2 phases")
    out, err = run("drain", "--dry-run", "--json")
    assert json.loads(out)["total_failed"] == 2
    assert str(pipeline.path) in err


def test_a_database_that_is_away_is_named_too(pipeline):
    pipeline.path.rename(pipeline.path.with_suffix(".away"))
    assert "There is no file" in run("drain", "--dry-run")[0].splitlines()[0]


def test_an_empty_database_is_refused_unless_that_is_meant(pipeline, tmp_path):
    pipeline.run_script("DELETE FROM phases; DELETE FROM tiers; DELETE FROM runs")
    with pytest.raises(CommandError, match="is empty: check its address"):
        run("drain", "--dry-run")
    assert "2 selected" in run("drain", "--dry-run", "--allow-empty-db")[0]
    empty = tmp_path / "empty.sqlite3"
    pipeline.path.rename(empty)
    with pytest.raises(CommandError, match="holds no run and no phase"):
        run("import_autopack", f"sqlite:///{empty}")
    assert "0 runs" in run("import_autopack", f"sqlite:///{empty}", "--allow-empty-db")[0]


def test_the_preview_names_phases_that_autopack_would_fail_at_once(pipeline):
    _, err = run("drain", "--dry-run")
    assert "1 of the selected have used Autopack's 5 retries" in err
    assert "r spent. Give them back with --reset-retries." in err
    assert "reset when the drain starts" in run("drain", "--dry-run", "--reset-retries")[1]
    assert pipeline.row("spent")["retry_attempt"] == 5, "a preview writes nothing"


@pytest.mark.django_db(transaction=True)
def test_retries_are_given_back_on_request_there_and_here(pipeline, monkeypatch):
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.02)
    pipeline.tell(STUB_MODE="queued")
    before = pipeline.row("spent")
    _, err = run("drain", "--inline", "--reset-retries")
    assert "1 phase has its retries back." in err
    after = pipeline.row("spent")
    assert (after["retry_attempt"], after["state"]) == (1, "QUEUED"), "it had its turn again"
    assert before["retry_attempt"] == 5
    assert AuditEvent.objects.get(verb="phase.reset_retries").label == "r / spent"


def test_retries_of_a_phase_that_moved_stay_as_they_are(pipeline, monkeypatch):
    from drain.engine.sessions.sources import give_retries_back
    from drain.models.audit import Person
    from drain.models.vocabulary import Origin

    keys = list(Phase.objects.values_list("pk", flat=True))
    pipeline.change("spent", state="EXECUTING", updated_at=pipeline.row("spent")["updated_at"])
    assert give_retries_back(keys, Person("ada", Origin.COMMAND)) == 0, "by hand, without the time"
    pipeline.change("spent", state="EXECUTING")
    assert give_retries_back(keys, Person("ada", Origin.COMMAND)) == 0
    pipeline.change("spent", state="FAILED")
    assert give_retries_back(keys, Person("ada", Origin.COMMAND)) == 0, "failed anew since"
    assert pipeline.row("spent")["retry_attempt"] == 5
    import_source(pipeline.source, timezone.now())
    assert give_retries_back(keys, Person("ada", Origin.COMMAND)) == 1
    assert Phase.objects.get(phase_id="spent").source_attempts == 0


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        (("--skip-runs-with-queued",), "--queued-policy run"),
        (("--api-url", "http://127.0.0.1:8000"), "set AUTOPACK_API_URL where the workers run"),
    ],
)
def test_flags_of_the_old_controller_are_accepted_with_a_sentence(pipeline, flag, sentence):
    out, err = run("drain", "--dry-run", *flag)
    assert sentence in err
    assert "2 selected" in out


def test_the_command_that_a_sentence_names_does_what_it_says(pipeline):
    _, err = run("drain", "--dry-run", "--api-url", "http://127.0.0.1:8000")
    _, _, rest = err.partition("`manage.py ")
    words = rest.partition("`")[0].replace("NAME", "pipeline").split()
    run(*words)
    assert ExecutorProfile.objects.get().env["AUTOPACK_API_URL"] == "URL"


def test_queued_can_fail_when_something_is_stale():
    PhaseFactory(state="QUEUED", state_changed_at=timezone.now())
    assert "1 queued, 0 of them stale" in run("queued", "--fail-on-stale")[0]
    Phase.objects.update(state_changed_at=timezone.now() - timedelta(days=2))
    with pytest.raises(CommandError, match="queued too long") as refused:
        run("queued", "--fail-on-stale")
    assert refused.value.returncode == 3
    assert "1 of them stale" in run("queued")[0]


def test_a_log_is_printed_by_the_number_of_its_attempt():
    printed = b"first\n\x1b[31mred\nlast"
    attempt = AttemptFactory(log_inline=zlib.compress(printed), log_bytes=len(printed))
    out, _ = run("log", str(attempt.pk))
    assert out.startswith("first\n")
    assert out.endswith("last")
    assert "\x1b" not in out, "what phases print commands no terminal"


def test_a_log_that_is_not_there_is_one_sentence():
    attempt = AttemptFactory(log_inline=None, log_bytes=7)
    for given, sentence in (
        (str(attempt.pk), "was pruned"),
        ("0", "no attempt 0"),
        ("x'", "no attempt"),
    ):
        with pytest.raises(CommandError, match=sentence):
            run("log", given)
    open_one = AttemptFactory(outcome=None, finished_at=None, tail="so far")
    out, err = run("log", str(open_one.pk))
    assert (out, "still runs" in err) == ("so far\n", True)
    assert Attempt.objects.count() == 2
