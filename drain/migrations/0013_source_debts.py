"""What a source was to be told, kept until both databases agree, whoever dies in between."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0012_repeat_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='SourceDebt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=40)),
                ('expect', models.CharField(blank=True, max_length=20)),
                ('to', models.CharField(blank=True, max_length=20)),
                ('reason', models.TextField()),
                ('actor', models.CharField(max_length=200)),
                ('origin', models.CharField(choices=[('browser', 'Browser'), ('admin', 'Admin'), ('command', 'Command'), ('api', 'API'), ('engine', 'Engine'), ('schedule', 'Schedule'), ('source', 'Source')], max_length=10)),
                ('address', models.CharField(blank=True, max_length=64)),
                ('owner', models.UUIDField()),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
                ('phase', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='drain.phase')),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
