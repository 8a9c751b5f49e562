"""Acts on many rows, done by a worker; the minute that an API token is counted in."""

from __future__ import annotations

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from drain.models.roles import write_roles


def let_roles_see(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0004_fewer_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='apitoken',
            name='window_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='apitoken',
            name='window_count',
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.CreateModel(
            name='BulkAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=40)),
                ('label', models.CharField(max_length=200)),
                ('things', models.CharField(max_length=60)),
                ('given', models.JSONField(default=dict)),
                ('reason', models.TextField()),
                ('actor', models.CharField(max_length=200)),
                ('origin', models.CharField(choices=[('browser', 'Browser'), ('admin', 'Admin'), ('command', 'Command'), ('api', 'API'), ('engine', 'Engine'), ('schedule', 'Schedule'), ('source', 'Source')], max_length=10)),
                ('address', models.CharField(blank=True, max_length=64)),
                ('back', models.TextField(blank=True)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('finished', 'Finished'), ('cancelled', 'Cancelled'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('total', models.PositiveIntegerField(default=0)),
                ('done', models.PositiveIntegerField(default=0)),
                ('left_alone', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('cancelled_by', models.CharField(blank=True, max_length=200)),
                ('holder', models.UUIDField(blank=True, null=True)),
                ('beat_at', models.DateTimeField(blank=True, null=True)),
                ('enqueued_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'bulk action',
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'finished', 'cancelled', 'failed'])), name='drain_bulkaction_state_known')],
            },
        ),
        migrations.CreateModel(
            name='BulkItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.BigIntegerField()),
                ('done', models.BooleanField(null=True)),
                ('label', models.CharField(blank=True, max_length=620)),
                ('said', models.TextField(blank=True)),
                ('action', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='drain.bulkaction')),
            ],
            options={
                'verbose_name': 'bulk item',
                'indexes': [models.Index(condition=models.Q(('done', None)), fields=['action', 'id'], name='drain_bulkitem_open'), models.Index(condition=models.Q(('done', False)), fields=['action', 'id'], name='drain_bulkitem_left')],
                'constraints': [models.UniqueConstraint(fields=('action', 'target'), name='drain_bulkitem_once')],
            },
        ),
        migrations.RunPython(let_roles_see, migrations.RunPython.noop),
    ]
