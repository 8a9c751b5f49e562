"""Addresses of the pages."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from drain.dashboard.attempts.listing import attempt_list
from drain.dashboard.attempts.log import attempt_log, attempt_log_file
from drain.dashboard.audit import views as audit
from drain.dashboard.autopilot import views as autopilot
from drain.dashboard.drains import actions as drain_actions
from drain.dashboard.drains import new, report
from drain.dashboard.drains import views as drains
from drain.dashboard.drains.pick import session_pick
from drain.dashboard.evidence import actions as evidence_actions
from drain.dashboard.evidence import views as evidence
from drain.dashboard.executors.views import executor_set
from drain.dashboard.fingerprints import actions as fingerprint_actions
from drain.dashboard.fingerprints import views as fingerprints
from drain.dashboard.first.views import first_account
from drain.dashboard.frame import saved_views
from drain.dashboard.http.methods import ACT, answers
from drain.dashboard.imports.views import import_new
from drain.dashboard.news import views as news_views
from drain.dashboard.news import webhooks
from drain.dashboard.notes.actions import note_add, note_remove
from drain.dashboard.overview.views import overview
from drain.dashboard.phases.listing import phase_list
from drain.dashboard.phases.views import phase_detail
from drain.dashboard.queue import actions as queue_actions
from drain.dashboard.queue import bulk
from drain.dashboard.queue import views as queue
from drain.dashboard.queue.holding import hold_matching_runs
from drain.dashboard.queue.trial import executor_try
from drain.dashboard.runs.views import run_detail, run_list
from drain.dashboard.search.views import search
from drain.dashboard.sources import views as sources
from drain.dashboard.telemetry.views import telemetry
from drain.dashboard.ticked.fingerprints import fingerprints_decide, fingerprints_drain
from drain.dashboard.ticked.runs import runs_drain, runs_hold
from drain.dashboard.workers.views import worker_list
from drain.people.held import SignInView

app_name = "drain"

_PEOPLE = [
    path("login/", SignInView.as_view(), name="login"),
    path("first/<str:key>/", first_account, name="first-account"),
    path("logout/", answers(ACT)(LogoutView.as_view()), name="logout"),
    path("audit/", audit.audit_list, name="audit-list"),
    path("audit/export.csv", audit.audit_export, name="audit-export"),
    path("notes/", note_add, name="note-add"),
    path("notes/<int:pk>/remove/", note_remove, name="note-remove"),
    path("views/save/", saved_views.view_save, name="view-save"),
    path("views/<int:pk>/rename/", saved_views.view_rename, name="view-rename"),
    path("views/<int:pk>/delete/", saved_views.view_delete, name="view-delete"),
]
_WORK = [
    path("", overview, name="overview"),
    path("import/", import_new, name="import-new"),
    path("sources/", sources.source_list, name="source-list"),
    *(
        path(f"sources/<int:pk>/{act}/", view, name=f"source-{act}")
        for act, view in sources.VERBS.items()
    ),
    path("executors/set/", executor_set, name="executor-set"),
    path("executors/try/", executor_try, name="executor-try"),
    path("runs/", run_list, name="run-list"),
    path("runs/hold/", runs_hold, name="runs-hold"),
    path("runs/drain/", runs_drain, name="runs-drain"),
    path("runs/<int:pk>/", run_detail, name="run-detail"),
    path("phases/", phase_list, name="phase-list"),
    path("phases/<int:pk>/", phase_detail, name="phase-detail"),
    path("attempts/", attempt_list, name="attempt-list"),
    path("attempts/<int:pk>/log/", attempt_log, name="attempt-log"),
    path("attempts/<int:pk>/log.txt", attempt_log_file, name="attempt-log-file"),
    path("search/", search, name="search"),
    path("telemetry/", telemetry, name="telemetry"),
    path("workers/", worker_list, name="worker-list"),
]
_DRAINS = [
    path("drains/new/", new.session_new, name="session-new"),
    path("drains/pick/<slug:kind>/", session_pick, name="session-pick"),
    path("drains/", drains.session_list, name="session-list"),
    path("drains/<int:pk>/", drains.session_detail, name="session-detail"),
    path(
        "drains/<int:pk>/excluded/<slug:reason>/", drains.session_excluded, name="session-excluded"
    ),
    path("drains/<int:pk>/report/", report.session_report, name="session-report"),
    path(
        "drains/<int:pk>/report/<slug:kind>/",
        report.session_report_file,
        name="session-report-file",
    ),
    path("drains/<int:pk>/pause/", drain_actions.session_pause, name="session-pause"),
    path("drains/<int:pk>/resume/", drain_actions.session_resume, name="session-resume"),
    path("drains/<int:pk>/stop/", drain_actions.session_stop, name="session-stop"),
    path("drains/<int:pk>/cancel/", drain_actions.session_cancel, name="session-cancel"),
]
_QUEUE = [
    path("queued/", queue.queued_list, name="queued-list"),
    path("queued/clear/", queue_actions.queued_clear, name="queued-clear"),
    path("phases/requeue/", queue_actions.phase_requeue, name="phase-requeue"),
    path("phases/discard/", queue_actions.phase_discard, name="phase-discard"),
    path("phases/<int:pk>/drain/", queue_actions.phase_drain, name="phase-drain"),
    path("holds/", queue_actions.hold_add, name="hold-add"),
    path("holds/matching/", hold_matching_runs, name="hold-matching"),
    path("holds/<int:pk>/release/", queue_actions.hold_release, name="hold-release"),
    path("bulk/<int:pk>/", bulk.bulk_detail, name="bulk-detail"),
    path("bulk/<int:pk>/cancel/", bulk.bulk_cancel, name="bulk-cancel"),
]
_FINGERPRINTS = [
    path("fingerprints/", fingerprints.fingerprint_list, name="fingerprint-list"),
    path("fingerprints/decide/", fingerprints_decide, name="fingerprints-decide"),
    path("fingerprints/drain/", fingerprints_drain, name="fingerprints-drain"),
    path("fingerprints/<str:key>/", fingerprints.fingerprint_detail, name="fingerprint-detail"),
    *(
        path(f"fingerprints/<str:key>/{act}/", view, name=f"fingerprint-{act}")
        for act, view in (
            ("snooze", fingerprint_actions.fingerprint_snooze),
            ("mute", fingerprint_actions.fingerprint_mute),
            ("wake", fingerprint_actions.fingerprint_wake),
            ("resolve", fingerprint_actions.fingerprint_resolve),
            ("merge", fingerprint_actions.fingerprint_merge),
            ("unmerge", fingerprint_actions.fingerprint_unmerge),
            ("split", fingerprint_actions.fingerprint_split),
        )
    ),
]
_EVIDENCE = [
    path("evidence/", evidence.evidence_list, name="evidence"),
    path("evidence/compare/", evidence.evidence_compare, name="evidence-compare"),
    path("evidence/markers/new/", evidence_actions.marker_new, name="marker-new"),
    path("evidence/markers/<int:pk>/", evidence.marker_detail, name="marker-detail"),
    path("evidence/checks/new/", evidence_actions.check_new, name="check-new"),
]
_NEWS = [
    path("autopilot/", autopilot.autopilot_list, name="autopilot-list"),
    path("autopilot/<int:pk>/change/", autopilot.autopilot_change, name="autopilot-change"),
    *(
        path(f"autopilot/<int:pk>/{act}/", view, name=f"autopilot-{act}")
        for act, view in autopilot.VERBS.items()
    ),
    path("autopilot/fixes/<int:pk>/stop/", autopilot.rollout_stop, name="rollout-stop"),
    path("news/", news_views.news, name="news"),
    path("news/choices/", news_views.news_choose, name="news-choose"),
    path("news/mail/", news_views.news_mail, name="news-mail"),
    path("news/chat/", news_views.news_chat, name="news-chat"),
    path("news/chat/test/", news_views.news_chat_test, name="news-chat-test"),
    path("news/chat/forget/", news_views.news_chat_forget, name="news-chat-forget"),
    path("news/webhooks/", webhooks.webhook_list, name="webhook-list"),
    *(
        path(f"news/webhooks/<int:pk>/{act}/", view, name=f"webhook-{act}")
        for act, view in (
            ("test", webhooks.webhook_test),
            ("switch", webhooks.webhook_switch),
            ("renew", webhooks.webhook_renew),
            ("remove", webhooks.webhook_remove),
        )
    ),
    path("news/messages/<uuid:delivery>/again/", webhooks.delivery_again, name="delivery-again"),
]
urlpatterns: list[URLPattern] = [
    *_PEOPLE,
    *_WORK,
    *_DRAINS,
    *_QUEUE,
    *_FINGERPRINTS,
    *_EVIDENCE,
    *_NEWS,
]

if settings.DEBUG:
    # For developers: every component in every state, from made-up data.
    from drain.dashboard.styleguide.views import styleguide

    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
