"""Two indexes that answer for themselves: pages of a drain's excluded phases, and the size of the queue."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Both replace a narrower one."""

    dependencies = [("drain", "0010_hourly_totals")]

    operations = [
        migrations.AddIndex(
            "candidate",
            models.Index(
                fields=["session", "status", "reason", "id"], name="drain_candidate_of_reason"
            ),
        ),
        migrations.RemoveIndex("candidate", "drain_candidate_reason"),
        migrations.AddIndex(
            "phase",
            models.Index(
                condition=models.Q(("state", "QUEUED")),
                fields=["state_changed_at", "id"],
                include=("run",),
                name="drain_phase_queued_since",
            ),
        ),
        migrations.RemoveIndex("phase", "drain_phase_queued_oldest"),
    ]
