"""Phases by state hour by hour; history found by time, which the first hours are reckoned from."""

from __future__ import annotations

from typing import Any

import django.contrib.postgres.indexes
from django.db import migrations, models

from drain.models.roles import write_roles


def let_roles_see(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0005_bulk_actions'),
    ]

    operations = [
        migrations.CreateModel(
            name='StateSnapshot',
            fields=[
                ('hour', models.DateTimeField(primary_key=True, serialize=False)),
                ('counts', models.JSONField()),
            ],
        ),
        migrations.AddIndex(
            model_name='transition',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['at'], name='drain_transition_at_brin'),
        ),
        migrations.RunPython(let_roles_see, migrations.RunPython.noop),
    ]
