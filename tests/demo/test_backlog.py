"""The demo's backlog: the report's run exactly, made once, the same each time."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime

from drain.demo.backlog import MORE_RUNS, RESEARCH, build

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def states(path, where="1 = 1"):
    with sqlite3.connect(path) as database:
        found = database.execute(f"SELECT state FROM phases WHERE {where}").fetchall()
    database.close()
    return Counter(state for (state,) in found)


def test_the_run_of_the_report_has_two_complete_five_failed_and_one_queued(tmp_path):
    build(tmp_path / "a.db", NOW)
    found = states(tmp_path / "a.db", f"run_id = '{RESEARCH}'")
    assert found == {"COMPLETE": 2, "FAILED": 5, "QUEUED": 1}


def test_two_dozen_more_runs_failed_by_the_hundred(tmp_path):
    build(tmp_path / "a.db", NOW)
    assert MORE_RUNS == 24
    assert states(tmp_path / "a.db")["FAILED"] > 100


def test_a_backlog_that_is_there_stays_as_it_is(tmp_path):
    build(tmp_path / "a.db", NOW)
    before = (tmp_path / "a.db").read_bytes()
    build(tmp_path / "a.db", datetime(2026, 3, 4, tzinfo=UTC))
    assert (tmp_path / "a.db").read_bytes() == before
