"""Start a child, watch it, and leave nothing of it behind."""

from __future__ import annotations

from types import TracebackType

from drain.engine.child.ended import Command, Ended, Pulse, Tick
from drain.engine.child.job import Job


def start(job: Job) -> Child:
    """Start the child in a session of its own. Raises SpawnError; the deadline counts from here."""
    raise NotImplementedError


class Child:
    """A running child. Use `wait` once; as a context manager it is killed if `wait` was never reached."""

    pid: int

    def wait(self, tick: Tick) -> Ended:
        """Wait until the child is gone, calling `tick` about once a second; never raises for what the child does."""
        raise NotImplementedError

    def kill(self) -> None:
        """Kill the child and all it started, at once; harmless if it is gone."""
        raise NotImplementedError

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


def carry_on(pulse: Pulse) -> Command:
    """Tick for callers with nothing to say, such as a preflight."""
    del pulse
    return Command.CONTINUE
