"""Two examples of each command, at the end of its --help."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "autopilot": (
        "autopilot add nightly --cron '30 2 * * 1-5' --label gpu --batch-size 200",
        "autopilot pause nightly --reason 'the cluster is moved'",
    ),
    "checks": ("checks", "checks --all --json"),
    "clear_queued": (
        "clear_queued nightly load --to failed --reason 'its worker is gone'",
        "clear_queued --stale 2h --dry-run --to failed --reason 'nobody runs them'",
    ),
    "compare": (
        "compare --drain latest",
        "compare --windows 2026-01-01 2026-01-08 2026-01-08 2026-01-15 --json",
    ),
    "db": ("db status", "db dump drainsite.dump"),
    "demo": ("demo --port 9000", "demo --once --json"),
    "discard": (
        "discard nightly load --to skipped --reason 'done by hand'",
        "discard --run-prefix test- --dry-run --reason 'a trial'",
    ),
    "doctor": ("doctor", "doctor --json"),
    "drain": (
        "drain --run-id nightly --dry-run",
        "drain --fingerprint 6887a8ae --batch-size 12 --inline",
    ),
    "drain_phase": ("drain_phase nightly load", "drain_phase nightly load --inline --json"),
    "drains": ("drains --state running", "drains --limit 5 --json"),
    "executor": (
        "executor set jobs --cwd /srv/pipeline --default -- sh ./job.sh '{phase_id}'",
        "executor check jobs",
    ),
    "fingerprint": (
        "fingerprint 'KeyError: 7' --explain",
        "fingerprint split 6887a8ae --by place --value load.py --reason 'two faults'",
    ),
    "fingerprints": ("fingerprints --status new", "fingerprints --limit 10 --json"),
    "hold": (
        "hold nightly --until 18:00 --reason 'the database is moved'",
        "hold --category timeout --dry-run --reason 'see ticket'",
    ),
    "holds": ("holds", "holds --all --json"),
    "import_airflow": ("import_airflow airflow --dag nightly", "import_airflow airflow --watch 60"),
    "import_autopack": (
        "import_autopack sqlite:////srv/autopack/autopack.db --workspace /srv/autopack --env-from ANTHROPIC_API_KEY",
        "import_autopack env:AUTOPACK_DB",
    ),
    "import_phases": (
        "import_phases report.xml --dry-run",
        "import_phases tasks.csv --map run_id=dag_run --map state:upstream_failed=FAILED",
    ),
    "import_sql": (
        "import_sql jobs --url env:JOBS_DB --query-file jobs.sql --dry-run",
        "import_sql jobs --watch 60",
    ),
    "log": ("log 17", "log 17 > attempt.log"),
    "marker": (
        "marker add 'Pinned the library' --fingerprint 6887a8ae --guard",
        "marker list --json",
    ),
    "news": ("news", "news --event drain.ended --json"),
    "news_choices": ("news_choices set ann --mail drain.ended", "news_choices list"),
    "note": (
        "note add --run-id nightly 'Ask Ann before it is drained'",
        "note list --run-id nightly",
    ),
    "phases": ("phases --state FAILED --category timeout", "phases --error refused --json"),
    "prune": (
        "prune --older-than 90d --reason 'as every month'",
        "prune --older-than 365d --reason 'the disk is nearly full' --json",
    ),
    "queued": ("queued --run-id nightly", "queued --fail-on-stale --stale-after 2h"),
    "read_source": (
        "read_source jobs",
        "read_source jobs --schedule '*/10 * * * *' --reason 'it fails at night'",
    ),
    "release": (
        "release nightly --reason 'the database is back'",
        "release nightly --reason 'the database is back' --json",
    ),
    "report": ("report latest", "report 7 --bundle evidence.zip"),
    "requeue": (
        "requeue nightly load --reason 'the pipeline runs it'",
        "requeue --category network --dry-run --reason 'the proxy is back'",
    ),
    "rescue": (
        "rescue --reason 'the host is switched off'",
        "rescue --reason 'the host is switched off' --json",
    ),
    "rollups": ("rollups check", "rollups rebuild"),
    "runs": ("runs --state FAILED", "runs --prefix nightly- --json"),
    "session": ("session watch latest", "session stop 7"),
    "sources": ("sources", "sources --json"),
    "up": ("up --host 0.0.0.0 --port 9000", "up --role worker --workers 4"),
    "webhook": (
        "webhook add chat https://chat.example.org/hook --event drain.ended",
        "webhook test chat",
    ),
    "whatif": ("whatif latest --batch-size 40", "whatif 7 --max-fingerprint-repeats 5 --json"),
    "why": ("why nightly load", "why nightly load --json"),
    "workers": ("workers", "workers --all --json"),
}


def examples_of(command: str) -> str:
    """The examples of a command as its help shows them; "" for one that has none."""
    shown = [f"  manage.py {line}" for line in EXAMPLES.get(command, ())]
    return "\n".join(["examples:", *shown]) if shown else ""
