"""The best verdict that a fix can get, asked before it goes in:
the verdict itself, on phases that all end well.

At best every phase that is tried before the fix fails again, and every one completes after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Count

from drain.evidence.fingerprints.identity import relatives
from drain.evidence.fixes.contrast import FEWEST
from drain.evidence.fixes.judgement import FixVerdict
from drain.evidence.fixes.trials import Trial
from drain.evidence.fixes.verdict import Evidence, Ruling, judge
from drain.models import Phase
from drain.models.vocabulary import PhaseState
from drain.policy.command_lines import manage_line, option
from drain.policy.words import counted

TRY_FIRST = 12
"""Phases to try before a fix, unless more are needed: some are lost, or fail by something else."""
MOST_RUNS = 60
MOST_OF_A_RUN = 50
"""More of them change no answer: one run proves less than two independent phases, whatever its size."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """The outlook of a fix of phases that are failed now:
    whether it can be told to work, and what that takes.
    """

    phases: int
    runs: int
    tries: int | None
    """Phases tried before it with which it can; None: however many, it cannot."""
    runs_needed: int | None = None
    """Runs of the same size with which it could; None where it can, or where none are seen that would do."""

    @property
    def batch(self) -> int:
        """Phases to try before the fix."""
        return max(TRY_FIRST, self.tries or 0)

    @property
    def sentence(self) -> str:
        """The outlook in a sentence, for people."""
        if not self.phases:
            return "No phase is failed by it now, so a fix of it cannot be judged."
        are = "phase is" if self.phases == 1 else "phases are"
        runs = f"{counted(self.runs, 'run')}"
        said = f"{self.phases:,} {are} failed by it, in {runs}"
        if self.tries is not None:
            return (
                f"{said}: {self.tries} of them tried before the fix are enough to tell whether it works, "
                "if they all fail again and all complete after it."
            )
        alike = ", and phases of one run tend to end alike" if self.phases > self.runs else ""
        needed = (
            f" That takes {counted(self.runs_needed, 'run')} of that size."
            if self.runs_needed
            else ""
        )
        return f"{said}{alike}: even if all of them complete after the fix, nobody can tell that from luck.{needed}"


def prospect(sizes: Sequence[int]) -> Prospect:
    """The prospect of a fix of so many failed phases in each run."""
    bounded = [min(size, MOST_OF_A_RUN) for size in sorted(sizes, reverse=True)[:MOST_RUNS]]
    tries = _tries(bounded)
    needed = None
    if tries is None and sizes:
        each = max(1, round(sum(bounded) / len(bounded)))
        more = range(len(sizes) + 1, MOST_RUNS + 1)
        needed = next((runs for runs in more if _tries([each] * runs) is not None), None)
    return Prospect(sum(sizes), len(sizes), tries, needed)


def prospect_of(key: str) -> Prospect:
    """The prospect of a fix of this fingerprint and of what may be it, from the phases failed now."""
    failed = Phase.objects.filter(
        state=PhaseState.FAILED, last_fingerprint__in=relatives([key]).all
    )
    counted = failed.order_by().values("run").annotate(phases=Count("pk"))
    return prospect(list(counted.values_list("phases", flat=True)))


def prospects_since(verdict: FixVerdict) -> Iterator[str]:
    """Yield a sentence for each fingerprint of a fix just gone in of which nothing can be told."""
    for cause in verdict.causes:
        found = prospect_of(cause.key)
        if found.phases and found.tries is None:
            yield found.sentence
        elif cause.before.n < FEWEST:
            tried = f"only {cause.before.n}" if cause.before.n else "none"
            yield (
                f"It cannot be told from a second try: of the phases that had failed by {cause.key}, {tried} had been tried "
                f"again before it, and it takes {found.tries or FEWEST}. Next time try some first: "
                f"`{command(cause.key, found.batch)}`"
            )


def limits(batch: int) -> dict[str, str]:
    """Limits of a drain that really tries so many like failures: those per run end it after three."""
    return {
        "batch_size": str(batch),
        "max_fingerprint_repeats": str(batch),
        "max_timeouts_per_run": str(batch),
    }


def command(key: str, batch: int) -> str:
    """The same as a command."""
    named = [
        word
        for name, value in limits(batch).items()
        for word in (f"--{name.replace('_', '-')}", value)
    ]
    return manage_line("drain", *option("--fingerprint", key), *named)


def _tries(sizes: Sequence[int]) -> int | None:
    """The fewest phases tried before a fix with which it works, in turns of runs as a drain takes them."""
    after = [Trial(run, False, False) for run, size in enumerate(sizes) for _ in range(size)]
    turns = sorted(
        (turn, run) for run, size in enumerate(sizes) for turn in range(size)
    )  # the first of each run, then the second of each
    before = [Trial(run, True, True) for _, run in turns]
    most = min(len(before), 5 * TRY_FIRST)

    def works(tried: int) -> bool:
        return judge(Evidence("", "", after, before[:tried])).ruling is Ruling.WORKS

    return next((tried for tried in range(FEWEST, most + 1) if works(tried)), None)
