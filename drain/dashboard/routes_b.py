"""Addresses of drains, queued phases, fingerprints and workers."""

from __future__ import annotations

from django.urls import URLPattern, path

from drain.dashboard import (
    bulk,
    fingerprint_actions,
    fingerprints,
    new_drain,
    queued,
    queued_actions,
    reports,
    session_actions,
    sessions,
    workers,
)

ROUTES: list[URLPattern] = [
    path("drains/new/", new_drain.session_new, name="session-new"),
    path("drains/", sessions.session_list, name="session-list"),
    path("drains/<int:pk>/", sessions.session_detail, name="session-detail"),
    path(
        "drains/<int:pk>/excluded/<slug:reason>/",
        sessions.session_excluded,
        name="session-excluded",
    ),
    path("drains/<int:pk>/report/", reports.session_report, name="session-report"),
    path(
        "drains/<int:pk>/report/<slug:kind>/",
        reports.session_report_file,
        name="session-report-file",
    ),
    path("drains/<int:pk>/pause/", session_actions.session_pause, name="session-pause"),
    path("drains/<int:pk>/resume/", session_actions.session_resume, name="session-resume"),
    path("drains/<int:pk>/stop/", session_actions.session_stop, name="session-stop"),
    path("drains/<int:pk>/cancel/", session_actions.session_cancel, name="session-cancel"),
    path("queued/", queued.queued_list, name="queued-list"),
    path("queued/clear/", queued_actions.queued_clear, name="queued-clear"),
    path("phases/requeue/", queued_actions.phase_requeue, name="phase-requeue"),
    path("phases/<int:pk>/drain/", queued_actions.phase_drain, name="phase-drain"),
    path("holds/", queued_actions.hold_add, name="hold-add"),
    path("holds/<int:pk>/release/", queued_actions.hold_release, name="hold-release"),
    path("bulk/<int:pk>/", bulk.bulk_detail, name="bulk-detail"),
    path("bulk/<int:pk>/cancel/", bulk.bulk_cancel, name="bulk-cancel"),
    path("workers/", workers.worker_list, name="worker-list"),
    path("fingerprints/", fingerprints.fingerprint_list, name="fingerprint-list"),
    path("fingerprints/<str:key>/", fingerprints.fingerprint_detail, name="fingerprint-detail"),
    *(
        path(f"fingerprints/<str:key>/{act}/", view, name=f"fingerprint-{act}")
        for act, view in (
            ("snooze", fingerprint_actions.fingerprint_snooze),
            ("mute", fingerprint_actions.fingerprint_mute),
            ("wake", fingerprint_actions.fingerprint_wake),
            ("resolve", fingerprint_actions.fingerprint_resolve),
            ("merge", fingerprint_actions.fingerprint_merge),
        )
    ),
]
