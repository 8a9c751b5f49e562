"""The words that the database stores; docs/glossary.md explains each."""

from __future__ import annotations

from django.db.models import TextChoices


class PhaseState(TextChoices):
    """The state of a phase. COMPLETE and SKIPPED end; everything else can move."""

    QUEUED = "QUEUED", "Queued"
    EXECUTING = "EXECUTING", "Executing"
    GATE = "GATE", "Gate"
    CI_RUNNING = "CI_RUNNING", "CI running"
    COMPLETE = "COMPLETE", "Complete"
    FAILED = "FAILED", "Failed"
    SKIPPED = "SKIPPED", "Skipped"


WORKING_STATES = (PhaseState.EXECUTING, PhaseState.GATE, PhaseState.CI_RUNNING)
ENDED_STATES = (PhaseState.COMPLETE, PhaseState.SKIPPED)


class Outcome(TextChoices):
    """The outcome of an attempt."""

    COMPLETE = "complete", "Complete"
    FAILED = "failed", "Failed"
    TIMEOUT = "timeout", "Timeout"
    RETRYABLE = "retryable", "Retryable"
    SKIPPED = "skipped", "Skipped"
    LOST = "lost", "Lost"
    CANCELLED = "cancelled", "Cancelled"
    INTERRUPTED = "interrupted", "Interrupted"
    DIVERTED = "diverted", "Diverted"


# Completion rate = complete / RATED; retryable and skipped say nothing about the fix.
FAILURE_OUTCOMES = (Outcome.FAILED, Outcome.TIMEOUT, Outcome.LOST)
RATED_OUTCOMES = (Outcome.COMPLETE, *FAILURE_OUTCOMES)
# What was put back untouched is not an attempt that counts against a limit.
UNCOUNTED_OUTCOMES = (Outcome.CANCELLED, Outcome.INTERRUPTED, Outcome.DIVERTED)


class SessionState(TextChoices):
    """The state of a drain session; the first four are live."""

    PLANNED = "planned", "Planned"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    STOPPING = "stopping", "Stopping"
    FINISHED = "finished", "Finished"
    STOPPED = "stopped", "Stopped"
    CANCELLED = "cancelled", "Cancelled"
    INTERRUPTED = "interrupted", "Interrupted"
    REFUSED = "refused", "Refused"


LIVE_SESSION_STATES = (
    SessionState.PLANNED,
    SessionState.RUNNING,
    SessionState.PAUSED,
    SessionState.STOPPING,
)


class BulkState(TextChoices):
    """The state of a bulk action; the first two are live."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


class CandidateStatus(TextChoices):
    """The status of a failed phase within a session."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    EXCLUDED = "excluded", "Excluded"


class RunTier(TextChoices):
    """The tier of a run's next candidate; the value sorts."""

    UNSAMPLED = "0", "Unsampled"
    PROMISING = "1", "Promising"
    SAMPLING = "2", "Sample running"
    DEPRIORITISED = "3", "Deprioritised"


class Order(TextChoices):
    """The order of a run's phases: one after the other, or any."""

    SEQUENTIAL = "sequential", "Sequential"
    INDEPENDENT = "independent", "Independent"


class SourceKind(TextChoices):
    """The kind of thing that a source is read from."""

    AUTOPACK = "autopack", "Autopack database"
    FILES = "files", "Files"
    SQL = "sql", "SQL query"


class FingerprintStatus(TextChoices):
    """Lifecycle of a cause: new → ongoing → fix deployed → resolved | regressed."""

    NEW = "new", "New"
    ONGOING = "ongoing", "Ongoing"
    FIX_DEPLOYED = "fix_deployed", "Fix deployed"
    RESOLVED = "resolved", "Resolved"
    REGRESSED = "regressed", "Regressed"
    SNOOZED = "snoozed", "Snoozed"
    MUTED = "muted", "Muted"


class HoldKind(TextChoices):
    """The kind of thing that a hold sets aside."""

    RUN = "run", "Run"
    PREFIX = "prefix", "Prefix"


class CheckKind(TextChoices):
    """The kind of question that a check asks."""

    NO_FINGERPRINT = "no_fingerprint", "No failure of a fingerprint"
    NO_PATTERN = "no_pattern", "No failure that matches a pattern"
    COMPLETION_RATE = "completion_rate", "Completion rate at least"
    RATE_NOT_WORSE = "rate_not_worse", "Completion rate better than before"
    YIELD = "yield", "Yield at least"
    NO_STATE = "no_state", "No phase left in a state"
    NO_UNKNOWN = "no_unknown", "No unknown error"
    LOGS_KEPT = "logs_kept", "No attempt without a log"


class CheckVerdict(TextChoices):
    """The verdict of a check."""

    PASS = "pass", "Pass"
    FAIL = "fail", "Fail"
    NOT_ENOUGH_DATA = "not_enough_data", "Not enough data"


class Origin(TextChoices):
    """Through which door a person or a process came."""

    BROWSER = "browser", "Browser"
    ADMIN = "admin", "Admin"
    COMMAND = "command", "Command"
    API = "api", "API"
    ENGINE = "engine", "Engine"
    SCHEDULE = "schedule", "Schedule"
    SOURCE = "source", "Source"


class AutopilotTrigger(TextChoices):
    """The kind of event that starts an autopilot's drain."""

    SCHEDULE = "schedule", "Schedule"
    FIX = "fix", "Fix"


class RolloutState(TextChoices):
    """The state of a drain on fix; the first two are live."""

    WAITING = "waiting", "Waiting"
    DRAINING = "draining", "Draining"
    FINISHED = "finished", "Finished"
    STOPPED = "stopped", "Stopped"


LIVE_ROLLOUT_STATES = (RolloutState.WAITING, RolloutState.DRAINING)


class NoticeKind(TextChoices):
    """The subject of news; the value is the name of the event."""

    DRAIN_ENDED = "drain.ended", "A drain ended"
    REGRESSED = "fingerprint.regressed", "A fingerprint regressed"
    NEW_FINGERPRINT = "fingerprint.new", "A new fingerprint fails often"
    STALE = "queue.stale", "Queued phases are stale"
    HOST_SILENT = "host.silent", "A worker host is silent"
    ROLLOUT_ENDED = "rollout.ended", "A drain on fix ended"
    AUTOPILOT_PAUSED = "autopilot.paused", "An autopilot paused itself"
    BUDGET_USED = "autopilot.budget", "An autopilot used up its budget"
    TEST = "test", "A test message"


NEWS = tuple(kind for kind in NoticeKind if kind != NoticeKind.TEST)
"""The kinds of news that people can choose."""


class DeliveryState(TextChoices):
    """The state of a message's delivery."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"
