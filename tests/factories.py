"""Rows for tests; every field that a test depends on is named in the test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory

from drain import models
from drain.models.vocabulary import CandidateStatus, Outcome, PhaseState, SessionState

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""The time from which tests count."""


class SourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Source

    name = factory.Sequence(lambda n: f"source-{n}")
    kind = "files"


class RunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Run

    run_id = factory.Sequence(lambda n: f"run-{n}")


class PhaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Phase

    run = factory.SubFactory(RunFactory)
    phase_id = factory.Sequence(lambda n: f"phase-{n}")
    phase_index = factory.Sequence(lambda n: n)
    state = PhaseState.FAILED


class SessionFactory(factory.django.DjangoModelFactory):
    """A session that ended; name state and ended_at for a live one."""

    class Meta:
        model = models.DrainSession

    state = SessionState.FINISHED
    started_by = "os:test@host"
    origin = "command"
    started_at = NOON
    ended_at = NOON + timedelta(hours=1)


class AttemptFactory(factory.django.DjangoModelFactory):
    """An attempt that ended a minute after it started."""

    class Meta:
        model = models.Attempt

    phase = factory.SubFactory(PhaseFactory)
    run = factory.SelfAttribute("phase.run")
    number = factory.Sequence(lambda n: n + 1)
    outcome = Outcome.FAILED
    started_at = NOON
    finished_at = factory.LazyAttribute(lambda o: o.started_at + timedelta(minutes=1))


class CandidateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Candidate

    session = factory.SubFactory(SessionFactory)
    phase = factory.SubFactory(PhaseFactory)
    run = factory.SelfAttribute("phase.run")
    status = CandidateStatus.DONE


class FingerprintFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Fingerprint

    key = factory.Sequence(lambda n: f"{n:032x}")
    coarse = "c" * 32
    version = 1
    title = factory.LazyAttribute(lambda o: f"Error {o.key[-4:]}")
    category = "other"
    first_seen = NOON - timedelta(days=1)
    last_seen = NOON - timedelta(days=1)
