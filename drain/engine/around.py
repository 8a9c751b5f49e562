"""What happens around a child when its phase belongs to a source that has its own truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drain.models import TelemetryEvent

from .child.ended import Ended
from .child.outcome import Source
from .child.profile import Profile
from .starting import Held


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says after an attempt."""

    source: Source | None = None
    telemetry: list[TelemetryEvent] = field(default_factory=list)
    detail: str = ""


class Around:
    """A phase without a source: nothing to read before, nothing after."""

    def before(self) -> None:
        """Note the source's state before the child runs."""

    def profile(self, profile: Profile) -> Profile:
        """The profile to run, with what only the source knows."""
        return profile

    def after(self, ended: Ended, beat: Callable[[], bool]) -> Said:
        """Read the source back; `beat` keeps the lease meanwhile and is False once it is lost."""
        del ended, beat
        return Said()


_NOTHING = Around()


def around_for(held: Held) -> Around:
    """The source's part in this attempt."""
    del held
    return _NOTHING
