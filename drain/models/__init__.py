"""All models; the only module that re-exports."""

from __future__ import annotations

from drain.models.attempts import Attempt, TelemetryEvent
from drain.models.autopilot import Autopilot, Rollout
from drain.models.bulk import BulkAction, BulkItem
from drain.models.checks import Check, CheckResult
from drain.models.executors import ExecutorProfile
from drain.models.fingerprints.fingerprint import (
    Fingerprint,
    FingerprintAlias,
    FingerprintSplit,
    FixMarker,
)
from drain.models.history import Transition
from drain.models.news import ChatAddress, Delivery, NewsChoice, Notice, Webhook
from drain.models.notes import Note
from drain.models.people import ApiToken, AuditEvent, RepeatKey, SavedView
from drain.models.phases import Dependency, Phase
from drain.models.rollups import (
    AttemptDelta,
    DailyFingerprint,
    HourlyRollup,
    HourlyTotal,
    StateCount,
    StateDelta,
    StateSnapshot,
    StateTotal,
)
from drain.models.runs import Hold, Run, Source, SourceDebt
from drain.models.sessions import (
    Candidate,
    DrainSession,
    SessionFingerprint,
    SessionRun,
)
from drain.models.workers import WorkerHost, WorkerLoop

__all__ = [
    "ApiToken",
    "Attempt",
    "AttemptDelta",
    "AuditEvent",
    "Autopilot",
    "BulkAction",
    "BulkItem",
    "Candidate",
    "ChatAddress",
    "Check",
    "CheckResult",
    "DailyFingerprint",
    "Delivery",
    "Dependency",
    "DrainSession",
    "ExecutorProfile",
    "Fingerprint",
    "FingerprintAlias",
    "FingerprintSplit",
    "FixMarker",
    "Hold",
    "HourlyRollup",
    "HourlyTotal",
    "NewsChoice",
    "Note",
    "Notice",
    "Phase",
    "RepeatKey",
    "Rollout",
    "Run",
    "SavedView",
    "SessionFingerprint",
    "SessionRun",
    "Source",
    "SourceDebt",
    "StateCount",
    "StateDelta",
    "StateSnapshot",
    "StateTotal",
    "TelemetryEvent",
    "Transition",
    "Webhook",
    "WorkerHost",
    "WorkerLoop",
]
