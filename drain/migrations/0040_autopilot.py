import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from drain.models.roles import write_roles


def roles(apps, schema_editor):
    write_roles(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0039_queued_at'),
    ]

    operations = [
        migrations.CreateModel(
            name='Autopilot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('trigger', models.CharField(choices=[('schedule', 'Schedule'), ('fix', 'Fix')], max_length=10)),
                ('cron', models.CharField(blank=True, max_length=100)),
                ('timezone', models.CharField(default='UTC', max_length=64)),
                ('quiet', models.CharField(blank=True, max_length=11)),
                ('filter', models.JSONField(blank=True, default=dict)),
                ('limits', models.JSONField(blank=True, default=dict)),
                ('sample', models.PositiveIntegerField(default=24)),
                ('budget_attempts', models.PositiveIntegerField(blank=True, null=True)),
                ('budget_minutes', models.FloatField(blank=True, null=True)),
                ('budget_events', models.PositiveIntegerField(blank=True, null=True)),
                ('budget_used_at', models.DateTimeField(blank=True, null=True)),
                ('pause_after', models.PositiveIntegerField(blank=True, default=3, null=True)),
                ('next_at', models.DateTimeField(blank=True, null=True)),
                ('armed_at', models.DateTimeField()),
                ('heard_at', models.DateTimeField()),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('paused_by', models.CharField(blank=True, max_length=200)),
                ('paused_reason', models.TextField(blank=True)),
                ('said', models.TextField(blank=True)),
                ('said_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Rollout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('filter', models.JSONField(blank=True, default=dict)),
                ('limits', models.JSONField(blank=True, default=dict)),
                ('sample', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('draining', 'Draining'), ('finished', 'Finished'), ('stopped', 'Stopped')], default='waiting', max_length=10)),
                ('steps', models.PositiveIntegerField(default=0)),
                ('ramps', models.PositiveIntegerField(default=0)),
                ('tried', models.PositiveIntegerField(default=0)),
                ('said', models.TextField(blank=True)),
                ('card', models.JSONField(blank=True, default=dict)),
                ('started_by', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'drain on fix',
                'verbose_name_plural': 'drains on fix',
            },
        ),
        migrations.RemoveConstraint(
            model_name='notice',
            name='drain_notice_kind_known',
        ),
        migrations.AddField(
            model_name='drainsession',
            name='rollout_step',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('drain.ended', 'A drain ended'), ('fingerprint.regressed', 'A fingerprint regressed'), ('fingerprint.new', 'A new fingerprint fails often'), ('queue.stale', 'Queued phases are stale'), ('host.silent', 'A worker host is silent'), ('rollout.ended', 'A drain on fix ended'), ('autopilot.paused', 'An autopilot paused itself'), ('autopilot.budget', 'An autopilot used up its budget'), ('test', 'A test message')], max_length=30),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['drain.ended', 'fingerprint.regressed', 'fingerprint.new', 'queue.stale', 'host.silent', 'rollout.ended', 'autopilot.paused', 'autopilot.budget', 'test'])), name='drain_notice_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='autopilot',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('trigger', 'schedule'), models.Q(('cron', ''), _negated=True)), models.Q(('cron', ''), ('next_at__isnull', True), ('trigger', 'fix')), _connector='OR'), name='drain_autopilot_trigger'),
        ),
        migrations.AddField(
            model_name='drainsession',
            name='autopilot',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sessions', to='drain.autopilot'),
        ),
        migrations.AddField(
            model_name='rollout',
            name='autopilot',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='rollouts', to='drain.autopilot'),
        ),
        migrations.AddField(
            model_name='rollout',
            name='marker',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='rollout', to='drain.fixmarker'),
        ),
        migrations.AddField(
            model_name='drainsession',
            name='rollout',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sessions', to='drain.rollout'),
        ),
        migrations.AddConstraint(
            model_name='drainsession',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('planned', 'running', 'paused', 'stopping'))), fields=('autopilot',), name='drain_session_one_of_autopilot'),
        ),
        migrations.AddConstraint(
            model_name='drainsession',
            constraint=models.UniqueConstraint(fields=('rollout', 'rollout_step'), name='drain_session_step_once'),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'draining', 'finished', 'stopped'])), name='drain_rollout_state_known'),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('state__in', ['waiting', 'draining'])), models.Q(('ended_at__isnull', False), ('state__in', ['finished', 'stopped'])), _connector='OR'), name='drain_rollout_ended_at_end'),
        ),
        migrations.RunPython(roles, migrations.RunPython.noop),
    ]
