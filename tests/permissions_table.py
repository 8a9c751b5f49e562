"""Who may do what: the table that tests/test_permissions.py holds every address against.

A new page needs a row here; docs/permissions.md is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from drain.models.roles import Role

PUBLIC: Final = "anyone"
SIGNED_IN: Final = "signed in"
NOT_MADE_FOR: Final = "–"
"""The method is answered with 405."""
Least = Role | str

V, O, M, A = Role  # noqa: E741 - the four roles in rising order


@dataclass(frozen=True, slots=True)
class Row:
    """The least that somebody must be for each method, and which object of the test world `pk` means."""

    get: Least
    post: Least
    pk: str = ""


PAGES: dict[str, Row] = {
    "api-docs": Row(PUBLIC, NOT_MADE_FOR),
    "api:openapi-json": Row(PUBLIC, NOT_MADE_FOR),
    "api:openapi-view": Row(PUBLIC, NOT_MADE_FOR),
    "drain:login": Row(PUBLIC, PUBLIC),
    "drain:first-account": Row(PUBLIC, PUBLIC),
    "drain:logout": Row(NOT_MADE_FOR, SIGNED_IN),
    "drain:overview": Row(V, NOT_MADE_FOR),
    "drain:executor-set": Row(A, A),
    "drain:executor-try": Row(O, NOT_MADE_FOR),
    "drain:import-new": Row(M, M),
    "drain:run-list": Row(V, NOT_MADE_FOR),
    "drain:phase-list": Row(V, NOT_MADE_FOR),
    "drain:attempt-list": Row(V, NOT_MADE_FOR),
    "drain:runs-hold": Row(O, O),
    "drain:run-detail": Row(V, NOT_MADE_FOR, "run"),
    "drain:phase-detail": Row(V, NOT_MADE_FOR, "phase"),
    "drain:attempt-log": Row(V, NOT_MADE_FOR, "attempt"),
    "drain:attempt-log-file": Row(V, NOT_MADE_FOR, "attempt"),
    "drain:search": Row(V, NOT_MADE_FOR),
    "drain:telemetry": Row(V, NOT_MADE_FOR),
    "drain:session-new": Row(V, O),
    "drain:session-pick": Row(V, NOT_MADE_FOR),
    "drain:session-list": Row(V, NOT_MADE_FOR),
    "drain:session-detail": Row(V, NOT_MADE_FOR, "session"),
    "drain:session-excluded": Row(V, NOT_MADE_FOR, "session"),
    "drain:session-report": Row(V, NOT_MADE_FOR, "session"),
    "drain:session-report-file": Row(V, NOT_MADE_FOR, "session"),
    "drain:session-pause": Row(NOT_MADE_FOR, O, "session"),
    "drain:session-resume": Row(NOT_MADE_FOR, O, "session"),
    "drain:session-stop": Row(NOT_MADE_FOR, O, "session"),
    "drain:session-cancel": Row(NOT_MADE_FOR, O, "session"),
    "drain:autopilot-list": Row(V, O),
    "drain:autopilot-pause": Row(NOT_MADE_FOR, O, "autopilot"),
    "drain:autopilot-resume": Row(NOT_MADE_FOR, O, "autopilot"),
    "drain:autopilot-run": Row(NOT_MADE_FOR, O, "autopilot"),
    "drain:autopilot-remove": Row(NOT_MADE_FOR, O, "autopilot"),
    "drain:rollout-stop": Row(NOT_MADE_FOR, O, "marker"),
    "drain:queued-list": Row(V, NOT_MADE_FOR),
    "drain:queued-clear": Row(NOT_MADE_FOR, O),
    "drain:phase-requeue": Row(NOT_MADE_FOR, O),
    "drain:phase-discard": Row(NOT_MADE_FOR, O),
    "drain:phase-drain": Row(NOT_MADE_FOR, O, "phase"),
    "drain:hold-add": Row(NOT_MADE_FOR, O),
    "drain:hold-matching": Row(O, O),
    "drain:hold-release": Row(NOT_MADE_FOR, O, "hold"),
    "drain:bulk-detail": Row(V, NOT_MADE_FOR, "bulk"),
    "drain:bulk-cancel": Row(NOT_MADE_FOR, O, "bulk"),
    "drain:worker-list": Row(V, NOT_MADE_FOR),
    "drain:fingerprint-list": Row(V, NOT_MADE_FOR),
    "drain:fingerprints-decide": Row(M, M),
    "drain:fingerprint-detail": Row(V, NOT_MADE_FOR),
    "drain:fingerprint-snooze": Row(NOT_MADE_FOR, M),
    "drain:fingerprint-mute": Row(NOT_MADE_FOR, M),
    "drain:fingerprint-wake": Row(NOT_MADE_FOR, M),
    "drain:fingerprint-resolve": Row(NOT_MADE_FOR, M),
    "drain:fingerprint-merge": Row(NOT_MADE_FOR, M),
    "drain:fingerprint-unmerge": Row(NOT_MADE_FOR, M),
    "drain:fingerprint-split": Row(NOT_MADE_FOR, M),
    "drain:evidence": Row(V, NOT_MADE_FOR),
    "drain:evidence-compare": Row(V, NOT_MADE_FOR),
    "drain:marker-detail": Row(V, NOT_MADE_FOR, "marker"),
    "drain:marker-new": Row(M, M),
    "drain:check-new": Row(M, M),
    "drain:audit-list": Row(V, NOT_MADE_FOR),
    "drain:audit-export": Row(V, NOT_MADE_FOR),
    "drain:news": Row(V, NOT_MADE_FOR),
    "drain:news-choose": Row(NOT_MADE_FOR, V),
    "drain:news-mail": Row(NOT_MADE_FOR, V),
    "drain:webhook-list": Row(A, A),
    "drain:webhook-test": Row(NOT_MADE_FOR, A, "webhook"),
    "drain:webhook-switch": Row(NOT_MADE_FOR, A, "webhook"),
    "drain:webhook-renew": Row(NOT_MADE_FOR, A, "webhook"),
    "drain:webhook-remove": Row(NOT_MADE_FOR, A, "webhook"),
    "drain:delivery-again": Row(NOT_MADE_FOR, A),
    "drain:note-add": Row(NOT_MADE_FOR, O),
    "drain:note-remove": Row(NOT_MADE_FOR, O, "note"),
    "drain:view-save": Row(NOT_MADE_FOR, V),
    "drain:view-rename": Row(NOT_MADE_FOR, V),
    "drain:view-delete": Row(NOT_MADE_FOR, V),
    "admin:index": Row(V, V),
    "admin:login": Row(PUBLIC, PUBLIC),
    "admin:logout": Row(NOT_MADE_FOR, V),
    "admin:password_change": Row(V, V),
    "admin:password_change_done": Row(V, NOT_MADE_FOR),
    "admin:jsi18n": Row(V, NOT_MADE_FOR),
}
"""Pages by name. Other methods than GET, HEAD and POST are answered by none."""

N = None
# The least role to see, add, change and delete rows of a model in the admin; None: superusers at most.
MODELS: dict[str, tuple[Role | None, Role | None, Role | None, Role | None]] = {
    "auth.group": (A, N, N, N),
    "auth.user": (A, A, A, N),
    "axes.accessattempt": (N, N, N, N),
    "axes.accessfailurelog": (N, N, N, N),
    "axes.accesslog": (N, N, N, N),
    "drain.apitoken": (A, A, N, N),
    "drain.attempt": (V, N, N, N),
    "drain.attemptdelta": (V, N, N, N),
    "drain.auditevent": (V, N, N, N),
    "drain.autopilot": (V, N, N, N),
    "drain.bulkaction": (V, N, N, N),
    "drain.bulkitem": (V, N, N, N),
    "drain.candidate": (V, N, N, N),
    "drain.check": (V, M, M, M),
    "drain.checkresult": (V, N, N, N),
    "drain.dailyfingerprint": (V, N, N, N),
    "drain.dependency": (V, N, N, N),
    "drain.drainsession": (V, N, N, N),
    "drain.executorprofile": (A, A, A, A),
    "drain.fingerprint": (V, N, N, N),
    "drain.fingerprintalias": (V, N, N, N),
    "drain.fingerprintsplit": (V, N, N, N),
    "drain.fixmarker": (V, N, M, M),
    "drain.hold": (V, N, N, N),
    "drain.hourlyrollup": (V, N, N, N),
    "drain.hourlytotal": (V, N, N, N),
    "drain.phase": (V, M, M, N),
    "drain.rollout": (V, N, N, N),
    "drain.run": (V, M, M, N),
    "drain.savedview": (N, N, N, N),
    "drain.sessionfingerprint": (V, N, N, N),
    "drain.sessionrun": (V, N, N, N),
    "drain.source": (V, N, A, N),
    "drain.statecount": (V, N, N, N),
    "drain.statedelta": (V, N, N, N),
    "drain.statesnapshot": (V, N, N, N),
    "drain.statetotal": (V, N, N, N),
    "drain.telemetryevent": (V, N, N, N),
    "drain.transition": (V, N, N, N),
    "drain.workerhost": (V, N, N, N),
    "drain.workerloop": (V, N, N, N),
}

ACTIONS: dict[str, Role] = {
    "clear_queued": O,
    "requeue": O,
    "discard": O,
    "drain_selected": O,
    "rescue": O,
    "hold_runs": O,
    "release_holds": O,
    "revoke": A,
}
"""Actions of the admin that are not edits."""

# The API: tokens carry the role of their person; nobody's cookie opens it.
API: dict[str, Row] = {
    "api:overview": Row(V, NOT_MADE_FOR),
    "api:session-list": Row(V, NOT_MADE_FOR),
    "api:session-detail": Row(V, NOT_MADE_FOR, "session"),
    "api:session-pause": Row(NOT_MADE_FOR, O, "session"),
    "api:session-resume": Row(NOT_MADE_FOR, O, "session"),
    "api:session-stop": Row(NOT_MADE_FOR, O, "session"),
    "api:session-cancel": Row(NOT_MADE_FOR, O, "session"),
    "api:phase-list": Row(V, NOT_MADE_FOR),
    "api:phase-why": Row(V, NOT_MADE_FOR, "phase"),
    "api:fix-detail": Row(V, NOT_MADE_FOR, "marker"),
    "api:run-list": Row(V, NOT_MADE_FOR),
    "api:drain-start": Row(NOT_MADE_FOR, O),
    "api:clear-queued": Row(NOT_MADE_FOR, O),
    "api:requeue": Row(NOT_MADE_FOR, O),
    "api:discard": Row(NOT_MADE_FOR, O),
    "api:selection": Row(NOT_MADE_FOR, V),
    "api:bulk-detail": Row(V, NOT_MADE_FOR, "bulk"),
    "api:bulk-cancel": Row(NOT_MADE_FOR, O, "bulk"),
    "api:plan": Row(NOT_MADE_FOR, O),
    "api:import": Row(NOT_MADE_FOR, M),
    "api:hold-list": Row(V, O),
    "api:hold-release": Row(NOT_MADE_FOR, O),
    "api:note-list": Row(V, O),
    "api:note-remove": Row(NOT_MADE_FOR, O, "note"),
    "api:marker-list": Row(V, M),
    "api:check-list": Row(V, NOT_MADE_FOR),
    "api:fingerprint-list": Row(V, NOT_MADE_FOR),
    "api:fingerprint-mute": Row(NOT_MADE_FOR, M, "key"),
    "api:fingerprint-wake": Row(NOT_MADE_FOR, M, "key"),
    "api:fingerprint-resolve": Row(NOT_MADE_FOR, M, "key"),
    "api:fingerprint-unmerge": Row(NOT_MADE_FOR, M, "key"),
    "api:fingerprint-split": Row(NOT_MADE_FOR, M, "key"),
    "api:fingerprint-snooze": Row(NOT_MADE_FOR, M, "key"),
    "api:fingerprint-merge": Row(NOT_MADE_FOR, M, "key"),
    "api:compare": Row(V, NOT_MADE_FOR),
    "api:session-report": Row(V, NOT_MADE_FOR, "session"),
    "api:session-what-if": Row(NOT_MADE_FOR, V, "session"),
    "api:news-list": Row(V, NOT_MADE_FOR),
    "api:news-choices": Row(V, V),
    "api:webhook-list": Row(A, A),
    "api:webhook-renew": Row(NOT_MADE_FOR, A, "webhook"),
    "api:webhook-remove": Row(NOT_MADE_FOR, A, "webhook"),
    "api:webhook-test": Row(NOT_MADE_FOR, A, "webhook"),
    "api:webhook-messages": Row(A, NOT_MADE_FOR, "webhook"),
    "api:autopilot-list": Row(V, O),
    "api:autopilot-pause": Row(NOT_MADE_FOR, O, "autopilot"),
    "api:autopilot-resume": Row(NOT_MADE_FOR, O, "autopilot"),
    "api:autopilot-run": Row(NOT_MADE_FOR, O, "autopilot"),
    "api:autopilot-remove": Row(NOT_MADE_FOR, O, "autopilot"),
    "api:rollout-list": Row(V, NOT_MADE_FOR),
    "api:rollout-stop": Row(NOT_MADE_FOR, O, "marker"),
    "metrics": Row(V, NOT_MADE_FOR),
    "api:nothing": Row(PUBLIC, PUBLIC),
    "api:api-root": Row(PUBLIC, PUBLIC),
}
"""Addresses of the API by name. NOT_MADE_FOR is 405; PUBLIC ones only say that there is nothing."""
