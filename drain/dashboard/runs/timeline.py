"""The period that all lanes of a run share, its ticks, and each phase's marks. Pure.

Moments are seconds since 1970: a page has hundreds, and dates are slow to read and to count with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from drain.dashboard.ui.states import look
from drain.dashboard.ui.svg import LaneMark
from drain.policy.words import duration

_STEPS = tuple(
    timedelta(minutes=n)
    for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 10080, 43200, 129600)
)
_MOST_TICKS = 6
PAUSE = 2 * 86400.0
"""Attempts closer together than this always share a timeline."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One attempt on the timeline; `end` is now for an open one."""

    state: str
    """Its outcome, or the state it reports while it is open."""
    start: float
    end: float
    number: int


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """From where to where the lanes reach."""

    start: float
    end: float

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Both ends as moments."""
        return datetime.fromtimestamp(self.start, UTC), datetime.fromtimestamp(self.end, UTC)

    def share(self, moment: float) -> float:
        """Place of a moment, 0 at the left end and 1 at the right; outside it is cut off."""
        return min(1.0, max(0.0, (moment - self.start) / (self.end - self.start)))


def shared_period(stretches: Iterable[Stretch]) -> TimelineSpan | None:
    """The period from the first start to the last end, with a little room; None without attempts."""
    found = list(stretches)
    if not found:
        return None
    start, end = min(s.start for s in found), max(s.end for s in found)
    room = max((end - start) * 0.02, 20.0)
    return TimelineSpan(start - room, end + room)


def latest_period(stretches: Sequence[Stretch]) -> TimelineSpan | None:
    """The period of the last attempts that belong together, when lanes over all of them would show nothing.

    Going back in time it ends at the first pause that is much longer than all that came after it; None
    when there is no such pause.
    """
    found = sorted(stretches, key=lambda one: one.start, reverse=True)
    if not found:
        return None
    start, end = found[0].start, max(one.end for one in found)
    for one in found[1:]:
        if start - one.end > max(PAUSE, (end - start) * 4):
            return shared_period([one for one in found if one.start >= start])
        start = min(start, one.start)
    return None


def ticks(period: TimelineSpan, zone: tzinfo) -> list[tuple[float, str, bool]]:
    """(place, text, begins a day) at round local times, six at most."""
    start, end = period.moments
    step = next((s for s in _STEPS if (end - start) / s <= _MOST_TICKS), _STEPS[-1])
    local = start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + step * (-((midnight - local) // step))
    found: list[tuple[float, str, bool]] = []
    while moment <= end and len(found) <= 2 * _MOST_TICKS:
        day = moment.hour == 0 and moment.minute == 0
        text = f"{moment.day} {moment:%b}" if day else f"{moment:%H:%M}"
        place = period.share(moment.timestamp())
        # A text at the very edge would be cut by its neighbour column.
        if 0.02 < place < 0.98:
            found.append((place, text, day))
        moment += step
    return found


def lane_marks(
    stretches: Sequence[Stretch], period: TimelineSpan, queued_since: float | None, now: float
) -> list[LaneMark]:
    """A phase's attempts, and a thin line while it is queued."""
    marks = [
        LaneMark(
            item.state,
            period.share(item.start),
            period.share(item.end),
            f"Attempt {item.number}, {look(item.state).word.lower()} after {duration(item.end - item.start)}",
        )
        for item in stretches
        if item.end >= period.start
    ]
    if queued_since is not None and queued_since < period.end:
        words = f"Queued for {duration(now - queued_since)}"
        marks.append(LaneMark("queued", period.share(queued_since), 1.0, words, wait=True))
    return marks
