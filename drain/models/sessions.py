"""Drain sessions: a bounded series of attempts under fixed limits, with its frozen plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from drain.models.attempts import Attempt
from drain.models.autopilot import Autopilot, Rollout
from drain.models.phases import Phase
from drain.models.runs import Run
from drain.models.vocabulary import (
    LIVE_SESSION_STATES,
    CandidateStatus,
    Origin,
    Outcome,
    RunTier,
    SessionState,
)


class DrainSession(models.Model):
    """A drain: what it may touch, under which limits, how far it came and why it ended."""

    state = models.CharField(
        max_length=12, choices=SessionState, default=SessionState.PLANNED, db_index=True
    )
    scope = models.JSONField(default=dict)
    limits = models.JSONField(default=dict)
    parallel = models.PositiveIntegerField(default=1)
    inline = models.BooleanField(default=False)
    note = models.TextField(blank=True)
    started_by = models.CharField(max_length=200)
    origin = models.CharField(max_length=10, choices=Origin)
    # Why it ended: design's stop_reason vocabulary, the stop card, the attempt that tripped the rule.
    stop_reason = models.CharField(max_length=40, blank=True)
    stop_card = models.JSONField(default=dict, blank=True)
    stop_attempt = models.ForeignKey(
        Attempt, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    ledger = models.JSONField(default=dict, blank=True)
    total_failed = models.PositiveIntegerField(default=0)
    selected = models.PositiveIntegerField(default=0)
    preflight = models.JSONField(default=dict, blank=True)
    # A person cancelled: running children are ended too, not only waited for.
    cancel_requested = models.BooleanField(default=False)
    # Kept only while the rule that needs it is on; this row is locked when they change.
    zero_yield_streak = models.PositiveIntegerField(default=0)
    recent_outcomes = models.TextField(blank=True)
    sample_ended = models.PositiveIntegerField(default=0)
    sample_passed = models.PositiveIntegerField(default=0)
    ramp = models.PositiveIntegerField(default=1, db_default=1)
    ramp_ended = models.PositiveIntegerField(default=0, db_default=0)
    ramp_failed = models.PositiveIntegerField(default=0, db_default=0)
    resumed_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="resumed_by"
    )
    # The autopilot that started it, and the step of a drain on fix that it is.
    autopilot = models.ForeignKey(
        Autopilot, models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    rollout = models.ForeignKey(
        Rollout, models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    rollout_step = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Time paused or interrupted counts towards no limit: what is over, and since when it rests now.
    rested = models.DurationField(default=timedelta(), db_default=timedelta())
    resting_since = models.DateTimeField(null=True, blank=True)
    # Attempts that run now, and how many have ended: both change under this row's lock only.
    open_attempts = models.PositiveIntegerField(default=0)
    finishes = models.PositiveIntegerField(default=0)
    # Since when no host that is alive can run what it still needs.
    no_host_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "drain session"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=SessionState.values), name="drain_session_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=LIVE_SESSION_STATES, ended_at__isnull=True)
                | (~Q(state__in=LIVE_SESSION_STATES) & Q(ended_at__isnull=False)),
                name="drain_session_ended_at_end",
            ),
            # Whatever goes wrong around them: never two of one schedule at once, and no step of a fix twice.
            models.UniqueConstraint(
                fields=["autopilot"],
                condition=Q(state__in=LIVE_SESSION_STATES),
                name="drain_session_one_of_autopilot",
            ),
            models.UniqueConstraint(
                fields=["rollout", "rollout_step"], name="drain_session_step_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Drain {self.pk}"

    def rest(self, now: datetime) -> timedelta:
        """Return for how long it was paused or interrupted by now, or until its end."""
        if self.resting_since is None:
            return self.rested
        return self.rested + max((self.ended_at or now) - self.resting_since, timedelta())

    def worked(self, now: datetime) -> timedelta:
        """Return for how long it has run by now, or until its end, without its rests;
        nothing before its start.
        """
        if self.started_at is None:
            return timedelta()
        return max((self.ended_at or now) - self.started_at - self.rest(now), timedelta())


class SessionRun(models.Model):
    """A run within a session: its verdict, its place in the order and its counts.

    Every start and finish of the run's candidates locks this row, which makes the rules per run exact.
    """

    session = models.ForeignKey(
        DrainSession, models.CASCADE, related_name="session_runs", db_index=False
    )
    run = models.ForeignKey(Run, models.CASCADE, related_name="session_runs")
    tier = models.CharField(max_length=1, choices=RunTier, default=RunTier.UNSAMPLED)
    verdict_detail = models.TextField(blank=True)
    # Candidates still waiting, and the smallest position among them.
    waiting = models.PositiveIntegerField(default=0)
    head_position = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    # run_stopped or run_timeouts, with the sentence that says why.
    stop = models.CharField(max_length=20, blank=True)
    stop_detail = models.TextField(blank=True)
    complete = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    timeouts = models.PositiveIntegerField(default=0)
    retryable = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    interrupted = models.PositiveIntegerField(default=0)
    diverted = models.PositiveIntegerField(default=0)
    telemetry_events = models.PositiveIntegerField(default=0)
    attempt_seconds = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "run"], name="drain_session_run_once"),
        ]
        indexes = [
            models.Index(
                fields=["session", "tier", "head_position"],
                condition=Q(waiting__gt=0, stop=""),
                name="drain_session_run_ready",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}/{self.run_id}"


class SessionFingerprint(models.Model):
    """The number of failures of a fingerprint in a session; run 0 stands for the session as a whole."""

    session = models.ForeignKey(
        DrainSession, models.CASCADE, related_name="fingerprint_counts", db_index=False
    )
    run_pk = models.BigIntegerField()
    key = models.CharField(max_length=48)
    # As of `Fingerprint`: what may be one failure counts against one limit. Empty at a level without a place.
    headline = models.CharField(max_length=48, blank=True, default="", db_default="")
    place_known = models.BooleanField(default=True, db_default=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "run_pk", "key"], name="drain_session_fingerprint_once"
            ),
        ]
        indexes = [
            models.Index(fields=["session", "run_pk", "headline"], name="drain_session_headline"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class Candidate(models.Model):
    """A failed phase in a session's frozen plan: selected at a position, or excluded for one reason."""

    session = models.ForeignKey(
        DrainSession, models.CASCADE, related_name="candidates", db_index=False
    )
    session_run = models.ForeignKey(
        SessionRun, models.CASCADE, null=True, related_name="candidates", db_index=False
    )
    run = models.ForeignKey(Run, models.CASCADE, related_name="+", db_index=False)
    phase = models.ForeignKey(Phase, models.CASCADE, related_name="candidacies")
    # What the plan said, kept; `position` moves to a time after every planned one when offered again.
    planned_position = models.PositiveIntegerField(null=True, blank=True)
    position = models.PositiveIntegerField(null=True, blank=True)
    sample = models.BooleanField(default=False)
    category = models.CharField(max_length=40, blank=True)
    fingerprint = models.CharField(max_length=48, blank=True)
    why = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=CandidateStatus)
    reason = models.CharField(max_length=30, blank=True)
    detail = models.TextField(blank=True)
    # Attempts of this session, and the phase's count that the plan saw.
    attempts = models.PositiveIntegerField(default=0)
    seen_attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "phase"], name="drain_candidate_once"),
            models.CheckConstraint(
                condition=~Q(status=CandidateStatus.EXCLUDED) | ~Q(reason=""),
                name="drain_candidate_excluded_has_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["session_run", "position"],
                condition=Q(status=CandidateStatus.WAITING),
                name="drain_candidate_waiting",
            ),
            models.Index(
                fields=["session", "planned_position"],
                condition=Q(planned_position__isnull=False),
                name="drain_candidate_plan",
            ),
            # Its pages are read in the order of the key.
            models.Index(
                fields=["session", "status", "reason", "id"], name="drain_candidate_of_reason"
            ),
            # Which phases and drains a fingerprint is about, by their plans: a fix is judged by it.
            models.Index(
                fields=["fingerprint"],
                include=("session", "run", "phase"),
                name="drain_candidate_fingerprint",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id}/{self.phase_id}"
