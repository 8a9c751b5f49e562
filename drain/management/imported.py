"""What commands say of an import of files or of a query."""

from __future__ import annotations

from collections.abc import Iterator

from drain.management.ledger import counted
from drain.models import ExecutorProfile
from drain.sources.files.result import FileImport

REJECTS_SHOWN = 20


def import_sentences(result: FileImport) -> Iterator[str]:
    """What an import found and changed, or would change, line by line."""
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
    """What comes after an import, for whoever has not drained before."""
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
        f"{result.dependencies} dependencies added.{ignored}"
    )
