"""A world in which every text column of every table says something hostile, whatever column is added."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

from django.apps import apps
from django.contrib.auth.models import User
from django.db import Error, models, transaction
from django.utils import timezone

from drain.models import (
    ApiToken,
    Attempt,
    AttemptDelta,
    Autopilot,
    Check,
    CheckResult,
    Delivery,
    Dependency,
    ExecutorProfile,
    Fingerprint,
    FingerprintAlias,
    FingerprintSplit,
    FixMarker,
    Hold,
    HourlyRollup,
    Note,
    Notice,
    Phase,
    Rollout,
    Run,
    SavedView,
    SessionRun,
    SourceDebt,
    TelemetryEvent,
    Transition,
    Webhook,
    WorkerHost,
    WorkerLoop,
)
from tests.factories import NOON, FingerprintFactory, SourceFactory
from tests.security.backlog import hostile_backlog

ROWS = 40
"""Of each table whose rows a list shows; a page of a list holds no more."""
VOCABULARY = frozenset({
    "cause_status", "coarse", "cron", "digest", "quiet", "timezone", "about", "salt", "path", "expect", "fine", "fingerprint", "from_state", "headline", "key", "key_check",
    "last_fingerprint", "log_name", "order", "outcome", "page", "prefix", "profile", "query", "recent_outcomes", "rereading",
    "reported_state", "schema", "source_event", "state", "status", "stop", "stop_reason", "subject", "things", "tier", "to",
    "to_state", "verb", "verdict", "zero_yield_reason", "webhook.url", "kind", "chataddress.service", "sealed",
})  # fmt: skip
"""Columns that hold words of our own or keys of ours, never somebody else's text;
and what is stored as an address alone.
"""


def poisoned(words: tuple[str, ...], reader: User) -> dict[str, int]:
    """Rows of every table with the next of the words in each text that somebody else could have written."""
    world = hostile_backlog(list(words[:ROWS]))
    _more(reader, world, words)
    following = count()
    for model in apps.get_app_config("drain").get_models():
        texts = [field for field in model._meta.concrete_fields if _is_text(field)]
        for row in model._default_manager.order_by("pk")[:ROWS]:
            for field in texts:
                _put(row, field, words[next(following) % len(words)])
    return world


def empty_tables() -> set[str]:
    """Models with texts of somebody else that have no row, so nothing of them was looked at."""
    with_texts = (
        model
        for model in apps.get_app_config("drain").get_models()
        if any(map(_is_text, model._meta.concrete_fields))
    )
    return {model.__name__ for model in with_texts if not model._default_manager.exists()}


def _is_text(field: models.Field) -> bool:  # type: ignore[type-arg]
    texts = isinstance(field, models.CharField | models.TextField)
    kept = {field.name, f"{field.model._meta.model_name}.{field.name}"} & VOCABULARY
    return texts and not field.choices and not kept


def _put(row: models.Model, field: models.Field, word: str) -> None:  # type: ignore[type-arg]
    """Write a word into a field;
    a row that a constraint or the trigger of the history protects stays as it was.
    """
    try:
        with transaction.atomic():
            found = type(row)._default_manager.filter(pk=row.pk)
            found.update(**{field.name: word[: field.max_length or None]})
    except Error:
        return


def _more(reader: User, world: dict[str, int], words: tuple[str, ...]) -> None:
    """The tables that `hostile_backlog` leaves empty; of the history rows that cannot be changed later."""
    run, phase = Run.objects.get(pk=world["run"]), Phase.objects.get(pk=world["phase"])
    session, attempt = world["session"], Attempt.objects.get(pk=world["attempt"])
    marker = FixMarker.objects.create(title="x", applied_at=NOON, created_by="x")
    for number, word in enumerate(words[:ROWS]):
        Transition.objects.create(
            subject=("phase", "attempt", "session")[number % 3], to_state="FAILED", verb="x", actor=word[:200], reason=word,
            subject_pk=(phase.pk, attempt.pk, session)[number % 3],
        )  # fmt: skip
    _rows_of_lists(reader, phase, attempt, marker, words)
    Note.objects.create(run=run, text="x", created_by="x", origin="admin")
    Hold.objects.create(kind="run", value=run.run_id, reason="x", created_by="x", origin="admin")
    Dependency.objects.create(phase=phase, prerequisite=Phase.objects.exclude(pk=phase.pk)[0])
    SessionRun.objects.create(session_id=session, run=run, stop="run_stopped")
    SourceDebt.objects.create(
        phase=phase, verb="x", reason="x", actor="x", origin="admin", owner=uuid4()
    )
    _fingerprints()
    _counts(run, words)
    hook, pilot = _news(words), _autopilots(words)
    Rollout.objects.create(
        marker=marker, autopilot=pilot, sample=1, started_by="x", filter={"names": [words[2]]}
    )
    world |= {"marker": marker.pk, "webhook": hook.pk, "autopilot": pilot.pk}


def _rows_of_lists(
    reader: User, phase: Phase, attempt: Attempt, marker: FixMarker, words: tuple[str, ...]
) -> None:
    for number in range(3):
        SourceFactory()
        check = Check.objects.create(name="x", kind="no_pattern", marker=marker)
        CheckResult.objects.create(check_run=check, verdict="fail", sentence="x")
        ExecutorProfile.objects.create(name=f"x{number}", argv=list(words[:3]))
        WorkerHost.objects.create(host="x", pid=1, version="x", workers=1, profiles=words[:3])
        SavedView.objects.create(user=reader, page="run-list", name=f"x{number}", query="q=x")
        ApiToken.objects.create(user=reader, name="x", prefix="x", digest=f"{number}")
        TelemetryEvent.objects.create(
            phase=phase, attempt=attempt, kind="x", data={words[0]: words[1]}
        )


def _fingerprints() -> None:
    FingerprintAlias.objects.create(
        key="a" * 32, fingerprint=Fingerprint.objects.all()[0], version=1
    )
    FingerprintFactory(key="k" * 20)
    whole, part = Fingerprint.objects.order_by("pk")[:2]
    FingerprintSplit.objects.create(
        fingerprint=whole, part=part, by="message", value="x", created_by="x"
    )


def _news(words: tuple[str, ...]) -> Webhook:
    hook = Webhook.objects.create(name="x", url="https://x.example/key", salt="x", key_check="x")
    told = Notice.objects.create(
        kind="drain.ended", about="x", since=NOON, facts={words[0]: words[1]}
    )
    Delivery.objects.create(notice=told, webhook=hook, id=UUID(int=0))
    return hook


def _counts(run: Run, words: tuple[str, ...]) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for number, word in enumerate(words[:ROWS]):
        # Their trigger adds them up; a delta is folded by whoever looks first.
        HourlyRollup.objects.create(
            hour=hour, run=run, category=f"{number}{word}"[:100], outcome="failed", attempts=1
        )
        AttemptDelta.objects.create(
            finished_at=hour, run_pk=run.pk, category=word[:100], outcome="failed", seconds=1, telemetry_events=0
        )  # fmt: skip
    WorkerLoop.objects.create(
        worker="x", host=WorkerHost.objects.all()[0], slots=1, expires_at=hour + timedelta(hours=9)
    )


def _autopilots(words: tuple[str, ...]) -> Autopilot:
    """Make one of each trigger; returns the one that drains on a fix."""
    for number, trigger in enumerate(("schedule", "fix")):
        pilot = Autopilot.objects.create(
            name=f"x{number}", trigger=trigger, cron="0 2 * * *" if trigger == "schedule" else "", armed_at=NOON,
            heard_at=NOON, created_by="x", filter={"labels": [words[0]], "error": words[1]},
        )  # fmt: skip
    return pilot
