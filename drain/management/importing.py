"""The common part of commands that import: the options of a reading, its repetition, and its result."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from drain.models import ExecutorProfile
from drain.policy.words import agrees, counted
from drain.sources.files.result import FileImport, Options

REJECTS_SHOWN = 20
WATCH = (5, 86_400)
"""Seconds between imports, from and to."""


def add_reading(parser: ArgumentParser, mappings: str) -> None:
    """Add what says how records become phases; `mappings` names what --mapping takes."""
    parser.add_argument("--mapping", help=mappings)
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="run_id=dag_run, run_id={dag}/{date}, state:upstream_failed=FAILED, state:gone=- to leave out",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OURS=VALUE",
        help="this value for every phase",
    )
    parser.add_argument("--day-first", action="store_true", help="31/01/2026 is a day in January")
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would happen, and write nothing"
    )


def chosen_reading(options: dict[str, Any], **others: Any) -> Options:
    """The reading that parsed options ask for, with fields of `Options` that the command knows besides."""
    return Options(
        mapping=options["mapping"],
        maps=tuple(options["map"]),
        sets=tuple(options["set"]),
        day_first=options["day_first"],
        **others,
    )


def add_watch(parser: ArgumentParser) -> None:
    """Add the option that imports again and again."""
    parser.add_argument(
        "--watch",
        type=int,
        metavar="SECONDS",
        help="import again every so many seconds, until Ctrl-C",
    )


def watched(options: dict[str, Any]) -> int | None:
    """Seconds between imports; None for one import. Raises CommandError for what nobody means."""
    every: int | None = options["watch"]
    least, most = WATCH
    if every is not None and not least <= every <= most:
        raise CommandError(f"--watch takes {least} to {most:,} seconds.", returncode=2)
    return every


def print_import(out: OutputWrapper, result: FileImport, *, as_json: bool) -> None:
    """Print what an import brought: as one JSON object, or in sentences."""
    for line in [json.dumps(result.as_json())] if as_json else import_sentences(result):
        out.write(line)


def import_sentences(result: FileImport) -> Iterator[str]:
    """Yield the changes that an import made, or would make, line by line."""
    if result.dry_run:
        yield f"A dry run: nothing is written. Recognised as {result.format}; records of {result.shape}."
        yield from _preview(result)
    if result.kept:
        yield f"Read as is kept for {result.source}: {result.kept}."
    yield _counts(result)
    unknown = [f"{count} in state {theirs}" for theirs, ours, count in result.states if not ours]
    if unknown:
        first = next(theirs for theirs, ours, _ in result.states if not ours)
        yield f"Left out: {', '.join(unknown[:10])}. Take them with --map state:{first}=FAILED, or any other state."
    if result.marks:
        yield (
            "Of the tests "
            + ", ".join(f"{count} were {mark}" for mark, count in result.marks.items())
            + "."
        )
    if result.unseen:
        yield (
            f"{counted(result.unseen, 'phase')} of {result.source}, failed or queued here, not in the answer: "
            "let the query give rows that were mended lately too, or a drain runs those again."
        )
    if result.rejected:
        yield f"{result.rejected} rejected:"
        yield from (f"  {reject.sentence}" for reject in result.rejects[:REJECTS_SHOWN])
        if result.rejected > REJECTS_SHOWN:
            yield f"  and {result.rejected - REJECTS_SHOWN} more (--json has the first {len(result.rejects)})."


def next_step() -> str:
    """Return the next step after an import, for people who have not drained before."""
    if not ExecutorProfile.objects.exists():
        return "Next: say how a phase is run again, `manage.py executor set NAME --default -- COMMAND '{phase_id}'`."
    return "Next: `manage.py drain --dry-run` shows what a drain would run, and what not and why."


def _preview(result: FileImport) -> Iterator[str]:
    for theirs, ours, count in result.states:
        yield f"  state {theirs} -> {ours or 'left out'}: {count}"
    for phase in result.examples:
        reason = f"  {phase['reason']}" if phase["reason"] else ""
        yield f"  {phase['run_id']} | {phase['phase_id']} | {phase['state']}{reason}"


def _counts(result: FileImport) -> str:
    ignored = (
        f" Fields that nobody reads: {', '.join(result.ignored_fields)}."
        if result.ignored_fields
        else ""
    )
    if result.lacks_reason:
        ignored += " If one of them says why a phase failed, take it with --map reason=FIELD."
    return (
        f"{counted(result.runs, 'run')} ({result.runs_created} new), {counted(result.phases, 'phase')}: {result.created} new, "
        f"{result.updated} changed ({result.synced} in another state now), {result.unchanged} unchanged; "
        f"{result.dependencies} {agrees(result.dependencies, 'dependency', 'dependencies')} added.{ignored}"
    )
