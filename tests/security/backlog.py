"""Rows that carry hostile words in every text they have, and the pages that show them."""

from __future__ import annotations

from django.urls import reverse

from drain.models import BulkAction, BulkItem
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)


def hostile_backlog(words: list[str]) -> dict[str, int]:
    """Runs, phases, attempts, a session, causes and audit lines that carry these words everywhere."""
    session = SessionFactory(note=words[0], started_by=words[0][:200], stop_reason="person",
                             stop_card={"sentence": words[0], "rule": "person"})  # fmt: skip
    for n, word in enumerate(words):
        run = RunFactory(run_id=f"{n} {word}"[:300], name=word[:300])
        key = f"{n:032x}"
        phase = PhaseFactory(
            run=run, phase_id=word[:300], name=word[:300], category=word[:100],
            last_failure_reason=word, last_fingerprint=key,
        )  # fmt: skip
        FingerprintFactory(key=key, title=word[:300], template=word, sample=word)
        attempt = AttemptFactory(
            phase=phase, session=session, error=word, tail=word, fingerprint=key,
            worker=word[:200], progress_message=word[:300], command=[word],
        )  # fmt: skip
        CandidateFactory(
            session=session,
            phase=phase,
            status="excluded",
            reason="run_held",
            detail=word,
            why=word,
        )
        by = Person(word, Origin.BROWSER, "10.0.0.1")
        record_audit(
            by, "hold", Subject("run", "1", word), word, old={word: word}, new={word: word}
        )
    bulk = BulkAction.objects.create(
        verb="clear_queued", label=words[0][:200], things="phases", reason=words[0], back=words[0],
        actor=words[0][:200], origin="admin", state="failed", error=words[0], total=len(words),
    )  # fmt: skip
    BulkItem.objects.bulk_create(
        BulkItem(action=bulk, target=n, done=False, label=word[:620], said=word)
        for n, word in enumerate(words)
    )
    return {
        "run": run.pk, "phase": phase.pk, "attempt": attempt.pk, "session": session.pk,
        "bulk": bulk.pk,
    }  # fmt: skip


def addresses(world: dict[str, int]) -> list[str]:
    found = [
        reverse(f"drain:{name}")
        for name in ("overview", "run-list", "session-list", "audit-list", "session-new")
    ]
    for name, of in (
        ("run-detail", "run"), ("phase-detail", "phase"), ("session-detail", "session"),
        ("attempt-log", "attempt"), ("bulk-detail", "bulk"), ("session-report", "session"),
    ):  # fmt: skip
        found.append(reverse(f"drain:{name}", args=[world[of]]))
    found.extend(
        reverse(f"drain:{name}") for name in ("queued-list", "fingerprint-list", "worker-list")
    )
    found.append(reverse("drain:fingerprint-detail", args=[f"{0:032x}"]))
    found.append(reverse("drain:session-excluded", args=[world["session"], "run_held"]))
    models = (
        "run",
        "phase",
        "attempt",
        "fingerprint",
        "auditevent",
        "candidate",
        "drainsession",
    )
    found.extend(reverse(f"admin:drain_{model}_changelist") for model in models)
    found.append(reverse("admin:drain_phase_change", args=[world["phase"]]))
    return found
