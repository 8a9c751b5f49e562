from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0035_inbox'),
    ]

    operations = [
        migrations.AddField(
            model_name='drainsession',
            name='ramp',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='drainsession',
            name='ramp_ended',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='drainsession',
            name='ramp_failed',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='executorprofile',
            name='starts_per_minute',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name='executorprofile',
            constraint=models.CheckConstraint(condition=models.Q(('starts_per_minute__isnull', True), ('starts_per_minute__gte', 1), _connector='OR'), name='drain_executor_pace_positive'),
        ),
    ]
