"""A fleet for measuring pages: 20,000 runs, a million phases and three million attempts over 90 days.

Made by set-based SQL into the database of the settings (`DRAINSITE_DATA` or DATABASE_URL), which must be one
that nobody needs: triggers are off while rows go in, then the totals are written anew. About 3.5 GB.
"""

from __future__ import annotations

import zlib

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection

from drain.evidence.rollups.verify import rebuild
from drain.models import Phase, SavedView
from drain.models.roles import Role

RUNS, PHASES, DAYS, CAUSES, SESSIONS = 20_000, 50, 90, 400, 30
LIVE = SESSIONS + 1
PERSON = "bench"
LOG = b"".join(b"line %d of what a phase printed while it worked\n" % n for n in range(400))

_RUNS = f"""
INSERT INTO drain_source (id, name, kind, url, workspace, settle_seconds, identity, watermark, imported_at)
VALUES (1, 'autopack', 'autopack', 'sqlite:////srv/autopack.db', '', 10, '{{"label": "autopack.db"}}', '{{}}', now()),
    (2, 'nightly files', 'files', '', '', 10, '{{}}', '{{}}', now());
INSERT INTO drain_run (id, run_id, name, source_id, labels, "order", max_parallel, open_attempts, created_at)
SELECT n, format('%%s-%%s', (ARRAY['nightly', 'release', 'research', 'hotfix'])[n %% 4 + 1], lpad(n::text, 6, '0')),
    format('Run %%s', n), CASE WHEN n %% 3 = 0 THEN 1 ELSE 2 END, '[]',
    CASE WHEN n %% 3 = 1 THEN 'independent' ELSE 'sequential' END, 1, 0,
    now() - interval '4 hours' - ({RUNS} - n) * interval '{DAYS} days' / {RUNS}
FROM generate_series(1, {RUNS}) n;
INSERT INTO drain_hold (kind, value, reason, created_by, origin, released_by) VALUES
    ('run', 'nightly-019996', 'a person looks at it', 'bench', 'browser', ''),
    ('prefix', 'hotfix-0199', 'waits for a release', 'bench', 'browser', '');
"""
# A fifth of the runs holds most of what failed.
_PHASES = f"""
INSERT INTO drain_phase (id, run_id, phase_id, phase_index, name, state, state_changed_at, category, complexity, params,
    attempts, source_attempts, last_failure_reason, last_fingerprint, failure_category, created_at)
SELECT p.id, run, format('%%s-%%s-%%s', (ARRAY['plan', 'build', 'test', 'docs', 'deploy'])[place %% 5 + 1],
        lpad(run::text, 6, '0'), place), place, format('Phase %%s', place), state,
    r.created_at + place * interval '3 minutes', (ARRAY['plan', 'build', 'test', 'docs', 'deploy'])[place %% 5 + 1],
    'medium', '{{}}', 3, 0, CASE WHEN state = 'FAILED' THEN bench_error(cause, p.id) ELSE '' END,
    CASE WHEN state = 'FAILED' THEN md5('cause' || cause) ELSE '' END,
    CASE WHEN state = 'FAILED' THEN 'import' ELSE '' END, r.created_at
FROM (
    SELECT *, CASE WHEN dice < CASE WHEN run %% 5 = 0 THEN .22 ELSE .02 END THEN 'FAILED'
        WHEN dice > .996 THEN 'QUEUED' WHEN dice > .966 THEN 'SKIPPED' ELSE 'COMPLETE' END AS state
    FROM (SELECT n AS id, (n - 1) / {PHASES} + 1 AS run, (n - 1) %% {PHASES} AS place, random() AS dice,
        floor(power({CAUSES}, random()))::int AS cause FROM generate_series(1, {RUNS * PHASES}) n OFFSET 0) drawn
) p JOIN drain_run r ON r.id = p.run ORDER BY p.id;
UPDATE drain_phase SET state = 'EXECUTING', lease_owner = gen_random_uuid(), state_changed_at = now() - interval '1 minute' WHERE id %% 25000 = 7;
INSERT INTO drain_dependency (phase_id, prerequisite_id)
SELECT id, id - 1 FROM drain_phase WHERE phase_index > 0 AND id %% 5 = 0;
"""
_CAUSES = f"""
INSERT INTO drain_fingerprint (key, coarse, version, title, template, category, status, first_seen, last_seen, sample)
SELECT md5('cause' || n), md5('coarse' || n / 3), 1, format('ImportError: cannot import name <name> from module_%%s', n),
    'ImportError: cannot import name <name> from <path>', 'import',
    (ARRAY['ongoing', 'new', 'ongoing', 'regressed', 'resolved', 'muted', 'ongoing', 'snoozed'])[n %% 8 + 1],
    now() - interval '{DAYS} days' * random(), now() - interval '1 minute' * n, bench_error(n, n)
FROM generate_series(1, {CAUSES}) n;
"""
# The last attempt says what the phase's state says; the ones before it failed. Rows lie in the order of time.
_ATTEMPTS = f"""
INSERT INTO drain_attempt (phase_id, run_id, session_id, number, outcome, exit_code, error, fingerprint, fine,
    failure_category, telemetry_count, zero_yield_reason, reached_limit_boundary, bad_report_lines, worker, reported_state,
    progress_message, tail, command, started_at, finished_at, log_bytes, log_inline, log_name)
SELECT id, run_id, session, number, outcome, CASE WHEN outcome = 'complete' THEN 0 ELSE 1 END,
    CASE WHEN failed THEN bench_error(cause, id) ELSE '' END, CASE WHEN failed THEN md5('cause' || cause) ELSE '' END, '',
    CASE WHEN failed THEN 'import' ELSE '' END, CASE WHEN outcome = 'complete' THEN id %% 7 ELSE 0 END, '', false, 0,
    'bench:1', '', '', '', '["true"]', started, CASE WHEN outcome IS NOT NULL THEN started + length END, 20000,
    CASE WHEN id %% 100 = 0 THEN %(log)s::bytea END, ''
FROM (
    SELECT *, outcome IN ('failed', 'timeout', 'lost') AS failed FROM (
        SELECT p.id, p.run_id, number, floor(power({CAUSES}, random()))::int AS cause,
            p.created_at + (p.phase_index * 3 + number) * interval '70 s' AS started, random() * interval '60 s' AS length,
            CASE WHEN number = 3 AND p.state = 'EXECUTING' THEN {LIVE} WHEN number < 3 THEN NULL
                WHEN p.run_id > {RUNS - RUNS // SESSIONS} THEN {SESSIONS}
                WHEN p.id %% 40 = 0 THEN 1 + p.run_id * {SESSIONS - 1} / {RUNS} END AS session,
            CASE WHEN number = 3 AND p.state = 'COMPLETE' THEN 'complete' WHEN number = 3 AND p.state = 'SKIPPED' THEN 'skipped'
                WHEN number = 3 AND p.state = 'EXECUTING' THEN NULL
                WHEN p.id %% 17 = 0 THEN 'timeout' WHEN p.id %% 61 = 0 THEN 'lost' WHEN p.id %% 29 = 0 THEN 'retryable'
                ELSE 'failed' END AS outcome
        FROM drain_phase p CROSS JOIN generate_series(1, 3) number OFFSET 0
    ) drawn
) attempts ORDER BY started;
INSERT INTO drain_telemetryevent (phase_id, attempt_id, kind, at, category, model, predicted_tokens, actual_tokens, data, source_event)
SELECT phase_id, id, 'token_estimation', finished_at, (ARRAY['plan', 'build', 'test', 'docs', 'deploy'])[id %% 5 + 1],
    format('model-%%s', id %% 4), 1000 + id %% 900, 900 + id %% 1300, '{{}}', ''
FROM drain_attempt WHERE outcome = 'complete' ORDER BY finished_at;
"""
_HISTORY = f"""
INSERT INTO drain_transition (subject, subject_pk, run_pk, session_pk, attempt_pk, from_state, to_state, verb, actor, reason, at)
SELECT 'phase', phase_id, run_id, session_id, id, moved.was, moved.became, moved.verb, 'worker:bench', '', moved.at
FROM drain_attempt CROSS JOIN LATERAL (VALUES ('FAILED', 'EXECUTING', 'started', started_at),
    ('EXECUTING', CASE WHEN outcome = 'complete' THEN 'COMPLETE' ELSE 'FAILED' END, 'finished', finished_at)
) AS moved (was, became, verb, at)
WHERE started_at > now() - interval '15 days' AND moved.at IS NOT NULL ORDER BY moved.at;
INSERT INTO drain_statesnapshot (hour, counts)
SELECT h, json_build_object('COMPLETE', 900000, 'FAILED', 60000 + extract(hour FROM h) * 100, 'QUEUED', 4000, 'SKIPPED', 30000)
FROM generate_series(date_trunc('hour', now()) - interval '{DAYS} days', now(), interval '1 hour') h;
INSERT INTO drain_auditevent (at, actor, origin, address, verb, subject, subject_pk, label, reason, old, new)
SELECT now() - n * interval '2 minutes', format('person-%%s', n %% 7), 'browser', '127.0.0.1', 'requeue', 'phase',
    n::text, format('phase %%s', n), 'the fix is in', '{{}}', '{{}}' FROM generate_series(50000, 1, -1) n;
"""
_SESSIONS = f"""
INSERT INTO drain_drainsession (id, state, scope, limits, parallel, inline, note, started_by, origin, stop_reason, stop_card,
    before, after, ledger, total_failed, selected, preflight, cancel_requested, zero_yield_streak, recent_outcomes,
    sample_ended, sample_passed, created_at, started_at, ended_at)
SELECT n, CASE WHEN n = {LIVE} THEN 'running' ELSE 'finished' END, '{{}}', '{{"batch_size": 40000, "parallel": 8}}', 8, false,
    format('Drain %%s', n), 'bench', 'browser', '', '{{}}', '{{"FAILED": 60000, "COMPLETE": 900000}}', '{{"FAILED": 59000, "COMPLETE": 901000}}',
    '{{"beyond_batch": 60000}}', 60000, 1000, '{{}}', false, 0, '', 0, 0, at, at, CASE WHEN n < {LIVE} THEN at + interval '3 hours' END
FROM (SELECT n, now() - interval '4 hours' - ({LIVE} - n) * interval '{DAYS} days' / {LIVE} AS at FROM generate_series(1, {LIVE}) n) s;
INSERT INTO drain_sessionrun (session_id, run_id, tier, verdict_detail, waiting, head_position, stop, stop_detail, complete, failed,
    timeouts, retryable, skipped, lost, cancelled, interrupted, diverted, telemetry_events, attempt_seconds)
SELECT session_id, run_id, '1', '', 0, 0, '', '', count(*) FILTER (WHERE outcome = 'complete'),
    count(*) FILTER (WHERE outcome IN ('failed', 'timeout')), count(*) FILTER (WHERE outcome = 'timeout'),
    count(*) FILTER (WHERE outcome = 'retryable'), count(*) FILTER (WHERE outcome = 'skipped'),
    count(*) FILTER (WHERE outcome = 'lost'), 0, 0, 0, sum(telemetry_count), count(*) * 30
FROM drain_attempt WHERE session_id IS NOT NULL GROUP BY 1, 2;
INSERT INTO drain_candidate (session_id, session_run_id, run_id, phase_id, planned_position, position, sample, category, fingerprint,
    why, status, reason, detail, attempts, seen_attempts, outcome)
SELECT a.session_id, s.id, a.run_id, a.phase_id, row_number() OVER w, row_number() OVER w, false, 'import', a.fingerprint, '',
    CASE WHEN a.outcome IS NULL THEN 'running' ELSE 'done' END, '', '', 1, 2, coalesce(a.outcome, '')
FROM drain_attempt a JOIN drain_sessionrun s ON s.session_id = a.session_id AND s.run_id = a.run_id
WINDOW w AS (PARTITION BY a.session_id ORDER BY a.id);
INSERT INTO drain_sessionrun (session_id, run_id, tier, verdict_detail, waiting, head_position, stop, stop_detail, complete, failed,
    timeouts, retryable, skipped, lost, cancelled, interrupted, diverted, telemetry_events, attempt_seconds)
SELECT {LIVE}, run_id, '0', '', count(*), 100 + run_id, '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM drain_phase WHERE state = 'FAILED' AND run_id <= 9000 GROUP BY run_id ON CONFLICT DO NOTHING;
INSERT INTO drain_candidate (session_id, session_run_id, run_id, phase_id, planned_position, position, sample, category, fingerprint,
    why, status, reason, detail, attempts, seen_attempts, outcome)
SELECT {LIVE}, s.id, p.run_id, p.id, 100 + row_number() OVER (ORDER BY p.id), 100 + row_number() OVER (ORDER BY p.id), false,
    'import', p.last_fingerprint, '', 'waiting', '', '', 0, 3, ''
FROM drain_phase p JOIN drain_sessionrun s ON s.session_id = {LIVE} AND s.run_id = p.run_id WHERE p.state = 'FAILED';
INSERT INTO drain_candidate (session_id, run_id, phase_id, sample, category, fingerprint, why, status, reason, detail, attempts,
    seen_attempts, outcome)
SELECT n, p.run_id, p.id, false, 'import', p.last_fingerprint, '', 'excluded', 'beyond_batch', '', 0, 3, ''
FROM drain_phase p CROSS JOIN generate_series({SESSIONS - 1}, {LIVE}) n WHERE p.state = 'FAILED'
ON CONFLICT DO NOTHING;
UPDATE drain_sessionrun r SET waiting = c.n
FROM (SELECT session_run_id, count(*) AS n FROM drain_candidate WHERE status = 'waiting' GROUP BY 1) c
WHERE c.session_run_id = r.id;
UPDATE drain_drainsession s SET selected = (
    SELECT count(*) FROM drain_candidate WHERE session_id = s.id AND planned_position IS NOT NULL);
"""
_REST = """
INSERT INTO drain_executorprofile (name, argv, cwd, env, env_from, preflight, allow_dash, os_user, is_default, created_by, updated_at)
VALUES ('bench', '["true"]', '', '{}', '[]', '', false, '', true, 'bench', now());
INSERT INTO drain_workerhost (id, host, pid, version, workers, profiles, last_seen)
SELECT gen_random_uuid(), format('host-%%s', n), n, '1', 4, '["bench"]', now() + interval '1 day' FROM generate_series(1, 4) n;
INSERT INTO drain_fixmarker (id, title, applied_at, commit, note, created_by)
SELECT n, format('Fix number %%s', n), now() - n * interval '9 days' + interval '7 days', '', '', 'bench' FROM generate_series(1, 9) n;
INSERT INTO drain_fixmarker_fingerprints (fixmarker_id, fingerprint_id) SELECT n, n * 3 + 1 FROM generate_series(1, 9) n;
INSERT INTO drain_check (name, kind, pattern, threshold, state, marker_id, window_hours, enabled, created_by, every_minutes)
SELECT format('Check %%s', n), 'completion_rate', '', .5, '', n, 24, true, 'bench', 60 FROM generate_series(1, 4) n;
INSERT INTO drain_check (name, kind, pattern, threshold, state, window_hours, enabled, created_by, every_minutes)
VALUES ('The fleet completes', 'completion_rate', '', .2, '', 24, true, 'bench', 60);
INSERT INTO drain_bulkaction (verb, label, things, given, reason, actor, origin, address, back, state, total, done, left_alone,
    error, cancelled_by, tries, ended_at)
VALUES ('requeue', 'Requeue', 'phases', '{}', 'the fix is in', 'bench', 'browser', '', '', 'finished', 20000, 19000, 1000, '', '', 1, now());
INSERT INTO drain_bulkitem (action_id, target, done, label, said)
SELECT 1, n, n %% 20 <> 0, format('phase %%s', n), 'requeued' FROM generate_series(1, 20000) n;
"""
# What an error says: every one shares words, few share all.
_ERROR = """
CREATE FUNCTION bench_error(cause int, n bigint) RETURNS text LANGUAGE sql AS $$ SELECT format(
    E'Traceback (most recent call last):\n  File "/srv/work/src/module_%%s/main.py", line %%s, in run\n    from module_%%s import thing_%%s\nImportError: cannot import name ''thing_%%s'' from ''module_%%s'' (needle%%s)',
    cause, n %% 400, cause, cause, cause, cause, n) $$;
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(%s)
    AND indexname NOT IN (SELECT conname FROM pg_constraint) AND indexdef NOT LIKE 'CREATE UNIQUE%%'
"""
# Django gives most columns their default itself; here the server has to, while rows go in by SQL.
_WITHOUT_DEFAULT = """
SELECT table_name, column_name, CASE
    WHEN data_type IN ('text', 'character varying') THEN ''''''
    WHEN data_type = 'boolean' THEN 'false'
    WHEN data_type = 'jsonb' THEN '''{}'''
    ELSE '0' END
FROM information_schema.columns
WHERE table_schema = 'public' AND starts_with(table_name, 'drain_') AND is_nullable = 'NO'
    AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'
    AND data_type IN ('text', 'character varying', 'boolean', 'jsonb', 'integer', 'bigint', 'smallint', 'double precision')
"""
_LARGE = [
    "drain_phase",
    "drain_attempt",
    "drain_telemetryevent",
    "drain_transition",
    "drain_candidate",
]
_SEQUENCED = ("source", "run", "phase", "drainsession", "fixmarker")


