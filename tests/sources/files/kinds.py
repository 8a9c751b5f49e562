"""Thirty files of the kinds that people have, small, with what each holds."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import Any

from drain.sources.files.result import Options

FAILED = {"FAILED": 1}
ROWS = [
    {"run_id": "r", "phase_id": "a", "state": "FAILED", "reason": "KeyError: 1"},
    {"run_id": "r", "phase_id": "b", "state": "COMPLETE"},
]
BOTH = {"FAILED": 1, "COMPLETE": 1}
CSV = "run_id,phase_id,state,reason\nr,a,FAILED,KeyError: 1\nr,b,COMPLETE,\n"


@dataclass(frozen=True)
class Kind:
    """A file, what it is recognised as and the states of its phases."""

    name: str
    data: bytes
    format: str
    states: dict[str, int]
    shape: str = "drainsite"
    options: Options = field(default_factory=Options)
    left_out: int = 0


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def document(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


AIRFLOW = [
    {"dag_id": "etl", "task_id": "load", "dag_run_id": "scheduled__2026-01-02", "map_index": 3,
     "state": "failed", "try_number": 2, "end_date": "2026-01-02T03:04:05.6+00:00", "note": "OOM"},
    {"dag_id": "etl", "task_id": "report", "dag_run_id": "scheduled__2026-01-02", "map_index": -1,
     "state": "upstream_failed", "try_number": 0, "end_date": None, "note": None},
    {"dag_id": "etl", "task_id": "get", "dag_run_id": "scheduled__2026-01-02", "map_index": -1,
     "state": "success", "try_number": 1, "end_date": "2026-01-02T03:00:00Z", "note": None},
]  # fmt: skip
AIRFLOW_CSV = (
    "task_id,dag_id,run_id,map_index,start_date,end_date,state,try_number\n"
    "load,etl,manual__2026,-1,2026-01-02 03:04:05.123456+00,2026-01-02 03:05:05+00,failed,1\n"
    "send,etl,manual__2026,-1,,,,0\n"
)
JOB = {
    "id": 21, "run_id": 9_876_543_210, "run_attempt": 1, "name": "build (3.11)", "workflow_name": "CI",
    "status": "completed", "conclusion": "failure", "started_at": "2026-01-02T03:04:05Z",
    "completed_at": "2026-01-02T03:09:05Z",
    "steps": [{"name": "Check out", "conclusion": "success"}, {"name": "Run tests", "conclusion": "failure"}],
}  # fmt: skip
JOBS = [JOB, {**JOB, "id": 22, "name": "lint", "conclusion": "success"},
        {**JOB, "id": 23, "name": "deploy", "status": "queued", "conclusion": None, "steps": []}]  # fmt: skip
GH_CLI = {"jobs": [{"databaseId": 1, "name": "test", "status": "completed", "conclusion": "timed_out",
                    "startedAt": "2026-01-02T03:04:05Z", "completedAt": "0001-01-01T00:00:00Z",
                    "steps": []}]}  # fmt: skip
PYTEST = b"""<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0"
failures="1" skipped="1" tests="3" time="0.1" timestamp="2026-01-02T03:04:05.6+00:00" hostname="h">
<testcase classname="tests.test_a.TestSum" name="test_one[a/b]" time="0.001"><failure message="assert 1 == 2">def test
&gt; assert 1 == 2
E assert 1 == 2</failure></testcase><testcase classname="tests.test_a" name="test_two" time="0.1" />
<testcase classname="tests.test_a" name="test_three"><skipped type="pytest.skip" message="no"/></testcase>
</testsuite></testsuites>"""
SUREFIRE = b"""<testsuite name="com.acme.PayTest" tests="3"><testcase name="pays" classname="com.acme.PayTest">
<flakyFailure message="slow" type="java.lang.AssertionError">at x</flakyFailure></testcase>
<testcase name="refunds" classname="com.acme.PayTest"><failure message="boom" type="java.lang.IllegalStateException"/>
<rerunFailure message="boom" type="java.lang.IllegalStateException"/></testcase>
<testcase name="books" classname="com.acme.PayTest"><error type="java.io.IOException">java.io.IOException: disk</error>
</testcase></testsuite>"""
PLAYWRIGHT = b"""<testsuites><testsuite name="a.spec.ts" hostname="chromium"><testcase name="logs in" classname="a.spec.ts"/>
</testsuite><testsuite name="a.spec.ts" hostname="firefox"><testcase name="logs in" classname="a.spec.ts">
<failure>TimeoutError: 30000ms</failure></testcase></testsuite></testsuites>"""
RETRIED = b"""<testsuite name="jest"><testcase name="x" classname="A"><failure>Error: no</failure></testcase>
<testcase name="x" classname="A"/><testcase name="y" classname="A"/></testsuite>"""
COLOURED = b"""<testsuites name="jest"><testsuite name="sum"><testcase classname="sum" name="adds"/>
<testcase classname="sum" name="subtracts"><failure message="&#x1b;[31mboom&#27;[0m">\x1b[1mError: \x1b[22m1 &lt; 2\x00\x08&#0;&#xD800;
</failure></testcase></testsuite></testsuites>"""
FLOWER = {
    "4f0e": {"uuid": "4f0e", "name": "mail.send", "state": "FAILURE", "args": "(1,)", "kwargs": "{}",
             "exception": "ConnectionError('refused')", "traceback": "Traceback\nConnectionError: refused",
             "timestamp": 1767323045.25},
    "77ab": {"uuid": "77ab", "name": "mail.send", "state": "SUCCESS", "timestamp": 1767323046.25},
    "9c1d": {"uuid": "9c1d", "name": "mail.send", "state": "REVOKED", "timestamp": 1767323047.25},
}  # fmt: skip
RESULTS_CSV = (
    "task_id,task_name,status,date_done,traceback\n"
    "c0,mail.send,FAILURE,2026-01-02 03:04:05.1+00:00,\"Traceback\nKeyError: 'x'\"\n"
    "c1,mail.send,SUCCESS,2026-01-02 03:04:05.1+00:00,\n"
)
RQ = [
    {"id": "j1", "origin": "default", "status": "failed", "description": "app.jobs.pay(7)",
     "exc_info": "Traceback\nValueError: 7", "ended_at": "2026-01-02T03:04:05.123456Z"},
    {"id": "j2", "origin": "default", "status": "finished", "description": "app.jobs.pay(8)"},
]  # fmt: skip
SIDEKIQ = [
    {"class": "PayJob", "args": [7], "jid": "b4a5", "queue": "default", "error_class": "RuntimeError",
     "error_message": "no such card", "failed_at": 1767323045123, "retry_count": 25},
    {"class": "PayJob", "args": [8], "jid": "b4a6", "queue": "default", "enqueued_at": 1767323045.5},
]  # fmt: skip
BULLMQ = [
    {"id": "7", "name": "resize", "data": {"file": "a.png"}, "opts": {"attempts": 3}, "attemptsMade": 3,
     "timestamp": 1767323045123, "finishedOn": 1767323046123, "failedReason": "ENOENT a.png",
     "stacktrace": ["Error: ENOENT a.png\n    at x"]},
    {"id": "8", "name": "resize", "data": {}, "opts": {}, "attemptsMade": 1, "timestamp": 1767323045123,
     "finishedOn": 1767323046123, "returnvalue": 1},
]  # fmt: skip

KINDS = [
    Kind("JSON lines", lines(*ROWS), "JSON lines, UTF-8", BOTH),
    Kind("JSON lines with a BOM, blank lines and CRLF",
         b"\xef\xbb\xbf" + lines(*ROWS).replace(b"\n", b"\r\n\r\n"), "JSON lines, UTF-8", BOTH),
    Kind("JSON lines, packed", gzip.compress(lines(*ROWS)), "JSON lines, UTF-8, gzip", BOTH),
    Kind("JSON lines, lone surrogate", lines({**ROWS[0], "reason": "a\ud800"}), "JSON lines, UTF-8", FAILED),
    Kind("JSON lines in other words",
         lines({"dag_run": "r", "task": {"id": "a"}, "state": "upstream_failed"}, {"dag_run": "r",
               "task": {"id": "b"}, "state": "gone"}),
         "JSON lines, UTF-8", FAILED, left_out=1,
         options=Options(maps=("run_id=dag_run", "phase_id=task.id", "state:upstream_failed=FAILED"))),
    Kind("JSON array", document(ROWS), "JSON, UTF-8", BOTH),
    Kind("JSON array over many lines", document(ROWS, indent=2), "JSON, UTF-8", BOTH),
    Kind("JSON array in UTF-16", json.dumps(ROWS).encode("utf-16"), "JSON, UTF-16", BOTH),
    Kind("JSON document with a list", document({"total": 2, "phases": ROWS}, indent=1), "JSON, UTF-8", BOTH),
    Kind("CSV", CSV.encode(), "CSV with , between fields, UTF-8", BOTH),
    Kind("CSV with semicolons and a BOM", b"\xef\xbb\xbf" + CSV.replace(",", ";").encode(),
         "CSV with ; between fields, UTF-8", BOTH),
    Kind("CSV that says sep=", b"sep=;\r\n" + CSV.replace(",", ";").encode(), "CSV with ; between fields, UTF-8", BOTH),
    Kind("CSV with bars", CSV.replace(",", "|").encode(), "CSV with | between fields, UTF-8", BOTH),
    Kind("TSV in UTF-16", CSV.replace(",", "\t").encode("utf-16"), "TSV, UTF-16", BOTH),
    Kind("CSV of Windows", "run_id;phase_id;state;reason\r\nr;a;failed;Schlüssel fehlt – 1\r\n".encode("cp1252"),
         "CSV with ; between fields, CP1252", FAILED),
    Kind("CSV of old Macs", CSV.replace("\n", "\r").encode(), "CSV with , between fields, UTF-8", BOTH),
    Kind("CSV with blanks and case in its header",
         b" Run ID , Phase-ID,STATE,Reason\nr, a,Failed,x\nr, b,complete,\n,,,\n\n", "CSV with , between fields, UTF-8", BOTH),
    Kind("CSV of a JavaScript tool", b"runId,phaseID,State,failedAt\nr,a,failed,\nr,b,complete,\n",
         "CSV with , between fields, UTF-8", BOTH),
    Kind("JSON lines of a JavaScript tool", lines({"runId": "r", "phaseId": "a", "state": "failed"}), "JSON lines, UTF-8", FAILED),
    Kind("CSV with line breaks inside quotes", b'run_id,phase_id,state,reason\nr,a,FAILED,"a ""b""\n\nKeyError, 1"\n',
         "CSV with , between fields, UTF-8", FAILED),
    Kind("CSV packed, day first", gzip.compress(b"run_id,phase_id,state,state_changed_at\nr,a,failed,31/01/2026 18:00\n"),
         "CSV with , between fields, UTF-8, gzip", FAILED, options=Options(day_first=True)),
    Kind("CSV without a state", b"job,batch\na,r\nb,r\n", "CSV with , between fields, UTF-8", {"FAILED": 2},
         options=Options(maps=("run_id=batch", "phase_id=job"), sets=("state=FAILED",))),
    Kind("pytest", PYTEST, "JUnit XML, UTF-8", {"FAILED": 1, "COMPLETE": 1, "SKIPPED": 1}),
    Kind("Surefire with reruns", SUREFIRE, "JUnit XML, UTF-8", {"FAILED": 2, "COMPLETE": 1}),
    Kind("Playwright in two browsers", gzip.compress(PLAYWRIGHT), "JUnit XML, UTF-8, gzip", BOTH),
    Kind("Jest in colours", COLOURED, "JUnit XML, UTF-8", BOTH),
    Kind("a test that was tried twice", RETRIED, "JUnit XML, UTF-8", {"COMPLETE": 2}),
    Kind("Airflow's REST API", document({"task_instances": AIRFLOW, "total_entries": 3}), "JSON, UTF-8",
         {"FAILED": 1, "QUEUED": 1, "COMPLETE": 1}, "airflow"),
    Kind("Airflow's table", AIRFLOW_CSV.encode(), "CSV with , between fields, UTF-8", {"FAILED": 1, "QUEUED": 1}, "airflow"),
    Kind("GitHub's pages of jobs", document({"total_count": 3, "jobs": JOBS[:2]}) + document({"jobs": JOBS[2:]}),
         "JSON, UTF-8", {"FAILED": 1, "COMPLETE": 1, "QUEUED": 1}, "github"),
    Kind("gh run view", document(GH_CLI, indent=2), "JSON, UTF-8", FAILED, "github", Options(sets=("run_id=123",))),
    Kind("GitHub, each attempt", document({"jobs": [{**JOB, "run_attempt": 2, "conclusion": "success"}, JOB]}),
         "JSON, UTF-8", {"COMPLETE": 1}, "github"),
    Kind("Flower", document(FLOWER), "JSON, UTF-8", {"FAILED": 1, "COMPLETE": 1, "SKIPPED": 1}, "celery"),
    Kind("Celery's results", RESULTS_CSV.encode(), "CSV with , between fields, UTF-8", BOTH, "celery"),
    Kind("RQ", lines(*RQ), "JSON lines, UTF-8", BOTH, "rq"),
    Kind("Sidekiq", lines(*SIDEKIQ), "JSON lines, UTF-8", {"FAILED": 1, "QUEUED": 1}, "sidekiq"),
    Kind("BullMQ", document(BULLMQ), "JSON, UTF-8", BOTH, "bullmq"),
]  # fmt: skip
