"""The look of each stored word: its word for people, its icon and its colour class.

Templates never choose a colour or an icon for a state; they name the stored value and this table answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from drain.models import DrainSession
from drain.policy.reasons import StopReason
from drain.policy.words import ZERO_YIELD


@dataclass(frozen=True, slots=True)
class Look:
    """One state as a page shows it: `word` for people, `icon` in the sprite, `css` in states.css."""

    word: str
    icon: str
    css: str
    turns: bool = False

    @property
    def open(self) -> bool:
        """True if this is the state of something that has not ended."""
        return self.css in _OPEN


_OPEN = frozenset({"s-queued", "s-executing", "s-gate", "s-ci-running", "s-running"})
_GOOD, _BAD, _WARN = "circle-check-filled", "circle-x-filled", "alert-triangle-filled"
_LOOKS = {
    # Phases.
    "queued": Look("Queued", "clock", "s-queued"),
    "executing": Look("Executing", "loader-2", "s-executing", turns=True),
    "gate": Look("Gate", "hourglass", "s-gate"),
    "ci-running": Look("CI running", "settings", "s-ci-running"),
    "complete": Look("Complete", _GOOD, "s-complete"),
    "failed": Look("Failed", _BAD, "s-failed"),
    "skipped": Look("Skipped", "circle-dashed-minus", "s-skipped"),
    # Outcomes of attempts.
    "timeout": Look("Timeout", "clock-x", "s-timeout"),
    "retryable": Look("Retryable", "refresh", "s-retryable"),
    "lost": Look("Lost", "plug-connected-x", "s-lost"),
    "cancelled": Look("Cancelled", "ban", "s-neutral"),
    "interrupted": Look("Interrupted", "player-pause", "s-lost"),
    "diverted": Look("Diverted", "arrows-split-2", "s-held"),
    # Drain sessions.
    "planned": Look("Planned", "clock", "s-planned"),
    "running": Look("Running", "loader-2", "s-running", turns=True),
    "paused": Look("Paused", "player-pause", "s-held"),
    "stopping": Look("Stopping", "hand-stop", "s-held"),
    "finished": Look("Finished", _GOOD, "s-complete"),
    "stopped": Look("Stopped", "hand-stop", "s-held"),
    "nothing-selected": Look("Nothing selected", "hand-stop", "s-held"),
    "refused": Look("Refused", _BAD, "s-failed"),
    # Candidates and parts of the ledger.
    "waiting": Look("Waiting", "clock-pause", "s-waiting"),
    "done": Look("Done", _GOOD, "s-complete"),
    "excluded": Look("Excluded", "circle-minus", "s-neutral"),
    "drained": Look("Drained", _GOOD, "s-complete"),
    "held": Look("Held", "lock-filled", "s-held"),
    "untouched": Look("Untouched", "circle-dotted", "s-untouched"),
    "stale": Look("Stale", _WARN, "s-held"),
    "selected": Look("Selected", "droplet", "s-selected"),
    # Verdicts on runs and checks.
    "unsampled": Look("Unsampled", "test-pipe", "s-neutral"),
    "sampling": Look("Sample running", "loader-2", "s-running", turns=True),
    "promising": Look("Promising", _GOOD, "s-complete"),
    "sample-completed": Look("Sample completed", "test-pipe", "s-neutral"),
    "another-failure": Look("Another failure", _WARN, "s-held"),
    "failed-as-before": Look("Failed as before", _WARN, "s-held"),
    "deprioritised": Look("Deprioritised", "arrow-down", "s-neutral"),
    "pass": Look("Pass", _GOOD, "s-complete"),
    "fail": Look("Fail", _BAD, "s-failed"),
    "not-enough-data": Look("Not enough data", "scale", "s-neutral"),
    # Fingerprints.
    "new": Look("New", "sparkles", "s-held"),
    "ongoing": Look("Ongoing", "circle-dot", "s-failed"),
    "fix-deployed": Look("Fix deployed", "flag-filled", "s-fix"),
    "fix": Look("Fix", "flag-filled", "s-fix"),
    "resolved": Look("Resolved", _GOOD, "s-complete"),
    "regressed": Look("Regressed", "refresh-alert", "s-failed"),
    "snoozed": Look("Snoozed", "moon-filled", "s-snoozed"),
    "muted": Look("Muted", "ban", "s-neutral"),
    "more": Look("More than yesterday", "trending-up", "s-neutral"),
    # Workers and the page itself.
    "alive": Look("Alive", _GOOD, "s-complete"),
    "stuck": Look("Takes no tasks", "alert-triangle-filled", "s-lost"),
    "silent": Look("Silent", "plug-connected-x", "s-lost"),
    "ended": Look("Ended", "circle-minus", "s-neutral"),
    "delivered": Look("Delivered", _GOOD, "s-complete"),
    "live": Look("Live", _GOOD, "s-live"),
    "rest": Look("Not started", "circle-dotted", "s-rest"),
}
# The run tiers are stored as digits, because they sort.
_TIERS = {"0": "unsampled", "1": "promising", "2": "sampling", "3": "deprioritised"}

REASON_WORDS = {
    "no_longer_failed": ("No longer failed", "s-neutral"),
    "leased": ("Leased elsewhere", "s-running"),
    "filtered_out": ("Filtered out", "s-neutral"),
    "prefix_excluded": ("Prefix excluded", "s-held"),
    "run_held": ("Run held", "s-held"),
    "no_executor": ("No executor", "s-held"),
    "fingerprint_snoozed": ("Fingerprint snoozed", "s-snoozed"),
    "queued_in_run": ("Queued phase in the run", "s-waiting"),
    "waits_for_queued": ("Waits for a queued phase", "s-waiting"),
    "waits_for_dependency": ("Waits for a dependency", "s-waiting"),
    "attempts_exhausted": ("Attempts exhausted", "s-neutral"),
    "lifetime_exhausted": ("Lifetime attempts exhausted", "s-held"),
    "fingerprint_stopped": ("Fingerprint stopped", "s-held"),
    "run_stopped": ("Run stopped", "s-held"),
    "run_timeouts": ("Timeouts in the run", "s-timeout"),
    "run_deprioritised": ("Run deprioritised", "s-neutral"),
    "beyond_batch": ("Beyond batch size", "s-neutral"),
}


def look(value: object) -> Look:
    """The look of a stored value (`"CI_RUNNING"`, `"fix_deployed"`, an enum member).

    An unknown value is shown as it is, in neutral: a page must not fail over a word it does not know.
    """
    return _look(str(value))


@lru_cache(maxsize=256)
def _look(value: str) -> Look:
    name = value.lower().replace("_", "-").replace(" ", "-")
    name = _TIERS.get(name, name)
    return _LOOKS.get(name) or Look(value or "Unknown", "circle-dotted", "s-neutral")


def drain_state(session: DrainSession) -> str:
    """The state that a drain is shown in: one that found nothing to do did not just finish."""
    empty = session.stop_reason == StopReason.NOTHING_SELECTED
    return StopReason.NOTHING_SELECTED.value if empty else session.state


def known() -> tuple[str, ...]:
    """Every name `look` knows, in the order of the table; the style guide shows them all."""
    return tuple(_LOOKS)


def reason_word(code: object) -> str:
    """An exclusion reason for people; an unknown code is shown as it is."""
    return REASON_WORDS.get(str(code), (str(code).replace("_", " ").capitalize(), ""))[0]


def yield_word(code: object) -> str:
    """Return the reason why an attempt brought no event, for people; an unknown code is shown as it is."""
    return ZERO_YIELD.get(str(code), str(code).replace("_", " ").capitalize())


def reason_css(code: object) -> str:
    """The colour class of an exclusion reason's bar."""
    return REASON_WORDS.get(str(code), ("", "s-neutral"))[1]
