from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0045_sql_sources'),
    ]

    operations = [
        migrations.AddField(
            model_name='executorprofile',
            name='ramp',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='executorprofile',
            name='ramp_size',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='executorprofile',
            name='ramp_ended',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='executorprofile',
            name='ramp_failed',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='executorprofile',
            name='run_delay_seconds',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='executorprofile',
            constraint=models.CheckConstraint(condition=models.Q(('ramp__isnull', True), models.Q(('ramp__gt', 0), ('ramp__lte', 1)), _connector='OR'), name='drain_executor_ramp_share'),
        ),
        migrations.AddConstraint(
            model_name='executorprofile',
            constraint=models.CheckConstraint(condition=models.Q(('run_delay_seconds__isnull', True), ('run_delay_seconds__gt', 0), _connector='OR'), name='drain_executor_delay_positive'),
        ),
    ]
