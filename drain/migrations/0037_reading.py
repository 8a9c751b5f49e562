from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0036_pace'),
    ]

    operations = [
        migrations.AddField(
            model_name='source',
            name='reading',
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]
