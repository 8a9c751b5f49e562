"""`import_airflow EXECUTOR`: bring failed task instances of Airflow in, and what became of earlier ones."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from drain.engine.errors import EngineError
from drain.engine.source.airflow import AirflowSite, import_airflow
from drain.management.base import DrainCommand
from drain.management.importing import add_watch, watched
from drain.policy.words import counted
from drain.sources.errors import SourceError
from drain.sources.files.result import FileImport


class Command(DrainCommand):
    """Fetch, import, print; with --watch again and again."""

    help = (
        "Import failed task instances from Airflow's REST API, with why they failed, and what became of those that "
        "were imported before. The source has the name of the executor."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        parser.add_argument(
            "executor", help="executor of kind airflow; its headers are read from this shell"
        )
        parser.add_argument(
            "--dag",
            action="append",
            default=[],
            metavar="ID",
            help="only this DAG; may be repeated",
        )
        add_watch(parser)
        super().add_arguments(parser)

    def act(self, **options: Any) -> None:
        """Import once, or until somebody has enough."""
        every = watched(options)
        site = AirflowSite.of(options["executor"], os.environ)
        while True:
            try:
                result = import_airflow(site, options["executor"], options["dag"], self.actor)
                said = json.dumps(result.as_json()) if options["json"] else _sentence(result)
                self.stdout.write(said)
            except (EngineError, SourceError) as error:
                if every is None:
                    raise CommandError(str(error)) from error
                self.stderr.write(f"{error} Asked again in {every} s.")
            if every is None:
                return
            self.stdout.flush()
            time.sleep(every)


def _sentence(result: FileImport) -> str:
    return (
        f"{counted(result.runs, 'run')} ({result.runs_created} new), "
        f"{counted(result.phases, 'task instance')}: {result.created} new, "
        f"{result.updated} changed ({result.synced} in another state now), {result.unchanged} unchanged."
    )
