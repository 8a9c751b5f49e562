"""Command lines that do the same as a page did or would do."""

from __future__ import annotations

from collections.abc import Sequence

from drain.engine.sessions.scope import SessionScope
from drain.models import Phase
from drain.policy.argv import drain_argv
from drain.policy.command_lines import MANAGE, positional
from drain.policy.stopping.limits import Limits


def drain_command(scope: SessionScope, limits: Limits, note: str = "") -> list[str]:
    """`manage.py drain` with this scope and these limits, or `drain_phase` for one of a single phase.

    Empty where no command does the same: for phases that somebody ticked, and for one that is gone.
    """
    if scope.phase is not None:
        found = Phase.objects.filter(pk=scope.phase).values_list("run__run_id", "phase_id").first()
        return (
            manage(["drain_phase", *["--force"] * scope.force, *positional(*found)])
            if found
            else []
        )
    if scope.phases:
        return []
    return manage(
        drain_argv(
            limits,
            run_ids=scope.run_ids,
            skip_run_prefixes=scope.skip_run_prefixes,
            fingerprints=scope.fingerprints,
            sources=scope.sources,
            note=note,
        )
    )


def manage(argv: Sequence[str]) -> list[str]:
    """A command of the policy's actions, which starts after `manage.py`."""
    return [MANAGE, *argv]
