"""A site in which everything is at work, and the addresses of all its pages."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from drain.models import Autopilot, BulkAction, DrainSession, FixMarker, Hold, Rollout
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)
from tests.permissions_table import NOT_MADE_FOR, PAGES

KEY = "k" * 32
NO_PAGES = ("drain:session-pick", "drain:session-report-file", "drain:first-account", "drain:login")


def whole_site() -> list[str]:
    """Every page that may be looked at, of a site in which everything is at work."""
    ExecutorFactory()
    run = RunFactory(run_id="nightly")
    FingerprintFactory(key=KEY)
    failed = PhaseFactory(run=run, last_fingerprint=KEY)
    queued = PhaseFactory(run=run, state="QUEUED", state_changed_at=timezone.now())
    live = [
        SessionFactory(state=state, ended_at=None, started_at=NOON)
        for state in ("running", "paused", "running")
    ]
    DrainSession.objects.filter(pk=live[-1].pk).update(state="stopping", stop_reason="person")
    DrainSession.objects.update(ledger={"beyond_batch": 2, "run_held": 1}, total_failed=3)
    for session in live:
        for _ in range(3):
            CandidateFactory(session=session, status="waiting", planned_position=1)
    attempt = AttemptFactory(phase=PhaseFactory(run=run), session=live[0], fingerprint=KEY)
    CandidateFactory(session=live[0], status="running", planned_position=2)
    Hold.objects.create(kind="prefix", value="x-", reason="x", created_by="x", origin="admin")
    bulk = BulkAction.objects.create(
        verb="clear_queued", label="x", things="phases", reason="x", actor="x", origin="admin"
    )
    marker = FixMarker.objects.create(title="x", applied_at=NOON, created_by="x")
    marker.fingerprints.set([FingerprintFactory()])
    Rollout.objects.create(marker=marker, sample=2, state="draining", started_by="x")
    for paused in (None, NOON):
        Autopilot.objects.create(
            name=f"x{paused}", trigger="schedule", cron="@daily", armed_at=NOON, heard_at=NOON,
            created_by="x", paused_at=paused,
        )  # fmt: skip
    return _addresses({
        "run": [run.pk], "phase": [failed.pk, queued.pk], "session": [one.pk for one in live],
        "attempt": [attempt.pk], "marker": [marker.pk], "bulk": [bulk.pk],
    })  # fmt: skip


def _addresses(numbers: dict[str, list[int]]) -> list[str]:
    words = {
        "drain:session-excluded": {"reason": "run_held"},
        "drain:fingerprint-detail": {"key": KEY},
    }
    found = []
    for name, row in PAGES.items():
        if row.get == NOT_MADE_FOR or name in NO_PAGES or name.startswith(("admin:", "api")):
            continue
        found += [
            reverse(name, kwargs=({"pk": pk} if row.pk else {}) | words.get(name, {}))
            for pk in numbers.get(row.pk, [0])
        ]
    return [*found, reverse("drain:session-new") + "?run=nightly&plan=now"]
