from __future__ import annotations

from typing import Any

from django.db import migrations

WORDS = "Can decide about fingerprints"


def reword(apps: Any, schema_editor: Any) -> None:
    """A permission keeps the words that it was made with; only new sites would have the new ones."""
    del schema_editor
    apps.get_model("auth", "Permission").objects.filter(codename="manage_fingerprints").update(
        name=WORDS
    )


class Migration(migrations.Migration):
    dependencies = [("drain", "0040_autopilot"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.AlterModelOptions(
            name="fingerprint", options={"permissions": [("manage_fingerprints", WORDS)]}
        ),
        migrations.RunPython(reword, migrations.RunPython.noop),
    ]
