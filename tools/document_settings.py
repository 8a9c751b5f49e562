"""Write docs/settings.md from the declarations: `python -m tools.document_settings`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from drainsite.declared import SETTINGS, Setting

PLACE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """# Settings

Everything that differs between two installations comes from the environment. A value that makes no sense
is refused with a sentence, before anything is started. This page is made from drainsite/declared.py.

| Variable | Default | Allowed | Meaning |
|---|---|---|---|
"""


def document() -> str:
    """Return the page: one row for each declared variable."""
    return HEAD + "".join(map(_row, SETTINGS.values()))


def _row(setting: Setting) -> str:
    return f"| `{setting.name}` | {_default(setting.default)} | {setting.allowed} | {setting.meaning} |\n"


def _default(value: Any) -> str:
    if isinstance(value, list):
        return f"`{','.join(value)}`" if value else "none"
    if isinstance(value, timedelta):
        return f"`{value.total_seconds() / 3600:g}h`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value == "" else f"`{value}`"


if __name__ == "__main__":
    PLACE.write_text(document())
    sys.exit(0)
