from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0023_working_phases'),
    ]

    operations = [
        migrations.AddField(
            model_name='executorprofile',
            name='service',
            field=models.TextField(blank=True, default=''),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='executorprofile',
            name='service_url',
            field=models.TextField(blank=True, default=''),
            preserve_default=False,
        ),
    ]
