"""Phases found by the beginning of any piece of their id."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0031_program_text_allowed'),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX drain_phase_id_words ON drain_phase USING gin (drain_words(phase_id))",
            "DROP INDEX drain_phase_id_words",
        ),
    ]
