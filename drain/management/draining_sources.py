"""The notes of `drain` on Autopack databases, and the flags that their old controller had."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser

from drain.engine.errors import EngineError
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.sources import (
    MOST_RETRIES,
    databases,
    give_retries_back,
    refuse_empty,
    retries_sentence,
)
from drain.management.base import DrainCommand
from drain.models import DrainSession
from drain.policy.inert import inert
from drain.policy.words import agrees, counted
from drain.sources.errors import SourceError

API_URL = "AUTOPACK_API_URL"


def add_source_options(parser: CommandParser) -> None:
    """Flags about Autopack databases; the last three are those of its batch_drain_controller.py."""
    parser.add_argument(
        "--reset-retries",
        action="store_true",
        help=f"give phases with {MOST_RETRIES} retries theirs back, in their Autopack database too",
    )
    parser.add_argument(
        "--allow-empty-db", action="store_true", help="drain although an Autopack database is empty"
    )
    parser.add_argument(
        "--skip-runs-with-queued",
        action="store_true",
        help="accepted: queued phases hold back only what Autopack would run after them",
    )
    parser.add_argument(
        "--api-url", default="", metavar="URL", help=f"{API_URL} of phases that run in this process"
    )


def print_sources(command: DrainCommand, scope: SessionScope, options: dict[str, Any]) -> None:
    """Print which databases these are. Raises EngineError for an empty one, unless that is meant."""
    found = databases(scope)
    if not options["allow_empty_db"]:
        refuse_empty(found)
    out = command.stderr if options["json"] else command.stdout
    for database in found:
        out.write(inert(database.sentence))
    if options["skip_runs_with_queued"]:
        command.stderr.write(
            "--skip-runs-with-queued changes nothing: a queued phase holds back what Autopack would run after it. "
            "The old rule, which left its whole run alone, is --queued-policy run."
        )
    if options["api_url"]:
        _take_api_url(command, options["api_url"], inline=options["inline"])


def tell_retries(command: DrainCommand, phases: Sequence[int], *, reset: bool) -> None:
    """Write which of the selected phases Autopack would fail at once."""
    sentence = retries_sentence(phases)
    if not sentence:
        return
    way = (
        "They are reset when the drain starts." if reset else "Give them back with --reset-retries."
    )
    command.stderr.write(inert(f"{sentence} {way}"))


def reset_or_tell(command: DrainCommand, session: DrainSession, *, reset: bool) -> None:
    """Give retries back before the first phase starts, or say which have none. Raises EngineError."""
    planned = session.candidates.filter(planned_position__isnull=False)
    phases = list(planned.values_list("phase_id", flat=True))
    if not reset:
        tell_retries(command, phases, reset=False)
        return
    try:
        count = give_retries_back(phases, command.actor)
    except SourceError as error:
        raise EngineError(str(error)) from error
    have = f"{counted(count, 'phase')} {agrees(count, 'has its', 'have their')}"
    command.stderr.write(f"{have} retries back.")


def _take_api_url(command: DrainCommand, url: str, *, inline: bool) -> None:
    if inline:
        os.environ[API_URL] = url
        command.stderr.write(f"--api-url: phases of this drain get {API_URL}={inert(url)}.")
        return
    command.stderr.write(
        f"--api-url reaches only phases that run in this process (--inline): set {API_URL} where the workers run, "
        f"or in the executor, `manage.py executor set autopack:NAME --reason TEXT --env {API_URL}=URL`."
    )
