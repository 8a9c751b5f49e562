"""The limits of a drain as command-line options, the same for every command that takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from drain.policy.moments import read_moment
from drain.policy.stopping.limits import (
    KeyLevel,
    LimitError,
    Limits,
    QueuedPolicy,
    parse_key_level,
    parse_queued_policy,
)

_NUMBERS: tuple[tuple[str, type, str], ...] = (
    ("batch-size", int, "phases at most (default 10)"),
    ("parallel", int, "phases at the same time, whatever the number of workers (default 1)"),
    ("phase-timeout-seconds", int, "seconds one phase may run (default: the executor's, else 900)"),
    ("max-total-minutes", float, "stop starting after this many minutes"),
    ("max-timeouts-per-run", int, "leave a run after this many timeouts (default 2)"),
    ("max-attempts-per-phase", int, "attempts of one phase in this drain (default 2)"),
    ("max-fingerprint-repeats", int, "leave a run after the same failure this often (default 3)"),
    (
        "max-session-fingerprint-repeats",
        int,
        "leave a fingerprint after it failed this often in the drain",
    ),
    ("max-consecutive-zero-yield", int, "stop after this many attempts in a row without telemetry"),
    ("max-failure-rate", float, "stop when this share (0 to 1) of the latest attempts failed"),
    ("wait-for-host", int, "seconds to wait for a host that can run what is left (default 60)"),
    ("sample", int, "run this many phases first …"),
    ("sample-passes", int, "… and go on if at least this many completed"),
    ("starts-per-minute", int, "start at most so many phases a minute, evenly"),
    (
        "ramp",
        float,
        "begin with one phase at once and double while less than this share (0 to 1) fails",
    ),
    (
        "run-delay-seconds",
        float,
        "seconds from the end of a run's attempt to its next, one at a time",
    ),
    ("max-lifetime-attempts", int, "leave phases that had so many attempts over all drains"),
)


def add_limits(parser: CommandParser) -> None:
    """Add one option per limit."""
    for name, kind, text in _NUMBERS:
        parser.add_argument(f"--{name}", type=kind, help=text)
    parser.add_argument(
        "--count-source-attempts",
        action="store_true",
        help="count the tries that the source reports towards --max-lifetime-attempts",
    )
    policies = ", ".join(QueuedPolicy)
    parser.add_argument(
        "--queued-policy", help=f"what a queued phase does to its siblings: {policies}"
    )
    parser.add_argument(
        "--no-skip-runs-with-queued",
        action="store_true",
        help="the same as --queued-policy ignore",
    )
    parser.add_argument(
        "--key-level",
        help=f"what counts as the same failure for the repeat limits: {', '.join(KeyLevel)} (default key)",
    )
    parser.add_argument(
        "--until", help="stop starting at this time: 18:00 is the next; or 2026-01-31 18:00"
    )


def limits_from(options: dict[str, Any], now: datetime) -> Limits:
    """Limits from parsed options, validated. Raises LimitError or MomentError."""
    return Limits(**given_limits(options, now)).validate(now)


def given_limits(options: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the limits that were named, by field. Raises LimitError or MomentError."""
    names = (name.replace("-", "_") for name, _, _ in _NUMBERS)
    given = {name: options[name] for name in names if options.get(name) is not None}
    if options.get("count_source_attempts"):
        given["count_source_attempts"] = True
    policy = _policy(options)
    if policy is not None:
        given["queued_policy"] = policy
    if options.get("key_level"):
        given["key_level"] = parse_key_level(options["key_level"])
    if options.get("until"):
        given["until"] = read_moment(options["until"], timezone.localtime(now), coming=True)
    return given


def _policy(options: dict[str, Any]) -> QueuedPolicy | None:
    named = options.get("queued_policy")
    if not options.get("no_skip_runs_with_queued"):
        return parse_queued_policy(named) if named else None
    if named and named != QueuedPolicy.IGNORE:
        raise LimitError(
            f"--no-skip-runs-with-queued means --queued-policy ignore, not {named}: give one of them."
        )
    return QueuedPolicy.IGNORE
