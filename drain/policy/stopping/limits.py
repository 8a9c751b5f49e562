"""The limits of one drain session: what they are, which values make sense, how they are stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Self

from drain.policy.moments import MomentError, read_date
from drain.policy.pace import MOST_PER_MINUTE

DEFAULT_PHASE_TIMEOUT_SECONDS = 900
"""Used when neither the session nor the executor profile names a timeout."""

MAX_BATCH_SIZE = 1_000_000
"""A plan is frozen as rows; beyond this the answer is several sessions."""


FARTHEST = timedelta(days=3660)
"""A time to come that somebody names; near the end of the calendar a change of zone leaves it."""
WITHIN = "give a time within ten years"


class QueuedPolicy(StrEnum):
    """The effect of a queued phase on failed phases of its run that declare no edge to it."""

    PHASE = "phase"
    """Nothing: only declared dependencies wait."""
    DEPENDENTS = "dependents"
    """Phases with a higher index wait too, if the run is sequential."""
    RUN = "run"
    """All of them are left alone (the old rule of all or nothing)."""
    IGNORE = "ignore"
    """Nothing, and declared edges to queued phases are dropped as well."""


class KeyLevel(StrEnum):
    """The likeness that makes two failures count as the same one."""

    KEY = "key"
    """The fingerprint itself."""
    COARSE = "coarse"
    """Fewer, larger groups."""
    FINE = "fine"
    """More, smaller groups."""


class LimitError(ValueError):
    """A limit makes no sense; the message is one sentence that names the flag and the way out."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit of a session; None means "no such limit" unless the comment says otherwise."""

    batch_size: int = 10
    parallel: int = 1
    queued_policy: QueuedPolicy = QueuedPolicy.PHASE
    phase_timeout_seconds: int | None = None
    """None: the executor profile's timeout, else 900 seconds."""
    max_total_minutes: float | None = None
    max_timeouts_per_run: int = 2
    max_attempts_per_phase: int = 2
    max_fingerprint_repeats: int = 3
    """Per run."""
    max_session_fingerprint_repeats: int | None = None
    """Over all runs of the session."""
    max_consecutive_zero_yield: int | None = None
    max_failure_rate: float | None = None
    """Between 0 and 1; reached means stopped."""
    failure_rate_window: int = 20
    until: datetime | None = None
    """Aware."""
    sample: int | None = None
    """Run this many phases first …"""
    sample_passes: int | None = None
    """… and go on if this many completed; None with a sample means one."""
    key_level: KeyLevel = KeyLevel.KEY
    wait_for_host: int = 60
    """Seconds without a host that can run what is left until the session is interrupted."""

    starts_per_minute: int | None = None
    """Evenly over the minute; see drain.policy.pace."""
    ramp: float | None = None
    """Between 0 and 1: begin with one phase at once and double while less than this share fails."""
    run_delay_seconds: float | None = None
    """From the end of an attempt of a run to the start of its next, one at a time."""
    max_lifetime_attempts: int | None = None
    """Attempts of one phase over all drains."""
    count_source_attempts: bool = False
    """True if the tries that the source reports count towards it."""

    @property
    def breaker_window(self) -> int:
        """Attempts the failure rate is taken over.

        At most half a batch: a window that no batch fills would be a limit that never trips.
        """
        return min(self.failure_rate_window, max(1, self.batch_size // 2))

    @property
    def passes_needed(self) -> int:
        """Completed sample phases needed to go on; 0 without a sample."""
        if self.sample is None:
            return 0
        return 1 if self.sample_passes is None else self.sample_passes

    def phase_timeout(self, profile_seconds: int | None) -> int:
        """Seconds one phase may run: the session's word, else the profile's, else 900."""
        return self.phase_timeout_seconds or profile_seconds or DEFAULT_PHASE_TIMEOUT_SECONDS

    def validate(self, now: datetime | None = None) -> Self:
        """Return self, or raise LimitError for the first limit that makes no sense.

        With `now` a time in the past is refused too; leave it out for limits read back.
        """
        for rule in _RULES:
            rule.check(getattr(self, rule.field))
        self._check_sample()
        self._check_lifetime()
        self._check_until(now)
        return self

    def _check_sample(self) -> None:
        if self.sample_passes is None:
            return
        if self.sample is None:
            raise LimitError("--sample-passes needs a sample: add --sample N, or leave it out.")
        if self.sample_passes > self.sample:
            raise LimitError(
                f"--sample-passes {self.sample_passes} can never be reached with "
                f"--sample {self.sample}: ask for at most {self.sample}."
            )

    def _check_lifetime(self) -> None:
        if not isinstance(self.count_source_attempts, bool):
            raise LimitError("--count-source-attempts is a switch: give it or leave it out.")
        if self.count_source_attempts and self.max_lifetime_attempts is None:
            raise LimitError("--count-source-attempts needs --max-lifetime-attempts N: add it.")

    def _check_until(self, now: datetime | None) -> None:
        if self.until is None:
            return
        if self.until.utcoffset() is None:
            raise LimitError("--until has no time zone: write it like 2026-01-31T18:00+00:00.")
        if now is not None and self.until <= now:
            raise LimitError(f"--until {self.until.isoformat()} is in the past: give a later time.")
        if now is not None and self.until - now > FARTHEST:
            raise LimitError(f"--until {self.until.isoformat()} is too far: {WITHIN}.")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by field name."""
        stored = asdict(self)
        stored["queued_policy"] = self.queued_policy.value
        stored["key_level"] = self.key_level.value
        stored["until"] = None if self.until is None else self.until.isoformat()
        return stored

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The limits that `to_json` wrote; absent ones take their default, unknown ones raise."""
        values = dict(stored)
        for name in values.keys() - {field.name for field in fields(cls)}:
            raise LimitError(f"There is no limit called “{name}”: remove it.")
        if "queued_policy" in values:
            values["queued_policy"] = parse_queued_policy(values["queued_policy"])
        if "key_level" in values:
            values["key_level"] = parse_key_level(values["key_level"])
        if values.get("until") is not None:
            values["until"] = _stored_until(values["until"])
        return cls(**values)


def parse_queued_policy(text: str) -> QueuedPolicy:
    """The policy of that name, or LimitError naming all of them."""
    try:
        return QueuedPolicy(text)
    except ValueError:
        names = ", ".join(QueuedPolicy)
        raise LimitError(f"--queued-policy “{text}” is unknown: use one of {names}.") from None


def parse_key_level(text: str) -> KeyLevel:
    """The key level of that name, or LimitError naming all of them."""
    try:
        return KeyLevel(text)
    except ValueError:
        names = ", ".join(KeyLevel)
        raise LimitError(f"--key-level “{text}” is unknown: use one of {names}.") from None


def _stored_until(text: str) -> datetime:
    """A date and time; `validate` asks for its time zone."""
    try:
        return read_date(text)
    except MomentError as error:
        raise LimitError(f"--until {error}") from None


class _Rule(NamedTuple):
    """The values one number may take."""

    field: str
    lowest: float
    highest: float
    whole: bool = True
    optional: bool = True
    excludes_lowest: bool = False

    @property
    def flag(self) -> str:
        return "--" + self.field.replace("_", "-")

    def check(self, value: object) -> None:
        if value is None and self.optional:
            return
        kinds = (int,) if self.whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not self._holds(value):
            raise LimitError(f"{self.flag} {value} makes no sense: {self._way_out()}.")

    def _holds(self, value: float) -> bool:
        if self.excludes_lowest and value <= self.lowest:
            return False
        # Neither nan nor inf lies between two numbers.
        return self.lowest <= value <= self.highest

    def _way_out(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = f"above {self.lowest:,g}" if self.excludes_lowest else f"from {self.lowest:,g}"
        joint = "and up" if self.excludes_lowest else "up"
        return f"give {kind} {low} {joint} to {_grouped(self.highest)}"


def _grouped(number: float) -> str:
    return f"{number:,.0f}" if number >= 1 else f"{number:g}"


_YEAR_OF_SECONDS = 366 * 24 * 3600
_MANY = 1_000_000_000

_RULES = (
    _Rule("batch_size", 1, MAX_BATCH_SIZE, optional=False),
    _Rule("parallel", 1, 1_000, optional=False),
    _Rule("phase_timeout_seconds", 1, _YEAR_OF_SECONDS),
    _Rule("max_total_minutes", 0, _YEAR_OF_SECONDS // 60, whole=False, excludes_lowest=True),
    _Rule("max_timeouts_per_run", 1, _MANY, optional=False),
    _Rule("max_attempts_per_phase", 1, 1_000, optional=False),
    _Rule("max_fingerprint_repeats", 1, _MANY, optional=False),
    _Rule("max_session_fingerprint_repeats", 1, _MANY),
    _Rule("max_consecutive_zero_yield", 1, _MANY),
    _Rule("max_failure_rate", 0, 1, whole=False, excludes_lowest=True),
    _Rule("failure_rate_window", 1, 10_000, optional=False),
    _Rule("wait_for_host", 0, _YEAR_OF_SECONDS, optional=False),
    _Rule("sample", 1, MAX_BATCH_SIZE),
    _Rule("sample_passes", 1, MAX_BATCH_SIZE),
    _Rule("starts_per_minute", 1, MOST_PER_MINUTE),
    _Rule("ramp", 0, 1, whole=False, excludes_lowest=True),
    _Rule("run_delay_seconds", 0, 24 * 3600, whole=False, excludes_lowest=True),
    _Rule("max_lifetime_attempts", 1, 1_000_000),
)
