"""The execution of an attempt by each kind of executor."""

from __future__ import annotations

from collections.abc import Callable

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.started import StartedAttempt
from drain.engine.executions.execution import Execution
from drain.engine.executions.local import LocalExecution
from drain.engine.executions.pool import Pool
from drain.engine.executions.remote.execution import RemoteExecution


def execution_of(
    started: StartedAttempt, host: HostContext, pool: Pool, lease_until: Callable[[], float]
) -> Execution:
    """Return the execution of an attempt, not begun yet."""
    if started.profile.remote is not None:
        return RemoteExecution(started, host, pool)
    return LocalExecution(started, host, pool, lease_until)
