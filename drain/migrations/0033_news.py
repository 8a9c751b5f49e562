import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models

from drain.models.roles import write_roles


def grant(apps, schema_editor):
    write_roles(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0032_phases_by_words'),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('url', models.TextField()),
                ('kinds', models.JSONField(default=list)),
                ('active', models.BooleanField(default=True)),
                ('salt', models.CharField(max_length=64)),
                ('key_check', models.CharField(max_length=32)),
                ('created_by', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('drain.ended', 'A drain ended'), ('fingerprint.regressed', 'A fingerprint regressed'), ('fingerprint.new', 'A new fingerprint fails often'), ('queue.stale', 'Queued phases are stale'), ('host.silent', 'A worker host is silent'), ('test', 'A test message')], max_length=30)),
                ('about', models.CharField(max_length=64)),
                ('since', models.DateTimeField()),
                ('title', models.CharField(max_length=300)),
                ('facts', models.JSONField(blank=True, default=dict)),
                ('path', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
            ],
            options={
                'permissions': [('define_webhooks', 'Can define where news is sent')],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('kind', 'about', 'since'), name='drain_notice_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['drain.ended', 'fingerprint.regressed', 'fingerprint.new', 'queue.stale', 'host.silent', 'test'])), name='drain_notice_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Given up')], default='waiting', max_length=10)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('status', models.PositiveIntegerField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('milliseconds', models.PositiveIntegerField(blank=True, null=True)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='drain.notice')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='drain.webhook')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due_at'], name='drain_delivery_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'delivered', 'failed'])), name='drain_delivery_state_known')],
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
