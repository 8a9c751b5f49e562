"""`import_autopack URL`: bring an Autopack database's runs, phases and telemetry in."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from drain.management.actor import command_actor
from drain.management.base import DatabaseCommand
from drain.models import ExecutorProfile
from drain.models.vocabulary import Origin
from drain.policy.words import counted
from drain.sources.autopack.importing import ImportResult
from drain.sources.autopack.profile import PREFIX, keys_to_name
from drain.sources.autopack.registering import Registration, import_registered
from drain.sources.errors import SourceError


class Command(DatabaseCommand):
    """Parse, import, print."""

    help = "Import an Autopack database (read-only, again and again without doubling anything)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Arguments of the contract."""
        parser.add_argument(
            "url", help="sqlite:////absolute, sqlite:///relative, postgresql://… or env:NAME"
        )
        parser.add_argument(
            "--workspace", default="", help="folder with scripts/drain_one_phase.py"
        )
        parser.add_argument(
            "--python",
            default="",
            help="interpreter that runs the phases (default: the workspace's)",
        )
        parser.add_argument(
            "--env-from", action="append", nargs="+", default=[], metavar="NAME",
            help="variable of the workers that phases get, e.g. ANTHROPIC_API_KEY",
        )  # fmt: skip
        parser.add_argument(
            "--settle-seconds", type=float, help="how long a phase's state may take to settle"
        )
        parser.add_argument(
            "--allow-empty-db",
            action="store_true",
            help="import a database without runs and phases",
        )
        parser.add_argument("--name", default="", help="name of the source")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and report."""
        registration = Registration(
            url=options["url"],
            name=options["name"],
            workspace=options["workspace"],
            python=options["python"],
            settle_seconds=options["settle_seconds"],
            allow_empty=options["allow_empty_db"],
            env_from=tuple(name for group in options["env_from"] for name in group),
        )
        try:
            result = import_registered(
                registration, actor=command_actor(), origin=Origin.COMMAND, now=timezone.now()
            )
        except SourceError as error:
            raise CommandError(str(error)) from error
        profile = ExecutorProfile.objects.filter(name=f"{PREFIX}{result.source}").first()
        if profile is not None:
            said = keys_to_name({*profile.env, *profile.env_from}, os.environ)
            if said:
                self.stderr.write(said)
        self.stdout.write(json.dumps(result.as_json()) if options["json"] else _sentences(result))


def _sentences(result: ImportResult) -> str:
    place = result.identity.get("file") or result.identity["url"]
    lines = [
        f"Source {result.source}: {place}",
        (
            f"{counted(result.runs, 'run')} ({result.runs_created} new), {counted(result.phases, 'phase')}: {result.created} new, "
            f"{result.updated} changed ({result.synced} in another state now), {result.unchanged} unchanged."
        ),
        f"{counted(result.attempts, 'past attempt')} and {counted(result.telemetry, 'telemetry event')} added.",
    ]
    if result.leased:
        lines.append(f"{counted(result.leased, 'phase')} left alone: a drain is running them.")
    return "\n".join(lines)
