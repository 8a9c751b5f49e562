"""Indexes that longer ones begin with: each was written twice an attempt for nothing."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0003_roles'),
    ]

    operations = [
        migrations.AlterField(
            model_name='attempt',
            name='phase',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='attempt_set', to='drain.phase'),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='session',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='attempt_set', to='drain.drainsession'),
        ),
        migrations.AlterField(
            model_name='phase',
            name='run',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='phases', to='drain.run'),
        ),
        migrations.AlterField(
            model_name='sessionfingerprint',
            name='session',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='fingerprint_counts', to='drain.drainsession'),
        ),
        migrations.AlterField(
            model_name='sessionrun',
            name='session',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='session_runs', to='drain.drainsession'),
        ),
    ]
