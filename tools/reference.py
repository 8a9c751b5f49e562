"""Write the pages that are made from code: `python -m tools.reference`."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from drainsite.declared import SETTINGS, Setting

DOCS = Path(__file__).resolve().parent.parent / "docs"
SETTINGS_HEAD = """# Settings

Everything that differs between two installations comes from the environment. A value that makes no sense
is refused with a sentence, before anything is made or started; a name that begins with `DRAIN_` or `DRAINSITE_` and is
none of these is said on stderr and by `manage.py doctor`. This page is made from drainsite/declared.py.

| Variable | Default | Allowed | Meaning |
|---|---|---|---|
"""
COMMANDS_HEAD = """# Commands

`manage.py COMMAND` in a checkout, `drainsite COMMAND` where the package is installed. Made from the commands themselves; `--help` of each says the same.
All of Django's are there as well (`migrate`, `createsuperuser`, `dbshell`, ...). What `drain` and its like end with stands in
[operations](operations.md).
"""
REASONS_HEAD = """# Reasons and states

The words that scripts may rely on: they are what JSON, the API and the database hold. Made from drain/policy/reasons.py and
drain/models/vocabulary.py.
"""
PROGRAM = "manage.py"


def settings_page() -> str:
    """One row for each declared variable."""
    return SETTINGS_HEAD + "".join(map(_setting, SETTINGS.values()))


def commands_page() -> str:
    """Every command of ours with its arguments."""
    from django.core.management import get_commands, load_command_class

    ours = sorted(name for name, app in get_commands().items() if app in ("drain", "drainsite"))
    found = {name: load_command_class(get_commands()[name], name) for name in ours}
    return COMMANDS_HEAD + "".join(_command(name, each) for name, each in found.items())


def reasons_page() -> str:
    """Exclusion reasons, stop reasons and the states of everything that has some."""
    from drain.models import vocabulary
    from drain.policy.reasons import ExclusionReason, StopReason

    left_out = [(each.value, each.sentence) for each in ExclusionReason]
    stops = [(each.value, each.sentence) for each in StopReason]
    parts = [
        _table("Why a failed phase is not drained", "In the order in which they are tried.", left_out),
        _table("Why a drain or a run of it stopped", "", stops),
        _table("States of a phase", "", vocabulary.PhaseState.choices),
        _table("Outcomes of an attempt", "", vocabulary.Outcome.choices),
        _table("States of a drain", "", vocabulary.SessionState.choices),
        _table("States of a fingerprint", "", vocabulary.FingerprintStatus.choices),
    ]  # fmt: skip
    return REASONS_HEAD + "".join(parts)


PAGES = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "reasons.md": reasons_page,
}


def _setting(setting: Setting) -> str:
    return f"| `{setting.name}` | {_default(setting.default)} | {setting.allowed} | {setting.meaning} |\n"


def _default(value: Any) -> str:
    if isinstance(value, list):
        return f"`{','.join(value)}`" if value else "none"
    if isinstance(value, timedelta):
        return f"`{value.total_seconds() / 3600:g}h`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value == "" else f"`{value}`"


def _command(name: str, command: Any) -> str:
    parser = command.create_parser(PROGRAM, name)
    return f"\n## {name}\n\n{_plain(command.help)}\n{_arguments(parser, name)}"


def _arguments(parser: argparse.ArgumentParser, name: str) -> str:
    """Return a command's own arguments, and those of its subcommands."""
    shared = _django_options()
    lines, below = [], ""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for verb, each in action.choices.items():
                said = next((one.help for one in action._choices_actions if one.dest == verb), "")  # noqa: SLF001
                below += (
                    f"\n### {name} {verb}\n\n{_plain(said)}\n{_arguments(each, f'{name} {verb}')}"
                )
        elif not shared & set(action.option_strings) and action.help != argparse.SUPPRESS:
            lines.append(f"| {_written(action)} | {_plain(action.help)} |\n")
    table = "\n| argument | means |\n|---|---|\n" + "".join(lines) if lines else ""
    return table + below


def _written(action: argparse.Action) -> str:
    shown = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    value = shown if isinstance(shown, str) else " ".join(shown)
    if action.choices is not None:
        value = " or ".join(map(str, action.choices))
    if not action.option_strings:
        return f"`{value}`"
    names = ", ".join(action.option_strings)
    return f"`{names}`" if action.nargs == 0 else f"`{names} {value}`"


def _django_options() -> set[str]:
    from django.core.management.base import BaseCommand

    actions = BaseCommand().create_parser(PROGRAM, "")._actions  # noqa: SLF001
    return {name for action in actions for name in action.option_strings}


def _plain(text: str | None) -> str:
    """A help text on one line, as a cell of a table."""
    return " ".join((text or "").replace("%%", "%").replace("|", "\\|").split())


def _table(title: str, remark: str, rows: list[tuple[str, Any]]) -> str:
    lines = "".join(f"| `{word}` | {_plain(str(said))} |\n" for word, said in rows)
    return f"\n## {title}\n\n{remark + chr(10) * 2 if remark else ''}| word | means |\n|---|---|\n{lines}"


def main() -> int:
    """Write them all."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
    import django

    django.setup()
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
