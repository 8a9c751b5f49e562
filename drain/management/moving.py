"""The output of commands that move phases: one exact line per phase, and how many of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import OutputWrapper

from drain.engine.queue.clearing import PhaseResult

SHOWN = 100


def results_json(results: Sequence[PhaseResult]) -> dict[str, Any]:
    """Counts, and every phase with what became of it."""
    done = sum(result.done for result in results)
    return {
        "moved": done,
        "left_alone": len(results) - done,
        "phases": [
            {"run_id": each.run_id, "phase_id": each.phase_id, "done": each.done, "said": each.said}
            for each in results
        ],
    }


def print_results(out: OutputWrapper, results: Sequence[PhaseResult]) -> None:
    """The same for people."""
    for each in results[:SHOWN]:
        out.write(f"{each.run_id}  {each.phase_id}  {each.said}")
    if len(results) > SHOWN:
        out.write(f"… and {len(results) - SHOWN:,} more")
    done = sum(each.done for each in results)
    out.write(f"{done:,} moved, {len(results) - done:,} not moved.")
