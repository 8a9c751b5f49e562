"""PostgreSQL refuses a second open attempt of a phase again; the index that guards it serves the list of open ones.

Taking the foreign key's own index away (0004) took every index on that column alone with it, this one included:
Django tells them apart by their names only among the ones it lists as indexes, and this is a constraint.
"""

from __future__ import annotations

from django.db import migrations

ONE_OPEN = """
CREATE UNIQUE INDEX IF NOT EXISTS drain_attempt_one_open ON drain_attempt (phase_id) WHERE finished_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("drain", "0008_evidence_pages")]

    operations = [
        migrations.RunSQL(ONE_OPEN, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="attempt", name="drain_attempt_open"),
    ]
