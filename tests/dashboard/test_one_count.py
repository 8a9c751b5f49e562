"""A figure is one number wherever it stands: of a fingerprint, of a drain's failures, of the backlog."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from drain.dashboard.fingerprints.listing import causes_by_trend
from drain.dashboard.fingerprints.queries import affected_runs, failures_per_hour, total_failures
from drain.dashboard.overview.fingerprints import read_fingerprints
from drain.engine.news.watch import watch
from drain.engine.queue.ledger import read_ledger
from drain.engine.sessions.planning import preview
from drain.engine.sessions.results import session_counts
from drain.engine.sessions.scope import SessionScope
from drain.evidence.comparison.backlog import backlog
from drain.evidence.comparison.compare import compare
from drain.evidence.comparison.sides import before_session, of_session
from drain.evidence.fingerprints.aliases import members
from drain.evidence.fixes.judgement import judge_keys
from drain.evidence.fixes.reading import FixScope
from drain.evidence.fixes.trials import FixWindow
from drain.evidence.report.build import build_report
from drain.evidence.rollups.fold import fold
from drain.models import (
    AttemptDelta,
    DrainSession,
    FingerprintAlias,
    Notice,
    SessionRun,
    Transition,
)
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from drain.policy.stopping.limits import Limits
from tests.dashboard.evidence.pages import text_of
from tests.dashboard.people import signed_in
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)
from tests.people import person

pytestmark = pytest.mark.django_db
COMPLETE, FAILED = 3, 7
"""Attempts of the drain; five failed ones are known by the fingerprint, through a merge and an older key."""


@pytest.fixture(params=[False, True], ids=["not folded", "folded"])
def site(request: pytest.FixtureRequest) -> SimpleNamespace:
    """A drain that ended a minute ago: 3 phases complete, 5 fail by one fingerprint, 2 by another."""
    caches["pages"].clear()
    caches["default"].clear()
    now = timezone.now()
    cause = FingerprintFactory(key="c", title="Error c", status="ongoing", last_seen=now)
    merged = FingerprintFactory(key="m", title="Error m", merged_into=cause)
    FingerprintAlias.objects.create(key="older", fingerprint=merged, version=1)
    FingerprintFactory(key="far", title="Error far", status="ongoing", last_seen=now)
    run = RunFactory(run_id="run", executor=ExecutorFactory())
    started = now - timedelta(minutes=5)
    session = SessionFactory(
        started_at=started, ended_at=now, state="finished", selected=10, total_failed=10,
        limits=Limits(batch_size=50).to_json(), before={"FAILED": 10}, scope={"run_ids": ["run"]},
    )  # fmt: skip
    SessionRun.objects.create(session=session, run=run, complete=COMPLETE, failed=FAILED)
    keys = [""] * COMPLETE + ["c", "c", "m", "m", "older", "far", "far"]
    for place, key in enumerate(keys, 1):
        state = "FAILED" if key else "COMPLETE"
        phase = PhaseFactory(run=run, state=state, last_fingerprint=key, state_changed_at=now)
        outcome = "failed" if key else "complete"
        CandidateFactory(
            session=session, phase=phase, run=run, fingerprint="c", planned_position=place,
            outcome=outcome,
        )  # fmt: skip
        AttemptFactory(
            phase=phase, run=run, session=session, outcome=outcome, fingerprint=key,
            started_at=started, finished_at=now - timedelta(minutes=1),
        )  # fmt: skip
        AttemptDelta.objects.create(
            finished_at=now - timedelta(minutes=1), run_pk=run.pk, category="", outcome=outcome,
            fingerprint=key, seconds=60, telemetry_events=0,
        )  # fmt: skip
    DrainSession.objects.update(after={"FAILED": FAILED, "COMPLETE": COMPLETE})
    if request.param:
        fold()
    _, token = issue_token(
        person(Role.OPERATOR), "script", Person("root", Origin.ADMIN), expires_at=None
    )
    return SimpleNamespace(now=now, session=session, viewer=signed_in(Role.VIEWER), token=token)


def command(*words: str) -> str:
    out = StringIO()
    with suppress(CommandError):
        call_command(*words, stdout=out)
    return out.getvalue()


def api(site: SimpleNamespace, path: str) -> dict[str, Any]:
    answer = site.viewer.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {site.token}"})
    found: dict[str, Any] = json.loads(answer.content)
    return found


def listed_phases(site: SimpleNamespace, path: str) -> int:
    file = b"".join(site.viewer.get(f"{path}&download=csv")).decode().lstrip("\ufeff")
    return len(list(csv.DictReader(io.StringIO(file))))


def test_phases_that_fail_by_a_fingerprint_now_are_as_many_in_every_place(site):
    listed = {row["key"]: row for row in causes_by_trend(site.now, 9)}
    file = b"".join(site.viewer.get("/fingerprints/?download=csv")).decode().lstrip("\ufeff")
    exported = {row["key"]: row for row in csv.DictReader(io.StringIO(file))}
    said = json.loads(command("fingerprints", "--json"))["fingerprints"]
    administrator = signed_in(Role.ADMINISTRATOR)
    in_admin = administrator.get(reverse("admin:drain_phase_changelist") + "?fingerprint=c")
    plan = preview(SessionScope(fingerprints=("c",)), Limits(batch_size=100), site.now)
    places = {
        "list": listed["c"]["failed"],
        "file": int(exported["c"]["failed"]),
        "page": affected_runs(members(["c"]))[0]["phases"],
        "command": next(item for item in said if item["key"] == "c")["failed_now"],
        "interface": next(i for i in api(site, "fingerprints")["items"] if i["key"] == "c")[
            "failed_now"
        ],
        "admin": in_admin.context["cl"].result_count,
        "drain of it": len(plan.selected),
        "page of its fix": judge_keys(("c",), FixScope((), FixWindow(site.now))).left.failing,
        "phases of it": listed_phases(site, "/phases/?fingerprint=c"),
    }
    assert places == dict.fromkeys(places, 5)


def test_failed_attempts_of_a_fingerprint_are_as_many_in_every_place(site):
    keys = members(["c"])
    listed = {row["key"]: row for row in causes_by_trend(site.now, 9)}
    matrix = {row.key: row for row in read_fingerprints(site.now).rows}
    changed = compare(before_session(site.session), of_session(site.session)).causes
    report = json.loads(command("report", str(site.session.pk), "--format", "json"))
    page = text_of(site.viewer.get("/fingerprints/c/").content.decode())
    places = {
        "list": listed["c"]["week"],
        "overview": matrix["c"].cells[-1].failures,
        "page, in all": total_failures(keys),
        "page, by hour": sum(failures_per_hour(keys, site.now)[1]),
        "page": int(re.findall(r"(\d+) failed attempts", page)[0]),
        "compare": next(c.attempts for c in (*changed.still, *changed.regressed) if c.key == "c"),
        "report": next(
            c["attempts"] for c in report["comparison"]["causes"]["still"] if c["key"] == "c"
        ),
    }
    assert places == dict.fromkeys(places, 5)


def test_the_rate_of_a_drain_is_one_in_every_place(site):
    pk = site.session.pk
    said = f"{COMPLETE} of {COMPLETE + FAILED} (30.0 %"
    assert said in command("report", str(pk)).replace("\\", "")
    assert said in command("compare", "--drain", str(pk))
    report = build_report(site.session, site.now)
    assert report.comparison.after.rate.complete == COMPLETE
    counts = session_counts(pk)
    assert (counts["complete"], counts["failed"]) == (COMPLETE, FAILED)
    listed = text_of(site.viewer.get("/drains/").content.decode())
    assert f"10 of 10 {COMPLETE} {FAILED} 0 5 min" in listed
    for path in (f"/drains/{pk}/", f"/drains/{pk}/report/", "/"):
        assert "30.0 %" in text_of(site.viewer.get(path).content.decode()), path
    found = api(site, f"sessions/{pk}")
    assert (found["complete"], found["failed"]) == (COMPLETE, FAILED)
    watch(site.now)
    title = f"Drain {pk} finished: 10 selected, {COMPLETE} complete, {FAILED} failed"
    news = next(item for item in api(site, "news")["items"] if item["event"] == "drain.ended")
    facts = Notice.objects.get(kind="drain.ended").facts
    assert (news["title"], facts["complete"], facts["failed"]) == (title, COMPLETE, FAILED)
    assert title in command("news")
    assert title in text_of(site.viewer.get("/news/").content.decode())


def test_the_change_of_the_backlog_is_one_in_every_place(site):
    for state in ("FAILED",) * FAILED:
        Transition.objects.create(
            subject="phase", subject_pk=1, from_state="", to_state=state, verb="imported", actor="w",
            at=site.now,
        )  # fmt: skip
    said = backlog(48, timezone.now())
    assert (said.change, said.imports, said.work) == (FAILED, FAILED, 0)
    caches["default"].clear()
    assert f"+{FAILED} in 48 h" in text_of(site.viewer.get("/").content.decode())
    evidence = text_of(site.viewer.get("/evidence/").content.decode())
    assert f"+{FAILED}, of which +{FAILED} by imports and ±0 by attempts and people" in evidence


def test_the_backlog_is_one_in_every_place(site):
    ledger = read_ledger(site.now)
    assert ledger.failed == FAILED
    overview = text_of(site.viewer.get("/").content.decode())
    assert re.search(rf"Backlog, failed phases [^0-9]*{FAILED}\b", overview)
    assert f"{FAILED} now:" in text_of(site.viewer.get("/evidence/").content.decode())
    metrics = site.viewer.get("/metrics", headers={"Authorization": f"Bearer {site.token}"})
    assert f'drain_phases{{state="FAILED"}} {FAILED}' in metrics.content.decode()
    assert f'drain_attempts_total{{outcome="failed"}} {FAILED}' in metrics.content.decode()
    left = json.loads(command("report", str(site.session.pk), "--format", "json"))["left"]
    assert left["failed_total"] == FAILED
    assert len(preview(SessionScope(), Limits(batch_size=100), site.now).selected) == FAILED
