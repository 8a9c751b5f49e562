"""Every command of ours, with hostile words in all that it can show:
nothing for a terminal to obey, and JSON in ASCII.

The commands are those that there are: a new one needs a line here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

import drain.management.commands
from drain.models import Autopilot, ExecutorProfile, FixMarker, Hold, Phase, Run, Source, Webhook
from tests.security.hostile import EVERYTHING
from tests.security.poisoned import empty_tables, poisoned
from tests.security.test_terminal import obeyed, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.verify]
COMMANDS = {
    path.stem
    for path in Path(drain.management.commands.__path__[0]).glob("[a-z]*.py")
}  # fmt: skip
WORD = "\x1b[2J\u202e<b>'`$(id)"
LISTS = (
    "autopilot list", "checks", "checks --all", "drains", "executor list", "executor check", "fingerprints", "holds",
    "holds --all", "marker list", "note list", "news", "news_choices list", "phases", "queued", "rollups check", "runs", "sources", "webhook list", "workers",
    "workers --all", "drain --dry-run", "report latest", "compare --drain latest", "whatif latest",
)  # fmt: skip


def _asked(world: dict[str, int]) -> list[tuple[str, ...]]:
    """Command lines: of each list, of each thing that there is, and of each thing that there is not."""
    rows: list[Any] = [Run, Webhook, ExecutorProfile, Autopilot, Source, Hold, FixMarker]
    first_run, hook, executor, pilot, source, hold, marker = (
        model._default_manager.order_by("pk")[0] for model in rows
    )
    phase = Phase.objects.select_related("run").get(pk=world["phase"])
    names = (hook.name, executor.name, pilot.name, source.name, hold.value, WORD)
    why = ("--reason", WORD)
    lines = [tuple(line.split()) for line in LISTS]
    lines += [(*line, "--json") for line in lines if line[:2] != ("report", "latest")]
    lines += [("report", "latest", "--format", kind) for kind in ("md", "json", "html")]
    for run_id, phase_id in ((phase.run.run_id, phase.phase_id), (WORD, WORD)):
        lines += [
            ("why", f"--run={run_id}"), ("why", "--", run_id, phase_id), ("drain_phase", "--", run_id, phase_id),
            ("requeue", *why, "--", run_id, phase_id), ("discard", "--to=skipped", *why, "--", run_id, phase_id),
            ("clear_queued", "--to=failed", *why, "--", run_id, phase_id), ("drain", "--dry-run", f"--run-id={run_id}"),
            ("hold", *why, "--", run_id), ("release", *why, "--", run_id), ("session", "stop", run_id),
            ("note", "add", f"--run-id={run_id}", "--", WORD), ("note", "list", f"--run-id={run_id}"),
            ("phases", f"--phase={phase_id}"), ("runs", f"--prefix={run_id}"), ("queued", f"--run-id={run_id}"),
        ]  # fmt: skip
    for name in names:
        lines += [
            ("webhook", "set", "--off", "--", name), ("webhook", "test", "--", name), ("webhook", "remove", *why, "--", name),
            ("executor", "check", "--", name), ("executor", "set", *why, "--cwd=/", "--", name), ("executor", "remove", *why, "--", name),
            ("autopilot", "pause", *why, "--", name), ("autopilot", "run", "--", name), ("autopilot", "remove", *why, "--", name),
            ("phases", f"--source={name}"), ("read_source", "--", name), ("read_source", "--schedule=@daily", *why, "--", name),
            ("read_source", "--unschedule", *why, "--", name), ("compare", "--sources", name, WORD), ("fingerprint", "mute", f"--reason={name}", "0" * 32),
            ("marker", "add", f"--note={name}", f"--commit={name}", "--", name), ("import_autopack", f"sqlite:///{name}"),
            ("import_phases", name), ("import_autopack", f"--name={name}", "sqlite:////none"), ("log", name), ("report", name),
        ]  # fmt: skip
    return [
        *lines, ("import_airflow", WORD), ("read_source", WORD), ("read_source", f"--schedule={WORD}", "--", source.name), ("import_sql", WORD), ("import_sql", WORD, f"--url=sqlite:///{WORD}", f"--query-file={WORD}"),
        ("log", str(world["attempt"])), ("compare", "--marker", str(marker.pk)), ("fingerprint", "split", WORD),
        ("session", "watch", str(world["session"])), ("prune", "--older-than=9999d", *why), ("rescue", *why),
        ("hold", *why, "--label=" + WORD), ("release", "--", first_run.run_id),
    ]  # fmt: skip


@pytest.mark.parametrize("offset", [0, 300])
def test_no_command_says_what_a_terminal_obeys(offset):
    words = EVERYTHING[offset:] + EVERYTHING[:offset]
    world = poisoned(words, User.objects.create_superuser("reader", password="x"))
    assert empty_tables() == set()
    asked = _asked(world)
    assert COMMANDS - {line[0] for line in asked} == set(), "ask these as well"
    wrong, shown = {}, set()
    for line in asked:
        out, err = run(*line)
        if found := obeyed(out + err):
            wrong[line] = found[:5]
        if "--json" in line and out:
            assert out.isascii(), line
            json.loads(out)
        if out:
            shown.add(line[0])
    assert wrong == {}
    assert len(shown) > 20, "commands that had something to show"
