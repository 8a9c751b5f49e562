"""Checks that maintenance judges on a schedule, and an index for attempts by their start."""

import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0007_search_by_beginning'),
    ]

    operations = [
        migrations.AddField(
            model_name='check',
            name='every_minutes',
            field=models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)]),
        ),
        migrations.AddField(
            model_name='check',
            name='window_hours',
            field=models.PositiveIntegerField(default=24, validators=[django.core.validators.MinValueValidator(1)]),
        ),
        migrations.AddField(
            model_name='check',
            name='judged_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name='check',
            constraint=models.CheckConstraint(condition=models.Q(('session__isnull', True), ('every_minutes__isnull', True), _connector='OR'), name='drain_check_session_ends_once', violation_error_message='A check of a session is judged at its end: leave its minutes empty.'),
        ),
        migrations.AlterField(
            model_name='checkresult',
            name='check_run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='results', to='drain.check'),
        ),
        migrations.AddIndex(
            model_name='checkresult',
            index=models.Index(fields=['check_run', '-id'], name='drain_result_newest'),
        ),
        migrations.AddIndex(
            model_name='attempt',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['started_at'], name='drain_attempt_started_brin'),
        ),
    ]
