"""The intervals at which a service is asked, and the patience with it: seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass

from drain.engine.executions.remote.service import ServiceError, UnknownJobError
from drain.engine.process.ended import Command

_LOOK_EVERY = (1.0, 10.0)
_LOOKS_A_LIFE = 20
_ASK_AGAIN = (1.0, 10.0)
LOG_EVERY = 5.0
"""Between parts of the log while the job runs."""
LOG_PATIENCE = 60.0
"""The longest time for which the log of a job that is over may be out of reach."""
QUESTION_SECONDS = 20.0
"""After this a question is broken off."""
LOG_SECONDS = 120.0
"""After this the reading of a whole log is."""
START_PATIENCE = 120.0
"""A service that could not be reached for so long is away: the phase gets another turn."""
MOST_REFUSALS = 3
"""Times that a service may fail over a start."""
STOP_PATIENCE = {None: 60.0, Command.CANCEL: 60.0, Command.INTERRUPT: 8.0}
"""The time for a service to say that a job has stopped: because its time is over, or by order."""
SEND_STOP_EVERY = 5.0
STOP_LOOK_EVERY = 0.5
_GONE_SECONDS = 10.0
_GONE_ANSWERS = 3


def look_after(age: float) -> float:
    """Return the seconds until a job of this age is asked for again: an old one will not end just now."""
    least, most = _LOOK_EVERY
    return min(most, max(least, age / _LOOKS_A_LIFE))


@dataclass(slots=True)
class Trouble:
    """That a service does not say how its job is, since when, and why."""

    sentence: str = ""
    _since: float = 0.0
    _count: int = 0
    _unknown_since: float = 0.0
    _unknown: int = 0

    def note(self, error: ServiceError, sentence: str) -> float:
        """Count an error again; returns the seconds until the next question."""
        now = time.monotonic()
        if not self._count:
            self._since = now
        self._count += 1
        self.sentence = sentence
        if not isinstance(error, UnknownJobError):
            self._unknown = 0
        else:
            if not self._unknown:
                self._unknown_since = now
            self._unknown += 1
        least, most = _ASK_AGAIN
        return min(most, least * 2.0 ** min(self._count - 1, 10))

    def over(self) -> None:
        """Forget the errors: the service has told of its job."""
        self.sentence, self._count, self._unknown = "", 0, 0

    @property
    def lasts(self) -> float:
        """Seconds since it began; 0 without trouble."""
        return time.monotonic() - self._since if self._count else 0.0

    @property
    def is_gone(self) -> bool:
        """True if the service has said for long enough that it knows no such job:
        proxies say so for a moment, too.
        """
        if self._unknown < _GONE_ANSWERS:
            return False
        return time.monotonic() - self._unknown_since >= _GONE_SECONDS
