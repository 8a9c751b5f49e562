from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0024_services'),
    ]

    operations = [
        migrations.AlterField(
            model_name='phase',
            name='tier_index',
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
