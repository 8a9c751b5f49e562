"""Time that a drain was paused or interrupted counts towards no limit."""

from __future__ import annotations

import datetime

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0013_source_debts'),
    ]

    operations = [
        migrations.AddField(
            model_name='drainsession',
            name='rested',
            field=models.DurationField(db_default=datetime.timedelta(0), default=datetime.timedelta(0)),
        ),
        migrations.AddField(
            model_name='drainsession',
            name='resting_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
