import django.db.models.functions.comparison
from django.db import migrations, models

# Within a run of an Autopack database nothing needs the order: it is one phase at a time.
AUTOPACK_ORDER = """
UPDATE drain_run SET "order" = 'independent', max_parallel = 1
WHERE source_id IN (SELECT id FROM drain_source WHERE kind = 'autopack')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0018_no_host_since'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='phase',
            name='drain_phase_run_index',
        ),
        migrations.AddField(
            model_name='phase',
            name='tier_index',
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name='phase',
            name='source_changed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='phase',
            name='place',
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Cast('tier_index', models.BigIntegerField())
                * 4294967296
                + models.F('phase_index'),
                output_field=models.BigIntegerField(),
            ),
        ),
        migrations.AddIndex(
            model_name='phase',
            index=models.Index(fields=['run', 'place'], name='drain_phase_run_place'),
        ),
        migrations.RunSQL(AUTOPACK_ORDER, migrations.RunSQL.noop),
    ]
