from django.db import migrations

from drain.models.roles import write_roles


def grant(apps, schema_editor):
    write_roles(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0027_schema_of_hosts'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='phase',
            options={'permissions': [('clear_queued', 'Can clear queued phases'), ('requeue_phase', 'Can requeue failed phases'), ('discard_phase', 'Can discard failed phases'), ('drain_phases', 'Can drain phases'), ('rescue_phases', 'Can rescue phases of dead workers')]},
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
