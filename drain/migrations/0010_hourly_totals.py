"""Hourly outcomes over all runs, kept by a trigger on those of each run."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from drain.models.roles import write_roles

_ADD = """
INSERT INTO drain_hourlytotal AS t
    (hour, category, outcome, attempts, seconds, telemetry_events, zero_yield)
SELECT hour, category, outcome, sum(attempts), sum(seconds), sum(telemetry_events), sum(zero_yield)
FROM ({changed}) changed (hour, category, outcome, attempts, seconds, telemetry_events, zero_yield)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (hour, category, outcome) DO UPDATE SET
    attempts = t.attempts + excluded.attempts, seconds = t.seconds + excluded.seconds,
    telemetry_events = t.telemetry_events + excluded.telemetry_events,
    zero_yield = t.zero_yield + excluded.zero_yield;
"""
_PLUS = "SELECT hour, category, outcome, attempts, seconds, telemetry_events, zero_yield FROM {table}"
_MINUS = "SELECT hour, category, outcome, -attempts, -seconds, -telemetry_events, -zero_yield FROM {table}"


def _trigger(event: str, tables: str, changed: str) -> str:
    name = f"drain_hourly_{event.lower()}"
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {_ADD.format(changed=changed)}
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER {event} ON drain_hourlyrollup
    REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


_NEW, _OLD = _PLUS.format(table="new_rows"), _MINUS.format(table="old_rows")
KEEP = "".join(
    (
        _trigger("INSERT", "NEW TABLE AS new_rows", _NEW),
        _trigger("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows", f"{_NEW} UNION ALL {_OLD}"),
        _trigger("DELETE", "OLD TABLE AS old_rows", _OLD),
    )
)
FILL = _ADD.format(changed=_PLUS.format(table="drain_hourlyrollup"))
DROP = "".join(
    f"DROP TRIGGER drain_hourly_{event} ON drain_hourlyrollup; DROP FUNCTION drain_hourly_{event}();"
    for event in ("insert", "update", "delete")
)


def let_roles_see(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0009_one_open_attempt'),
    ]

    operations = [
        migrations.CreateModel(
            name='HourlyTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('category', models.CharField(max_length=100)),
                ('outcome', models.CharField(max_length=12)),
                ('attempts', models.IntegerField(default=0)),
                ('seconds', models.FloatField(default=0)),
                ('telemetry_events', models.IntegerField(default=0)),
                ('zero_yield', models.IntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('hour', 'category', 'outcome'), name='drain_hourlytotal_once')],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP, DROP),
        migrations.RunPython(let_roles_see, migrations.RunPython.noop),
    ]
