"""Phases found by the beginning of their id."""

import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0006_state_history'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='phase',
            index=models.Index(django.db.models.functions.comparison.Collate(models.F('phase_id'), 'C'), models.F('id'), name='drain_phase_id_beginning'),
        ),
    ]
