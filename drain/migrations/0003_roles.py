"""Permissions of our own, and the four roles as groups."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from drain.models.roles import Role, write_roles


def make_roles(apps: Any, schema_editor: Any) -> None:
    write_roles(apps)


def remove_roles(apps: Any, schema_editor: Any) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=list(Role)).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("drain", "0002_guards"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="executorprofile",
            options={
                "permissions": [("define_executors", "Can define the commands that run phases")],
                "verbose_name": "executor profile",
            },
        ),
        migrations.AlterModelOptions(
            name="fingerprint",
            options={
                "permissions": [("manage_fingerprints", "Can decide about causes of failure")],
            },
        ),
        migrations.AlterModelOptions(
            name="phase",
            options={
                "permissions": [
                    ("clear_queued", "Can clear queued phases"),
                    ("requeue_phase", "Can requeue failed phases"),
                    ("drain_phases", "Can drain phases"),
                    ("rescue_phases", "Can rescue phases of dead workers"),
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="run",
            options={"permissions": [("hold_run", "Can hold and release runs")]},
        ),
        migrations.RunPython(make_roles, remove_roles),
    ]