def built() -> bool:
    """Return whether the fleet is there, whole: the person who reads the pages is made last."""
    call_command("migrate", verbosity=0)
    return User.objects.filter(username=PERSON).exists()


def build() -> None:
    """Fill the database; it must be empty."""
    if Phase.objects.exists():
        raise SystemExit("This database holds phases already; name an empty DRAINSITE_DATA.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SET synchronous_commit = off; SET session_replication_role = replica; SET work_mem = '256MB';"
            " SET maintenance_work_mem = '512MB'; SELECT setseed(.42)"
        )
        cursor.execute(_INDEXES, [_LARGE])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(_WITHOUT_DEFAULT)
        defaults = cursor.fetchall()
        for table, column, value in defaults:
            cursor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET DEFAULT {value}')
        for text in (_ERROR, _RUNS, _PHASES, _CAUSES, _ATTEMPTS, _HISTORY, _SESSIONS, _REST):
            _run(text)
        for table, column, _ in defaults:
            cursor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" DROP DEFAULT')
        for _, definition in indexes:
            cursor.execute(definition)
        for table in _SEQUENCED:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('drain_{table}', 'id'), max(id)) FROM drain_{table}"
            )
        cursor.execute("SET session_replication_role = origin")
    rebuild()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    _person()


def _run(text: str) -> None:
    with connection.cursor() as cursor:
        for statement in text.split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"log": zlib.compress(LOG)})


def _person() -> None:
    user = User.objects.create_user(PERSON, is_staff=True)
    user.groups.add(Group.objects.get(name=Role.OPERATOR.value))
    for page in ("run-list", "fingerprint-list"):
        SavedView.objects.create(user=user, page=page, name="Mine", query="q=build")
