"""Which attempts, phases and drains a fingerprint is about, and what waits: read from indexes alone, for the rows are many."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Three indexes under their old names with what their readers took from the rows, and one of plans."""

    dependencies = [("drain", "0047_source_schedules")]

    operations = [
        migrations.RemoveIndex("attempt", "drain_attempt_failures"),
        migrations.AddIndex(
            "attempt",
            models.Index(
                models.F("fingerprint"),
                models.OrderBy(models.F("finished_at"), descending=True),
                condition=models.Q(("outcome__in", ("failed", "timeout", "lost"))),
                include=("phase", "number", "run", "session", "started_at"),
                name="drain_attempt_failures",
            ),
        ),
        migrations.RemoveIndex("phase", "drain_phase_failed_cause"),
        migrations.AddIndex(
            "phase",
            models.Index(
                fields=["last_fingerprint", "run"],
                condition=models.Q(("state", "FAILED")),
                include=("id",),
                name="drain_phase_failed_cause",
            ),
        ),
        migrations.RemoveIndex("phase", "drain_phase_queued_since"),
        migrations.AddIndex(
            "phase",
            models.Index(
                fields=["state_changed_at", "id"],
                condition=models.Q(("state", "QUEUED")),
                include=("run", "place"),
                name="drain_phase_queued_since",
            ),
        ),
        migrations.AddIndex(
            "candidate",
            models.Index(
                fields=["fingerprint"],
                include=("session", "run", "phase"),
                name="drain_candidate_fingerprint",
            ),
        ),
    ]
