"""Phases by state over all runs, kept by a trigger on the counts of each run."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from drain.models.roles import write_roles

_ADD = """
INSERT INTO drain_statetotal AS t (state, count)
SELECT state, sum(count) FROM ({changed}) changed (state, count) GROUP BY 1 HAVING sum(count) <> 0 ORDER BY 1
ON CONFLICT (state) DO UPDATE SET count = t.count + excluded.count;
"""


def _trigger(event: str, tables: str, changed: str) -> str:
    name = f"drain_state_total_{event.lower()}"
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {_ADD.format(changed=changed)}
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER {event} ON drain_statecount
    REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""


_NEW, _OLD = "SELECT state, count FROM new_rows", "SELECT state, -count FROM old_rows"
KEEP = "".join(
    (
        _trigger("INSERT", "NEW TABLE AS new_rows", _NEW),
        _trigger("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows", f"{_NEW} UNION ALL {_OLD}"),
        _trigger("DELETE", "OLD TABLE AS old_rows", _OLD),
    )
)
FILL = _ADD.format(changed="SELECT state, count FROM drain_statecount")
DROP = "".join(
    f"DROP TRIGGER drain_state_total_{event} ON drain_statecount; DROP FUNCTION drain_state_total_{event}();"
    for event in ("insert", "update", "delete")
)


def let_roles_see(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


class Migration(migrations.Migration):

    dependencies = [
        ('drain', '0015_unsettled'),
    ]

    operations = [
        migrations.CreateModel(
            name='StateTotal',
            fields=[
                ('state', models.CharField(max_length=12, primary_key=True, serialize=False)),
                ('count', models.BigIntegerField(default=0)),
            ],
        ),
        # In this order: making the triggers keeps a fold waiting, so that none comes between.
        migrations.RunSQL(KEEP, DROP),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunPython(let_roles_see, migrations.RunPython.noop),
    ]
