"""`executor set|list|remove|check`: the commands that run phases."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError

from drain.engine.errors import EngineError
from drain.engine.workers.executors import (
    ProfileInput,
    change_profile,
    check_profile,
    described,
    find_profile,
    remove_profile,
    set_profile,
)
from drain.management.actor import command_actor
from drain.management.base import DatabaseCommand
from drain.management.executor_options import given_options, json_option, set_arguments
from drain.models import ExecutorProfile
from drain.models.audit import Person
from drain.models.vocabulary import Origin

CHECK_FAILED = 3


class Command(DatabaseCommand):
    """Parse, call one verb, print."""

    help = "Define, list, check and remove the commands that run phases."

    def run_from_argv(self, argv: list[str]) -> None:
        """Keep what stands behind `--` from argparse: it is the phase's own command line."""
        own, self.command = _split(argv)
        super().run_from_argv(own)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Arguments of the contract."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="set|list|remove|check")
        set_arguments(verbs.add_parser("set", help="define an executor: set NAME … -- ARGV…"))
        json_option(verbs.add_parser("list", help="list executors"))
        remove = verbs.add_parser("remove", help="remove an executor that no run names")
        remove.add_argument("name", help="of the profile")
        remove.add_argument("--reason", required=True, help="for the people who read the history")
        json_option(remove)
        check = verbs.add_parser("check", help="say whether this host can run them; exit 3 if not")
        check.add_argument("name", nargs="?", help="default: all")
        json_option(check)

    def handle(self, *args: Any, **options: Any) -> None:
        """Call the verb."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except EngineError as error:
            # Only `set` can leave it out: argparse asks for it elsewhere.
            raise CommandError(
                str(error).replace("say why,", "say why with --reason TEXT,")
            ) from error

    def _set(self, options: dict[str, Any]) -> None:
        argv = (*(options.get("argv") or ()), *getattr(self, "command", ()))
        name, given, reason = options["name"], given_options(options), options["reason"]
        folder = _folder_of(argv) if given.keys().isdisjoint(("cwd", "kind")) else ""
        if folder:
            given["cwd"] = folder
        if argv or "kind" in given:
            profile, warnings = set_profile(ProfileInput(name, argv, **given), _by(), reason)
        else:
            profile, warnings = change_profile(name, given, _by(), reason)
        if options["chunk"] is not None:
            self.stderr.write(
                "Note: --chunk does nothing any more: a worker looks after many phases at once (DRAIN_SLOTS)."
            )
        for warning in warnings:
            self.stderr.write(f"Warning: {warning}")
        self._print(
            options,
            {**described(profile), "warnings": warnings},
            f"Executor {profile.name} is set{' and the default' if profile.is_default else ''}."
            + (
                f" Its phases run in {folder}, where its files are (--cwd DIR names another)."
                if folder
                else ""
            ),
        )

    def _list(self, options: dict[str, Any]) -> None:
        found = [
            {**described(profile), "ramp_size": profile.ramp_size if profile.ramp else None}
            for profile in ExecutorProfile.objects.order_by("name")
        ]
        lines = [
            f"{item['name']}{' (default)' if item['default'] else ''}: {json.dumps(item['argv'])}"
            f"{' - values may stand in program text' if item['allow_program_text'] else ''}"
            for item in found
        ]
        self._print(options, found, "\n".join(lines) or "No executor is defined yet.")

    def _remove(self, options: dict[str, Any]) -> None:
        remove_profile(options["name"], _by(), options["reason"])
        self._print(
            options, {"removed": options["name"]}, f"Executor {options['name']} is removed."
        )

    def _check(self, options: dict[str, Any]) -> None:
        name = options["name"]
        profiles = [find_profile(name)] if name else list(ExecutorProfile.objects.order_by("name"))
        found = {profile.name: check_profile(profile) for profile in profiles}
        report = [
            {"name": name, "ok": not problems, "problems": problems}
            for name, problems in found.items()
        ]
        good = [
            f"{name}: this host can run it." for name, problems in found.items() if not problems
        ]
        self._print(options, report, "\n".join(good))
        bad = [f"{name}: {problem}" for name, problems in found.items() for problem in problems]
        if bad:
            raise CommandError("\n".join(bad), returncode=CHECK_FAILED)

    def _print(self, options: dict[str, Any], value: object, text: str) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(value))
        elif text:
            self.stdout.write(text)


def _folder_of(argv: Sequence[str]) -> str:
    """The folder of this shell if the command names a file in it by a relative path, else "".

    Workers were started in another folder as a rule, and would not find the file.
    """
    named = [item for at, item in enumerate(argv) if at or "/" in item]
    relative = [item for item in named if not item.startswith(("/", "-")) and "{" not in item]
    return os.getcwd() if any(map(os.path.isfile, relative)) else ""  # noqa: PTH109 - no text is refused


def _split(argv: list[str]) -> tuple[list[str], tuple[str, ...]]:
    if "--" not in argv:
        return argv, ()
    at = argv.index("--")
    return argv[:at], tuple(argv[at + 1 :])


def _by() -> Person:
    return Person(command_actor(), Origin.COMMAND)
