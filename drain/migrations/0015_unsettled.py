"""Since when a source is to be told of a phase, and why it could not be asked the last time."""

from __future__ import annotations

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0014_rests'),
    ]

    operations = [
        migrations.AddField(
            model_name='sourcedebt',
            name='error',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='sourcedebt',
            name='made_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
    ]
