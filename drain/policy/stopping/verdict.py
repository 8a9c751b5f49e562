"""The verdict of a run's sample on the rest of the run."""

from __future__ import annotations

from drain.policy.reasons import SampleVerdict
from drain.policy.states import Outcome
from drain.policy.stopping.tallies import Ended, SessionTally


def sample_verdict(ended: Ended, before: SessionTally) -> SampleVerdict | None:
    """The verdict on the run, given the session's tally before this attempt.

    None when the attempt says nothing (put back, lost with its worker, asking for a retry): the
    run's next phase is then its sample.
    """
    if not ended.counts or ended.outcome in (Outcome.LOST, Outcome.RETRYABLE):
        return None
    known = ended.outcome is Outcome.FAILED and ended.seen(before.repeats) > 0
    if known and ended.telemetry == 0:
        return SampleVerdict.DEPRIORITISED
    return SampleVerdict.PROMISING
