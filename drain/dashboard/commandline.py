"""What a page did or would do, as a command line that does the same."""

from __future__ import annotations

from collections.abc import Sequence

from drain.engine.scope import SessionScope
from drain.policy.argv import drain_argv
from drain.policy.limits import Limits

MANAGE = "manage.py"


def drain_command(scope: SessionScope, limits: Limits, note: str = "") -> list[str]:
    """`manage.py drain` with this scope and these limits."""
    return manage(
        drain_argv(
            limits,
            run_ids=scope.run_ids,
            skip_run_prefixes=scope.skip_run_prefixes,
            fingerprints=scope.fingerprints,
            note=note,
        )
    )


def manage(argv: Sequence[str]) -> list[str]:
    """A command of the policy's actions, which starts after `manage.py`."""
    return [MANAGE, *argv]
