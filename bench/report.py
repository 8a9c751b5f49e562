"""Time and memory of `manage.py report` on a session of 100,000 attempts.

Run it with DATABASE_URL or DRAINSITE_DATA naming a database of its own; it fills it with one session
(100,000 phases in 500 runs, a plan, attempts with fingerprints, telemetry and small logs) unless the
session is there already. Goal: at most 3 s and 200 MB for the report. The first line is what
starting Django alone costs on this machine; the bundle is measured beside it.

    python bench/report.py [ATTEMPTS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTE = "bench/report.py"
FILL = """
WITH runs AS (
    INSERT INTO drain_run (run_id, name, labels, "order", max_parallel, open_attempts)
    SELECT 'bench-' || n, '', '[]', 'independent', 4, 0 FROM generate_series(1, 500) n RETURNING id
), numbered AS (SELECT id, row_number() OVER () - 1 AS i FROM runs),
phases AS (
    INSERT INTO drain_phase (run_id, phase_id, phase_index, tier_index, name, state, category, complexity, params,
        attempts, source_attempts, last_failure_reason, last_fingerprint, failure_category)
    SELECT numbered.id, 'phase-' || n, n, 0, '', CASE WHEN n %% 5 = 0 THEN 'FAILED' ELSE 'COMPLETE' END,
        'build', '', '{}', 1, 0, '', '', ''
    FROM generate_series(1, %(n)s) n JOIN numbered ON numbered.i = n %% 500 RETURNING id, run_id, phase_index
), prints AS (
    INSERT INTO drain_fingerprint (key, coarse, version, title, template, category, status, first_seen,
        last_seen, sample)
    SELECT lpad(n::text, 32, '0'), lpad('c', 32, '0'), 1, 'Error number ' || n, '', 'other', 'ongoing',
        now(), now(), '' FROM generate_series(1, 60) n
), plan AS (
    INSERT INTO drain_candidate (session_id, run_id, phase_id, planned_position, position, sample, category,
        fingerprint, why, status, reason, detail, attempts, seen_attempts, outcome)
    SELECT %(session)s, run_id, id, phase_index, phase_index, false, 'other',
        lpad((1 + id %% 60)::text, 32, '0'), '', 'done', '', '', 1, 1, 'complete' FROM phases
)
INSERT INTO drain_attempt (phase_id, run_id, session_id, number, outcome, error, fingerprint, fine,
    failure_category, telemetry_count, zero_yield_reason, reached_limit_boundary, bad_report_lines, worker,
    reported_state, progress_message, tail, command, started_at, finished_at, log_bytes, log_inline, log_name)
SELECT id, run_id, %(session)s, 1, CASE WHEN phase_index %% 5 = 0 THEN 'failed' ELSE 'complete' END,
    CASE WHEN phase_index %% 5 = 0 THEN repeat('Traceback: something failed here. ', 100) ELSE '' END,
    CASE WHEN phase_index %% 5 = 0 THEN lpad((1 + id %% 60)::text, 32, '0') ELSE '' END, '', 'other',
    phase_index %% 7, CASE WHEN phase_index %% 7 = 0 THEN 'timeout' ELSE '' END, false, 0, 'bench', '', '', '',
    '[]', timestamptz '2026-01-01 12:00+00', timestamptz '2026-01-01 12:01+00', 40,
    decode('789c4b4c4a4e494d4b07000895025d', 'hex'), ''
FROM phases
"""


def main() -> None:
    """Fill if needed, then measure each format in a process of its own."""
    session = _fill(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    print(f"{'':12}{'seconds':>9}{'CPU s':>7}{'MB':>7}{'output MB':>11}")
    with tempfile.TemporaryDirectory() as folder:
        _measure("start only", ["--help"], Path(folder) / "help")
        for form in ("json", "md", "html"):
            _measure(form, [str(session), "--format", form], Path(folder) / form)
        zipped = Path(folder) / "bundle.zip"
        _measure("bundle", [str(session), "--bundle", str(zipped)], Path(folder) / "out", zipped)


def _fill(attempts: int) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from drain.models import DrainSession

    call_command("migrate", verbosity=0)
    found = DrainSession.objects.filter(note=NOTE, selected=attempts).first()
    if found is not None:
        return found.pk
    with connection.cursor() as cursor:
        session = DrainSession.objects.create(
            state="finished", started_by="bench", origin="command", note=NOTE, selected=attempts,
            total_failed=attempts, before={"FAILED": attempts}, started_at="2026-01-01T00:00:00+00:00",
            ended_at="2026-01-02T00:00:00+00:00",
        )  # fmt: skip
        cursor.execute(FILL, {"n": attempts, "session": session.pk})
        cursor.execute("ANALYZE")
    return session.pk


def _measure(name: str, arguments: list[str], out: Path, made: Path | None = None) -> None:
    started = time.perf_counter()
    with out.open("wb") as opened:
        child = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "report", *arguments], stdout=opened
        )
        _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"report {' '.join(arguments)} failed")
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    size = (made or out).stat().st_size / 1e6
    print(
        f"{name:12}{seconds:9.2f}{usage.ru_utime + usage.ru_stime:7.2f}{usage.ru_maxrss / unit:7.0f}{size:11.1f}"
    )


if __name__ == "__main__":
    main()
