"""Rows for tests; every field that a test depends on is named in the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from factory.declarations import LazyAttribute, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from drain import models
from drain.models.vocabulary import CandidateStatus, Outcome, PhaseState, SessionState

Made = TypeVar("Made")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""The time from which tests count."""


class _Source(DjangoModelFactory[models.Source]):
    class Meta:
        model = models.Source

    name = Sequence(lambda n: f"source-{n}")
    kind = "files"


class _Run(DjangoModelFactory[models.Run]):
    class Meta:
        model = models.Run

    run_id = Sequence(lambda n: f"run-{n}")


class _Executor(DjangoModelFactory[models.ExecutorProfile]):
    """The default executor: every phase completes."""

    class Meta:
        model = models.ExecutorProfile

    name = Sequence(lambda n: f"executor-{n}")
    argv = ["/bin/true"]
    is_default = True


class _Phase(DjangoModelFactory[models.Phase]):
    class Meta:
        model = models.Phase

    run = SubFactory(_Run)
    phase_id = Sequence(lambda n: f"phase-{n}")
    phase_index = Sequence(lambda n: n)
    state = PhaseState.FAILED


class _Session(DjangoModelFactory[models.DrainSession]):
    """A session that ended; name state and ended_at for a live one."""

    class Meta:
        model = models.DrainSession

    state = SessionState.FINISHED
    started_by = "os:test@host"
    origin = "command"
    started_at = NOON
    ended_at = NOON + timedelta(hours=1)


class _Attempt(DjangoModelFactory[models.Attempt]):
    """An attempt that ended a minute after it started."""

    class Meta:
        model = models.Attempt

    phase = SubFactory(_Phase)
    run = SelfAttribute("phase.run")
    number = Sequence(lambda n: n + 1)
    outcome = Outcome.FAILED
    started_at = NOON
    finished_at = LazyAttribute(lambda o: o.started_at + timedelta(minutes=1))


class _Candidate(DjangoModelFactory[models.Candidate]):
    class Meta:
        model = models.Candidate

    session = SubFactory(_Session)
    phase = SubFactory(_Phase)
    run = SelfAttribute("phase.run")
    status = CandidateStatus.DONE


class _Fingerprint(DjangoModelFactory[models.Fingerprint]):
    class Meta:
        model = models.Fingerprint

    key = Sequence(lambda n: f"{n:032x}")
    coarse = "c" * 32
    version = 1
    title = LazyAttribute(lambda o: f"Error {o.key[-4:]}")
    category = "other"
    first_seen = NOON - timedelta(days=1)
    last_seen = NOON - timedelta(days=1)


# Under these names tests call them; a type checker then knows what comes out.
SourceFactory: Callable[..., models.Source] = _Source.create
RunFactory: Callable[..., models.Run] = _Run.create
ExecutorFactory: Callable[..., models.ExecutorProfile] = _Executor.create
PhaseFactory: Callable[..., models.Phase] = _Phase.create
SessionFactory: Callable[..., models.DrainSession] = _Session.create
AttemptFactory: Callable[..., models.Attempt] = _Attempt.create
CandidateFactory: Callable[..., models.Candidate] = _Candidate.create
FingerprintFactory: Callable[..., models.Fingerprint] = _Fingerprint.create


def tried_again(phase: models.Phase, cause: str, *, done: bool, **after: object) -> None:
    """Failed with a cause an hour before noon, and tried again an hour after it:
    complete, or failed the same way.
    """
    hour = timedelta(hours=1)
    AttemptFactory(phase=phase, fingerprint=cause, started_at=NOON - hour)
    AttemptFactory(
        phase=phase,
        outcome="complete" if done else "failed",
        fingerprint="" if done else cause,
        started_at=NOON + hour,
        **after,
    )


def many(create: Callable[..., Made], given: Iterable[dict[str, Any]]) -> list[Made]:
    """Rows of one of these factories, one for each of the fields given, by one statement;
    what they lead to is there.
    """
    factory: Any = create.__self__  # type: ignore[attr-defined]
    made: list[Made] = factory._meta.model.objects.bulk_create(
        factory.build(**each) for each in given
    )
    return made
